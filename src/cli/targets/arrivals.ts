/**
 * Joins the messages of several senders, such as the clients of a pipe, into one stream.
 *
 * @module
 */

import { AsyncQueue } from "../../wait/queue.ts";
import type { Received } from "./source.ts";

/** Messages of several senders. Each sender waits until its message is confirmed. */
export class Arrivals {
  readonly #queue = new AsyncQueue<Received>();
  /** Ends the wait of a sender: whether its message was confirmed. */
  readonly #waiting = new Set<(isConfirmed: boolean) => void>();
  #isClosed = false;

  /** Adds a message, and waits. Returns whether it was confirmed before the stream was closed. */
  async add(received: Received): Promise<boolean> {
    if (this.#isClosed) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.add(resolve);
    this.#queue.put({ ...received, confirm: () => resolve(true) });
    try {
      return await promise;
    } finally {
      this.#waiting.delete(resolve);
    }
  }

  /** Waits for the next message. */
  async next(signal: AbortSignal): Promise<Received | undefined> {
    return await this.#queue.take({ signal });
  }

  /** Ends the stream, with an error if there is one. Messages that wait are not confirmed. */
  close(error?: unknown): void {
    this.#isClosed = true;
    for (const resolve of this.#waiting) resolve(false);
    this.#queue.end(error);
  }
}
