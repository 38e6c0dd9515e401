/**
 * Uses rings while their counters wrap. `deno task test:wrap` does this for a longer time.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { KINDS, planOf } from "./plan.ts";
import { wrap } from "./rounds.ts";

/** Number of rounds. With this seed they have all kinds and all edges. */
const ROUNDS = 6;
const SEED = 413;
const TIMEOUT = 300_000;

Deno.test("Rings pass on all messages while their counters wrap, in one process and in two", async () => {
  const { counts, failure } = await wrap({ seed: SEED, rounds: ROUNDS, timeout: TIMEOUT });
  assertEquals(failure, undefined);
  const kinds = KINDS.flatMap((kind) => [kind, `${kind}, two processes`]);
  assertEquals(Object.keys(counts).sort(), kinds.sort());
  assertEquals(Object.values(counts).reduce((sum, count) => sum + count), ROUNDS);
});

Deno.test("planOf() returns the same plan each time, which begins before the edge that it passes", () => {
  for (let seed = 1; seed < 2000; seed++) {
    const plan = planOf(seed, seed % 2 === 0);
    assertEquals(planOf(seed, seed % 2 === 0), plan);
    assert(plan.start < plan.edge);
    assert(plan.number <= plan.start);
  }
});

Deno.test("wrap() returns the seed and the exit code of a round that crashes", async () => {
  // With so little memory, V8 ends the process by an exception.
  const flags = ["--v8-flags=--max-old-space-size=1,--max-semi-space-size=1"];
  const { failure } = await wrap({ seed: SEED, rounds: 1, flags, timeout: TIMEOUT });
  assertMatch(`${failure}`, /ended with 0x[0-9a-f]{8} in round/);
});
