/**
 * The receiving end of a channel.
 *
 * @module
 */

import { assertFunction, assertInteger } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { WaitSyncOptions } from "../../sync/mod.ts";
import { assertCanWait, type WaitOptions } from "../../wait/options.ts";
import { decodeValue } from "./message.ts";
import { assertNotTransferred, labelOf } from "../peer/memory.ts";
import { SendersLiveness } from "./many/shared_writer.ts";
import {
  type HeaderWords,
  leavePlace,
  type Liveness,
  PeerLiveness,
  takePlace,
} from "../peer/place.ts";
import { headerWordsOf, RECEIVER, SENDER, WORD } from "./layout.ts";
import { RingReader } from "./reader.ts";
import type { EndOptions } from "./sender.ts";
import { WakeWord } from "../peer/wake.ts";
import type { Flushable, FlushQueue } from "../peer/flush_queue.ts";
import type { Machine } from "../peer/machine.ts";
import { MACHINE } from "../peer/windows.ts";
import { type Incoming, Receiving } from "../peer/receiving.ts";

/** Counts of a receiver since it was opened, and of its channel. */
export interface ReceiverStats {
  /** Number of messages that this receiver has received, read or released. */
  readonly received: number;
  /** Number of times that this receiver had to wait for a message. */
  readonly waited: number;
  /** Number of messages that senders have dropped since the channel was created, modulo 2³². */
  readonly dropped: number;
}

/** A message that stays in the ring until `RingReceiver.release`. */
export interface PeekedMessage<T = Uint8Array<ArrayBuffer>> {
  /** A copy of the message. */
  readonly message: T;
  /**
   * How many messages of the channel came before this one, an integer from 0. A message keeps its
   * number when it is delivered again, also to a receiver in another process.
   */
  readonly number: number;
}

/** Takes the receiver's place, and returns the receiver. */
export let openReceiver: (options: EndOptions) => RingReceiver;

/**
 * Receives the messages of a channel; {@linkcode RingChannel.receiver} opens it. A channel has one
 * receiver at a time, in any process.
 *
 * @example Receive messages until the sender is closed
 * ```ts
 * import { RingChannel } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * using channel = RingChannel.anonymous();
 * using receiver = channel.receiver();
 * {
 *   using sender = channel.sender();
 *   for (const text of ["one", "two"]) sender.sendSync(new TextEncoder().encode(text));
 * }
 *
 * const texts: string[] = [];
 * for await (const message of receiver) texts.push(new TextDecoder().decode(message));
 * assertEquals(texts, ["one", "two"]);
 * ```
 *
 * @example Sum numbers in place, without a copy
 * ```ts
 * import { RingChannel } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * using channel = RingChannel.anonymous();
 * using sender = channel.sender();
 * using receiver = channel.receiver();
 * for (const number of [1, 2, 3]) sender.sendSync(Uint8Array.of(number));
 *
 * let sum = 0;
 * while (sum < 6 && await receiver.waitForMessage()) {
 *   receiver.read((bytes) => sum += bytes[0]!);
 * }
 * assertEquals(sum, 6);
 * ```
 */
export class RingReceiver extends Uncloneable
  implements Disposable, AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #options: EndOptions;
  readonly #header: HeaderWords;
  readonly #machine: Machine;
  readonly #reader: RingReader;
  readonly #peer: Liveness;
  /** The wake flag of all senders. */
  readonly #senders: WakeWord;
  readonly #messages: RingMessages;
  readonly #receiving: Receiving<Uint8Array<ArrayBuffer>>;
  /** Whether the senders were woken since the last peek began, to find out whether they wait. */
  #hasAsked = false;

  static {
    openReceiver = (options) => new RingReceiver(options);
  }

  private constructor(options: EndOptions) {
    super();
    const { buffer, settings, data, space, machine = MACHINE } = options;
    const header = headerWordsOf(buffer);
    const { words } = header;
    this.#options = options;
    this.#header = header;
    this.#machine = machine;
    takePlace(header, RECEIVER, { who: "receiver", machine });
    try {
      this.#reader = new RingReader(buffer, settings);
      this.#senders = new WakeWord({ words, index: SENDER.sleeping, event: space });
      this.#peer = settings.producers === "multiple"
        ? new SendersLiveness(header, settings, { machine })
        : new PeerLiveness(header, SENDER, { ended: () => data.set(), machine });
      this.#messages = new RingMessages(this.#reader, this.#senders, machine);
      const wakeFlag = new WakeWord({ words, index: RECEIVER.sleeping, event: data });
      this.#receiving = new Receiving({
        buffer,
        incoming: this.#messages,
        peer: this.#peer,
        machine,
        takeWakeFlag: () => wakeFlag,
        seeksPeer: false,
      });
      // The last receiver may have died before it published room that the sender waits for.
      this.#messages.flush();
      // A sender that sleeps must see this process, to notice later if it ends. The event is set
      // even if the wake flag is low: a killed receiver may have lowered it without setting the
      // event.
      space.set(); // guard: receiver-comes
    } catch (error) {
      leavePlace(header, RECEIVER, { machine });
      throw error;
    }
  }

  /**
   * The bytes of the ring, as {@linkcode RingReceiver.readAt} passes them. A script can create
   * typed arrays over them once, and use these for all messages.
   *
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   * @throws {Deno.errors.Busy} If a script transferred their buffer.
   */
  get ring(): Uint8Array<ArrayBuffer> {
    this.#receiving.assertOpen();
    return assertNotTransferred(this.#options.ring);
  }

  /** Whether the receiver is closed. */
  get closed(): boolean {
    return this.#receiving.closed;
  }

  /** The counts of this receiver. */
  get stats(): ReceiverStats {
    this.#receiving.assertOpen();
    const dropped = Atomics.load(this.#header.words, WORD.dropped) >>> 0;
    return { received: this.#reader.count, waited: this.#receiving.waited, dropped };
  }

  /**
   * Whether the sender was closed and all its messages were received or released. Always `false` for a channel
   * with `endsWithLastSender: false`.
   *
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  get ended(): boolean {
    this.#receiving.assertOpen();
    return this.#peer.look() === "closed" && !this.#reader.isLeft;
  }

  /**
   * Takes the next message, if the ring has one.
   *
   * @returns A copy of the message, or `undefined` if the ring is empty now.
   * @throws {Deno.errors.ConnectionReset} If the ring is empty, and the sender's process has ended
   *   without closing the sender.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  tryReceive(): Uint8Array<ArrayBuffer> | undefined {
    this.#receiving.assertOpen();
    const message = this.#messages.take();
    if (message !== undefined) return message;
    this.#idle();
    return this.#messages.take();
  }

  /**
   * Takes the next message, or waits for it.
   *
   * @returns A copy of the message, or `undefined` if the sender was closed and all its messages
   *   were received.
   * @throws {Deno.errors.TimedOut} If no message arrived before the timeout.
   * @throws {Deno.errors.ConnectionReset} If the ring is empty, and the sender's process has ended
   *   without closing the sender.
   */
  receive(options: WaitOptions = {}): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#receiving.receive(options);
  }

  /**
   * Waits until the ring has a message, for {@linkcode RingReceiver.read} and
   * {@linkcode RingReceiver.readAt}.
   *
   * @returns `true` if the ring has a message; `false` if the sender was closed and all its
   *   messages were received.
   * @throws {Deno.errors.TimedOut} If no message arrived before the timeout.
   * @throws {Deno.errors.ConnectionReset} If the ring is empty, and the sender's process has ended
   *   without closing the sender.
   */
  async waitForMessage(options: WaitOptions = {}): Promise<boolean> {
    this.#receiving.assertOpen();
    assertCanWait(options);
    return await this.#receiving.waitFor(this.#find, options) ?? false;
  }

  /**
   * Takes the next message, and blocks until there is one: for Workers and short scripts.
   *
   * @returns A copy of the message, or `undefined` if the sender was closed and all its messages
   *   were received.
   * @throws {Deno.errors.TimedOut} If no message arrived before the timeout.
   * @throws {Deno.errors.ConnectionReset} If the ring is empty, and the sender's process has ended
   *   without closing the sender.
   */
  receiveSync(options?: WaitSyncOptions): Uint8Array<ArrayBuffer> | undefined {
    return this.#receiving.receiveSync(options);
  }

  /**
   * Blocks until the ring has a message, for {@linkcode RingReceiver.readAt}.
   *
   * @returns `true` if the ring has a message; `false` if the sender was closed and all its
   *   messages were received.
   * @throws {Deno.errors.TimedOut} If no message arrived before the timeout.
   * @throws {Deno.errors.ConnectionReset} If the ring is empty, and the sender's process has ended
   *   without closing the sender.
   */
  waitForMessageSync(options?: WaitSyncOptions): boolean {
    return this.#receiving.waitForSync(this.#find, options) ?? false;
  }

  /**
   * Reads all messages that are in the ring now, in place: nothing is copied.
   *
   * @param visit Gets the bytes of each message, in the ring. The bytes can change after `visit`
   *   returns. A faulty sender can change them earlier.
   * @returns The number of messages that were read.
   * @throws {Deno.errors.Busy} If a script transferred the buffer of the ring. Reading stops then.
   */
  read(visit: (bytes: Uint8Array<ArrayBuffer>) => void): number {
    assertFunction("visit", visit);
    const { buffer, byteOffset } = this.ring;
    // The constructor takes two thirds of the time of subarray().
    return this.readAt((ring, offset, length) => {
      assertNotTransferred(ring);
      visit(new Uint8Array(buffer, byteOffset + offset, length));
    });
  }

  /**
   * Reads all messages that are in the ring now, in place: nothing is copied or allocated.
   *
   * @param visit Gets the bytes of the ring, and the offset and the length of each message. If
   *   `visit` throws, the message stays in the ring.
   * @returns The number of messages that were read.
   */
  readAt(visit: (ring: Uint8Array<ArrayBuffer>, offset: number, length: number) => void): number {
    assertFunction("visit", visit);
    const reader = this.#reader;
    const { ring } = this;
    let count = 0;
    try {
      // Reads only messages that are known now: a fast sender must not keep the script in this
      // loop.
      for (let offset = reader.next(); offset >= 0; offset = reader.nextKnown()) {
        count += reader.read(visit, ring);
        if (reader.isDue) this.#messages.flush();
      }
    } finally {
      // If the visitor throws, the room of the messages before must still be published.
      if (reader.isPending) this.#machine.flushQueue.add(this.#messages);
    }
    if (count === 0) this.#idle();
    return count;
  }

  /**
   * Takes the next value that `RingSender.sendValue` sent, or waits for it.
   *
   * @returns The value in an object, or `undefined` if the sender was closed and all its messages
   *   were received.
   * @throws {Deno.errors.InvalidData} If the message is not a value. The message is then lost.
   * @throws Every error of {@linkcode RingReceiver.receive}.
   */
  async receiveValue(options: WaitOptions = {}): Promise<{ value: unknown } | undefined> {
    const message = await this.receive(options);
    return message && { value: decodeValue(message, labelOf(this.#options.buffer)) };
  }

  /** Number of messages that were peeked and are not released. */
  get unreleased(): number {
    this.#receiving.assertOpen();
    return this.#reader.peeks;
  }

  /**
   * Peeks at the next message, or waits for it. The message stays in the ring until
   * {@linkcode RingReceiver.release}. If this receiver is closed before that, or its process ends,
   * the next receiver of the channel gets the message again.
   *
   * While peeked messages are not released, every call that takes or reads messages throws `Busy`.
   *
   * @example Process each message at least once
   * ```ts
   * import { RingChannel } from "@winipc/winipc/channel";
   * import { assertEquals } from "@std/assert";
   *
   * using channel = RingChannel.anonymous();
   * using sender = channel.sender();
   * for (const text of ["one", "two"]) sender.sendSync(new TextEncoder().encode(text));
   *
   * const seen: string[] = [];
   * {
   *   using receiver = channel.receiver();
   *   for (let count = 0; count < 2; count++) {
   *     const { message, number } = (await receiver.peek())!;
   *     seen.push(`${number} ${new TextDecoder().decode(message)}`);
   *   }
   *   receiver.release(1); // "one" is processed; the receiver closes before "two" is
   * }
   * using next = channel.receiver();
   * const { message, number } = (await next.peek())!;
   * seen.push(`${number} ${new TextDecoder().decode(message)}`);
   * next.release(1);
   * assertEquals(seen, ["0 one", "1 two", "1 two"]);
   * ```
   *
   * @returns The next message that was not peeked, or `undefined` if the sender was closed and all
   *   its messages were peeked.
   * @throws {Deno.errors.TimedOut} If no message arrived before the timeout.
   * @throws {Deno.errors.Busy} If all messages are peeked, and a sender waits for their room. Without
   *   this error both ends would wait for ever: release some messages first.
   * @throws {Deno.errors.ConnectionReset} If all messages are peeked, and the sender's process has
   *   ended without closing the sender.
   */
  async peek(options: WaitOptions = {}): Promise<PeekedMessage | undefined> {
    this.#receiving.assertOpen();
    assertCanWait(options);
    this.#hasAsked = false;
    return await this.#receiving.waitFor(this.#peek, options);
  }

  /**
   * Peeks at the next message, if the ring has one that was not peeked: see
   * {@linkcode RingReceiver.peek}.
   *
   * @returns The message, or `undefined` if there is none now.
   * @throws {Deno.errors.ConnectionReset} If all messages are peeked, and the sender's process has
   *   ended without closing the sender.
   */
  tryPeek(): PeekedMessage | undefined {
    this.#receiving.assertOpen();
    const message = this.#messages.peek();
    if (message !== undefined) return message;
    this.#idle();
    return this.#messages.peek();
  }

  /**
   * Peeks at the next message, and blocks until there is one: see {@linkcode RingReceiver.peek}.
   *
   * @returns The next message that was not peeked, or `undefined` if the sender was closed and all
   *   its messages were peeked.
   * @throws Every error of {@linkcode RingReceiver.peek}.
   */
  peekSync(options?: WaitSyncOptions): PeekedMessage | undefined {
    this.#hasAsked = false;
    return this.#receiving.waitForSync(this.#peek, options);
  }

  /**
   * Releases the oldest peeked messages: they are taken out of the ring, and the sender can use
   * their room. No receiver gets them again.
   *
   * @param count The number of messages, from 0 to {@linkcode RingReceiver.unreleased}.
   * @throws {TypeError} If `count` is not a number.
   * @throws {RangeError} If `count` is not an integer in this range.
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   */
  release(count: number): void {
    this.#receiving.assertOpen();
    assertInteger("count", count, 0, this.#reader.peeks);
    this.#messages.release(count);
  }

  /**
   * Iterates over the messages until the sender was closed and all its messages were received.
   *
   * @throws Every error of {@linkcode RingReceiver.receive}.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    return this.#receiving.messages();
  }

  /**
   * Keeps the process alive while a call waits for a message. A new receiver does so.
   *
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  ref(): void {
    this.#receiving.hold(true);
  }

  /**
   * Lets the process end while a call waits for a message. This holds for earlier waits, too, and
   * until {@linkcode RingReceiver.ref}.
   *
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  unref(): void {
    this.#receiving.hold(false);
  }

  /**
   * Closes the receiver. Senders then throw `BrokenPipe` until the channel has another receiver.
   */
  close(): void {
    if (this.closed) return;
    // The stack runs these from the last to the first, and runs all of them even if one throws.
    using stack = new DisposableStack();
    stack.use(this.#peer);
    // Wakes a registered wait of this receiver, so that it sees that the receiver is closed.
    stack.defer(() => this.#receiving.isWaiting && this.#options.data.set());
    stack.defer(() => this.#senders.wake()); // guard: receiver-closes
    stack.defer(() => leavePlace(this.#header, RECEIVER, { machine: this.#machine }));
    // Stops the wait while the place is still taken: it could take an event of the next receiver.
    stack.use(this.#receiving);
    stack.defer(() => this.#reader.stop());
    stack.defer(() => this.#messages.flush());
  }

  /** Closes the receiver at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  readonly #find = () => this.#reader.next() >= 0 || undefined;
  readonly #peek = () => {
    const message = this.#messages.peek();
    if (message === undefined && this.#reader.isStuck) this.#findOutStuck();
    return message;
  };

  /**
   * Throws if a sender waits for the room of peeked messages, because a wait for its message could
   * last for ever.
   *
   * The wake flag alone does not say so: a sender that gave up may have left it raised. So this end
   * first wakes the senders. One that still waits raises the flag again, and wakes this end.
   */
  #findOutStuck(): void {
    if (this.#peer.look() !== "alive") return;
    if (!this.#hasAsked) {
      this.#hasAsked = true;
      this.#senders.wake();
      return;
    }
    const count = this.#reader.peeks;
    throw new Deno.errors.Busy(
      `Cannot wait for a message of the ${labelOf(this.#options.buffer)}: a sender waits for the ` +
        `room of ${count} peeked message${count === 1 ? "" : "s"}; release some first`,
    );
  }

  /** Publishes all pending room and messages, and checks the sender, because the ring is empty. */
  #idle(): void {
    this.#messages.flush();
    this.#machine.flushQueue.flushAll();
    this.#peer.checkNowAndThen();
    this.#receiving.settleEnd();
  }
}

/** Maximum length of an array that is made before its message has arrived, in bytes. */
const MAX_SPARE = 1024;

/** Copies messages out of the ring, and publishes their room later. */
class RingMessages implements Incoming<Uint8Array<ArrayBuffer>>, Flushable {
  isQueued = false;
  readonly isUrgent = false;
  /**
   * An array for the next message, if that message is as long as the last one. Making an array
   * takes longer than all else that a receiver does. So it is made before a wait, not after it.
   */
  #spare: Uint8Array<ArrayBuffer> | undefined;
  /** The length of the last message in bytes, or 0 if it is too long for a spare array. */
  #lastLength = 0;
  readonly #reader: RingReader;
  readonly #senders: WakeWord;
  readonly #queue: FlushQueue;

  /** @param senders The wake flag of all senders. */
  constructor(reader: RingReader, senders: WakeWord, { flushQueue }: Machine) {
    this.#reader = reader;
    this.#senders = senders;
    this.#queue = flushQueue;
  }

  get count(): number {
    return this.#reader.count;
  }

  flush(): void {
    if (!this.#reader.publish()) return; // guard: room-first
    this.#senders.wake(); // guard: wake-senders
  }

  take(): Uint8Array<ArrayBuffer> | undefined {
    const reader = this.#reader;
    const offset = reader.next();
    if (offset < 0) {
      if (this.#lastLength > 0) this.#spare ??= new Uint8Array(this.#lastLength);
      return undefined;
    }
    const message = this.#copy(offset, reader.length);
    reader.advance();
    if (reader.isDue) this.flush();
    else this.#queue.add(this);
    return message;
  }

  look(): boolean {
    return this.#reader.look();
  }

  get isStuck(): boolean {
    return this.#reader.isStuck;
  }

  peek(): PeekedMessage | undefined {
    const reader = this.#reader;
    const offset = reader.peek();
    if (offset < 0) return undefined;
    const message = this.#copy(offset, reader.length);
    return { message, number: reader.keep() };
  }

  release(count: number): void {
    this.#reader.release(count);
    if (this.#reader.isDue) this.flush();
    else if (count > 0) this.#queue.add(this);
  }

  #copy(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const { ring } = this.#reader;
    const spare = this.#spare;
    this.#spare = undefined;
    this.#lastLength = length <= MAX_SPARE ? length : 0;
    if (spare?.length !== length) return ring.slice(offset, offset + length);
    spare.set(new Uint8Array(ring.buffer, ring.byteOffset + offset, length));
    return spare;
  }

  recover(isSame: () => boolean): boolean {
    return this.#reader.recover(isSame);
  }
}

/**
 * Returns the messages of a receiver as a stream. The stream takes a message only when it is read.
 *
 * @param receiver The stream closes the receiver when it ends, fails or is cancelled.
 */
export function readableFrom(receiver: RingReceiver): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      try {
        const message = await receiver.receive();
        if (message !== undefined) return controller.enqueue(message);
      } catch (error) {
        receiver.close();
        throw error;
      }
      receiver.close();
      controller.close();
    },
    cancel() {
      receiver.close();
    },
  }, { highWaterMark: 0 });
}
