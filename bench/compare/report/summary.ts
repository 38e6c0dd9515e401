/**
 * Summarizes the launches of each pair: percentiles of round trips, sums of processor times, and
 * medians of all else.
 *
 * @module
 */

import { median } from "../median.ts";
import type { Histogram, Results, Run, SizeRun } from "../results.ts";
import { type By, IN_PROCESS, type WayName } from "../ways.ts";

/** Buckets of each doubling of a time, as the `Histogram` of results.ts has them. */
const BUCKETS = 32;

/** The launches of one pair, summarized. */
export interface PairSummary {
  readonly by: By;
  readonly way: WayName;
  /** Median time until both ends were open, in nanoseconds. */
  readonly setUp: number;
  /** The measurements by length, the shortest first. */
  readonly sizes: readonly SizeSummary[];
}

/** The measurements of one frame size, summarized. */
export interface SizeSummary {
  /** Length of each frame, in bytes. */
  readonly length: number;
  /** Percentiles of all round trips of all launches. */
  readonly trips?: TripSummary;
  /** Medians over the launches. */
  readonly stream?: StreamSummary;
  /** Sums of all launches. */
  readonly paced?: PacedSummary;
}

/** Percentiles of round trips, in nanoseconds. */
export interface TripSummary {
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
}

/** Rates of a stream. */
export interface StreamSummary {
  readonly framesPerSecond: number;
  readonly bytesPerSecond: number;
  /**
   * The rates in bytes a second that a tenth of the launches and nine tenths of them do not exceed.
   * Of fewer than ten launches, these are the extreme rates. One launch has no spread.
   */
  readonly spread?: { readonly p10: number; readonly p90: number };
}

/** Processor time for one frame at 1,000 frames a second, in nanoseconds. */
export interface PacedSummary {
  /** The times of the two ends. Left out if both ends are in one process. */
  readonly ends?: { readonly near: number; readonly far: number };
  readonly both: number;
  /** The rate that was reached. */
  readonly framesPerSecond: number;
}

type Paced = NonNullable<SizeRun["paced"]>;

/** Summarizes each pair, in the order of the pairs' first runs. */
export function summarize(results: Results): PairSummary[] {
  const pairs = Map.groupBy(results.runs, ({ by, way }) => `${by} ${way}`);
  return [...pairs.values()].flatMap((runs) => {
    const [first] = runs;
    return first === undefined ? [] : [summarizePair(first, runs)];
  });
}

function summarizePair({ by, way }: Run, runs: readonly Run[]): PairSummary {
  const sizes = Map.groupBy(runs.flatMap((run) => run.sizes), ({ length }) => length);
  return {
    by,
    way,
    setUp: median(runs.map((run) => run.setUp)),
    sizes: [...sizes]
      .sort(([a], [b]) => a - b)
      .map(([length, launches]) => summarizeSize(way, length, launches)),
  };
}

function summarizeSize(
  way: WayName,
  length: number,
  launches: readonly SizeRun[],
): SizeSummary {
  const trips = pool(launches.map((launch) => launch.trips));
  const rates = launches
    .filter(({ stream }) => stream.frames > 1 && stream.nanoseconds > 0)
    .map(({ stream }) => (stream.frames - 1) / stream.nanoseconds * 1e9);
  const paced = launches.flatMap((launch) => launch.paced ?? [])
    .filter(({ frames, nanoseconds }) => frames > 0 && nanoseconds > 0);
  return {
    length,
    ...(trips.length > 0 && {
      trips: {
        p10: percentile(trips, 0.1),
        median: percentile(trips, 0.5),
        p90: percentile(trips, 0.9),
        p99: percentile(trips, 0.99),
      },
    }),
    ...(rates.length > 0 && {
      stream: summarizeStream(length, rates),
    }),
    ...(paced.length > 0 && { paced: summarizePaced(way, paced) }),
  };
}

function summarizeStream(length: number, rates: readonly number[]): StreamSummary {
  const sorted = rates.map((rate) => rate * length).sort((a, b) => a - b);
  const [p10, p90] = [0.1, 0.9].map((fraction) => sorted[Math.ceil(fraction * sorted.length) - 1]);
  return {
    framesPerSecond: median(rates),
    bytesPerSecond: median(sorted),
    ...(rates.length > 1 && p10 !== undefined && p90 !== undefined && { spread: { p10, p90 } }),
  };
}

/**
 * Divides sums by sums. The clock of a process has steps of up to 15.6 ms. So the time of one
 * launch has few possible values, and a median would be one of them.
 */
function summarizePaced(way: WayName, launches: readonly Paced[]): PacedSummary {
  const sum = (key: keyof Paced) => launches.reduce((total, launch) => total + launch[key], 0);
  const frames = sum("frames");
  const near = sum("nearProcessor") / frames;
  const far = sum("farProcessor") / frames;
  return {
    ...(!IN_PROCESS.has(way) && { ends: { near, far } }),
    both: near + far,
    framesPerSecond: frames / sum("nanoseconds") * 1e9,
  };
}

/** Adds up histograms. The shortest time is first. */
export function pool(histograms: readonly Histogram[]): Histogram {
  const counts = new Map<number, number>();
  for (const [bucket, count] of histograms.flat()) {
    counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  }
  return [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
}

/**
 * Returns the shortest time, in nanoseconds, that at least this fraction of the times does not
 * exceed.
 *
 * @param histogram A histogram that `pool()` has returned.
 */
export function percentile(histogram: Histogram, fraction: number): number {
  const total = histogram.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of histogram) {
    seen += count;
    if (seen >= fraction * total) return 2 ** (bucket / BUCKETS);
  }
  throw new RangeError("A histogram without times has no percentiles");
}
