/**
 * A queue that tasks of one script wait at, and a lock among them, which is a queue of one item.
 *
 * @module
 */

import { assertCanWait, Cancellation, type WaitOptions } from "./options.ts";

/** Keeps items until somebody takes them, in order; what is in it when it is ended can still be taken. */
export class AsyncQueue<T> {
  readonly #items: T[] = [];
  readonly #takers = new Set<PromiseWithResolvers<T | undefined>>();
  readonly #late: (timeout: number) => Error;
  #end: { error: unknown } | undefined;

  /**
   * Makes an empty queue.
   *
   * @param late Makes the error of who waited in vain. @default one that names nothing
   */
  constructor(late: (timeout: number) => Error = nothingCame) {
    this.#late = late;
  }

  /** Whether there is nothing to take now. */
  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Gives an item to whoever waits longest, or keeps it. */
  put(item: T): void {
    for (const taker of this.#takers) {
      this.#takers.delete(taker);
      taker.resolve(item);
      return;
    }
    this.#items.push(item);
  }

  /**
   * Lets nobody wait any more.
   *
   * @param error What those get who wait, or come when it is empty. @default `undefined`, in place of an item
   */
  end(error?: unknown): void {
    this.#end ??= { error };
    for (const taker of this.#takers) this.#settle(taker, this.#end.error);
    this.#takers.clear();
  }

  /**
   * Takes the oldest item, or waits for one.
   *
   * @returns The item; `undefined` when it was ended and is empty.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   */
  async take(options: WaitOptions = {}): Promise<T | undefined> {
    assertCanWait(options);
    const { timeout = Infinity, signal } = options;
    if (this.#items.length > 0) return this.#items.shift();
    const taker = Promise.withResolvers<T | undefined>();
    if (this.#end !== undefined) {
      this.#settle(taker, this.#end.error);
      return await taker.promise;
    }
    const giveUp = (error: unknown) => {
      this.#takers.delete(taker);
      taker.reject(error);
    };
    this.#takers.add(taker);
    using _ = new Cancellation({
      timeout,
      onTimeout: () => giveUp(this.#late(timeout)),
      signal,
      onAbort: giveUp,
    });
    return await taker.promise;
  }

  #settle(taker: PromiseWithResolvers<T | undefined>, error: unknown): void {
    if (error === undefined) taker.resolve(undefined);
    else taker.reject(error);
  }
}

function nothingCame(timeout: number): Error {
  return new Deno.errors.TimedOut(`Nothing came within ${timeout} ms`);
}

/** A lock that one task holds at a time; tasks get it in the order in which they asked for it. */
export class Lock {
  /** Has one item while the lock is free. */
  readonly #free: AsyncQueue<true>;

  /**
   * Makes a lock that is free.
   *
   * @param late Makes the error of a task that did not get the lock in time. @default one that names nothing
   */
  constructor(late?: (timeout: number) => Error) {
    this.#free = new AsyncQueue(late);
    this.#free.put(true);
  }

  /** Whether a task holds the lock. */
  get isHeld(): boolean {
    return this.#free.isEmpty;
  }

  /**
   * Takes the lock, or waits for it.
   *
   * @throws {Deno.errors.TimedOut} If it was not free in time.
   */
  async acquire(options: WaitOptions = {}): Promise<void> {
    await this.#free.take(options);
  }

  /** Gives the lock to the task that has waited longest, or frees it. Only the task that holds it may do so. */
  release(): void {
    this.#free.put(true);
  }
}
