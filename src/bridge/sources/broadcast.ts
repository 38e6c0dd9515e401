/**
 * Broadcast rings as sources. The sender does not wait for a route: messages that it overwrites
 * before the route has read them are lost, and leave a gap in the numbers.
 *
 * @module
 */

import type { BroadcastMessage, BroadcastReceiver } from "../../channel/broadcast/receiver.ts";
import { type AnyRing, openBytesReceiver } from "../../channel/broadcast/ring.ts";
import { labelFor } from "../../channel/peer/memory.ts";
import { newIdentity } from "../identity.ts";
import type { RouteSource, SourceMessage } from "../source.ts";

/** A receiver of a broadcast ring. */
export class BroadcastSource implements RouteSource {
  readonly label: string;
  readonly identity: string = newIdentity();
  readonly maxMessageLength: number;
  readonly #receiver: BroadcastReceiver;
  #next = 0;

  constructor(ring: AnyRing) {
    this.label = labelFor("broadcast ring", ring.name);
    this.maxMessageLength = ring.settings.maxMessageLength;
    this.#receiver = openBytesReceiver(ring);
  }

  get missed(): number {
    return this.#receiver.missed;
  }

  async next(signal: AbortSignal): Promise<SourceMessage | undefined> {
    return this.#number(await this.#receiver.receive({ signal }));
  }

  tryNext(): SourceMessage | undefined {
    return this.#number(this.#receiver.tryReceive());
  }

  /** A broadcast ring keeps no message for a receiver. */
  release(): void {}

  close(): void {
    this.#receiver.close();
  }

  #number(message: BroadcastMessage | undefined): SourceMessage | undefined {
    if (message === undefined) return undefined;
    const number = this.#next + message.missed;
    this.#next = number + 1;
    return { bytes: message.bytes, number };
  }
}
