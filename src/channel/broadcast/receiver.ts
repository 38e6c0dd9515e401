/**
 * The receiver of a broadcast ring, and its reader. See sender.ts for the proof that a receiver
 * never returns a message with bytes of two messages.
 *
 * @module
 */

import {
  type BroadcastSettings,
  corrupt,
  HEADER_LENGTH,
  headerWordsOf,
  POSITION,
  readPosition,
  RECORD_KIND,
  SENDER,
  UNIT,
} from "./layout.ts";
import { type BroadcastEndOptions, committedAfter } from "./sender.ts";
import { labelOf, loadFence, wordsOf } from "../peer/memory.ts";
import { assertFunction, pickOptions } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { WaitSyncOptions } from "../../sync/mod.ts";
import type { MessageLayout, MessageViews } from "../../struct/tagged.ts";
import { assertCanWait, type WaitOptions } from "../../wait/options.ts";
import { PeerLiveness } from "../peer/place.ts";
import { WAKE_CHECKS, type WakeEvent, type WakeOptions } from "../peer/wake.ts";
import type { Machine } from "../peer/machine.ts";
import { MACHINE } from "../peer/windows.ts";
import { type Incoming, Receiving } from "../peer/receiving.ts";
import { decodeValue, hasLayout } from "../ring/message.ts";

/**
 * Maximum attempts to read a message, so that a fast or hostile sender cannot keep this in a loop.
 */
const MAX_TRIES = 10_000;
/**
 * Maximum length in bytes of a short message. A short message is copied into a buffer that exists,
 * and copied again when it is known to be whole. So no memory is allocated for copies that are
 * discarded.
 */
const SHORT = 4096;
/**
 * Maximum length in bytes of a message that is copied word by word. That allocates nothing, and is
 * faster for short messages than to make an array over the message.
 */
const COPIED_BY_WORDS = 512;

/** A message of a broadcast ring, and the number of messages that were missed before it. */
export interface BroadcastMessage {
  /** A copy of the message, which belongs to the caller. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * The number of messages between the last message that was received and this one. The sender
   * overwrote them before they were read.
   */
  readonly missed: number;
}

/** The messages of a broadcast ring, in the form in which a receiver returns them. */
interface MessageReader<Value, View> extends Incoming<Value> {
  /** The number of messages that were missed until now. */
  readonly missed: number;
  /**
   * Shows all messages that are known now, one after another.
   *
   * @returns The number of messages.
   * @throws {TypeError} If the ring has no layout of messages.
   */
  readViews(visit: (view: View) => void): number;
  /** Decodes a value of `BroadcastSender.sendValue`. */
  valueOf(message: Value): unknown;
  /**
   * Throws if messages cannot be decoded as values of `BroadcastSender.sendValue`.
   *
   * @throws {TypeError} If the ring has a layout of messages.
   */
  assertValues(): void;
}

/**
 * Reads the messages of a broadcast ring for one of any number of receivers.
 *
 * The reader trusts nothing in the shared memory: it reads a length once, and checks it before use.
 * A record that looks wrong can be one that the sender overwrites at the same time; the announced
 * position shows whether that is so. If it is not, the memory is corrupt.
 */
export class BroadcastReader implements MessageReader<BroadcastMessage, never> {
  readonly #ring: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #positions: BigUint64Array<ArrayBuffer>;
  readonly #capacity: number;
  readonly #maxMessageLength: number;
  #short!: Uint8Array<ArrayBuffer>;
  #shortWords!: Int32Array<ArrayBuffer>;
  /** The position of the next record. */
  #at: number;
  /** The number of the next message. */
  #number = 0;
  /** The position of the newest record that this reader knows of. */
  #newest: number;
  #isOvertaken = true;
  #missed = 0;
  /** The length of the message that was copied last, and the number of messages missed before it. */
  #length = 0;
  #gap = 0;

  /**
   * Begins to read after the newest message.
   *
   * @param settings The settings from the header, which are checked.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   * @throws {Deno.errors.Busy} If the sender overwrote the newest message in each of 10,000
   *   attempts.
   */
  constructor(buffer: ArrayBuffer, { capacity, maxMessageLength }: BroadcastSettings) {
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    this.#positions = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
    this.#words = new Int32Array(buffer, HEADER_LENGTH, capacity / 4);
    this.#ring = new Uint8Array(buffer, HEADER_LENGTH, capacity);
    this.#capacity = capacity / UNIT;
    this.#maxMessageLength = maxMessageLength;
    this.copyInto(new ArrayBuffer(wordsOf(Math.min(maxMessageLength, SHORT)) * 4));
    this.#newest = this.#at = readPosition(this.#positions, POSITION.newest);
    this.take();
    this.#missed = 0;
  }

  /** The number of messages that were missed until now. */
  get missed(): number {
    return this.#missed;
  }

  /** The length of the message that was copied last, in bytes. */
  get length(): number {
    return this.#length;
  }

  /** Whether there is a message that this reader knows of already. */
  get isKnown(): boolean {
    return this.#at <= this.#newest;
  }

  /**
   * Copies short messages into other memory from now on.
   *
   * @param short Memory for messages of at most its length, a multiple of 4.
   */
  copyInto(short: ArrayBuffer): void {
    this.#short = new Uint8Array(short);
    this.#shortWords = new Int32Array(short);
  }

  /** Returns whether there is a message to read. */
  look(): boolean {
    if (this.#at <= this.#newest) return true;
    this.#newest = readPosition(this.#positions, POSITION.newest);
    return this.#at <= this.#newest;
  }

  /**
   * Takes the next message; if the sender has overwritten it, the newest message.
   *
   * @returns `undefined` if no message has arrived.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   * @throws {Deno.errors.Busy} If the sender overwrote the message in each of 10,000 attempts.
   */
  take(): BroadcastMessage | undefined {
    const copy = this.next();
    if (copy === undefined) return undefined;
    const bytes = copy === this.#short ? copy.slice(0, this.#length) : copy;
    return { bytes, missed: this.#gap };
  }

  /**
   * Takes the next message as {@linkcode BroadcastReader.take} does, and returns its bytes. Short
   * messages are at the beginning of memory that the next call uses again.
   */
  next(): Uint8Array<ArrayBuffer> | undefined {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (!this.look()) return undefined;
      const place = this.#at & (this.#capacity - 1);
      const length = this.#words[place * 4]! - UNIT;
      const kind = this.#words[place * 4 + 1]!;
      const low = this.#words[place * 4 + 2]!;
      const high = this.#words[place * 4 + 3]!;
      const isMessage = kind === RECORD_KIND.message && length >= 0 &&
        length <= this.#maxMessageLength && length <= (this.#capacity - place - 1) * UNIT;
      const copy = isMessage ? this.#copy((place + 1) * UNIT, length) : undefined;
      loadFence();
      const announced = readPosition(this.#positions, POSITION.announced);
      if (announced - this.#at > this.#capacity) {
        this.#catchUp();
        continue;
      }
      const size = (length + 2 * UNIT - 1) >>> 4;
      if (this.#at + size > announced) {
        throw corrupt(
          this.#words.buffer,
          `it has a record at ${this.#at} that ends after the announced position ${announced}`,
        );
      }
      if (copy !== undefined) {
        this.#accept(length, (low >>> 0) + (high >>> 0) * 2 ** 32);
        return copy;
      }
      if (kind !== RECORD_KIND.padding || size !== this.#capacity - place) {
        throw corrupt(
          this.#words.buffer,
          `it has a record of kind ${kind} and ${length + UNIT} bytes at ${this.#at}`,
        );
      }
      this.#at += size;
    }
    throw new Deno.errors.Busy(
      `Cannot read a message of the ${labelOf(this.#words.buffer)}: it was overwritten in each ` +
        `of ${MAX_TRIES} attempts`,
    );
  }

  /**
   * After the sender's death: makes the messages that it had committed and not published available.
   *
   * @param isSame Returns whether the dead sender still has its place.
   * @returns Whether there is a message to read.
   */
  recover(isSame: () => boolean): boolean {
    const newest = readPosition(this.#positions, POSITION.newest);
    const committed = committedAfter(this.#header, newest);
    // If a new sender has the place, `committed` can be of its messages, which are not published.
    if (isSame()) this.#newest = committed;
    return this.look();
  }

  readViews(): never {
    throw new TypeError(
      `Cannot read views of the messages of the ${labelOf(this.#words.buffer)}: they have no ` +
        "layout; open the ring with the option message",
    );
  }

  valueOf({ bytes }: BroadcastMessage): unknown {
    return decodeValue(bytes, labelOf(this.#words.buffer));
  }

  assertValues(): void {}

  /** Copies a message, which the sender can overwrite at the same time. */
  #copy(offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (length > this.#short.length) return this.#ring.slice(offset, offset + length);
    if (length <= COPIED_BY_WORDS) {
      const words = this.#words;
      const copies = this.#shortWords;
      const first = offset >>> 2;
      // The record's last word is a whole one, because records have units of 16 bytes.
      for (let at = wordsOf(length) - 1; at >= 0; at--) copies[at] = words[first + at]!;
    } else {
      this.#short.set(this.#ring.subarray(offset, offset + length));
    }
    return this.#short;
  }

  /** Checks the number of a message that was copied whole, and goes on after the message. */
  #accept(length: number, number: number): void {
    const missed = number - this.#number;
    if (missed !== 0 && !(this.#isOvertaken && missed > 0 && Number.isSafeInteger(number))) {
      throw corrupt(this.#words.buffer, `it has message ${number} in place of ${this.#number}`);
    }
    this.#at += (length + 2 * UNIT - 1) >>> 4;
    this.#number = number + 1;
    this.#isOvertaken = false;
    this.#missed += missed;
    this.#length = length;
    this.#gap = missed;
  }

  /** Goes on with the newest message, because the sender has overwritten the next one. */
  #catchUp(): void {
    const newest = readPosition(this.#positions, POSITION.newest);
    const announced = readPosition(this.#positions, POSITION.announced);
    if (announced - newest <= this.#capacity) {
      if (newest <= this.#at) {
        throw corrupt(this.#words.buffer, `its newest position went back to ${newest}`);
      }
      this.#newest = this.#at = newest;
      this.#isOvertaken = true;
    } else if (readPosition(this.#positions, POSITION.newest) === newest) {
      throw corrupt(
        this.#words.buffer,
        `its newest record at ${newest} is too far behind the announced position ${announced}`,
      );
    }
  }
}

/**
 * Reads messages of a layout. Each message is copied before it is used: only after the copy it is
 * known that the sender has not overwritten the message meanwhile. The memory of the copy is used
 * again for each message.
 */
class TypedReader<Value, View> implements MessageReader<Value, View> {
  readonly #reader: BroadcastReader;
  readonly #message: MessageLayout<Value, unknown, View>;
  readonly #label: string;
  #data: DataView<ArrayBuffer>;
  #viewAt: MessageViews<View> | undefined;

  constructor(
    reader: BroadcastReader,
    message: MessageLayout<Value, unknown, View>,
    label: string,
  ) {
    this.#reader = reader;
    this.#message = message;
    this.#label = label;
    this.#data = this.#renew();
  }

  get missed(): number {
    return this.#reader.missed;
  }

  look(): boolean {
    return this.#reader.look();
  }

  recover(isSame: () => boolean): boolean {
    return this.#reader.recover(isSame);
  }

  take(): Value | undefined {
    if (!this.#next()) return undefined;
    return this.#message.loadMessage(this.#data, 0, this.#reader.length, this.#label);
  }

  readViews(visit: (view: View) => void): number {
    let count = 0;
    // Reads only messages that are known now: a fast sender must not keep the script in this loop.
    if (this.look()) {
      do {
        if (!this.#next()) break;
        this.#viewAt ??= this.#message.messageViews(this.#data, this.#label);
        visit(this.#viewAt(0, this.#reader.length));
        count++;
      } while (this.#reader.isKnown);
    }
    return count;
  }

  valueOf(): never {
    throw hasLayout("decode a value of", { label: this.#label, instead: "receive" });
  }

  assertValues(): void {
    this.valueOf();
  }

  /**
   * Copies the next message to the beginning of `#data`, if there is a message.
   *
   * @throws {Deno.errors.InvalidData} If the message is longer than any message of the layout.
   */
  #next(): boolean {
    // A script can get the buffer from a view's bytes, and transfer it away.
    if (this.#data.buffer.detached) this.#data = this.#renew();
    if (this.#reader.next() === undefined) return false;
    const { length } = this.#reader;
    if (length <= this.#data.byteLength) return true;
    throw new Deno.errors.InvalidData(
      `A message of the ${this.#label} has ${length} bytes, and its layout at most ` +
        `${this.#message.byteLength}: the sender must write it by the same layout`,
    );
  }

  #renew(): DataView<ArrayBuffer> {
    const { byteLength } = this.#message;
    const buffer = new ArrayBuffer(wordsOf(byteLength) * 4);
    this.#reader.copyInto(buffer);
    this.#viewAt = undefined;
    return new DataView(buffer, 0, byteLength);
  }
}

/** Opens a receiver; {@linkcode BroadcastRing.receiver} calls this. */
export let openReceiver: (options: BroadcastEndOptions & WakeOptions) => BroadcastReceiver;

/** Opens a receiver of messages of a layout. */
export let openTypedReceiver: <Value, View>(
  options: BroadcastEndOptions & WakeOptions,
  message: MessageLayout<Value, unknown, View>,
) => BroadcastReceiver<Value, View>;

/**
 * Receives the messages that are sent to a broadcast ring after the receiver was opened.
 * {@linkcode BroadcastRing.receiver} opens one. Any number of receivers can be open, in any
 * processes.
 *
 * A receiver that is too slow for its sender misses messages. It then goes on with the newest
 * message, and learns how many it missed. The newest message is never missed.
 *
 * @typeParam Value The type of a received message: {@linkcode BroadcastMessage}, or the value of
 *   the ring's layout of messages.
 * @typeParam View The type of a view of a message: `never` for a ring without a layout.
 *
 * @example Receive messages until the sender is closed
 * ```ts
 * import { BroadcastRing } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * using ring = BroadcastRing.anonymous();
 * using receiver = ring.receiver();
 * const sender = ring.sender();
 * for (const number of [1, 2, 3]) sender.send(Uint8Array.of(number));
 * sender.close();
 *
 * const received: number[] = [];
 * for await (const { bytes } of receiver) received.push(...bytes);
 * assertEquals(received, [1, 2, 3]);
 * ```
 */
export class BroadcastReceiver<Value = BroadcastMessage, View = never> extends Uncloneable
  implements Disposable, AsyncIterable<Value> {
  readonly #reader: MessageReader<Value, View>;
  readonly #peer: PeerLiveness;
  readonly #machine: Machine;
  readonly #receiving: Receiving<Value>;
  /** Taken before the first wait, and then kept. */
  #wakeEvent: WakeEvent | undefined;

  static {
    openReceiver = (options) => {
      const { buffer, settings } = options;
      return new BroadcastReceiver(options, new BroadcastReader(buffer, settings));
    };
    openTypedReceiver = (options, message) => {
      const { buffer, settings } = options;
      const reader = new BroadcastReader(buffer, settings);
      return new BroadcastReceiver(options, new TypedReader(reader, message, labelOf(buffer)));
    };
  }

  private constructor(
    options: BroadcastEndOptions & WakeOptions,
    reader: MessageReader<Value, View>,
  ) {
    super();
    const { buffer, wakeEvents, machine = MACHINE } = options;
    this.#machine = machine;
    this.#reader = reader;
    this.#peer = new PeerLiveness(headerWordsOf(buffer), SENDER, {
      ended: () => this.closed || this.#wakeEvent?.event.set(),
      machine,
    });
    this.#receiving = new Receiving({
      buffer,
      incoming: this.#reader,
      peer: this.#peer,
      machine,
      takeWakeFlag: () => this.#wakeEvent = wakeEvents.take(pickOptions(options, WAKE_CHECKS)),
      // A sender that is killed while it opens can leave receivers asleep.
      seeksPeer: true,
    });
  }

  /** The total number of messages that were missed until now. */
  get missed(): number {
    return this.#reader.missed;
  }

  /** Whether the receiver is closed. */
  get closed(): boolean {
    return this.#receiving.closed;
  }

  /**
   * Whether the sender was closed and all its messages were received or missed.
   *
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  get ended(): boolean {
    this.#receiving.assertOpen();
    return this.#peer.look() === "closed" && !this.#reader.look();
  }

  /**
   * Takes the next message, if one has arrived.
   *
   * @returns A copy of the message, or its value if the ring has a layout of messages; `undefined`
   *   if no message has arrived.
   * @throws {Deno.errors.ConnectionReset} If there is no message, and the sender's process or
   *   Worker has ended without closing the sender. Messages can follow when another sender is
   *   opened.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.Busy} If the ring is so small, and the sender so fast, that each
   *   message was overwritten while it was read.
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  tryReceive(): Value | undefined {
    this.#receiving.assertOpen();
    const message = this.#reader.take();
    if (message !== undefined) return message;
    this.#idle();
    return this.#reader.take();
  }

  /**
   * Waits for the next message and takes it.
   *
   * @returns A copy of the message; `undefined` after the last message of a sender that was closed.
   * @throws {Deno.errors.TimedOut} If no message arrived in time.
   * @throws {Deno.errors.ConnectionReset} If there is no message, and the sender's process or
   *   Worker has ended without closing the sender. Messages can follow when another sender is
   *   opened.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.Busy} If 64 receivers wait already. Or if the ring is so small, and the
   *   sender so fast, that each message was overwritten while it was read.
   * @throws {Deno.errors.BadResource} If the receiver is closed, also during the wait.
   */
  receive(options: WaitOptions = {}): Promise<Value | undefined> {
    return this.#receiving.receive(options);
  }

  /**
   * Waits for the next value that {@linkcode BroadcastSender.sendValue} sent, and takes it.
   *
   * @returns The value in an object; `undefined` after the last message of a sender that was closed.
   * @throws {Deno.errors.InvalidData} If the message is not a value. The message is then lost.
   * @throws {TypeError} If the ring has a layout of messages. Then no message is taken.
   * @throws Every other error of {@linkcode BroadcastReceiver.receive}.
   */
  async receiveValue(options: WaitOptions = {}): Promise<{ value: unknown } | undefined> {
    this.#reader.assertValues();
    const message = await this.receive(options);
    return message === undefined ? undefined : { value: this.#reader.valueOf(message) };
  }

  /**
   * Iterates over the values that {@linkcode BroadcastSender.sendValue} sent, until the sender is
   * closed.
   *
   * @param options Limits of the wait for each value.
   * @throws Every error of {@linkcode BroadcastReceiver.receiveValue}.
   */
  async *values(options: WaitOptions = {}): AsyncGenerator<unknown, void, void> {
    for (let found; (found = await this.receiveValue(options)) !== undefined;) yield found.value;
  }

  /**
   * Shows live views of all messages that have arrived, if the ring has a layout of messages.
   * Nothing is allocated for a message, unless its view has texts or 64-bit integers.
   *
   * Each message is copied into memory of this receiver, because the sender can overwrite the ring
   * at any time. So no view is torn, and all views are the same object.
   *
   * @param visit Gets the view of each message. The next message overwrites it. A message for which
   *   `visit` throws is not shown again.
   * @returns The number of messages; 0 if none has arrived. Wait by
   *   {@linkcode BroadcastReceiver.waitForMessage}.
   * @throws {TypeError} If the ring has no layout of messages.
   * @throws Every other error of {@linkcode BroadcastReceiver.tryReceive}.
   */
  readViews(visit: (view: View) => void): number {
    assertFunction("visit", visit);
    this.#receiving.assertOpen();
    const count = this.#reader.readViews(visit);
    if (count === 0) this.#idle();
    return count;
  }

  /**
   * Waits until a message has arrived, for {@linkcode BroadcastReceiver.readViews}.
   *
   * @returns `true` if there is a message; `false` after the last message of a sender that was
   *   closed.
   * @throws Every error of {@linkcode BroadcastReceiver.receive}, except for overwritten messages.
   */
  async waitForMessage(options: WaitOptions = {}): Promise<boolean> {
    this.#receiving.assertOpen();
    assertCanWait(options);
    return await this.#receiving.waitFor(this.#find, options) ?? false;
  }

  /**
   * Blocks the thread until a message has arrived, for {@linkcode BroadcastReceiver.readViews}.
   *
   * @returns `true` if there is a message; `false` after the last message of a sender that was
   *   closed.
   * @throws Every error of {@linkcode BroadcastReceiver.receiveSync}, except for overwritten
   *   messages.
   */
  waitForMessageSync(options?: WaitSyncOptions): boolean {
    return this.#receiving.waitForSync(this.#find, options) ?? false;
  }

  /**
   * Blocks the thread until the next message has arrived, and takes it. This is for Workers and
   * short scripts.
   *
   * @returns A copy of the message; `undefined` after the last message of a sender that was closed.
   * @throws {Deno.errors.TimedOut} If no message arrived in time.
   * @throws {Deno.errors.ConnectionReset} If there is no message, and the sender's process or
   *   Worker has ended without closing the sender. Messages can follow when another sender is
   *   opened.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.Busy} If 64 receivers wait already. Or if the ring is so small, and the
   *   sender so fast, that each message was overwritten while it was read.
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  receiveSync(options?: WaitSyncOptions): Value | undefined {
    return this.#receiving.receiveSync(options);
  }

  /**
   * Iterates over the messages until the sender is closed.
   *
   * @throws The same errors as {@linkcode BroadcastReceiver.receive}.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Value, void, void> {
    return this.#receiving.messages();
  }

  /**
   * Makes a wait for a message keep the process alive, which is the default.
   *
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  ref(): void {
    this.#receiving.hold(true);
  }

  /**
   * Lets the process end during a wait for a message. This applies to waits that have begun
   * already, and to all later waits.
   *
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  unref(): void {
    this.#receiving.hold(false);
  }

  /** Closes the receiver. A wait for a message then throws `Deno.errors.BadResource`. */
  close(): void {
    // Runs from the last line to the first, also if one of them throws.
    using stack = new DisposableStack();
    stack.use(this.#peer);
    stack.use(this.#wakeEvent);
    stack.use(this.#receiving);
  }

  /** Closes the receiver at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  readonly #find = () => this.#reader.look() || undefined;

  /**
   * Without a message: publishes the messages of this thread's senders, and notices the sender's end.
   */
  #idle(): void {
    this.#machine.flushQueue.flushAll();
    this.#peer.checkNowAndThen();
    this.#receiving.settleEnd();
  }
}
