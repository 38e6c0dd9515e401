/**
 * Rings as sources: a message stays in the ring until the target has it.
 *
 * @module
 */

import type { RingChannel } from "../../channel/ring/channel.ts";
import type { RingReceiver } from "../../channel/ring/receiver.ts";
import type { RouteSource, SourceMessage } from "../source.ts";

/** The receiving end of a ring. */
export class RingSource implements RouteSource {
  readonly label: string;
  readonly identity: string;
  readonly maxMessageLength: number;
  readonly missed = 0;
  readonly #receiver: RingReceiver;

  constructor(channel: RingChannel) {
    this.label = `ring "${channel.name}"`;
    this.identity = `${channel.name}`;
    this.maxMessageLength = channel.settings.maxMessageLength;
    this.#receiver = channel.receiver();
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
    this.#receiver.close();
  }
}
