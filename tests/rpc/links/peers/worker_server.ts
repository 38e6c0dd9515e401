/**
 * Serves handlers over a link to the owner of this Worker.
 *
 * @module
 */

import { serve, workerLink } from "../../../../src/rpc/mod.ts";
import { handlers } from "./handlers.ts";

serve(workerLink(), handlers);
