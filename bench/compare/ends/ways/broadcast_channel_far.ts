/// <reference lib="deno.worker" />
/**
 * The far end of the way `broadcast-channel`. Posts a message when this end is ready.
 *
 * @module
 */

import { serve } from "../far.ts";
import { Wire } from "../wire.ts";
import { channelLink } from "./broadcast_channel.ts";

const link = channelLink("far", self.name, () => {});
self.postMessage("ready");
// The near end measures the processor time of the process.
await serve(new Wire(link), () => 0);
link.close();
self.close();
