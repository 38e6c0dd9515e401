/**
 * Runs the test of tests/channel/wrap/rounds_test.ts for a longer time: uses rings while their
 * counters wrap. A round takes about half a second.
 *
 *     deno task test:wrap [ROUNDS] [SEED] [FLAG…]
 *
 * The flags are for the processes of the rounds. With `--v8-flags=--expose-gc` they collect garbage
 * now and then. `deno task test:wrap 1 SEED` repeats the round of a seed.
 *
 * @module
 */

import { wrap } from "./rounds.ts";

/**
 * Number of rounds in one process. Several processes are used, so that their ends are tested, too.
 */
const ROUNDS_PER_PROCESS = 20;
/** Maximum time of a round in milliseconds, with its share of the process, on a busy machine. */
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
