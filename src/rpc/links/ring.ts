/**
 * Links over rings: a connection of `connectRing` and `listenRing`, or a sender and a receiver.
 *
 * @module
 */

import { assertObject } from "../../../ffi/arguments.ts";
import { RingConnection } from "../../channel/ring/connection.ts";
import { receiverHasLayout, RingReceiver } from "../../channel/ring/receiver.ts";
import { RingSender, senderHasLayout } from "../../channel/ring/sender.ts";
import type { WaitOptions } from "../../wait/options.ts";
import type { LinkPeer, MessageLink } from "../link.ts";
import { decodeFrom, encodeFor } from "./content.ts";
import { linkOver, type Transport } from "./transport.ts";

/** The two ends of rings that make a link. */
export interface RingEnds {
  /** Sends to the peer's receiver. */
  sender: RingSender;
  /** Receives from the peer's sender. */
  receiver: RingReceiver;
}

/**
 * Makes a link of a connection of two rings. The link closes the connection.
 *
 * @example Serve one client
 * ```ts
 * import { connectRing, listenRing } from "@winipc/winipc/channel";
 * import { ringLink } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = listenRing("docs of ringLink");
 * const accepted = listener.accept({ timeout: 5000 });
 * // In practice, the client is another process.
 * await using client = ringLink(await connectRing("docs of ringLink", { timeout: 5000 }));
 * await using server = ringLink(await accepted);
 *
 * await client.send(new Map([["question", 1]]));
 * for await (const value of server) {
 *   assertEquals(value, new Map([["question", 1]]));
 *   break;
 * }
 * ```
 *
 * @throws {TypeError} If the argument is not a `RingConnection`, or its rings have a layout of
 *   messages.
 */
export function ringLink(connection: RingConnection): MessageLink {
  if (!(connection instanceof RingConnection)) {
    throw new TypeError("Expected the connection to be a RingConnection of connectRing()");
  }
  const { sender, receiver, peer } = connection;
  const label = peer.pid === 0 ? "link over rings" : `link over rings to process ${peer.pid}`;
  assertNoLayout(label, { sender, receiver });
  return linkOver(
    new RingTransport({ sender, receiver }, { label, peer, close: () => connection.close() }),
  );
}

/**
 * Makes a link of a sender of one channel and the receiver of another. The link closes both ends,
 * and leaves the channels to the script.
 *
 * The peer has the other two ends. Both channels should have one sender each: with
 * `producers: "multiple"`, the link ends when the last sender is closed.
 *
 * @example Link two scripts by two channels
 * ```ts
 * import { RingChannel } from "@winipc/winipc/channel";
 * import { channelLink } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * using questions = RingChannel.anonymous();
 * using answers = RingChannel.anonymous();
 * await using asker = channelLink({ sender: questions.sender(), receiver: answers.receiver() });
 * // In practice, these ends are in another process.
 * await using answerer = channelLink({ sender: answers.sender(), receiver: questions.receiver() });
 *
 * await asker.send({ question: "Are you there?" });
 * const { value } = await answerer[Symbol.asyncIterator]().next();
 * assertEquals(value, { question: "Are you there?" });
 * ```
 *
 * @throws {TypeError} If an end is missing, is not a `RingSender` or a `RingReceiver`, or has a
 *   layout of messages.
 */
export function channelLink(ends: RingEnds): MessageLink {
  assertObject("the ends", ends);
  const { sender, receiver } = ends;
  if (!(sender instanceof RingSender)) throw new TypeError("Expected sender to be a RingSender");
  if (!(receiver instanceof RingReceiver)) {
    throw new TypeError("Expected receiver to be a RingReceiver");
  }
  const label = "link over channels";
  assertNoLayout(label, ends);
  const close = () => {
    using _receiver = receiver;
    sender.close();
  };
  return linkOver(new RingTransport(ends, { label, peer: undefined, close }));
}

/** Throws before the link takes a message that it could not decode. */
function assertNoLayout(label: string, { sender, receiver }: RingEnds): void {
  if (!senderHasLayout(sender) && !receiverHasLayout(receiver)) return;
  throw new TypeError(
    `Cannot make a ${label}: its messages have a layout, and a link sends values that are cloned; ` +
      "open it without the option message",
  );
}

/** The names of a transport, and the function that closes the ends. */
interface RingOwner {
  readonly label: string;
  readonly peer: LinkPeer | undefined;
  readonly close: () => void;
}

/** Carries encoded values by a sender and a receiver. */
class RingTransport implements Transport<Uint8Array> {
  readonly label: string;
  readonly peer: LinkPeer | undefined;
  readonly #sender: RingSender;
  readonly #receiver: RingReceiver;
  readonly #close: () => void;

  constructor({ sender, receiver }: RingEnds, { label, peer, close }: RingOwner) {
    this.label = label;
    this.peer = peer;
    this.#sender = sender;
    this.#receiver = receiver;
    this.#close = close;
  }

  encode(value: unknown): Uint8Array {
    const { maxMessageLength: max } = this.#sender;
    return encodeFor(this.label, value, { max, remedy: "raise the capacity of the ring" });
  }

  decode(message: Uint8Array<ArrayBuffer>): unknown {
    return decodeFrom(this.label, message);
  }

  async send(message: Uint8Array, options: WaitOptions): Promise<void> {
    if (await this.#sender.send(message, options)) return;
    throw new Deno.errors.WouldBlock(
      `The ${this.label} has dropped a value, because the ring is full and its channel has ` +
        '{ whenFull: "drop" }; use { whenFull: "wait" }',
    );
  }

  receive(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#receiver.receive();
  }

  // deno-lint-ignore require-await -- an error of close() becomes a rejection
  async close(): Promise<void> {
    this.#close();
  }

  abort(): Promise<void> {
    return this.close();
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#receiver.ref();
    else this.#receiver.unref();
  }
}
