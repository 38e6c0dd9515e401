/**
 * The rings between the scripts of a desk, on one machine or on several.
 *
 * @module
 */

import { RingChannel } from "@winipc/winipc";
import { bridge, type NatsClient } from "@winipc/winipc/bridge";

/**
 * The NATS server that connects the machines of the desk, such as `10.0.0.5:4222`. A desk on one
 * machine has none. This is the only line that differs.
 */
const SERVER: string = "";

/** A message of the ring `prices`. */
export type Price = { symbol: string; number: number; price: number } | "closed";

/** A message of the ring `orders`. */
export type Order = Exclude<Price, "closed"> & { side: "buy" | "sell" } | "closed";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The rings of a desk, as one of its scripts uses them. */
export class Desk implements AsyncDisposable {
  readonly #name: string;
  readonly #open = new AsyncDisposableStack();
  #nats: NatsClient | undefined;

  private constructor(name: string) {
    this.#name = name;
  }

  /** Opens a desk, and connects it to the server if there is one. */
  static async open(name: string): Promise<Desk> {
    const desk = new Desk(name);
    if (SERVER !== "") {
      const { connect, headers } = await import("@nats-io/transport-node");
      const connection = await connect({ servers: SERVER });
      desk.#open.defer(() => connection.close());
      desk.#nats = { connection, headers };
    }
    return desk;
  }

  /** Opens a ring for sending. With a server, its messages go to the other machines. */
  sender<Message>(ring: string): (message: Message) => Promise<void> {
    const channel = this.#ring(ring);
    if (this.#nats !== undefined) {
      const link = bridge(this.#nats, [{ from: channel, subject: `${this.#name}.${ring}` }]);
      // The link ends when it has carried everything that was sent before the sender was closed.
      this.#open.defer(() => link.closed);
    }
    const sender = this.#open.use(channel.sender());
    return async (message) => void await sender.send(encoder.encode(JSON.stringify(message)));
  }

  /** Opens a ring for receiving. With a server, its messages come from the other machines. */
  async receiver<Message>(ring: string): Promise<AsyncIterable<Message>> {
    const channel = this.#ring(ring);
    const receiver = this.#open.use(channel.receiver());
    if (this.#nats !== undefined) {
      this.#open.use(bridge(this.#nats, [{ subject: `${this.#name}.${ring}`, to: channel }]));
      await this.#nats.connection.flush();
    }
    return messagesOf(receiver);
  }

  /** Opens a ring that the scripts share. With a server, each script has a ring of its own. */
  #ring(ring: string): RingChannel {
    return this.#open.use(
      this.#nats === undefined
        ? RingChannel.openOrCreate(`${this.#name}-${ring}`)
        : RingChannel.anonymous(),
    );
  }

  /** Closes all rings. What was sent before reaches the other scripts. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#open.disposeAsync();
  }
}

async function* messagesOf(receiver: AsyncIterable<Uint8Array>) {
  for await (const bytes of receiver) yield JSON.parse(decoder.decode(bytes));
}
