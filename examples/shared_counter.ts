/**
 * Counts in shared memory. The first process creates the counter with a start value, and every
 * process adds to it.
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
  // Only one process runs this function. No other process can open the memory before it returns.
  initialize: (view) => new Int32Array(view.buffer)[0] = Number(start),
});
using view = memory.map();
const counter = new Int32Array(view.buffer, 0, 1);
for (let i = 0; i < Number(times); i++) Atomics.add(counter, 0, 1);
console.log(
  memory.created ? "Created" : "Opened",
  "the counter, its value is",
  Atomics.load(counter, 0),
);

if (hold) {
  // The memory exists while at least one process has it open.
  console.log("Keeping the counter open until the standard input ends");
  for await (const _ of Deno.stdin.readable);
  console.log("The counter is", Atomics.load(counter, 0));
}
