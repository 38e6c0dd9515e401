/**
 * The window of links whose `send()` never waits.
 *
 * @module
 */

const MAX_BYTES = 2 ** 22;
const MAX_FRAMES = 256;

/** Returns the number of frames of `length` bytes that a sender may send before a credit comes. */
export function windowOf(length: number): number {
  return Math.max(1, Math.min(MAX_FRAMES, Math.floor(MAX_BYTES / length)));
}
