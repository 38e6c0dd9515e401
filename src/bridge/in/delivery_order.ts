/**
 * Puts the messages of a stream's consumer into the order of the stream.
 *
 * A consumer delivers a message again if it is not acknowledged in time. If a bridge was killed, or
 * if the connection was lost, the consumer delivers newer messages first. So newer messages are held
 * until the consumer says that no message is delivered elsewhere.
 *
 * @module
 */

import type { NatsStreamMessage } from "../nats_streams.ts";

/** The messages that have arrived and are not acknowledged. */
export class DeliveryOrder {
  /** The messages to pass on, in order. */
  #ready: NatsStreamMessage[] = [];
  /** The held messages by their numbers in the stream. */
  readonly #held = new Map<number, NatsStreamMessage>();
  /** The number of the last message that has become ready. */
  #last = 0;
  /** The number of the last message that was passed on. */
  #passed = 0;
  /** The number of messages that were passed on. */
  #passes = 0;
  /** The number of the next delivery, if no delivery is lost. */
  #nextDelivery: number;
  #isHolding: boolean;

  /**
   * @param delivered The number of the consumer's last delivery.
   * @param isHolding Whether messages that were delivered before are not acknowledged.
   */
  constructor({ delivered, isHolding }: { delivered: number; isHolding: boolean }) {
    this.#nextDelivery = delivered + 1;
    this.#isHolding = isHolding;
  }

  /** Whether messages are held, because older ones may be missing. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  /** The number of messages that are ready or held. */
  get count(): number {
    return this.#ready.length + this.#held.size;
  }

  /**
   * Takes in a message.
   *
   * @returns `"new"`; `"passed"` if the message was passed on before, and so can be acknowledged; or
   *   `"here"` if it is ready or held already.
   */
  arrive(message: NatsStreamMessage): "new" | "passed" | "here" {
    const { seq, info: { deliverySequence } } = message;
    // A delivery is lost, with a message that comes again later.
    if (deliverySequence !== this.#nextDelivery) this.#isHolding = true;
    this.#nextDelivery = deliverySequence + 1;
    if (seq <= this.#passed) return "passed";
    if (seq <= this.#last || this.#held.has(seq)) return "here";
    if (this.#isHolding) this.#held.set(seq, message);
    else this.#makeReady(message);
    return "new";
  }

  /**
   * Begins a question to the server: how many messages it has delivered that are not acknowledged.
   * Only the messages that are here now count. Later ones may be missing in the server's answer.
   *
   * @returns A function that gets the answer. It ends the hold if all those messages are here.
   */
  ask(): (unacknowledged: number) => void {
    const passes = this.#passes;
    const { count } = this;
    return (unacknowledged) => {
      if (unacknowledged <= count - (this.#passes - passes)) this.#release();
    };
  }

  /** Returns the next message to pass on, which stays until {@linkcode pass}. */
  peek(): NatsStreamMessage | undefined {
    return this.#ready[0];
  }

  /** Takes out the message of {@linkcode peek}, which was passed on. */
  pass(): void {
    const message = this.#ready.shift();
    if (message === undefined) return;
    this.#passed = message.seq;
    this.#passes++;
  }

  /** Returns all messages that are ready or held. */
  all(): NatsStreamMessage[] {
    return [...this.#ready, ...this.#held.values()];
  }

  #release(): void {
    this.#isHolding = false;
    const held = [...this.#held.values()].sort((one, other) => one.seq - other.seq);
    this.#held.clear();
    for (const message of held) this.#makeReady(message);
  }

  #makeReady(message: NatsStreamMessage): void {
    this.#ready.push(message);
    this.#last = message.seq;
  }
}
