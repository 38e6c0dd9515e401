// Task: test:compare Its pairs spin on all processors.

import { assert, assertEquals } from "@std/assert";
import { missingWays } from "../../bench/compare/compare.ts";
import { describeEnvironment } from "../../bench/compare/environment.ts";
import { EVERYONE, planFor, type Scope, SCOPES } from "../../bench/compare/plan.ts";
import { preparePrograms } from "../../bench/compare/prepare.ts";
import { writeReport } from "../../bench/compare/report/write_report.ts";
import { runAll } from "../../bench/compare/run/run_all.ts";
import type { Results } from "../../bench/compare/results.ts";
import { BY, type By, OFFERED, WAYS } from "../../bench/compare/ways.ts";
import { within } from "../support/within.ts";

const SCOPE: Scope = {
  ...SCOPES.quick,
  lengths: [8],
  ownLengths: [8],
  pacedLengths: [8],
  milliseconds: { trips: 5, stream: 5, paced: 20 },
};
/** Pairs that run at the same time. Half of a launch is the start of processes. */
const LANES = 2;
/** Time limit for all pairs, in milliseconds. */
const PATIENCE = 240_000;

/** Runs each pair once, several at the same time. */
async function compareOnce(): Promise<Results> {
  const abort = new AbortController();
  await using programs = await preparePrograms({ installs: false, print: () => {} });
  const here = EVERYONE.filter((by) => !programs.missing.has(by));
  const plan = planFor(SCOPE, here);
  const { launches, pairs } = plan;
  const lanes = Array.from(
    { length: LANES },
    (_, lane) =>
      runAll({ ...plan, pairs: pairs.filter((_, index) => index % LANES === lane) }, {
        seed: lane,
        commandOf: programs.commandOf,
        begin: () => {},
        signal: abort.signal,
      }),
  );
  try {
    const runs = await within("all pairs have run", Promise.all(lanes), PATIENCE);
    return {
      format: 1,
      environment: describeEnvironment(programs.versions, "no commit"),
      seed: 0,
      launches,
      missing: missingWays(programs.missing),
      runs: runs.flat(),
      growth: [],
    };
  } finally {
    abort.abort();
    await Promise.allSettled(lanes);
  }
}

Deno.test("compare runs each way that this machine has, and reports it", async () => {
  const results = await compareOnce();
  const keysOf = (ways: readonly { by: By; way: string }[]) =>
    ways.map(({ by, way }) => `${by} ${way}`);
  const offered = EVERYONE.flatMap((by) => OFFERED[by].map((way) => ({ by, way })));
  const known = [...results.runs, ...results.missing];
  assertEquals(keysOf(known).toSorted(), keysOf(offered).toSorted());
  assert(results.runs.every(({ setUp, sizes }) => setUp > 0 && sizes.length === 1));

  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    await writeReport(results, folder);
    const report = await Deno.readTextFile(`${folder}\\RESULTS.md`);
    const lines = report.split("\n");
    for (const { by, way } of offered) {
      const isReported = lines.some((line) => line.includes(WAYS[way]) && line.includes(BY[by]));
      assert(isReported, `Expected ${by} ${way} in the report`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
