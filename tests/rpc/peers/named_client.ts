/**
 * Calls a service by its name until it is killed. The argument is the name.
 *
 * @module
 */

import { connectName } from "../../../src/rpc/mod.ts";
import { soon } from "../../support/soon.ts";
import type { handlers } from "../links/peers/handlers.ts";

const [name] = Deno.args;
await using server = await connectName<typeof handlers>(name!, soon);
console.log("ready");
await server.call("wait");
