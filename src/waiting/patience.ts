/**
 * A thread with an event loop, standing still for a moment.
 *
 * An event loop that falls asleep and wakes up takes several times as long as a thread that stands
 * still for the same. So where something is about to come, it is better to stand still for it, but not
 * so long that all else notices.
 *
 * @module
 */

/** How long a thread may stand still in a turn of its event loop, in milliseconds. */
export const PATIENCE = 1;
let patience = PATIENCE;

/**
 * Stands still, unless the thread has done so for long enough in this turn of its event loop.
 *
 * @param wait Stands still, for {@linkcode PATIENCE} at most.
 * @returns What `wait` gives; `undefined` if it was not called.
 */
export function standStillBriefly<T>(wait: () => T): T | undefined {
  if (patience <= 0) return undefined;
  if (patience === PATIENCE) setImmediate(() => patience = PATIENCE);
  const before = performance.now();
  const found = wait();
  patience -= performance.now() - before;
  return found;
}
