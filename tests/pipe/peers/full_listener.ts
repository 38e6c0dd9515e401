/**
 * A listener that admits one connection at a time: `full_listener.ts NAME`. It accepts a second
 * client when the first has left.
 */

import { listenPipe } from "../../../src/pipe/mod.ts";

const listener = listenPipe({ name: Deno.args[0]!, maxConnections: 1 });
console.log("ready");
const first = await listener.accept();
const next = listener.accept();
console.log("full");
const ended = first.read(new Uint8Array(1));
first.unref();
ended.then(() => first.close());
await next;
console.log("next");
