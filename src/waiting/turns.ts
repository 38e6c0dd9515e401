/**
 * Letting the event loop turn.
 *
 * A script that awaits what is there already goes on before anything else in its event loop does. If
 * it does so again and again, no timer fires, no signal is heard and no file is read for as long as
 * there is more. So now and then such a wait is to last until the event loop has turned.
 *
 * @module
 */

/** The longest time without a turn, in milliseconds, once waits have been over at once. */
const LONGEST = 4;
/** In how many waits the time is asked for once, which takes longer than a message. */
const WAITS = 64;

let waits = 0;
let lastTurn = 0;
let isDue = false;

/** Whether a wait that could be over at once is to last until {@linkcode nextTurn} is over. */
export function isTurnDue(): boolean {
  if (!isDue && ++waits >= WAITS) {
    waits = 0;
    isDue = performance.now() - lastTurn > LONGEST;
  }
  return isDue;
}

/** Is fulfilled when the event loop has turned. */
export async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  lastTurn = performance.now();
  isDue = false;
}
