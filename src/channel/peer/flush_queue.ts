/**
 * Publishing before a thread idles.
 *
 * Ends publish many messages at a time. The rest is published when the script has done what it is at,
 * and before any end of this thread waits: the other side may have to do something with the messages
 * before it answers.
 *
 * That is at the end of the turn that a promise's callback is, if no more has come since. Where a
 * script awaits each of its sends in a loop, it is at the end of the event-loop turn.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** What may have something to publish. */
export interface Flushable {
  /** Whether it is in the queue, which sets this. */
  isQueued: boolean;
  /** Whether the other end may wait for it now, rather than for room only when the ring is full. */
  readonly isUrgent: boolean;
  /** How many messages it has counted. */
  readonly count: number;
  /** Publishes what is pending. */
  flush(): void;
}

const TURN: Promise<void> = Promise.resolve();

let queue: Flushable[] = [];
/** The count that each in the queue had when it came. */
let before: number[] = [];

/** Has something flushed soon. */
export function flushSoon(flushable: Flushable): void {
  if (flushable.isQueued) return;
  flushable.isQueued = true;
  // A script that has awaited what came first goes on before that.
  if (queue.length === 0) void TURN.then(() => TURN.then(endTurn));
  queue.push(flushable);
  before.push(flushable.count);
}

/** Publishes all messages now. */
export function flushUrgent(): void {
  for (let index = 0; index < queue.length; index++) {
    if (queue[index]!.isUrgent) queue[index]!.flush();
  }
}

/** Publishes all messages and all room now. */
export function flushAll(): void {
  for (let index = 0; index < queue.length; index++) queue[index]!.flush();
}

function endTurn(): void {
  if (queue.some(({ count }, index) => count !== before[index])) setImmediate(emptyQueue);
  else emptyQueue();
}

function emptyQueue(): void {
  const due = queue;
  [queue, before] = [[], []];
  for (const flushable of due) {
    flushable.isQueued = false;
    flushable.flush();
  }
}
