/**
 * The window of links whose `send()` never waits.
 *
 * @module
 */

const MAX_BYTES = 2 ** 22;
const MAX_FRAMES = 256;

/** Returns how many frames of `length` bytes a sender may send before a credit must come. */
export function windowOf(length: number): number {
  return Math.max(1, Math.min(MAX_FRAMES, Math.floor(MAX_BYTES / length)));
}
