/**
 * The sender of a broadcast ring, its writer, and the proof that a receiver never returns bytes of
 * two messages as one.
 *
 * The sender overwrites the oldest records, also while a receiver reads them. So a receiver first
 * copies a message, and then checks whether the sender has overwritten it:
 *
 * | sender                                      | receiver                                   |
 * | ------------------------------------------- | ------------------------------------------ |
 * | 1. announces the end of its next writes     | 1. loads the newest position               |
 * | 2. fence                                    | 2. reads the record and copies the message |
 * | 3. writes the record and the message        | 3. fence                                   |
 * | 4. publishes the newest position            | 4. loads the announced position            |
 *
 * Case 1: during its step 2, the receiver has read a byte that the sender wrote over the record in
 * step 3. By the sender's fence, step 1 of the sender was done before this write. By the receiver's
 * fence, step 4 of the receiver is done after this read. So the receiver sees that the announced
 * position is more than a whole ring after the record, and discards the copy.
 *
 * Case 2: the announced position that the receiver sees is at most a whole ring after the record.
 * Then the sender has not changed the record since it published it in step 4. That step is a
 * release, which step 1 of the receiver acquires. So all bytes of the copy belong to this record.
 *
 * The bytes are written by plain stores, also by a script that has claimed room in the ring. The
 * fence comes before all of these stores. `fence()` in ../peer/memory.ts says why it works on ARM64. The
 * receiver's fence need only order loads.
 *
 * tests/channel/model/order_scenarios.ts checks both cases with the memory order of ARM64.
 *
 * The sender announces and publishes several records at a time, because each of these steps sends a
 * cache line to each receiver.
 *
 * @see {@link https://github.com/real-logic/aeron}, whose broadcast buffer has the same idea
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
  WORD,
} from "./layout.ts";
import { assertNotTransferred, fence, labelOf } from "../peer/memory.ts";
import { assertInteger, bytesOf, type ByteSource } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { type HeaderWords, leavePlace, takePlace } from "../peer/place.ts";
import type { WakeEvents } from "../peer/wake.ts";
import { encodeValue, hasLayout, withoutLayout } from "../ring/message.ts";
import type { MessageLayout } from "../../struct/tagged.ts";
import type { Machine } from "../peer/machine.ts";
import { type Flushable, MACHINE } from "../peer/windows.ts";

/** Length of a batch in units: a batch is published when it is full, or when the sender idles. */
const BATCH = 512 / UNIT;
/** Minimum length to announce at a time, in units. */
const MIN_ANNOUNCED = 4096 / UNIT;

/**
 * Maximum position, and maximum number of a message: the last integer that a double counts exactly.
 */
const MAX_POSITION = Number.MAX_SAFE_INTEGER;

/** Writes messages into a broadcast ring, for one sender. It allocates nothing per message. */
export class BroadcastWriter {
  /** The ring's bytes. */
  readonly ring: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #positions: BigUint64Array<ArrayBuffer>;
  readonly #capacity: number;
  readonly #batch: number;
  readonly #block: number;
  /** The position of the next record. */
  #at: number;
  /** The number of the next message. */
  #number: number;
  #announced: number;
  /** The position of the newest record that is committed. */
  #newest: number;
  /** The position of the newest record that is published. */
  #published: number;

  /**
   * Continues after the last record of the sender before this one. If that sender has died, this
   * publishes the messages that it had committed.
   *
   * @param settings The settings from the header, which are checked.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   */
  constructor(buffer: ArrayBuffer, { capacity }: BroadcastSettings) {
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    this.#positions = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
    this.#words = new Int32Array(buffer, HEADER_LENGTH, capacity / 4);
    this.ring = new Uint8Array(buffer, HEADER_LENGTH, capacity);
    this.#capacity = capacity / UNIT;
    this.#batch = Math.min(BATCH, this.#capacity / 8);
    this.#block = Math.min(MIN_ANNOUNCED, this.#capacity / 8);
    this.#announced = readPosition(this.#positions, POSITION.announced);
    this.#published = readPosition(this.#positions, POSITION.newest);
    this.#newest = committedAfter(this.#header, this.#published);
    const at = (this.#newest % this.#capacity) * (UNIT / 4);
    const [length, kind] = [this.#words[at]!, this.#words[at + 1]!];
    this.#at = this.#newest + unitsOf(length);
    this.#number = (this.#words[at + 2]! >>> 0) + (this.#words[at + 3]! >>> 0) * 2 ** 32 + 1;
    if (
      length < UNIT || kind !== RECORD_KIND.message || this.#announced > this.#lastPosition() ||
      this.#at > this.#announced || this.#announced - this.#newest > this.#capacity
    ) {
      throw corrupt(
        this.#words.buffer,
        `its newest record, at ${this.#newest}, is invalid: it has ${length} bytes`,
      );
    }
    this.publish();
  }

  /**
   * Claims room for a message. The message will overwrite the oldest messages.
   *
   * @param length Length of the message in bytes: an integer from 0 to `maxMessageLength`.
   * @returns The offset of the message in {@linkcode ring}, a multiple of 16.
   * @throws {Deno.errors.InvalidData} If the ring has no positions left.
   */
  claim(length: number): number {
    const size = unitsOf(length + UNIT);
    const place = this.#at & (this.#capacity - 1);
    const rest = this.#capacity - place;
    const end = this.#at + (size <= rest ? size : rest + size);
    if (end > this.#announced) this.#announce(end);
    if (size <= rest) return (place + 1) * UNIT;
    this.#words[place * 4] = rest * UNIT;
    this.#words[place * 4 + 1] = RECORD_KIND.padding;
    this.#at += rest;
    return UNIT;
  }

  /**
   * Commits the message that was claimed last. A claim without a commit has no effect.
   *
   * @param length Length of the message in bytes, at most the claimed length.
   * @returns Whether the message was published, so that the receivers must be woken.
   */
  commit(length: number): boolean {
    const at = (this.#at & (this.#capacity - 1)) * 4;
    this.#words[at] = length + UNIT;
    this.#words[at + 1] = RECORD_KIND.message;
    this.#words[at + 2] = this.#number;
    this.#words[at + 3] = this.#number / 2 ** 32;
    this.#number++;
    this.#newest = this.#at;
    this.#at += unitsOf(length + UNIT);
    // A plain store is enough: it is read only after this sender was closed or has died.
    this.#header[WORD.committed] = this.#newest;
    return this.#at - this.#published >= this.#batch && this.publish();
  }

  /**
   * Claims room for a message, copies the message and commits it.
   *
   * @param bytes The message, of at most `maxMessageLength` bytes.
   * @returns The same as {@linkcode commit}.
   * @throws {Deno.errors.InvalidData} If the ring has no positions left.
   */
  write(bytes: Uint8Array): boolean {
    const { length } = bytes;
    const offset = this.claim(length);
    this.ring.set(bytes, offset);
    return this.commit(length);
  }

  /**
   * The number of the next message, one more than the number of messages that were ever committed.
   */
  get count(): number {
    return this.#number;
  }

  /** Whether messages are committed and not published. */
  get isPending(): boolean {
    return this.#newest !== this.#published;
  }

  /**
   * Publishes all committed messages.
   *
   * @returns Whether messages were pending.
   */
  publish(): boolean {
    if (!this.isPending) return false;
    this.#published = this.#newest;
    Atomics.store(this.#positions, POSITION.newest, BigInt(this.#newest));
    return true;
  }

  /**
   * Returns the maximum position that can be announced. Up to there, positions and the numbers of
   * messages stay exact, because each message takes at least one position.
   */
  #lastPosition(): number {
    return Math.min(MAX_POSITION, this.#at + (MAX_POSITION - this.#number));
  }

  /** Announces that this sender will write up to the position `end`, or farther. */
  #announce(end: number): void {
    // Receivers that missed messages go on with the newest published message, so it must not be
    // overwritten. A batch, a block and the longest message are at most an eighth of the ring each.
    // So the announced position is less than half a ring after the newest published message.
    const last = this.#lastPosition();
    if (end > last) {
      throw new Deno.errors.InvalidData(
        `Cannot send to the ${
          labelOf(this.#words.buffer)
        }: it is at position ${this.#at} and message ${this.#number}, ` +
          "and has none from 2⁵³ on; create a new ring",
      );
    }
    this.#announced = Math.min(Math.max(end, this.#at + this.#block), last);
    Atomics.store(this.#positions, POSITION.announced, BigInt(this.#announced));
    fence();
  }
}

/**
 * Returns the position of the newest record that a sender has committed.
 *
 * @param header The header as words.
 * @param newest The position of the newest record that the sender has published.
 */
export function committedAfter(header: Int32Array, newest: number): number {
  return newest + ((Atomics.load(header, WORD.committed) - newest) >>> 0);
}

function unitsOf(bytes: number): number {
  return (bytes + UNIT - 1) >>> 4;
}

/** The parts of a ring that its ends use. */
export interface BroadcastEndOptions {
  /** The ring's memory, in a buffer that scripts cannot reach. */
  buffer: ArrayBuffer;
  /** The ring's bytes, in the buffer that scripts can reach. */
  ring: Uint8Array<ArrayBuffer>;
  /** The settings from the ring's header, which are checked. */
  settings: BroadcastSettings;
  /** The wake events of all receivers. */
  wakeEvents: WakeEvents;
  /** The machine that the end runs on. @default the machine of this thread */
  machine?: Machine;
}

/** The counts of a sender. */
export interface BroadcastSenderStats {
  /** The number of messages that were sent. */
  readonly messages: number;
  /** The number of bytes in these messages. */
  readonly bytes: number;
  /** The number of times that the sender woke a receiver, which takes calls of the system. */
  readonly wakeUps: number;
}

/**
 * Opens a sender; {@linkcode BroadcastRing.sender} calls this.
 *
 * @param message The layout of the messages, if they have one.
 */
export let openSender: <Input = never>(
  options: BroadcastEndOptions,
  message?: MessageLayout<unknown, Input>,
) => BroadcastSender<Input>;

/**
 * Sends messages to all receivers of a broadcast ring. {@linkcode BroadcastRing.sender} opens it. A
 * ring has only one sender at a time, in any process.
 *
 * A sender never waits. If receivers are slow, it overwrites the oldest messages.
 *
 * @typeParam Input The type of values for {@linkcode BroadcastSender.write}: `never` for a ring
 *   without the option `message`.
 *
 * @example Write a message where it will be read, without a copy
 * ```ts
 * import { BroadcastRing } from "@winipc/winipc/channel";
 * import { assertEquals } from "@std/assert";
 *
 * using ring = BroadcastRing.anonymous();
 * using receiver = ring.receiver();
 * using sender = ring.sender();
 * const offset = sender.claimAt(3);
 * sender.ring.set([1, 2, 3], offset);
 * sender.commit();
 * sender.flush();
 *
 * const { bytes } = (await receiver.receive({ timeout: 1000 }))!;
 * assertEquals(bytes, Uint8Array.of(1, 2, 3));
 * ```
 */
export class BroadcastSender<Input = never> extends Uncloneable implements Disposable {
  /** Maximum length of a message in bytes. */
  readonly maxMessageLength: number;
  readonly #options: BroadcastEndOptions;
  readonly #header: HeaderWords;
  readonly #machine: Machine;
  readonly #writer: BroadcastWriter;
  readonly #outgoing: Outgoing;
  readonly #message: MessageLayout<unknown, Input> | undefined;
  /** The ring's bytes, to write values to. */
  readonly #data: DataView<ArrayBuffer>;
  /** The same bytes in the buffer that scripts can reach: values from there are copied first. */
  readonly #source: DataView<ArrayBuffer>;
  #claimed = -1;
  #messages = 0;
  #bytes = 0;
  #closed = false;

  static {
    openSender = (options, message) => new BroadcastSender(options, message);
  }

  private constructor(
    options: BroadcastEndOptions,
    message: MessageLayout<unknown, Input> | undefined,
  ) {
    super();
    this.#message = message;
    this.#data = new DataView(options.buffer, HEADER_LENGTH, options.settings.capacity);
    const { buffer: reachable } = options.ring;
    this.#source = reachable.detached ? this.#data : new DataView(reachable);
    const { buffer, settings, wakeEvents, machine = MACHINE } = options;
    this.#options = options;
    this.#header = headerWordsOf(buffer);
    this.#machine = machine;
    takePlace(this.#header, SENDER, { who: "sender", machine });
    try {
      this.#writer = new BroadcastWriter(buffer, settings);
      this.#outgoing = new Outgoing(this.#writer, wakeEvents);
      this.maxMessageLength = settings.maxMessageLength;
      // Receivers that sleep do not watch this process yet. And an earlier sender can have been
      // killed between clearing their wake flags and setting their events.
      wakeEvents.wakeEveryone(); // guard: broadcast-sender-comes
    } catch (error) {
      leavePlace(this.#header, SENDER, { machine });
      throw error;
    }
  }

  /**
   * The ring's bytes. Write a message here after {@linkcode BroadcastSender.claimAt}.
   *
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.Busy} If their buffer was transferred away: writes to them are lost.
   */
  get ring(): Uint8Array<ArrayBuffer> {
    this.#assertOpen();
    const { ring } = this.#options;
    return assertNotTransferred(ring);
  }

  /** The counts of messages, bytes and wake-ups until now. */
  get stats(): BroadcastSenderStats {
    return { messages: this.#messages, bytes: this.#bytes, wakeUps: this.#outgoing.wakeUps };
  }

  /** Whether the sender is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends a message. It can overwrite the oldest messages.
   *
   * The message is published at the end of this event-loop turn at the latest. It is published
   * earlier when 512 bytes are pending, when an end of this thread waits, or by
   * {@linkcode BroadcastSender.flush}.
   *
   * @param source The message. A shared buffer must not grow during the call.
   * @throws {TypeError} If `source` is not bytes, or its buffer was transferred away.
   * @throws {RangeError} If the message is longer than `maxMessageLength`.
   * @throws {Deno.errors.Busy} If a message is claimed.
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.InvalidData} If the ring has no positions left. It has 2⁵³ of 16 bytes
   *   each.
   */
  send(source: ByteSource): void {
    const isPlain = source instanceof Uint8Array && source.length !== 0;
    const bytes = isPlain ? source : bytesOf("the message", source);
    this.#assertReady(bytes.length);
    this.#note(bytes.length, this.#writer.write(bytes));
  }

  /**
   * Writes a message of the ring's layout into the ring, and sends it as
   * {@linkcode BroadcastSender.send} does. Fields that are not given are 0.
   *
   * @param values The values for a struct, or `{ kind, value }` for a tagged union. A view is
   *   copied.
   * @throws {TypeError} If a value is of the wrong kind, or the ring has no layout. Then nothing is
   *   sent.
   * @throws {RangeError} If a value is out of range. Then nothing is sent.
   * @throws Every other error of {@linkcode BroadcastSender.send}.
   */
  write(values: Input): void {
    this.#assertReady(0);
    const message = this.#message;
    if (message === undefined) throw withoutLayout(this.#label());
    const checked = message.check(values, "", this.#source);
    const length = message.messageLength(checked);
    // The check runs getters of the value, which can use this sender.
    this.#assertReady(length);
    const offset = this.#writer.claim(length);
    this.#writer.ring.fill(0, offset, offset + length);
    message.storeMessage(this.#data, offset, checked);
    this.#note(length, this.#writer.commit(length));
  }

  /**
   * Sends a value that can be cloned, as `structuredClone` does it.
   *
   * @throws {DOMException} `DataCloneError` if the value or a part of it cannot be cloned.
   * @throws {TypeError} If the ring has a layout of messages.
   * @throws Every other error of {@linkcode BroadcastSender.send}.
   */
  sendValue(value: unknown): void {
    this.#assertOpen();
    if (this.#message !== undefined) {
      throw hasLayout("send a cloned value to", { label: this.#label(), instead: "write" });
    }
    this.send(encodeValue(value));
  }

  /**
   * Claims room for a message, to write it in {@linkcode BroadcastSender.ring} without a copy. This
   * allocates nothing. {@linkcode BroadcastSender.commit} then sends the message.
   *
   * @param length Length of the message in bytes.
   * @returns The offset of the message in `ring`, a multiple of 16. Do not write outside of the
   *   claimed bytes, because receivers read there.
   * @throws {RangeError} If the message is longer than `maxMessageLength`.
   * @throws {Deno.errors.Busy} If a message is claimed already.
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.InvalidData} If the ring has no positions left: see
   *   {@linkcode BroadcastSender.send}.
   */
  claimAt(length: number): number {
    this.#assertReady(length);
    const offset = this.#writer.claim(length);
    this.#claimed = length;
    return offset;
  }

  /**
   * Sends the message that was claimed.
   *
   * @param length The number of bytes to send, from the first one. @default all that was claimed
   * @throws {TypeError} If no message is claimed.
   * @throws {RangeError} If `length` is greater than the claimed length.
   * @throws {Deno.errors.BadResource} If the sender is closed.
   */
  commit(length: number = this.#claimed): void {
    this.#assertOpen();
    if (this.#claimed < 0) {
      throw new TypeError(
        `Cannot commit to the ${this.#label()}: no message is claimed; call claimAt() first`,
      );
    }
    if (length !== this.#claimed) assertInteger("length", length, 0, this.#claimed);
    this.#claimed = -1;
    this.#note(length, this.#writer.commit(length));
  }

  /** Aborts the claimed message. If no message is claimed, this does nothing. */
  abort(): void {
    this.#claimed = -1;
  }

  /**
   * Publishes all messages that were sent, so that receivers see them.
   *
   * @throws {Deno.errors.BadResource} If the sender is closed.
   */
  flush(): void {
    this.#assertOpen();
    this.#outgoing.flush();
  }

  /**
   * Closes the sender. Receivers can still get the messages in the ring, and then the stream ends.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Runs from the last line to the first, also if one of them throws.
    using stack = new DisposableStack();
    stack.defer(() => this.#outgoing.wake());
    stack.defer(() => leavePlace(this.#header, SENDER, { machine: this.#machine }));
    stack.defer(() => this.#outgoing.flush());
  }

  /** Closes the sender at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Counts a committed message. Wakes receivers if it is published; otherwise it is flushed soon.
   */
  #note(length: number, isPublished: boolean): void {
    this.#messages++;
    this.#bytes += length;
    if (!isPublished) return this.#machine.flushQueue.add(this.#outgoing);
    this.#outgoing.wake(); // guard: wake-receivers
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new Deno.errors.BadResource(`The sender of the ${this.#label()} is closed`);
    }
  }

  #assertReady(length: number): void {
    this.#assertOpen();
    // A symbol would throw at the comparison.
    const isLength = typeof length === "number" && length >= 0 &&
      length <= this.maxMessageLength && Number.isInteger(length);
    if (!isLength) {
      assertInteger("the message's length", length, 0, this.maxMessageLength);
    }
    if (this.#claimed >= 0) {
      throw new Deno.errors.Busy(
        `Cannot send to the ${this.#label()}: a message is claimed and not committed`,
      );
    }
  }

  #label(): string {
    return labelOf(this.#options.buffer);
  }
}

/** The pending messages of a sender. */
class Outgoing implements Flushable {
  isQueued = false;
  readonly isUrgent = true;
  /** The number of times that a receiver was woken. */
  wakeUps = 0;
  readonly #writer: BroadcastWriter;
  readonly #wakeEvents: WakeEvents;

  constructor(writer: BroadcastWriter, wakeEvents: WakeEvents) {
    this.#writer = writer;
    this.#wakeEvents = wakeEvents;
  }

  get count(): number {
    return this.#writer.count;
  }

  flush(): void {
    if (this.#writer.publish()) this.wake();
  }

  /** Wakes the receivers that sleep. Call this after messages were published. */
  wake(): void {
    this.wakeUps += this.#wakeEvents.wakeAll();
  }
}
