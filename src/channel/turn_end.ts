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
  /** Tells it. */
  tell(): void;
}

const tellers = new Set<Teller>();

/** Has an end tell what it has to at the end of this turn. */
export function tellAtTurnEnd(teller: Teller): void {
  if (tellers.size === 0) queueMicrotask(endTurn);
  tellers.add(teller);
}

/** Has all ends tell what they have to now. */
export function tellNow(): void {
  for (const teller of tellers) teller.tell();
}

function endTurn(): void {
  tellNow();
  tellers.clear();
}
