/**
 * What has come of numbered messages.
 *
 * @module
 */

import { readNumbered } from "./numbered_messages.ts";

/** Takes numbered messages in, which have to be whole, and each sender's in order and without a gap. */
export class ReceivedMessages {
  readonly #longest: number;
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** @param longest The longest message that the senders send. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** How many there were. */
  get total(): number {
    return this.#total;
  }

  /** How many there were of a sender. */
  of(id: number): number {
    return this.#counts.get(id) ?? 0;
  }

  /**
   * Takes one in.
   *
   * @returns Who sent it.
   * @throws {Error} If it is torn, or another one than its sender's next.
   */
  take(message: Uint8Array): number {
    const { id, number } = readNumbered(message, this.#longest);
    if (number !== this.of(id)) {
      throw new Error(`Message ${number} of sender ${id} came where ${this.of(id)} was to come`);
    }
    this.#counts.set(id, number + 1);
    this.#total++;
    return id;
  }
}
