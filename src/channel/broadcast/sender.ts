/**
 * The sender of a broadcast ring.
 *
 * @module
 */

import { assertInteger, bytesOf, type ByteSource } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { type BroadcastSettings, headerWordsOf, SENDER } from "./layout.ts";
import { BroadcastWriter } from "./writer.ts";
import { type HeaderWords, leavePlace, takePlace } from "../peer/place.ts";
import { assertNotTransferred, labelOf } from "../peer/memory.ts";
import type { WakeEvents } from "../peer/wake.ts";
import type { Flushable } from "../peer/flush_queue.ts";
import type { Machine } from "../peer/machine.ts";
import { MACHINE } from "../peer/windows.ts";

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

/** Opens a sender; {@linkcode BroadcastRing.sender} calls this. */
export let openSender: (options: BroadcastEndOptions) => BroadcastSender;

/**
 * Sends messages to all receivers of a broadcast ring. {@linkcode BroadcastRing.sender} opens it. A
 * ring has only one sender at a time, in any process.
 *
 * A sender never waits. If receivers are slow, it overwrites the oldest messages.
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
export class BroadcastSender extends Uncloneable implements Disposable {
  /** Maximum length of a message in bytes. */
  readonly maxMessageLength: number;
  readonly #options: BroadcastEndOptions;
  readonly #header: HeaderWords;
  readonly #machine: Machine;
  readonly #writer: BroadcastWriter;
  readonly #outgoing: Outgoing;
  #claimed = -1;
  #messages = 0;
  #bytes = 0;
  #closed = false;

  static {
    openSender = (options) => new BroadcastSender(options);
  }

  private constructor(options: BroadcastEndOptions) {
    super();
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
