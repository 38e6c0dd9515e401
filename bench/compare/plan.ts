/**
 * Plans a comparison: its pairs, their lengths and tasks, and the estimated times.
 *
 * @module
 */

import type { Missing } from "./results.ts";
import { formatLength } from "./report/units.ts";
import { type By, IN_PROCESS, LENGTHS, OFFERED, type WayName } from "./ways.ts";

/** The extent of a comparison. */
export type Extent = "quick" | "default" | "all";

/** The measured times of a length, in milliseconds. */
export interface PlannedSize {
  /** Length of each frame, in bytes. */
  readonly length: number;
  readonly trips: number;
  readonly stream: number;
  readonly paced?: number;
}

/** A pair of ends, and its tasks in each launch. */
export interface PlannedPair {
  readonly by: By;
  readonly way: WayName;
  readonly sizes: readonly PlannedSize[];
}

/** The plan of a comparison. */
export interface Plan {
  /** Number of launches of each pair. */
  readonly launches: number;
  readonly pairs: readonly PlannedPair[];
  /** The ways that cannot have all lengths, each with the reason. */
  readonly missing: readonly Missing[];
}

/** A way that cannot have all lengths. */
export interface Limit {
  readonly by: By;
  readonly way: WayName;
  /** Maximum length of a frame, in bytes. */
  readonly maxLength: number;
  readonly why: string;
}

/** The measurements of an extent. */
export interface Scope {
  /** Whether to install missing programs. */
  readonly installs: boolean;
  readonly launches: number;
  /** The lengths for all programs but those of `ownLengths`, in bytes. */
  readonly lengths: readonly number[];
  /** The lengths for the library, Deno and C, in bytes. */
  readonly ownLengths: readonly number[];
  /** The lengths of the task `paced`, in bytes. */
  readonly pacedLengths: readonly number[];
  /** Time of each task, in milliseconds. */
  readonly milliseconds: { readonly [name in "trips" | "stream" | "paced"]: number };
  /** The time for the growth of costs, in seconds. At 0, growth is not measured. */
  readonly growthSeconds: number;
  /** Estimated time to compile and install the programs, in seconds. */
  readonly setUpSeconds: number;
}

/** All libraries and runtimes that offer ways. */
export const EVERYONE: readonly By[] = Object.keys(OFFERED).filter(isBy);
/** The lengths that all programs measure in every comparison, in bytes. */
export const USUAL_LENGTHS: readonly number[] = [64, 65_536];
/** The programs that are measured at more lengths. */
const OWN: ReadonlySet<By> = new Set(["winipc", "deno", "c"]);

/** The limits of ways on Wine. */
export const LIMITS_ON_WINE: readonly Limit[] = [{
  by: "winipc",
  way: "copy-data",
  maxLength: 2 ** 19,
  why: "Wine puts each message on the receiver's stack, and that of Deno is too small",
}];

/** The measurements of each extent. */
export const SCOPES: Readonly<Record<Extent, Scope>> = {
  quick: {
    installs: false,
    launches: 1,
    lengths: USUAL_LENGTHS,
    ownLengths: USUAL_LENGTHS,
    pacedLengths: USUAL_LENGTHS,
    milliseconds: { trips: 100, stream: 100, paced: 300 },
    growthSeconds: 0,
    setUpSeconds: 20,
  },
  default: {
    installs: true,
    launches: 5,
    lengths: USUAL_LENGTHS,
    ownLengths: LENGTHS,
    pacedLengths: LENGTHS,
    milliseconds: { trips: 400, stream: 320, paced: 400 },
    growthSeconds: 360,
    setUpSeconds: 120,
  },
  all: {
    installs: true,
    launches: 5,
    lengths: LENGTHS,
    ownLengths: LENGTHS,
    pacedLengths: LENGTHS,
    milliseconds: { trips: 1000, stream: 1000, paced: 1000 },
    growthSeconds: 900,
    setUpSeconds: 120,
  },
};

/** Time to start and end a process of each program, in milliseconds, on Wine and two processors. */
const PROCESS_TIME: Readonly<Record<By, number>> = {
  "winipc": 1200,
  "deno": 1200,
  "node-net": 1200,
  "node": 600,
  "bun": 600,
  "c": 150,
  "boost": 150,
};
/** Time of the task `validate`, in milliseconds. */
const VALIDATE_TIME = 250;
/** Time of a stream, with the shorter streams before it, in multiples of the task's time. */
const STREAM_FACTOR = 2.2;

/**
 * Plans all ways of some libraries and runtimes.
 *
 * @param limits The ways that cannot have all lengths. @default none
 */
export function planFor(
  scope: Scope,
  offerers: readonly By[],
  limits: readonly Limit[] = [],
): Plan {
  const missing: Missing[] = [];
  const pairs = offerers.flatMap((by) =>
    OFFERED[by].map((way): PlannedPair => {
      const all = OWN.has(by) ? scope.ownLengths : scope.lengths;
      const limit = limits.find((other) => other.by === by && other.way === way);
      const lengths = all.filter((length) => length <= (limit?.maxLength ?? Infinity));
      if (limit !== undefined && lengths.length < all.length) {
        const tooLong = all.slice(lengths.length).map(formatLength).join(" and ");
        missing.push({ by, way, why: `${tooLong}: ${limit.why}` });
      }
      return { by, way, sizes: lengths.map((length) => sizeOf(scope, length)) };
    })
  );
  return { launches: scope.launches, pairs, missing };
}

function sizeOf({ milliseconds, pacedLengths }: Scope, length: number): PlannedSize {
  const { trips, stream, paced } = milliseconds;
  return { length, trips, stream, ...(pacedLengths.includes(length) ? { paced } : {}) };
}

/** Returns the estimated time of one launch of a pair, in milliseconds. */
export function estimateOfPair({ by, way, sizes }: PlannedPair): number {
  const processes = IN_PROCESS.has(way) ? 1 : 2;
  return processes * PROCESS_TIME[by] + sum(sizes, estimateOfSize);
}

function estimateOfSize({ trips, stream, paced = 0 }: PlannedSize): number {
  return VALIDATE_TIME + trips + stream * STREAM_FACTOR + paced;
}

/** Returns the estimated time of all launches, in milliseconds. */
export function estimateOfLaunches({ pairs, launches }: Plan): number {
  return launches * sum(pairs, estimateOfPair);
}

/** Returns the estimated time of a comparison, in milliseconds. */
export function estimateOf({ setUpSeconds, growthSeconds }: Scope, plan: Plan): number {
  return (setUpSeconds + growthSeconds) * 1000 + estimateOfLaunches(plan);
}

function isBy(name: string): name is By {
  return name in OFFERED;
}

function sum<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((total, item) => total + valueOf(item), 0);
}
