/**
 * Counts times in buckets, as the results keep them.
 *
 * @module
 */

import type { Histogram } from "../results.ts";

/** Buckets of each doubling of the time. */
const BUCKETS = 32;

/**
 * Counts times in buckets.
 *
 * @param times The times in nanoseconds. A time below 1 counts as 1.
 */
export function histogramOf(times: Iterable<number>): Histogram {
  const counts = new Map<number, number>();
  for (const time of times) {
    const bucket = Math.round(BUCKETS * Math.log2(Math.max(time, 1)));
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return [...counts].sort(([one], [other]) => one - other);
}
