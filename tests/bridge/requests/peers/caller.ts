// Calls the busy handlers until the link is over. Arguments: as of service.ts.

import { connect, headers } from "@nats-io/transport-node";
import { natsLink } from "../../../../src/bridge/mod.ts";
import { client } from "../../../../src/rpc/mod.ts";
import { type busyHandlers, keepBusy } from "../../../rpc/support/busy_handlers.ts";
import { soon } from "../../../support/soon.ts";

const [address, subject] = Deno.args;
const connection = await connect({ servers: address! });
const link = await natsLink({ connection, headers }, subject!, soon);
const caller = client<typeof busyHandlers>(link);
console.log("ready");
await keepBusy(caller);
