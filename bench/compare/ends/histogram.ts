/**
 * Counts times in buckets, as the results keep them.
 *
 * @module
 */

import type { Histogram } from "../results.ts";

/** Buckets of each doubling of the time. */
const BUCKETS = 32;

/** Counts times in buckets. */
export class TimeCounter {
  /** Number of times. */
  total = 0;
  readonly #counts = new Map<number, number>();

  /**
   * Counts a time.
   *
   * @param time The time in nanoseconds. A time below 1 counts as 1.
   */
  add(time: number): void {
    const bucket = Math.round(BUCKETS * Math.log2(Math.max(time, 1)));
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
    this.total++;
  }

  /** Returns the buckets and their counts, the shortest time first. */
  histogram(): Histogram {
    return [...this.#counts].sort(([one], [other]) => one - other);
  }
}
