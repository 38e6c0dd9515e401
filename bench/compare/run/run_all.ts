/**
 * Runs all launches of a plan in a random order.
 *
 * @module
 */

import { type Answer, pacedOf, streamOf, tripsOf } from "./answers.ts";
import { Pair, type TaskName } from "./pair.ts";
import {
  estimateOfLaunches,
  estimateOfPair,
  type Plan,
  type PlannedPair,
  type PlannedSize,
} from "../plan.ts";
import type { Step } from "../progress.ts";
import { reasonOf } from "../reason.ts";
import type { Run, SizeRun } from "../results.ts";
import { randomFrom, shuffle } from "./shuffle.ts";
import { BY, type By, WAYS } from "../ways.ts";

/** One launch of a pair. */
export interface Launch {
  readonly pair: PlannedPair;
  /** The number of the launch, from 0. */
  readonly number: number;
}

/** Options of {@linkcode runAll}. */
export interface RunOptions {
  readonly seed: number;
  /** Returns the program of `by` and its first arguments. */
  readonly commandOf: (by: By) => readonly string[];
  /** Is called when a launch begins. Its `rest` is the time of all launches after it. */
  readonly begin: (step: Step) => void;
  /** Ends all processes. */
  readonly signal: AbortSignal;
}

type Ask = (name: TaskName, length: number, milliseconds: number) => Promise<Answer>;

/** Returns all launches: each pair once, in random order, then each pair again. */
export function launchesOf({ pairs, launches }: Plan, seed: number): Launch[] {
  const random = randomFrom(seed);
  return Array.from(
    { length: launches },
    (_, number) => shuffle(pairs, random).map((pair) => ({ pair, number })),
  ).flat();
}

/**
 * Runs all launches of a plan, one after the other.
 *
 * @throws {Error} If anything fails. The error names the pair and its task.
 */
export async function runAll(plan: Plan, options: RunOptions): Promise<Run[]> {
  const runs: Run[] = [];
  let rest = estimateOfLaunches(plan);
  for (const launch of launchesOf(plan, options.seed)) {
    const estimate = estimateOfPair(launch.pair);
    rest -= estimate;
    options.begin({ name: nameOf(launch.pair), estimate, rest });
    runs.push(await run(launch, options));
  }
  return runs;
}

/** Returns the name of a pair for people. */
function nameOf({ by, way }: PlannedPair): string {
  return `${BY[by]}: ${WAYS[way]} (${way})`;
}

async function run({ pair: planned, number }: Launch, options: RunOptions): Promise<Run> {
  const { by, way } = planned;
  const { signal } = options;
  let step = "start";
  try {
    signal.throwIfAborted();
    await using pair = await Pair.start({ way, command: options.commandOf(by), signal });
    const ask = async (name: TaskName, length: number, milliseconds: number) => {
      step = `${name} at ${length} B`;
      return await pair.ask({ name, length, milliseconds });
    };
    for (const { length } of planned.sizes) await ask("validate", length, 0);
    const sizes: SizeRun[] = [];
    for (const size of planned.sizes) sizes.push(await measure(size, ask));
    step = "end";
    await pair.finish();
    return { by, way, launch: number, setUp: pair.setUp, sizes };
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`${nameOf(planned)}, ${step}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Measures one length. */
async function measure({ length, trips, stream, paced }: PlannedSize, ask: Ask): Promise<SizeRun> {
  return {
    length,
    trips: tripsOf(await ask("trips", length, trips)),
    stream: streamOf(await ask("stream", length, stream)),
    ...(paced === undefined ? {} : { paced: pacedOf(await ask("paced", length, paced)) }),
  };
}
