/**
 * Counts and checks numbered messages that arrive.
 *
 * @module
 */

import { readNumbered } from "./numbered_messages.ts";

/** Counts messages, which must be whole, and in order and without a gap for each sender. */
export class ReceivedMessages {
  readonly #longest: number;
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** @param longest The maximum length of the senders' messages in bytes. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Number of all messages. */
  get total(): number {
    return this.#total;
  }

  /** Returns the number of messages of a sender. */
  of(id: number): number {
    return this.#counts.get(id) ?? 0;
  }

  /**
   * Counts a message.
   *
   * @returns The sender's number.
   * @throws {Error} If the message is torn, or is not the next one of its sender.
   */
  take(message: Uint8Array): number {
    const { id, number } = readNumbered(message, this.#longest);
    if (number !== this.of(id)) {
      throw new Error(
        `Message ${number} of sender ${id} arrived instead of message ${this.of(id)}`,
      );
    }
    this.#counts.set(id, number + 1);
    this.#total++;
    return id;
  }
}
