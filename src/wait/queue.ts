/**
 * A queue from which tasks of one script take items, and a lock, which is a queue with one item.
 *
 * @module
 */

import { assertCanWait, Cancellation, type WaitOptions } from "./options.ts";

/**
 * Keeps items in order until tasks take them. Items that remain after the end can still be taken.
 */
export class AsyncQueue<T> {
  readonly #items: T[] = [];
  readonly #takers = new Set<PromiseWithResolvers<T | undefined>>();
  readonly #late: (timeout: number) => Error;
  readonly #isHeld: boolean;
  #end: { error: unknown } | undefined;

  /**
   * Makes an empty queue.
   *
   * @param late Makes the error of a task that has waited for the timeout. @default a general
   *   `TimedOut`
   * @param options `isHeld`: whether a timeout keeps the process alive; `false` if the source of
   *   the items does so. @default true
   */
  constructor(
    late: (timeout: number) => Error = nothingCame,
    { isHeld = true }: { isHeld?: boolean } = {},
  ) {
    this.#late = late;
    this.#isHeld = isHeld;
  }

  /** Whether the queue has no items now. */
  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Gives an item to the task that has waited longest, or keeps it if no task waits. */
  put(item: T): void {
    for (const taker of this.#takers) {
      this.#takers.delete(taker);
      taker.resolve(item);
      return;
    }
    this.#items.push(item);
  }

  /** Takes all items without waiting. */
  takeAll(): T[] {
    return this.#items.splice(0);
  }

  /**
   * Ends the queue: from now on, no task waits for an item.
   *
   * @param error Thrown in tasks that wait, and in tasks that find the ended queue empty. Without
   *   an error they get `undefined` instead of an item.
   */
  end(error?: unknown): void {
    this.#end ??= { error };
    for (const taker of this.#takers) this.#settle(taker, this.#end.error);
    this.#takers.clear();
  }

  /**
   * Takes the oldest item, or waits for one.
   *
   * @returns The item, or `undefined` if the queue is ended and empty.
   * @throws {Deno.errors.TimedOut} If no item came in time.
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
    using cancellation = new Cancellation({
      timeout,
      onTimeout: () => giveUp(this.#late(timeout)),
      signal,
      onAbort: giveUp,
    });
    if (!this.#isHeld) cancellation.unref();
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

/** A lock that one task holds at a time. Tasks get it in the order in which they asked for it. */
export class Lock {
  /** A queue that has one item while the lock is free. */
  readonly #free: AsyncQueue<true>;

  /**
   * Makes a lock that is free.
   *
   * @param late Makes the error of a task that does not get the lock in time. @default a general
   *   `TimedOut`
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
   * @throws {Deno.errors.TimedOut} If the lock was not free in time.
   */
  async acquire(options: WaitOptions = {}): Promise<void> {
    await this.#free.take(options);
  }

  /** Takes the lock if it is free. Returns whether the task has got it. */
  tryAcquire(): boolean {
    return this.#free.takeAll().length > 0;
  }

  /**
   * Gives the lock to the task that has waited longest, or frees it. Only its holder must call
   * this.
   */
  release(): void {
    this.#free.put(true);
  }
}
