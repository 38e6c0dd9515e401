/**
 * Writes random numbers into memory until it is killed: `hostile_writer.ts KIND NAME SEED`.
 *
 * @module
 */

import { type Kind, openMemory, TARGETS } from "../targets.ts";
import { HostileWrites } from "../hostile_writes.ts";
import { Random } from "../../../support/random.ts";

const [kind, name, seed] = Deno.args as [Kind, string, string];
using memory = openMemory(name);
const { words } = TARGETS[kind];
const hostile = new HostileWrites(memory.buffer, { words, seed: Number(seed) });
const random = new Random(Number(seed));
console.log("ready");
for (let count = 0, pauses = 0;; count++) {
  // The memory is valid again from time to time, so that ends can be opened.
  if (count % 8 === 0) hostile.freePlaces();
  if (count % 16 === 0) hostile.restore();
  if (count % 16 === 0) pauses = 1 << random.below(13);
  hostile.write();
  for (let pause = 0; pause < pauses; pause++) Atomics.pause();
}
