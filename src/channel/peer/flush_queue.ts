/**
 * Publishing before a thread idles.
 *
 * Ends publish many messages at a time. The rest is published when the script has done what it is at,
 * and before any end of this thread waits: the peer may have to do something with the messages
 * before it answers.
 *
 * That is at the end of the turn that a promise's callback is, if no more has come since. Where a
 * script awaits each of its sends in a loop, it is at the end of the event-loop turn.
 *
 * @module
 */

/** What may have something to publish. */
export interface Flushable {
  /** Whether it is in the queue, which sets this. */
  isQueued: boolean;
  /** Whether the peer may wait for it now, rather than for room only when the ring is full. */
  readonly isUrgent: boolean;
  /** How many messages it has counted. */
  readonly count: number;
  /** Publishes what is pending. */
  flush(): void;
}

const TURN: Promise<void> = Promise.resolve();

/** What a script's ends have to publish before its thread idles. */
export class FlushQueue {
  readonly #immediate: (callback: () => void) => void;
  #queue: Flushable[] = [];
  /** The count that each in the queue had when it came. */
  #before: number[] = [];

  /** @param immediate Calls a function in the next turn of the event loop. */
  constructor(immediate: (callback: () => void) => void) {
    this.#immediate = immediate;
  }

  /** Whether nothing is to be flushed. */
  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Has something flushed soon. */
  add(flushable: Flushable): void {
    // This is all that is done for most messages, and so short that V8 inlines it.
    if (!flushable.isQueued) this.#put(flushable);
  }

  /** Publishes all messages now. */
  flushUrgent(): void {
    for (let index = 0; index < this.#queue.length; index++) {
      if (this.#queue[index]!.isUrgent) this.#queue[index]!.flush();
    }
  }

  /** Publishes all messages and all room now. */
  flushAll(): void {
    for (let index = 0; index < this.#queue.length; index++) this.#queue[index]!.flush();
  }

  #put(flushable: Flushable): void {
    flushable.isQueued = true;
    // A script that has awaited what came first goes on before that.
    if (this.#queue.length === 0) void TURN.then(() => TURN.then(() => this.#endTurn()));
    this.#queue.push(flushable);
    this.#before.push(flushable.count);
  }

  #endTurn(): void {
    if (this.#queue.some(({ count }, index) => count !== this.#before[index])) {
      this.#immediate(() => this.#empty());
    } else {
      this.#empty();
    }
  }

  #empty(): void {
    const due = this.#queue;
    [this.#queue, this.#before] = [[], []];
    for (const flushable of due) {
      flushable.isQueued = false;
      flushable.flush(); // guard: end-of-turn
    }
  }
}
