/**
 * The tour's memory without a name, which child processes inherit.
 *
 * @module
 */

import { countPrimes } from "../inherited_memory.ts";
import type { Chapter } from "./chapter.ts";

const BELOW = 50_000;

/** Has two children count primes in memory that they inherit, and checks the sum by a sieve. */
export async function inheritedMemory(chapter: Chapter): Promise<void> {
  const { counts, pids } = await countPrimes(BELOW, 2, chapter.signal);
  chapter.tell("who", `process ${Deno.pid} (this one) and process ${pids[0]}, process ${pids[1]}`);
  chapter.tell("sent", "a handle that they inherited, by an environment variable");
  chapter.tell("answer", `${counts.join(" + ")} primes below ${BELOW}`);
  chapter.check(
    "there are as many as a sieve finds here",
    counts.reduce((sum, count) => sum + count, 0) === sieve(BELOW),
  );
  chapter.check("each child has written its part", counts.every((count) => count > 0));
}

/** Counts the primes below a number by another rule than the children do. */
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
