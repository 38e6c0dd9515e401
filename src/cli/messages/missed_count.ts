/**
 * Says on the standard error how many messages a reader missed, at most once a second.
 *
 * @module
 */

import type { Output } from "../printing/output.ts";

/** Minimum time between two lines, in milliseconds. */
const INTERVAL = 1000;

/** Counts missed messages. */
export class MissedCount {
  readonly #output: Output;
  #unsaid = 0;
  #said = -Infinity;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Counts missed messages, and says so now unless the last line is less than a second old. */
  add(count: number): void {
    if (count === 0) return;
    this.#unsaid += count;
    if (performance.now() - this.#said >= INTERVAL) this.flush();
  }

  /** Says what was not said yet. */
  flush(): void {
    if (this.#unsaid === 0) return;
    this.#output.note(`Missed ${this.#unsaid} messages: the sender overwrote them`);
    this.#unsaid = 0;
    this.#said = performance.now();
  }
}
