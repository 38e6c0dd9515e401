/// <reference lib="deno.worker" />
/**
 * The far end of the way `worker`. Posts a message when this end is ready.
 *
 * @module
 */

import { serve } from "../far.ts";
import { Wire } from "../wire.ts";
import { PortLink } from "./message_port.ts";

const link = new PortLink(self);
self.postMessage("ready");
// The near end measures the processor time of the process.
await serve(new Wire(link), () => 0);
self.close();
