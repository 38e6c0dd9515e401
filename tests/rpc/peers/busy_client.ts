// Calls the busy handlers until the link is over. Argument: the name of the service.

import { connectName } from "../../../src/rpc/mod.ts";
import { soon } from "../../support/soon.ts";
import { type busyHandlers, keepBusy } from "../support/busy_handlers.ts";

const [name] = Deno.args;
const client = await connectName<typeof busyHandlers>(name!, soon);
console.log("ready");
console.log(String(await keepBusy(client)));
