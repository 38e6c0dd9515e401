/**
 * Letting the event loop do its work, and blocking it for a moment.
 *
 * A script that awaits what is there already goes on before anything else in its event loop does. If
 * it does so again and again, no timer fires, no signal is heard and no file is read for as long as
 * there is more. So now and then such a wait lasts until the next event-loop turn.
 *
 * An event loop that falls asleep and wakes up takes several times as long as a thread that blocks for
 * the same. So where something is about to come, it is better to block, but not so long that all else
 * notices.
 *
 * @module
 */

/** The longest time without a turn, in milliseconds, once waits have been over at once. */
const MAX_LENGTH = 4;
/** How often the time is asked for, in milliseconds: that takes longer than a message. */
const LOOK_INTERVAL = 1;
/** The most waits until then. */
const MAX_WAITS = 1024;

/** So many waits took about as long as the interval. */
let enough = 16;
/** How many waits there can be until the time is asked for. */
let left = enough;
let lastLook = 0;
let lastTurn = 0;
let isDue = false;
let turn: Promise<true> | undefined = undefined;

/**
 * Counts a wait that could be over at once.
 *
 * @returns Whether the wait is to last until {@linkcode yieldToEventLoop} is over.
 */
export function countWait(): boolean {
  return --left < 0 && checkTime();
}

function checkTime(): boolean {
  if (isDue) return true;
  const now = performance.now();
  enough = now - lastLook < LOOK_INTERVAL ? Math.min(enough * 2, MAX_WAITS) : (enough >> 1) + 1;
  lastLook = now;
  isDue = now - lastTurn > MAX_LENGTH;
  // Until it has turned, each of them waits for that: what comes later must not be over sooner.
  left = isDue ? 0 : enough;
  return isDue;
}

/**
 * Is fulfilled when the event loop has turned: the same promise for all who ask until then.
 *
 * @returns `true`, which is what a send that has succeeded gives.
 */
export function yieldToEventLoop(): Promise<true> {
  return turn ??= new Promise((resolve) =>
    setImmediate(() => {
      [turn, isDue] = [undefined, false];
      lastTurn = performance.now();
      resolve(true);
    })
  );
}

/** How long a thread may block in an event-loop turn, in milliseconds. */
export const PATIENCE = 1;
let patience = PATIENCE;

/**
 * Blocks, unless the thread has done so for long enough in this event-loop turn.
 *
 * @param wait Blocks, for {@linkcode PATIENCE} at most.
 * @returns What `wait` gives; `undefined` if it was not called.
 */
export function blockBriefly<T>(wait: () => T): T | undefined {
  if (patience <= 0) return undefined;
  if (patience === PATIENCE) setImmediate(() => patience = PATIENCE);
  const before = performance.now();
  const found = wait();
  patience -= performance.now() - before;
  return found;
}
