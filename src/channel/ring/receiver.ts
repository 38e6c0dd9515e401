/**
 * The receiving end of a channel.
 *
 * @module
 */

import { assertFunction, assertInteger } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { WaitSyncOptions } from "../../sync/mod.ts";
import { assertCanWait, type WaitOptions } from "../../wait/options.ts";
import { BytesContents, type Contents, SharingContents, StructContents } from "./message.ts";
import type { MessageLayout } from "../../struct/tagged.ts";
import { assertNotTransferred, labelOf } from "../peer/memory.ts";
import { SendersLiveness } from "./many/shared_writer.ts";
import {
  type HeaderWords,
  leavePlace,
  type Liveness,
  PeerLiveness,
  takePlace,
} from "../peer/place.ts";
import { HEADER_LENGTH, headerWordsOf, RECEIVER, SENDER, WORD } from "./layout.ts";
import { RingReader } from "./reader.ts";
import type { EndOptions } from "./sender.ts";
import { WakeWord } from "../peer/wake.ts";
import type { Machine } from "../peer/machine.ts";
import { type Flushable, type FlushQueue, MACHINE } from "../peer/windows.ts";
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
   * number when it is delivered again, also to a receiver in another process. If all processes have
   * closed the channel, the numbers of the next channel of its name begin at 0 again.
   */
  readonly number: number;
}

/** Takes the receiver's place, and returns the receiver. */
export let openReceiver: (options: EndOptions) => RingReceiver;

/**
 * Takes the receiver's place, and returns a receiver whose messages share buffers: for messages that
 * are passed on and then forgotten.
 */
export let openSharingReceiver: (options: EndOptions) => RingReceiver;

/** Takes the receiver's place, for messages of a layout. */
export let openTypedReceiver: <Value, View>(
  options: EndOptions,
  message: MessageLayout<Value, unknown, View>,
) => RingReceiver<Value, View>;

/** Returns whether a receiver's channel has a layout of messages. */
export let receiverHasLayout: (receiver: RingReceiver) => boolean;

/**
 * Receives the messages of a channel; {@linkcode RingChannel.receiver} opens it. A channel has one
 * receiver at a time, in any process.
 *
 * @typeParam Value The type of a received message: bytes, or the value of the channel's layout.
 * @typeParam View The type of a view of a message: `never` for a channel without the option
 *   `message`.
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
export class RingReceiver<Value = Uint8Array<ArrayBuffer>, View = never> extends Uncloneable
  implements Disposable, AsyncIterable<Value> {
  readonly #options: EndOptions;
  readonly #header: HeaderWords;
  readonly #machine: Machine;
  readonly #reader: RingReader;
  readonly #peer: Liveness;
  /** The wake flag of all senders. */
  readonly #senders: WakeWord;
  readonly #contents: Contents<Value, View>;
  readonly #messages: RingMessages<Value>;
  readonly #receiving: Receiving<Value>;
  /** Whether the senders were woken since the last peek began, to find out whether they wait. */
  #hasAsked = false;

  static {
    openReceiver = (options) => {
      const { ring, label } = contentsOf(options);
      return new RingReceiver(options, new BytesContents(ring, label));
    };
    openSharingReceiver = (options) => {
      const { ring, label } = contentsOf(options);
      return new RingReceiver(options, new SharingContents(ring, label));
    };
    openTypedReceiver = (options, message) => {
      const { ring, label } = contentsOf(options);
      return new RingReceiver(options, new StructContents(message, ring, label));
    };
    receiverHasLayout = (receiver) => receiver.#contents instanceof StructContents;
  }

  private constructor(options: EndOptions, contents: Contents<Value, View>) {
    super();
    const { buffer, settings, data, space, machine = MACHINE } = options;
    this.#contents = contents;
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
      this.#messages = new RingMessages(this.#reader, contents, {
        senders: this.#senders,
        queue: machine.flushQueue,
      });
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
   * Whether the sender was closed and all its messages were received or released. Always `false`
   * for a channel with `endsWithLastSender: false`.
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
  tryReceive(): Value | undefined {
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
  receive(options: WaitOptions = {}): Promise<Value | undefined> {
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
  receiveSync(options?: WaitSyncOptions): Value | undefined {
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
   * @throws {TypeError} If the channel has a layout of messages.
   * @throws Every error of {@linkcode RingReceiver.receive}.
   */
  async receiveValue(options: WaitOptions = {}): Promise<{ value: unknown } | undefined> {
    this.#contents.assertValues();
    const message = await this.receive(options);
    return message === undefined ? undefined : { value: this.#contents.valueOf(message) };
  }

  /**
   * Iterates over the values that `RingSender.sendValue` sent, until the sender was closed and all
   * its messages were received.
   *
   * @example Send values
   * ```ts
   * import { RingChannel } from "@winipc/winipc/channel";
   * import { assertEquals } from "@std/assert";
   *
   * using channel = RingChannel.anonymous();
   * using receiver = channel.receiver();
   * const sender = channel.sender();
   * for (const value of [1n, new Set(["a"])]) await sender.sendValue(value);
   * sender.close();
   * assertEquals(await Array.fromAsync(receiver.values()), [1n, new Set(["a"])]);
   * ```
   *
   * @param options Limits of the wait for each value.
   * @throws Every error of {@linkcode RingReceiver.receiveValue}.
   */
  async *values(options: WaitOptions = {}): AsyncGenerator<unknown, void, void> {
    for (let found; (found = await this.receiveValue(options)) !== undefined;) yield found.value;
  }

  /**
   * Shows views of all messages that are in the ring now, if the channel has a layout of messages.
   * The views are live: nothing is copied. In a script that reads one layout, a message of numbers
   * allocates nothing after V8 has compiled `visit`. To read a text, a 64-bit integer, an array or a
   * struct allocates; with several layouts, also to read a fraction.
   *
   * @example Sum the prices of trades
   * ```ts
   * import { RingChannel } from "@winipc/winipc/channel";
   * import { struct } from "@winipc/winipc/struct";
   * import { assertEquals } from "@std/assert";
   *
   * const Trade = struct({ price: "f64", size: "u32" });
   * using channel = RingChannel.anonymous({ message: Trade });
   * using sender = channel.sender();
   * using receiver = channel.receiver();
   * for (const price of [1, 2, 3]) sender.writeSync({ price, size: 10 });
   *
   * let sum = 0;
   * receiver.readViews((trade) => sum += trade.price * trade.size);
   * assertEquals(sum, 60);
   * ```
   *
   * @param visit Gets the view of each message. The views are the same object, which moves to the
   *   next message after `visit` returns. A faulty sender can change the fields earlier. If `visit`
   *   throws, the message stays in the ring.
   * @returns The number of messages that were read.
   * @throws {TypeError} If the channel has no layout of messages.
   * @throws {Deno.errors.InvalidData} If a message is not of the layout. It stays in the ring:
   *   {@linkcode RingReceiver.tryReceive} throws the same error, and takes it out.
   */
  readViews(visit: (view: View) => void): number {
    assertFunction("visit", visit);
    const { ring } = this;
    const viewAt = this.#contents.viewsOf(ring);
    return this.readAt((ring, offset, length) => {
      assertNotTransferred(ring);
      visit(viewAt(offset, length));
    });
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
  async peek(options: WaitOptions = {}): Promise<PeekedMessage<Value> | undefined> {
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
  tryPeek(): PeekedMessage<Value> | undefined {
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
  peekSync(options?: WaitSyncOptions): PeekedMessage<Value> | undefined {
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
  [Symbol.asyncIterator](): AsyncGenerator<Value, void, void> {
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

/** The parts of an end that the form of its messages needs. */
function contentsOf({ buffer, settings }: EndOptions) {
  return {
    ring: new Uint8Array(buffer, HEADER_LENGTH, settings.capacity),
    label: labelOf(buffer),
  };
}

/** Takes messages out of the ring, and publishes their room later. */
class RingMessages<Value> implements Incoming<Value>, Flushable {
  isQueued = false;
  readonly isUrgent = false;
  readonly #reader: RingReader;
  readonly #contents: Pick<Contents<Value, unknown>, "copy" | "prepare">;
  /** The wake flag of all senders. */
  readonly #senders: WakeWord;
  readonly #queue: FlushQueue;

  constructor(
    reader: RingReader,
    contents: Pick<Contents<Value, unknown>, "copy" | "prepare">,
    { senders, queue }: { senders: WakeWord; queue: FlushQueue },
  ) {
    this.#reader = reader;
    this.#contents = contents;
    this.#senders = senders;
    this.#queue = queue;
  }

  get count(): number {
    return this.#reader.count;
  }

  flush(): void {
    if (!this.#reader.publish()) return; // guard: room-first
    this.#senders.wake(); // guard: wake-senders
  }

  take(): Value | undefined {
    const reader = this.#reader;
    const offset = reader.next();
    if (offset < 0) {
      this.#contents.prepare();
      return undefined;
    }
    let message: Value;
    try {
      message = this.#contents.copy(offset, reader.length);
    } catch (error) {
      // A message that is not of the layout is taken out, so that the next one can come.
      if (error instanceof Deno.errors.InvalidData) this.#advance();
      throw error;
    }
    this.#advance();
    return message;
  }

  look(): boolean {
    return this.#reader.look();
  }

  get isStuck(): boolean {
    return this.#reader.isStuck;
  }

  peek(): PeekedMessage<Value> | undefined {
    const reader = this.#reader;
    const offset = reader.peek();
    if (offset < 0) return undefined;
    const message = this.#contents.copy(offset, reader.length);
    return { message, number: reader.keep() };
  }

  release(count: number): void {
    this.#reader.release(count);
    if (count > 0) this.#publishSoon();
  }

  recover(isSame: () => boolean): boolean {
    return this.#reader.recover(isSame);
  }

  #advance(): void {
    this.#reader.advance();
    this.#publishSoon();
  }

  #publishSoon(): void {
    if (this.#reader.isDue) this.flush();
    else this.#queue.add(this);
  }
}

/**
 * Returns the messages of a receiver as a stream. The stream takes a message only when it is read.
 *
 * @param receiver The stream closes the receiver when it ends, fails or is cancelled.
 */
export function readableFrom<Value, View>(
  receiver: RingReceiver<Value, View>,
): ReadableStream<Value> {
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
