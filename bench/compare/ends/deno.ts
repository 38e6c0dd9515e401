/**
 * An end of the ways that Deno has without a library: `deno.ts far|near WAY NAME`.
 *
 * @module
 */

import { runEnd } from "./driver.ts";
import { broadcastChannel } from "./ways/broadcast_channel.ts";
import { commandStdio } from "./ways/command_stdio.ts";
import { tcp } from "./ways/tcp.ts";
import { worker } from "./ways/worker.ts";

await runEnd({ tcp, stdio: commandStdio, worker, "broadcast-channel": broadcastChannel });
