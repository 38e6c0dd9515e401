/**
 * Rings as sinks.
 *
 * @module
 */

import type { RingChannel } from "../../channel/ring/channel.ts";
import type { RingSender } from "../../channel/ring/sender.ts";
import type { RouteSink } from "../sink.ts";

/** The sending end of a ring. */
export class RingSink implements RouteSink {
  readonly label: string;
  readonly maxMessageLength: number;
  readonly #sender: RingSender;

  constructor(channel: RingChannel) {
    this.label = `ring "${channel.name}"`;
    this.maxMessageLength = channel.settings.maxMessageLength;
    this.#sender = channel.sender();
  }

  async send(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#sender.send(bytes, { signal });
  }

  close(): void {
    this.#sender.close();
  }
}
