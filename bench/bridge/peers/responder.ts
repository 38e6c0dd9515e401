/**
 * Answers requests over NATS: bare ones on the subject `bare`, and calls on the subject `calls`.
 * Argument: the address of the server.
 *
 * @module
 */

import { connect, headers } from "@nats-io/transport-node";
import { natsLinks } from "../../../src/bridge/mod.ts";
import { serve } from "../../../src/rpc/mod.ts";

const connection = await connect({ servers: Deno.args[0]! });
connection.subscribe("bare", { callback: (_, message) => void message.respond(message.data) });
serve(natsLinks({ connection, headers }, "calls"), { echo: (value: unknown) => value });
await connection.flush();
console.log("ready");
