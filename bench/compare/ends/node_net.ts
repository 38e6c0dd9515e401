/**
 * An end by node:net in Deno: `node_net.ts far|near WAY NAME`. node:net needs `--allow-all`.
 *
 * @module
 */

import { runEnd } from "./driver.ts";
import { netPipe } from "./ways/net_pipe.ts";

await runEnd({ "pipe-bytes": netPipe });
