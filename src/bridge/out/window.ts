/**
 * The messages that a route has taken from its source, and that the stream has not acknowledged.
 *
 * @module
 */

/** A message in the window. */
export interface WindowMessage {
  readonly bytes: Uint8Array;
  readonly number: number;
  readonly id: string;
  /** Whether nothing is left to do for the message: it is stored or dropped. */
  isSettled: boolean;
  /** Whether the message is too long, and so is dropped. */
  isDropped: boolean;
}

/** The messages on their way, and the next one to send. */
export class DeliveryWindow {
  readonly #messages: WindowMessage[] = [];
  /** The index of the next message to send. */
  #next = 0;
  /** The id of the message before the next one; `undefined` if all before it are settled. */
  #previous: string | undefined;
  /** The message that was sent without the condition that the one before it is stored. */
  #anchor: WindowMessage | undefined;

  /** The number of messages. */
  get length(): number {
    return this.#messages.length;
  }

  add(message: WindowMessage): void {
    this.#messages.push(message);
  }

  /**
   * Returns the next message to send, and the id of the message that the stream must have stored
   * before. The first message, also after a failure, has no such condition, and is sent alone.
   *
   * @param limit Maximum number of messages that are sent and not settled.
   */
  send(limit: number): { message: WindowMessage; previous: string | undefined } | undefined {
    if (this.#anchor !== undefined) return undefined;
    const messages = this.#messages;
    while (this.#next < Math.min(messages.length, limit)) {
      const message = messages[this.#next++]!;
      if (message.isDropped) continue;
      const previous = this.#previous;
      this.#previous = message.id;
      // Its acknowledgement has come late, after messages before it were sent again.
      if (message.isSettled) continue;
      if (previous === undefined) this.#anchor = message;
      return { message, previous };
    }
    return undefined;
  }

  /** Notes that nothing is left to do for a message. */
  settle(message: WindowMessage): void {
    message.isSettled = true;
    if (this.#anchor === message) this.#anchor = undefined;
  }

  /** Takes out the oldest messages that are settled, and returns their number. */
  takeSettled(): number {
    const unsettled = this.#messages.findIndex(({ isSettled }) => !isSettled);
    const count = unsettled < 0 ? this.#messages.length : unsettled;
    if (count === 0) return 0;
    this.#messages.splice(0, count);
    if (count > this.#next) this.#previous = undefined;
    this.#next = Math.max(this.#next - count, 0);
    return count;
  }

  /** Goes back to the oldest message, which is sent next. */
  goBack(): void {
    this.#next = 0;
    this.#previous = undefined;
    this.#anchor = undefined;
  }
}
