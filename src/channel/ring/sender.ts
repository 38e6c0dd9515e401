/**
 * The sending end of a channel.
 *
 * @module
 */

import { assertBytes, assertInteger, bytesOf, type ByteSource } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { WaitSyncOptions } from "../../sync/mod.ts";
import { Lock } from "../../wait/queue.ts";
import {
  assertCanBlock,
  assertCanWait,
  deadlineAfter,
  timeLeft,
  type WaitOptions,
} from "../../wait/options.ts";
import { EndWait } from "../peer/wait.ts";
import { assertNotTransferred, labelOf } from "../peer/memory.ts";
import { PeerLiveness } from "../peer/place.ts";
import type { MessageLayout } from "../../struct/tagged.ts";
import {
  claimOver,
  encodeValue,
  hasLayout,
  overMessage,
  type RingClaim,
  withoutLayout,
} from "./message.ts";
import {
  HEADER_LENGTH,
  headerWordsOf,
  RECEIVER,
  type RingSettings,
  SENDER,
  WORD,
} from "./layout.ts";
import { FULL, NOTHING, PENDING, RingWriter, type Writer } from "./writer.ts";
import { type SenderPlace, SharedWriter, takeSenderPlace } from "./many/shared_writer.ts";
import { WakeWord } from "../peer/wake.ts";
import type { EventLoop } from "../../wait/event_loop.ts";
import type { EndEvent, Machine } from "../peer/machine.ts";
import { type Flushable, MACHINE } from "../peer/windows.ts";

/** The parts of a channel that a sender or a receiver uses. */
export interface EndOptions {
  /** The channel's memory, in a buffer that no script gets. */
  buffer: ArrayBuffer;
  /** The ring's bytes, in the buffer that scripts get. */
  ring: Uint8Array<ArrayBuffer>;
  /** The settings from the header, which were checked once. */
  settings: RingSettings;
  /** The event that wakes the receiver when there are messages. */
  data: EndEvent;
  /** The event that wakes a sender when there is room. */
  space: EndEvent;
  /** The machine that the end runs on. @default this one */
  machine?: Machine;
}

// Constants and fields are as in docs/performance.md, "Habits that keep V8 fast".
const NOTHING_DUE = NOTHING;

const SENT: Promise<boolean> = Promise.resolve(true);
const DROPPED: Promise<boolean> = Promise.resolve(false);

/** Counts of a sender since it was opened. */
export interface SenderStats {
  /** Number of messages that were committed to the ring. */
  readonly sent: number;
  /** Number of times that this sender had to wait for room. */
  readonly waited: number;
  /** Number of messages that failed with `WouldBlock`, if `whenFull` is `"fail"`. */
  readonly failed: number;
  /** Number of messages that this sender dropped, if `whenFull` is `"drop"`. */
  readonly dropped: number;
}

/**
 * Takes a sender's place, and returns the sender.
 *
 * @param message The layout of the messages, if they have one.
 */
export let openSender: <Input = never>(
  options: EndOptions,
  message?: MessageLayout<unknown, Input>,
) => RingSender<Input>;

/** Returns whether a sender's channel has a layout of messages. */
export let senderHasLayout: (sender: RingSender) => boolean;

/** Sends a chunk of a stream: bytes, or values of the channel's layout. */
let sendChunk: (
  sender: RingSender<unknown>,
  chunk: unknown,
  options: WaitOptions,
) => Promise<boolean>;

/**
 * Sends messages to a channel; {@linkcode RingChannel.sender} opens it.
 *
 * After the receiver's process has ended, calls throw `Deno.errors.BrokenPipe` within a second.
 * This holds also in a loop of {@linkcode RingSender.sendSync} that never returns to the event
 * loop. A loop of {@linkcode RingSender.trySend} without {@linkcode RingSender.flush} notices it
 * only after the next 32 KiB. Messages that were sent before the error wait in the ring for the
 * next receiver.
 *
 * @typeParam Input The type of values for {@linkcode RingSender.write}: `never` for a channel without
 *   the option `message`.
 *
 * @example Stop when the receiver has left
 * ```ts
 * import { RingChannel } from "@winipc/winipc/channel";
 * import { assertRejects } from "@std/assert";
 *
 * using channel = RingChannel.anonymous();
 * using sender = channel.sender();
 * const receiver = channel.receiver();
 * await sender.send(new Float64Array([1.5, 2.5]));
 * receiver.close();
 * await assertRejects(async () => {
 *   while (true) await sender.send(new Uint8Array(8));
 * }, Deno.errors.BrokenPipe);
 * ```
 */
export class RingSender<Input = never> extends Uncloneable implements Disposable {
  /** The maximum length of a message in bytes. */
  readonly maxMessageLength: number = 0;
  readonly #options: EndOptions;
  readonly #message: MessageLayout<unknown, Input> | undefined;
  /** The ring's bytes, to write values to. Made when the first value is written. */
  #data: DataView<ArrayBuffer> | undefined;
  /** The same bytes in the buffer that scripts can reach: values from there are copied first. */
  #source: DataView<ArrayBuffer> | undefined;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #isShared: boolean = false;
  readonly #place: SenderPlace;
  readonly #writer: Writer;
  readonly #outgoing: Outgoing;
  readonly #peer: PeerLiveness;
  /** The receiver's wake flag. */
  readonly #receiver: WakeWord;
  /**
   * The wake flag of all senders: it wakes a sender that waits for room or for the producer lock.
   */
  readonly #senders: WakeWord;
  readonly #wait: EndWait;
  readonly #machine: Machine;
  readonly #eventLoop: EventLoop;
  /** Held by the send that waits for room, so that messages stay in order. */
  readonly #lock = new Lock((timeout) => this.#late({ timeout }));
  #aborted = 0;
  #waited = 0;
  #failed = 0;
  #dropped = 0;
  #closed = false;

  static {
    openSender = (options, message) => new RingSender(options, message);
    senderHasLayout = (sender) => sender.#message !== undefined;
    sendChunk = (sender, chunk, options) => {
      if (sender.#message !== undefined) return sender.write(chunk, options);
      assertBytes("the message", chunk);
      return sender.send(chunk, options);
    };
  }

  private constructor(
    options: EndOptions,
    message: MessageLayout<unknown, Input> | undefined,
  ) {
    super();
    this.#message = message;
    const { buffer, settings, data, space, machine = MACHINE } = options;
    const header = headerWordsOf(buffer);
    const { words } = header;
    this.#options = options;
    this.#words = words;
    this.#machine = machine;
    this.#eventLoop = machine.eventLoop;
    this.#isShared = settings.producers === "multiple";
    this.#place = takeSenderPlace(header, { producers: settings.producers, machine });
    try {
      this.#writer = this.#isShared
        ? new SharedWriter(buffer, settings, { index: this.#place.index, machine })
        : new RingWriter(buffer, settings);
      this.#receiver = new WakeWord({ words, index: RECEIVER.sleeping, event: data });
      this.#senders = new WakeWord({ words, index: SENDER.sleeping, event: space });
      this.#outgoing = new Outgoing(this.#writer, this.#receiver);
      this.#peer = new PeerLiveness(header, RECEIVER, { ended: () => space.set(), machine });
      this.#wait = new EndWait({
        buffer,
        wakeFlag: this.#senders,
        peer: this.#peer,
        machine,
        isShared: this.#isShared,
        beforeSleep: () => {
          // A receiver that keeps peeked messages must not sleep until this sender sends.
          this.#receiver.wake(); // guard: waiting-sender
        },
      });
      this.maxMessageLength = this.#writer.maxMessageLength;
      // A receiver that sleeps must see this process, to notice later if it ends. The event is set
      // even if the wake flag is low: a killed sender may have lowered it without setting the
      // event.
      data.set(); // guard: sender-comes
    } catch (error) {
      this.#place.leave();
      throw error;
    }
  }

  /**
   * The bytes of the ring, for {@linkcode RingSender.claimAt}.
   *
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.Busy} If a script transferred their buffer: writes to it are then lost.
   */
  get ring(): Uint8Array<ArrayBuffer> {
    this.#assertOpen();
    return assertNotTransferred(this.#options.ring);
  }

  /** The counts of this sender. */
  get stats(): SenderStats {
    return {
      sent: this.#writer.count,
      waited: this.#waited,
      failed: this.#failed,
      dropped: this.#dropped,
    };
  }

  /** Whether the sender is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends a message if the ring has room for it.
   *
   * The receiver sees the message at the end of this event-loop turn. The receiver sees it earlier
   *
   * - if the messages of this sender fill 32 KiB, or an eighth of the ring;
   * - if a sender or receiver of this thread waits, or finds nothing to read;
   * - if {@linkcode RingSender.flush} is called.
   *
   * @param source The message. A shared buffer must not grow during the call.
   * @returns Whether the ring had room.
   * @throws {TypeError} If the message is not bytes, or its buffer was transferred.
   * @throws {RangeError} If the message is longer than `maxMessageLength`.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   * @throws {Deno.errors.Busy} If a message is claimed.
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   */
  trySend(source: ByteSource): boolean {
    const bytes = toMessage(source);
    this.#assertLength(bytes.length);
    return this.#write(bytes, false);
  }

  /**
   * Sends a message, after all messages that already wait for room. If the ring is full, it waits,
   * throws or drops the message, as the `whenFull` of the channel says.
   *
   * To send many small messages twice as fast, await only about one send in a hundred.
   *
   * @param options The timeout and the signal of the wait for room.
   * @returns Whether the message was sent; `false` if it was dropped.
   * @throws {TypeError} If the message is not bytes, or its buffer was transferred.
   * @throws {RangeError} If the message is longer than `maxMessageLength`.
   * @throws {Deno.errors.WouldBlock} If the ring is full, and `whenFull` is `"fail"`.
   * @throws {Deno.errors.TimedOut} If the ring had no room before the timeout.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   */
  send(source: ByteSource, options?: WaitOptions): Promise<boolean> {
    let message: Uint8Array;
    try {
      if (options !== undefined) assertCanWait(options);
      // Most sends do not wait, and allocate nothing.
      if (!this.#lock.isHeld) {
        if (this.trySend(source)) {
          return this.#eventLoop.countWait() ? this.#eventLoop.turn() : SENT;
        }
        if (!this.#chooseToWait()) return DROPPED;
      }
      const bytes = toMessage(source);
      this.#assertLength(bytes.length);
      this.#assertFree();
      // The caller can change its bytes during the wait. Not slice(): it does not copy a Buffer of
      // Node.
      message = new Uint8Array(bytes);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#sendInOrder(message, options ?? {});
  }

  /**
   * Sends a JavaScript value, for `RingReceiver.receiveValue`.
   *
   * An object of a class arrives as its public fields, without its methods. An object of the
   * platform, such as a `URL` or `Headers`, has no public fields and arrives empty: send its text
   * instead, such as `url.href`.
   *
   * @param value Any value that can be cloned, such as `Map`, `Date`, `BigInt`, typed arrays,
   *   cycles. Instead of a struct in memory, send the copy that `Layout.read` returns.
   * @param options The timeout and the signal of the wait for room.
   * @returns Whether the value was sent; `false` if it was dropped.
   * @throws {DOMException} `DataCloneError` if the value or a part of it cannot be cloned.
   *   Functions, views of structs and the objects of this module cannot.
   * @throws {RangeError} If the encoded value is longer than `maxMessageLength`.
   * @throws {TypeError} If the channel has a layout of messages.
   * @throws Every error of {@linkcode RingSender.send}.
   * @see {@link https://developer.mozilla.org/docs/Web/API/Web_Workers_API/Structured_clone_algorithm}
   */
  async sendValue(value: unknown, options: WaitOptions = {}): Promise<boolean> {
    if (this.#message !== undefined) {
      throw hasLayout("send a cloned value to", { label: this.#label(), instead: "write" });
    }
    return await this.send(encodeValue(value), options);
  }

  /**
   * Writes a message of the channel's layout into the ring, if the ring has room for it. The
   * receiver sees the message as late as one of {@linkcode RingSender.trySend}. Fields that are not
   * given are 0.
   *
   * @param values The values for a struct, or `{ kind, value }` for a tagged union. A view is
   *   copied.
   * @returns Whether the ring had room.
   * @throws {TypeError} If a value is of the wrong kind, or the channel has no layout.
   * @throws {RangeError} If a value is out of range.
   * @throws Every other error of {@linkcode RingSender.trySend}.
   */
  tryWrite(values: Input): boolean {
    const message = this.#layout();
    return this.#writeChecked(message, this.#check(message, values), false);
  }

  /**
   * Writes a message of the channel's layout, after all messages that already wait for room. If the
   * ring is full, it waits, throws or drops the message, as the `whenFull` of the channel says.
   *
   * @example Write structs
   * ```ts
   * import { RingChannel } from "@winipc/winipc/channel";
   * import { struct } from "@winipc/winipc/struct";
   * import { assertEquals } from "@std/assert";
   *
   * const Trade = struct({ price: "f64", size: "u64" });
   * using channel = RingChannel.anonymous({ message: Trade });
   * using sender = channel.sender();
   * using receiver = channel.receiver();
   * await sender.write({ price: 1.5, size: 10n });
   * assertEquals(await receiver.receive(), { price: 1.5, size: 10n });
   * ```
   *
   * @param values The values for a struct, or `{ kind, value }` for a tagged union. A view is
   *   copied.
   * @param options The timeout and the signal of the wait for room.
   * @returns Whether the message was sent; `false` if it was dropped.
   * @throws {TypeError} If a value is of the wrong kind, or the channel has no layout.
   * @throws {RangeError} If a value is out of range.
   * @throws Every other error of {@linkcode RingSender.send}.
   */
  write(values: Input, options?: WaitOptions): Promise<boolean> {
    let bytes: Uint8Array;
    try {
      if (options !== undefined) assertCanWait(options);
      const message = this.#layout();
      const checked = this.#check(message, values);
      if (!this.#lock.isHeld) {
        if (this.#writeChecked(message, checked, false)) {
          return this.#eventLoop.countWait() ? this.#eventLoop.turn() : SENT;
        }
        if (!this.#chooseToWait()) return DROPPED;
      }
      bytes = encodeChecked(message, checked);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#sendInOrder(bytes, options ?? {});
  }

  /**
   * Writes a message of the channel's layout, and blocks while the ring is full: for Workers and
   * short scripts. The receiver sees the message at once.
   *
   * @param values The values for a struct, or `{ kind, value }` for a tagged union. A view is
   *   copied.
   * @param options The timeout of the wait for room.
   * @returns Whether the message was sent; `false` if it was dropped.
   * @throws {TypeError} If a value is of the wrong kind, or the channel has no layout.
   * @throws {RangeError} If a value is out of range.
   * @throws Every other error of {@linkcode RingSender.sendSync}.
   */
  writeSync(values: Input, options?: WaitSyncOptions): boolean {
    if (options !== undefined) assertCanBlock(options);
    const message = this.#layout();
    const checked = this.#check(message, values);
    this.#assertInOrder();
    return this.#writeChecked(message, checked, true) ||
      this.#sendAfterWait(encodeChecked(message, checked), options ?? {});
  }

  /**
   * Sends a message, and blocks while the ring is full: for Workers and short scripts. The receiver
   * sees the message at once.
   *
   * @param options The timeout of the wait for room.
   * @returns Whether the message was sent; `false` if it was dropped.
   * @throws {TypeError} If the message is not bytes, or its buffer was transferred.
   * @throws {RangeError} If the message is longer than `maxMessageLength`.
   * @throws {Deno.errors.Busy} If earlier messages wait for room, or a message is claimed.
   * @throws {Deno.errors.WouldBlock} If the ring is full, and `whenFull` is `"fail"`.
   * @throws {Deno.errors.TimedOut} If the ring had no room before the timeout.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   */
  sendSync(source: ByteSource, options?: WaitSyncOptions): boolean {
    if (options !== undefined) assertCanBlock(options);
    const bytes = toMessage(source);
    this.#assertLength(bytes.length);
    this.#assertInOrder();
    return this.#write(bytes, true) || this.#sendAfterWait(bytes, options ?? {});
  }

  /**
   * Waits until the ring has room for a message, for {@linkcode RingSender.claim}. Another sender
   * of the channel can take that room first.
   *
   * @param length The length of the message in bytes.
   * @throws {Deno.errors.TimedOut} If the ring had no room before the timeout.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   */
  async waitForRoom(length: number, options: WaitOptions = {}): Promise<void> {
    this.#assertLength(length);
    this.#assertFree();
    assertCanWait(options);
    const deadline = deadlineAfter(options.timeout ?? Infinity, this.#machine);
    await this.#lock.acquire(options);
    try {
      if (this.#eventLoop.countWait()) await this.#eventLoop.turn();
      await this.#waitForRoom(length, deadline, options);
      this.#assertFree();
    } finally {
      this.#lock.release();
    }
  }

  /**
   * Blocks until the ring has room for a message, for {@linkcode RingSender.claimAt}. Another
   * sender of the channel can take that room first.
   *
   * @param length The length of the message in bytes.
   * @throws {Deno.errors.TimedOut} If the ring had no room before the timeout.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   */
  waitForRoomSync(length: number, options: WaitSyncOptions = {}): void {
    assertCanBlock(options);
    const { timeout = Infinity } = options;
    this.#assertLength(length);
    this.#assertFree();
    this.#waitForRoomSync(length, deadlineAfter(timeout, this.#machine), options);
    this.#assertFree();
  }

  /**
   * Claims room for a message, which the caller writes directly into the ring: nothing is copied.
   * Until the claim is committed or aborted, no sender of the channel can send.
   *
   * @param length The length of the message in bytes.
   * @returns The claim, or `undefined` if the ring has no room now.
   * @throws {RangeError} If `length` is more than `maxMessageLength`.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   * @throws {Deno.errors.Busy} If a message is claimed.
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   */
  claim(length: number): RingClaim | undefined {
    // Read first: it can throw, and then nothing is claimed.
    const { ring } = this;
    const offset = this.claimAt(length);
    if (offset < 0) return undefined;
    const before = this.#writer.count + this.#aborted;
    return claimOver(ring.subarray(offset, offset + length), (length) => {
      const isOver = this.#writer.count + this.#aborted !== before || this.#writer.claimed < 0;
      if (length !== undefined && isOver) {
        throw overMessage(this.#label());
      }
      if (length !== undefined) this.commit(length);
      else if (!isOver) this.abort();
    });
  }

  /**
   * Claims room as {@linkcode RingSender.claim} does, but allocates nothing. The caller writes the
   * message into {@linkcode RingSender.ring}.
   *
   * @param length The length of the message in bytes.
   * @returns The offset of the message in `ring`, a multiple of 8; -1 if the ring has no room now.
   */
  claimAt(length: number): number {
    this.#assertLength(length);
    const offset = this.#writer.claimNear(length);
    return offset >= 0 ? offset : this.#claimFarther(length) | 0;
  }

  /**
   * Commits the claimed message, so that it is sent.
   *
   * @param length The number of bytes that belong to the message. @default all
   * @throws {TypeError} If no message is claimed.
   * @throws {RangeError} If `length` is more than the claimed length.
   */
  commit(length?: number): void {
    if (this.#writer.claimed < 0) this.#refuseCommit();
    if (length !== undefined) this.#shorten(length);
    const due = this.#writer.commit();
    if (due !== NOTHING_DUE) this.#follow(due);
  }

  /** Aborts the claimed message, if there is one. */
  abort(): void {
    if (this.#writer.claimed < 0) return;
    this.#aborted++;
    this.#writer.abort();
    this.#wakeNextSender();
  }

  /** Publishes all messages that were sent, so that the receiver sees them at once. */
  flush(): void {
    this.#assertOpen();
    this.#outgoing.flush();
  }

  /** Closes the sender. After the last sender, the receiver gets all messages, and then the end. */
  close(): void {
    if (this.closed) return;
    // The stack runs these from the last to the first, and runs all of them even if one throws.
    using stack = new DisposableStack();
    stack.use(this.#peer);
    // Wakes a registered wait of this sender, so that it sees that the sender is closed.
    stack.defer(() => this.#lock.isHeld && this.#options.space.set());
    stack.defer(() => this.#receiver.wake()); // guard: sender-closes
    stack.defer(() => this.#place.leave());
    // Stops the wait while the place is still taken: it could take an event of the next sender.
    stack.use(this.#wait);
    stack.defer(() => {
      this.#closed = true;
    });
    stack.defer(() => this.#outgoing.flush());
    stack.defer(() => this.abort());
  }

  /** Closes the sender at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #sendInOrder(message: Uint8Array, options: WaitOptions): Promise<boolean> {
    const deadline = deadlineAfter(options.timeout ?? Infinity, this.#machine);
    await this.#lock.acquire(options);
    try {
      if (this.#eventLoop.countWait()) await this.#eventLoop.turn();
      while (!this.trySend(message)) {
        if (!this.#chooseToWait()) return false;
        await this.#waitForRoom(message.length, deadline, options);
      }
      return true;
    } finally {
      this.#lock.release();
    }
  }

  #sendAfterWait(bytes: Uint8Array, options: WaitSyncOptions): boolean {
    const deadline = deadlineAfter(options.timeout ?? Infinity, this.#machine);
    // During the wait, another thread can grow a shared buffer, and an array over all of it.
    const message = bytesOf("the message", bytes);
    do {
      if (!this.#chooseToWait()) return false;
      this.#waitForRoomSync(message.length, deadline, options);
    } while (!this.#write(message, true));
    return true;
  }

  async #waitForRoom(length: number, deadline: number, options: WaitOptions): Promise<void> {
    this.#waited++;
    const left = { ...options, timeout: timeLeft(deadline, this.#machine) };
    const look = () => this.#lookForRoom(length);
    if (!await this.#wait.until(look, left)) throw this.#late(options);
  }

  #waitForRoomSync(length: number, deadline: number, options: WaitSyncOptions): void {
    this.#waited++;
    const look = () => this.#lookForRoom(length);
    if (!this.#wait.untilSync(look, timeLeft(deadline, this.#machine))) {
      throw this.#late(options);
    }
  }

  #late({ timeout }: WaitSyncOptions): Deno.errors.TimedOut {
    const { holder } = this.#writer;
    const why = holder === undefined
      ? ""
      : `: ${holder} has the producer lock. It has claimed a message, or it is suspended`;
    return new Deno.errors.TimedOut(`Waited ${timeout} ms for room in the ${this.#label()}${why}`);
  }

  #lookForRoom(length: number): boolean {
    // Loads the head first: the other loads are then ordered after the raised wake flag.
    return this.closed || this.#writer.findRoom(length) || this.#peer.look() !== "alive";
  }

  /** Writes and commits a message, if the ring has room. */
  #write(bytes: Uint8Array, publishes: boolean): boolean {
    const due = this.#writer.writeNear(bytes, publishes);
    if (due === NOTHING_DUE) return true;
    if (due < 0) return this.#writeFarther(bytes, publishes);
    this.#follow(due);
    return true;
  }

  /** Returns the layout of the messages. */
  #layout(): MessageLayout<unknown, Input> {
    if (this.#message !== undefined) return this.#message;
    throw withoutLayout(this.#label());
  }

  /** Checks values. This runs their getters, which can use this sender. */
  #check(message: MessageLayout<unknown, Input>, values: Input): Input {
    if (this.#data === undefined) {
      this.#assertOpen();
      const { buffer, ring, settings } = this.#options;
      this.#data = new DataView(buffer, HEADER_LENGTH, settings.capacity);
      this.#source = ring.buffer.detached ? this.#data : new DataView(ring.buffer);
    }
    return message.check(values, "", this.#source);
  }

  /** Writes and commits checked values, if the ring has room. */
  #writeChecked(
    message: MessageLayout<unknown, Input>,
    checked: Input,
    publishes: boolean,
  ): boolean {
    const length = message.messageLength(checked);
    this.#assertLength(length);
    const near = this.#writer.claimNear(length);
    const offset = near >= 0 ? near : this.#claimFarther(length) | 0;
    if (offset < 0) return false;
    try {
      this.#writer.ring.fill(0, offset, offset + length);
      message.storeMessage(this.#data!, offset, checked);
    } catch (error) {
      this.abort();
      throw error;
    }
    const due = this.#writer.commit(publishes);
    if (due !== NOTHING_DUE) this.#follow(due);
    return true;
  }

  /** Writes and commits a message for which the writer must check the room. */
  #writeFarther(bytes: Uint8Array, publishes: boolean): boolean {
    if (this.#claimFarther(bytes.length) < 0) return false;
    let due: number;
    try {
      due = this.#writer.write(bytes, publishes); // guard: write
    } catch (error) {
      this.#wakeNextSender();
      throw error;
    }
    if (due !== NOTHING_DUE) this.#follow(due);
    return true;
  }

  /**
   * Claims a message for which the writer must check the room.
   *
   * @returns The offset of the message in the ring; -1 if there is no room now, or another sender
   *   has the producer lock.
   */
  #claimFarther(length: number): number {
    this.#assertFree();
    const offset = this.#writer.claim(length);
    if (offset >= 0) return offset;
    if (offset === FULL) {
      // The receiver must make room. It can read only published messages.
      this.#outgoing.flush();
      this.#wakeNextSender();
    }
    this.#assertReceiver();
    return -1;
  }

  /** Does the work that a commit left: queues the flush, or wakes the receiver. */
  #follow(due: number): void {
    if (due === PENDING) {
      this.#machine.flushQueue.add(this.#outgoing);
    } else {
      this.#receiver.wake(); // guard: wake-receiver
      this.#wakeNextSender();
    }
  }

  /** Wakes another sender of the channel, because this sender has released the producer lock. */
  #wakeNextSender(): void {
    if (this.#isShared) this.#senders.wake(); // guard: wake-next-sender
  }

  /**
   * Handles a full ring as `whenFull` says: throws, or counts the dropped message, or neither.
   *
   * @returns Whether the send must wait for room.
   */
  #chooseToWait(): boolean {
    const { whenFull } = this.#options.settings;
    if (whenFull === "fail") {
      this.#failed++;
      throw new Deno.errors.WouldBlock(`The ${this.#label()} has no room for the message`);
    }
    if (whenFull === "drop") {
      this.#dropped++;
      Atomics.add(this.#words, WORD.dropped, 1);
    }
    return whenFull === "wait";
  }

  /** Throws if this sender cannot send now. It runs once for a batch, not for each message. */
  #assertFree(): void {
    this.#assertOpen();
    if (this.#writer.claimed >= 0) {
      throw new Deno.errors.Busy(
        `Cannot send to the ${this.#label()}: a message is claimed and not committed`,
      );
    }
    this.#assertReceiver();
  }

  /** Throws if messages wait for room that must come before another message. */
  #assertInOrder(): void {
    if (!this.#lock.isHeld) return;
    throw new Deno.errors.Busy(
      `Cannot send to the ${this.#label()}: earlier messages wait for room; await them first`,
    );
  }

  #assertReceiver(): void {
    this.#peer.checkNowAndThen();
    if (this.#peer.look() !== "alive") throw this.#brokenPipe();
  }

  #assertOpen(): void {
    if (this.closed) {
      throw new Deno.errors.BadResource(`The sender of the ${this.#label()} is closed`);
    }
  }

  #assertLength(length: number): void {
    // The type is checked first, because a shift of a symbol or a bigint throws.
    const isNumber = typeof length === "number";
    if (!isNumber || length >>> 0 !== length || length > this.maxMessageLength) {
      this.#refuseLength(length);
    }
  }

  #refuseLength(length: number): void {
    this.#assertOpen();
    assertInteger("the message's length", length, 0, this.maxMessageLength);
  }

  #refuseCommit(): never {
    this.#assertOpen();
    throw new TypeError("Expected a message to be claimed before commit()");
  }

  #label(): string {
    return labelOf(this.#options.buffer);
  }

  #brokenPipe(): Deno.errors.BrokenPipe {
    return new Deno.errors.BrokenPipe(`The ${this.#label()} has no receiver any more`);
  }

  #shorten(length: number): void {
    const { claimed } = this.#writer;
    assertInteger("length", length, 0, claimed);
    if (length !== claimed) this.#writer.shorten(length);
  }
}

/** The pending messages of a sender. */
class Outgoing implements Flushable {
  isQueued = false;
  readonly isUrgent = true;
  readonly #writer: Writer;
  readonly #receiver: WakeWord;

  /** @param receiver The wake flag of the receiver. */
  constructor(writer: Writer, receiver: WakeWord) {
    this.#writer = writer;
    this.#receiver = receiver;
  }

  get count(): number {
    return this.#writer.count;
  }

  flush(): void {
    if (this.#writer.publish()) this.#receiver.wake();
  }
}

/** Returns checked values as the bytes of a message. */
function encodeChecked<Input>(
  message: MessageLayout<unknown, Input>,
  checked: Input,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(message.messageLength(checked));
  message.storeMessage(new DataView(bytes.buffer), 0, checked);
  return bytes;
}

/** Returns the bytes of a message. Only a non-empty `Uint8Array` needs no further checks. */
function toMessage(source: ByteSource): Uint8Array {
  const isPlain = source instanceof Uint8Array && source.length !== 0;
  return isPlain ? source : bytesOf("the message", source);
}

/** The type of a chunk of a channel's `writable`: bytes, or a value of the channel's layout. */
export type RingChunk<Input> = [Input] extends [never] ? ByteSource : Input;

/**
 * Returns a stream into a sender. A write is done when its message is in the ring.
 *
 * @param sender The stream closes the sender when it is closed or aborted, or when a write fails.
 */
export function writableTo<Input>(sender: RingSender<Input>): WritableStream<RingChunk<Input>> {
  return new WritableStream<RingChunk<Input>>({
    async write(chunk, controller) {
      try {
        await sendChunk(sender, chunk, { signal: controller.signal });
      } catch (error) {
        sender.close();
        throw error;
      }
    },
    close() {
      sender.close();
    },
    abort() {
      sender.close();
    },
  });
}
