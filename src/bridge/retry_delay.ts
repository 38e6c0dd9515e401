/**
 * The pauses between attempts to reach a server.
 *
 * @module
 */

import { sleep } from "../wait/options.ts";

/** The first pause in milliseconds. */
const MIN_DELAY = 50;
/** Maximum pause in milliseconds, so that a server that is back is soon noticed. */
const MAX_DELAY = 2000;

/** Pauses that grow with each failure. */
export class RetryDelay {
  #next = MIN_DELAY;

  /** Begins with short pauses again, after a success. */
  reset(): void {
    this.#next = MIN_DELAY;
  }

  /**
   * Waits.
   *
   * @throws The reason of the signal.
   */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const delay = this.#next;
    this.#next = Math.min(delay * 2, MAX_DELAY);
    await sleep(delay, signal);
  }
}
