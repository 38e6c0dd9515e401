/**
 * Sends memory to a window on command, prints the answer, and waits to be killed.
 *
 * @module
 */

import { SharedMemory } from "../../../src/memory/mod.ts";
import { sendHandle } from "../../../src/process/mod.ts";

using memory = SharedMemory.anonymous(4096);
using view = memory.map();
view.bytes[0] = 77;
console.log("ready");
await Deno.stdin.read(new Uint8Array(16));
console.log(String(await sendHandle(BigInt(Deno.args[0]!), memory)));
await new Promise(() => setInterval(() => {}, 1000));
