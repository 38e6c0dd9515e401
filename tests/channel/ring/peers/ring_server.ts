/** A server of listenRing() that ends, or is killed, as soon as it has a client: `ring_server.ts NAME`. */

import { listenRing } from "../../../../src/channel/mod.ts";
import { soon } from "../../../support/soon.ts";

using listener = listenRing(Deno.args[0]!);
console.log("ready");
using _connection = await listener.accept(soon);
console.log("accepted");
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
