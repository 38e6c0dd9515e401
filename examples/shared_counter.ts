/**
 * A counter that every process can raise, and that the first one sets up.
 *
 *     deno run --allow-ffi examples/shared_counter.ts --start 100 --times 1000 --hold
 *     deno run --allow-ffi examples/shared_counter.ts --times 1000
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { SharedMemory } from "@winipc/winipc";

const { name, start, times, hold } = parseArgs(Deno.args, {
  string: ["name", "start", "times"],
  boolean: ["hold"],
  default: { name: "winipc-counter", start: "0", times: "1" },
});

using memory = SharedMemory.openOrCreate(name, 4, {
  // Runs in one process only, and no other sees the memory before it is done.
  initialize: (view) => new Int32Array(view.buffer)[0] = Number(start),
});
using view = memory.map();
const counter = new Int32Array(view.buffer, 0, 1);
for (let i = 0; i < Number(times); i++) Atomics.add(counter, 0, 1);
console.log(
  memory.created ? "Made" : "Found",
  "the counter; it stands at",
  Atomics.load(counter, 0),
);

if (hold) {
  // The memory is there as long as somebody holds it.
  console.log("Holding it until the input ends");
  for await (const _ of Deno.stdin.readable);
  console.log("It stands at", Atomics.load(counter, 0));
}
