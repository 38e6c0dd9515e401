/**
 * How long a reader may sleep that has no writer's process to watch.
 *
 * A writer that comes wakes all readers. If it is killed before that, readers that watch nobody would not
 * learn that it was there and has died. So they look from time to time.
 *
 * @module
 */

import type { OtherSide } from "./other_end.ts";

/** The longest sleep without a process to watch, in milliseconds: a writer's end is noticed within a second. */
const MAX_UNWATCHED_SLEEP = 500;

/**
 * Gives the longest that a reader may sleep now.
 *
 * @param left The longest that the reader wants to sleep, in milliseconds.
 * @returns `left`, or less if there is no process that can be watched.
 */
export function limitSleep(writer: OtherSide, left: number): number {
  return writer.look() === undefined ? Math.min(left, MAX_UNWATCHED_SLEEP) : left;
}
