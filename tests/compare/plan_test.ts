import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { estimateOf, EVERYONE, type Extent, planFor, SCOPES } from "../../bench/compare/plan.ts";
import { launchesOf } from "../../bench/compare/run/run_all.ts";
import { LENGTHS, OFFERED } from "../../bench/compare/ways.ts";

/** Limits of the time of a comparison in seconds, as main.ts and docs/performance.md have them. */
const LIMITS: Readonly<Record<Extent, number>> = { quick: 180, default: 2400, all: 7200 };

for (const extent of ["quick", "default", "all"] as const) {
  const scope = SCOPES[extent];
  const plan = planFor(scope, EVERYONE);

  Deno.test(`planFor() plans each way of each program in the extent ${extent}`, () => {
    const planned = plan.pairs.map(({ by, way }) => `${by} ${way}`);
    const offered = Object.entries(OFFERED).flatMap(([by, ways]) =>
      ways.map((way) => `${by} ${way}`)
    );
    assertEquals(planned.toSorted(), offered.toSorted());
  });

  Deno.test(`launchesOf() has each pair once in each launch of the extent ${extent}`, () => {
    const launches = launchesOf(plan, 1);
    assertEquals(launches.length, plan.pairs.length * scope.launches);
    for (let number = 0; number < scope.launches; number++) {
      const round = launches.slice(number * plan.pairs.length, (number + 1) * plan.pairs.length);
      assert(round.every((launch) => launch.number === number));
      assertEquals(new Set(round.map(({ pair }) => pair)), new Set(plan.pairs));
    }
  });

  Deno.test(`estimateOf() returns at most the documented time of the extent ${extent}`, () => {
    const seconds = estimateOf(scope, plan) / 1000;
    assert(seconds <= LIMITS[extent], `It is ${seconds} s`);
  });
}

Deno.test("planFor() plans the lengths that the library, Deno and C have alone", () => {
  const { pairs } = planFor(SCOPES.default, EVERYONE);
  const lengthsOf = (by: string) =>
    pairs.find((pair) => pair.by === by)?.sizes.map(({ length }) => length);
  for (const by of ["winipc", "deno", "c"]) assertEquals(lengthsOf(by), [...LENGTHS]);
  for (const by of ["boost", "node", "bun", "node-net"]) assertEquals(lengthsOf(by), [64, 65_536]);
});

Deno.test("planFor() names the lengths that a way cannot have", () => {
  const limit = { by: "c", way: "mailslot", maxLength: 1024, why: "it is full" } as const;
  const { pairs, missing } = planFor(SCOPES.default, EVERYONE, [limit]);
  const pair = pairs.find(({ by, way }) => by === "c" && way === "mailslot");
  assertEquals(pair?.sizes.map(({ length }) => length), [8, 64, 1024]);
  assertEquals(missing, [{ by: "c", way: "mailslot", why: "64 KiB and 1 MiB: it is full" }]);
});

Deno.test("launchesOf() has the same order for the same seed, and another one for another", () => {
  const plan = planFor(SCOPES.default, EVERYONE);
  assertEquals(launchesOf(plan, 7), launchesOf(plan, 7));
  assertNotEquals(launchesOf(plan, 7), launchesOf(plan, 8));
});
