// Serves the busy handlers. Arguments: the address of the NATS server, and the subject.

import { connect, headers } from "@nats-io/transport-node";
import { natsLinks } from "../../../../src/bridge/mod.ts";
import { serve } from "../../../../src/rpc/mod.ts";
import { busyHandlers } from "../../../rpc/support/busy_handlers.ts";

const [address, subject] = Deno.args;
const connection = await connect({ servers: address! });
serve(natsLinks({ connection, headers }, subject!), busyHandlers);
await connection.flush();
console.log("ready");
