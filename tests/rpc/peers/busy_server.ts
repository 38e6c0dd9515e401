// Serves the busy handlers. Argument: the name of the service.

import { serveName } from "../../../src/rpc/mod.ts";
import { busyHandlers } from "../support/busy_handlers.ts";

const [name] = Deno.args;
const service = serveName(name!, busyHandlers, { capacity: 4096 });
console.log("ready");
await service.finished;
