/**
 * Rings as sources: a message stays in the ring until the target has it.
 *
 * @module
 */

import { labelFor } from "../../channel/peer/memory.ts";
import { type AnyChannel, identityOf, openBytesReceiver } from "../../channel/ring/channel.ts";
import type { RingReceiver } from "../../channel/ring/receiver.ts";
import type { RouteSource, SourceMessage } from "../source.ts";

/** The receiving end of a ring. Its messages are bytes, also if the ring has a layout of messages. */
export class RingSource implements RouteSource {
  readonly label: string;
  readonly identity: string;
  readonly maxMessageLength: number;
  readonly #receiver: RingReceiver;
  /** The number of messages that senders had dropped when the route began, modulo 2³². */
  readonly #droppedBefore: number;
  #missed = 0;

  constructor(channel: AnyChannel) {
    this.label = labelFor("ring", channel.name);
    this.identity = identityOf(channel);
    this.maxMessageLength = channel.settings.maxMessageLength;
    this.#receiver = openBytesReceiver(channel);
    this.#droppedBefore = this.#receiver.stats.dropped;
  }

  get missed(): number {
    if (!this.#receiver.closed) {
      this.#missed = (this.#receiver.stats.dropped - this.#droppedBefore) >>> 0;
    }
    return this.#missed;
  }

  async next(signal: AbortSignal): Promise<SourceMessage | undefined> {
    const peeked = await this.#receiver.peek({ signal });
    return peeked && { bytes: peeked.message, number: peeked.number };
  }

  tryNext(): SourceMessage | undefined {
    const peeked = this.#receiver.tryPeek();
    return peeked && { bytes: peeked.message, number: peeked.number };
  }

  release(count: number): void {
    this.#receiver.release(count);
  }

  close(): void {
    // The counts are read once more, for the statistics of a route that is over.
    void this.missed;
    this.#receiver.close();
  }
}
