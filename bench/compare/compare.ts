/**
 * Makes a comparison: prepares the programs, runs all pairs, and measures how costs grow.
 *
 * @module
 */

import { isWine } from "../../ffi/win32/ntdll.ts";
import { describeCheckout, readCheckout } from "./checkout.ts";
import { describeEnvironment } from "./environment.ts";
import { measureGrowth } from "./growth.ts";
import { estimateOf, EVERYONE, LIMITS_ON_WINE, planFor, type Scope } from "./plan.ts";
import type { Prepare } from "./prepare.ts";
import type { Progress } from "./progress.ts";
import type { GrowthSeries, Missing, Results } from "./results.ts";
import { runAll } from "./run/run_all.ts";
import { BY, type By, OFFERED } from "./ways.ts";

/** Options of {@linkcode compare}. */
export interface CompareOptions {
  readonly scope: Scope;
  readonly seed: number;
  readonly prepare: Prepare;
  readonly progress: Progress;
  /** Ends all processes. */
  readonly signal: AbortSignal;
}

/**
 * Makes a comparison, and returns its results.
 *
 * @throws {Error} If anything fails.
 */
export async function compare(options: CompareOptions): Promise<Results> {
  const { scope, seed, prepare, progress, signal } = options;
  beginSetUp(scope, progress);
  const checkout = await readCheckout();
  await using programs = await prepare({
    installs: scope.installs,
    print: (line) => progress.print(line),
    signal,
  });
  for (const [by, why] of programs.missing) progress.print(`Missing: ${BY[by]}: ${why}`);

  const here = EVERYONE.filter((by) => !programs.missing.has(by));
  const plan = planFor(scope, here, isWine() ? LIMITS_ON_WINE : []);
  const growthTime = scope.growthSeconds * 1000;
  const runs = await runAll(plan, {
    seed,
    commandOf: programs.commandOf,
    begin: (step) => progress.begin({ ...step, rest: step.rest + growthTime }),
    signal,
  });
  const growth = await measureGrowthInTime(options, !programs.missing.has("c"));
  const commit = describeCheckout(checkout, await readCheckout());
  const environment = describeEnvironment(programs.versions, commit);
  const missing = [...missingWays(programs.missing), ...plan.missing];
  return { format: 1, environment, seed, launches: scope.launches, missing, runs, growth };
}

function beginSetUp(scope: Scope, progress: Progress): void {
  const estimate = scope.setUpSeconds * 1000;
  const rest = estimateOf(scope, planFor(scope, EVERYONE)) - estimate;
  // An installation takes a minute, or no time if the programs are installed.
  progress.begin({ name: "compiling and installing", estimate, rest, isTypical: false });
}

/** Measures how costs grow, unless there is no time for it. */
async function measureGrowthInTime(
  options: CompareOptions,
  hasC: boolean,
): Promise<GrowthSeries[]> {
  const { scope, progress, signal } = options;
  if (scope.growthSeconds === 0) return [];
  progress.begin({ name: "growth", estimate: scope.growthSeconds * 1000, rest: 0 });
  return await measureGrowth({
    launches: scope.launches,
    maxSeconds: scope.growthSeconds,
    hasC,
    report: (name) => progress.rename(name),
    skip: (line) => progress.print(line),
    signal,
  });
}

/** Returns the ways of the missing programs, each with the reason. */
export function missingWays(missing: ReadonlyMap<By, string>): Missing[] {
  return [...missing].flatMap(([by, why]) => OFFERED[by].map((way) => ({ by, way, why })));
}
