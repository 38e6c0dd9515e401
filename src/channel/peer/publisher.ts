/**
 * Publishing an end's progress, and waking the other end.
 *
 * @module
 */

import type { Flushable } from "./flush_queue.ts";
import type { Waker } from "./wake_flag.ts";

/** What an end has done and the other end may not know of: a writer's tail, or a reader's head. */
export interface Progress {
  /** How many messages it has counted. */
  readonly count: number;
  /**
   * Publishes what is pending.
   *
   * @returns Whether anything was.
   */
  publish(): boolean;
}

/** How an end publishes. */
export interface PublisherOptions {
  /** Wakes the other end. */
  waker: Waker;
  /** Whether the other end may wait for it now, rather than for room only when the ring is full. */
  isUrgent: boolean;
}

/** Publishes an end's progress, and wakes the other end after that. */
export class Publisher implements Flushable {
  isQueued = false;
  readonly isUrgent: boolean;
  readonly #progress: Progress;
  readonly #waker: Waker;

  /** Publishes nothing yet. */
  constructor(progress: Progress, { waker, isUrgent }: PublisherOptions) {
    this.isUrgent = isUrgent;
    this.#progress = progress;
    this.#waker = waker;
  }

  get count(): number {
    return this.#progress.count;
  }

  flush(): void {
    if (this.#progress.publish()) this.#waker.wake();
  }
}
