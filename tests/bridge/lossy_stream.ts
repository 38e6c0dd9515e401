/**
 * A stream in memory behind a network that loses and delays messages, as a seed says.
 *
 * @module
 */

import type {
  NatsJetStream,
  NatsPublishAck,
  NatsStreamPublishOptions,
} from "../../src/bridge/mod.ts";
import type { Random } from "../support/random.ts";
import { TimeoutError } from "../support/wrapped_streams.ts";

/** The server's error about a message whose predecessor is not the last one of the stream. */
class OutOfOrder extends Error {
  readonly code = 10_070;
}

/** A stream that recognizes messages by their ids. */
export class LossyStream {
  /** The first byte of each message that the stream has stored. */
  readonly stored: number[] = [];
  /** Are fulfilled when the messages that are late have reached the stream. */
  readonly late: Promise<void>[] = [];
  /** The number of messages that were refused, because the stream lacked the one before. */
  refused = 0;
  readonly #random: Random;
  readonly #ids: (string | undefined)[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** The client. It loses one in 16 messages and one in 16 acknowledgements, and delays one in 16. */
  client(subject: string): NatsJetStream {
    const info = () =>
      Promise.resolve({ config: { name: "S", subjects: [subject], max_msg_size: -1 } });
    const nothing = () => Promise.reject(new Error("A route to a stream needs no consumers"));
    return {
      publish: (_subject, data, options) => this.#publish(data!, options!),
      jetstreamManager: () =>
        Promise.resolve({
          streams: { info, find: () => Promise.resolve("S") },
          consumers: { info: nothing, add: nothing },
        }),
      consumers: { get: nothing },
    };
  }

  async #publish(data: Uint8Array, options: NatsStreamPublishOptions): Promise<NatsPublishAck> {
    await this.#pause(2);
    const fate = this.#random.below(16);
    if (fate === 0) throw new TimeoutError("the message is lost");
    if (fate === 1) {
      // It reaches the stream after the route has sent it again, perhaps with later ones.
      const stored = this.#pause(200).then(() => this.#store(data, options));
      this.late.push(stored.then(() => {}, () => {}));
      throw new TimeoutError("the message is late");
    }
    const acknowledgement = this.#store(data, options);
    await this.#pause(4);
    if (fate === 2) throw new TimeoutError("the acknowledgement is lost");
    return acknowledgement;
  }

  #store(data: Uint8Array, { msgID, expect }: NatsStreamPublishOptions): NatsPublishAck {
    const at = this.#ids.indexOf(msgID);
    if (at >= 0) return { seq: at + 1, duplicate: true };
    if (expect?.lastMsgID !== undefined && expect.lastMsgID !== this.#ids.at(-1)) {
      this.refused++;
      throw new OutOfOrder("wrong last msg ID");
    }
    this.#ids.push(msgID);
    return { seq: this.stored.push(data[0]!), duplicate: false };
  }

  /** Waits for less than a number of milliseconds. */
  async #pause(limit: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#random.below(limit)));
  }
}
