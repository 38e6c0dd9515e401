/**
 * Writes more than the pipe can hold, calls `unref()` and `close()`, and then has nothing more to
 * do: `closing_writer.ts NAME`.
 *
 * @module
 */

import { connectPipe } from "../../../src/pipe/mod.ts";

const client = await connectPipe(Deno.args[0]!);
client.unref();
// If the peer never reads, these reject with BadResource.
client.write(new Uint8Array(700_000).fill(7)).catch(() => {});
client.write(Uint8Array.of(1, 2, 3)).catch(() => {});
client.close();
console.log("ready");
