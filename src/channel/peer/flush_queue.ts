/**
 * What has to be told before a thread idles.
 *
 * Ends tell each other of many messages at a time. What is left is told when the script has done what
 * it is at, and before any end in this thread waits: the other side may have to do something with it
 * before it answers.
 *
 * That is at the end of the turn that a promise's callback is, if no more has come since; and where a
 * script awaits each of its sends in a loop, at the end of the event loop's turn.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** An end that may have something to tell. */
export interface Teller {
  /** Whether it will be asked to. */
  isDue: boolean;
  /** Whether the other end may wait for it, rather than for room only when the ring is full. */
  readonly isUrgent: boolean;
  /** How much it has done. */
  done(): number;
  /** Tells it. */
  tell(): void;
}

const TURN: Promise<void> = Promise.resolve();

let tellers: Teller[] = [];
/** How much those that are due had done when they came. */
let before: number[] = [];

/** Has an end tell what it has to, soon. */
export function tellSoon(teller: Teller): void {
  if (teller.isDue) return;
  teller.isDue = true;
  // A script that has awaited what came first goes on before that.
  if (tellers.length === 0) void TURN.then(() => TURN.then(endTurn));
  tellers.push(teller);
  before.push(teller.done());
}

/** Has all ends tell of messages now. */
export function tellMessages(): void {
  for (let index = 0; index < tellers.length; index++) {
    if (tellers[index]!.isUrgent) tellers[index]!.tell();
  }
}

/** Has all ends tell what they have to now. */
export function tellNow(): void {
  for (let index = 0; index < tellers.length; index++) tellers[index]!.tell();
}

function endTurn(): void {
  if (tellers.some((teller, index) => teller.done() !== before[index])) setImmediate(endAll);
  else endAll();
}

function endAll(): void {
  const due = tellers;
  [tellers, before] = [[], []];
  for (const teller of due) {
    teller.isDue = false;
    teller.tell();
  }
}
