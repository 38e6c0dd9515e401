/**
 * What has to be told before a thread idles.
 *
 * Ends tell each other of many messages at a time. What is left is told at the end of the turn of
 * the event loop, and before any end in this thread waits: the other side may have to do something
 * with it before it answers.
 *
 * @module
 */

/** An end that may have something to tell. */
export interface Teller {
  /** Whether it will be asked to at the end of this turn. */
  isDue: boolean;
  /** Tells it. */
  tell(): void;
}

let tellers: Teller[] = [];

/** Has an end tell what it has to at the end of this turn. */
export function tellAtTurnEnd(teller: Teller): void {
  if (teller.isDue) return;
  teller.isDue = true;
  if (tellers.length === 0) queueMicrotask(endTurn);
  tellers.push(teller);
}

/** Has all ends tell what they have to now. */
export function tellNow(): void {
  for (const teller of tellers) teller.tell();
}

function endTurn(): void {
  const due = tellers;
  tellers = [];
  for (const teller of due) {
    teller.isDue = false;
    teller.tell();
  }
}
