/**
 * The tour's memory without a name, which child processes inherit.
 *
 * @module
 */

import { countPrimes } from "../inherited_memory.ts";
import type { Chapter } from "./chapter.ts";

const BELOW = 50_000;

/** Counts primes with two children, which write to inherited memory, and checks the sum. */
export async function inheritedMemory(chapter: Chapter): Promise<void> {
  const { counts, pids } = await countPrimes(BELOW, 2, chapter.signal);
  chapter.print("who", `process ${Deno.pid} (this one) and process ${pids[0]}, process ${pids[1]}`);
  chapter.print("sent", "a handle of memory, which both children inherited");
  chapter.print("answer", `${counts.join(" + ")} primes below ${BELOW}`);
  chapter.check(
    "this process finds the same number of primes with a sieve",
    counts.reduce((sum, count) => sum + count, 0) === sieve(BELOW),
  );
  chapter.check("each child has written its count", counts.every((count) => count > 0));
}

/** Counts the primes below a number with a different method from the children's. */
function sieve(below: number): number {
  const composite = new Uint8Array(below);
  let count = 0;
  for (let number = 2; number < below; number++) {
    if (composite[number]) continue;
    count++;
    for (let multiple = number * 2; multiple < below; multiple += number) composite[multiple] = 1;
  }
  return count;
}
