/**
 * Writes nonsense into memory for as long as it lives: `vandal.ts KIND NAME SEED`.
 *
 * @module
 */

import { type Kind, openMemory, TARGETS } from "../channel/fuzz_targets.ts";
import { Nonsense } from "../channel/nonsense.ts";
import { Random } from "../channel/random.ts";

const [kind, name, seed] = Deno.args as [Kind, string, string];
using memory = openMemory(name);
const { words } = TARGETS[kind];
const nonsense = new Nonsense(memory.buffer, { words, seed: Number(seed) });
const random = new Random(Number(seed));
console.log("ready");
for (let count = 0, pauses = 0;; count++) {
  // Now and then all is well for a moment, so that there is something to spoil.
  if (count % 8 === 0) nonsense.leavePlaces();
  if (count % 16 === 0) nonsense.calm();
  if (count % 16 === 0) pauses = 1 << random.below(13);
  nonsense.write();
  for (let pause = 0; pause < pauses; pause++) Atomics.pause();
}
