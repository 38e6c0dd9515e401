/**
 * Rings as sinks.
 *
 * @module
 */

import { labelFor } from "../../channel/peer/memory.ts";
import type { AnyChannel } from "../../channel/ring/channel.ts";
import type { RingSender } from "../../channel/ring/sender.ts";
import type { RouteSink } from "../sink.ts";

/**
 * The sending end of a ring. A ring with a layout of messages gets the bytes as they are: its
 * receiver checks them.
 */
export class RingSink implements RouteSink {
  readonly label: string;
  readonly maxMessageLength: number;
  readonly #sender: RingSender<unknown>;

  constructor(channel: AnyChannel) {
    this.label = labelFor("ring", channel.name);
    this.maxMessageLength = channel.settings.maxMessageLength;
    this.#sender = channel.sender();
  }

  trySend(bytes: Uint8Array): boolean {
    return this.#sender.trySend(bytes);
  }

  async send(bytes: Uint8Array, signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#sender.send(bytes, { signal });
    } catch (error) {
      // The ring's policy is to fail. Nobody but this route could send the message again.
      if (error instanceof Deno.errors.WouldBlock) return false;
      throw error;
    }
  }

  close(): void {
    this.#sender.close();
  }
}
