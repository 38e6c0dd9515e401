/**
 * Does at length what tests/channel/wrap/rounds_test.ts does for a short while: uses rings whose counters
 * wrap meanwhile. A round takes about half a second.
 *
 *     deno task test:wrap [ROUNDS] [SEED] [FLAG…]
 *
 * FLAGS are for the processes that do it: `--v8-flags=--expose-gc` has them collect garbage now and then.
 * A round is the same again with its seed: `deno task test:wrap 1 SEED`.
 *
 * @module
 */

import { wrap } from "./rounds.ts";

/** A process of its own does so many rounds, and then another one, so that also its end is tried. */
const ROUNDS_PER_PROCESS = 20;
/** The most that a round may take with its process, in milliseconds, on a machine that is busy. */
const MAX_ROUND_TIME = 120_000;

const [rounds = "1000", first = `${1 + Date.now() % 2 ** 30}`, ...flags] = Deno.args;
const end = Number(first) + Number(rounds);
console.log(`The seeds are from ${first} to ${end - 1}`);
for (let seed = Number(first); seed < end; seed += ROUNDS_PER_PROCESS) {
  const rounds = Math.min(ROUNDS_PER_PROCESS, end - seed);
  const { counts, failure } = await wrap({ seed, rounds, flags, timeout: rounds * MAX_ROUND_TIME });
  console.log(seed, JSON.stringify(counts));
  if (failure === undefined) continue;
  console.error(`FAILED: ${failure}`);
  Deno.exitCode = 1;
}
