/**
 * A lock among the tasks of one script.
 *
 * @module
 */

import type { WaitOptions } from "./options.ts";
import { AsyncQueue } from "./queue.ts";

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
