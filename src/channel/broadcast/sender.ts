/**
 * The end of a broadcast ring that messages are put into.
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
  /** The ring's memory, in a buffer that no script gets. */
  buffer: ArrayBuffer;
  /** The ring's bytes, in the buffer that scripts get. */
  ring: Uint8Array<ArrayBuffer>;
  /** What its header said when it was checked. */
  settings: BroadcastSettings;
  /** Where receivers sleep. */
  wakeEvents: WakeEvents;
  /** The machine that the end runs on. @default this one */
  machine?: Machine;
}

/** What a sender has done. */
export interface BroadcastSenderStats {
  /** How many messages it has sent. */
  readonly messages: number;
  /** How many bytes were in them. */
  readonly bytes: number;
  /** How often it had to wake a receiver that slept, which takes a call of the system. */
  readonly wakeUps: number;
}

/** Takes the sender's place. */
export let openSender: (options: BroadcastEndOptions) => BroadcastSender;

/**
 * Puts messages into a broadcast ring; {@linkcode BroadcastRing.sender} gives it. There is one at a
 * time, in whichever process. It never waits: where receivers are slow, the oldest messages are written
 * over.
 */
export class BroadcastSender extends Uncloneable implements Disposable {
  /** The longest message, in bytes. */
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
      // Receivers that sleep do not watch this process yet. And who sent before may have been killed
      // with bits taken and events not set.
      wakeEvents.wakeEveryone(); // guard: broadcast-sender-comes
    } catch (error) {
      leavePlace(this.#header, SENDER, { machine });
      throw error;
    }
  }

  /**
   * The ring's bytes, for {@linkcode BroadcastSender.claimAt}.
   *
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.Busy} If their buffer was transferred away: what is written to it is lost.
   */
  get ring(): Uint8Array<ArrayBuffer> {
    this.#assertOpen();
    const { ring } = this.#options;
    return assertNotTransferred(ring);
  }

  /** What it has done until now. */
  get stats(): BroadcastSenderStats {
    return { messages: this.#messages, bytes: this.#bytes, wakeUps: this.#outgoing.wakeUps };
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends a message, in place of the oldest ones.
   *
   * Receivers see it at the end of this event-loop turn, and before that when 512 bytes
   * have come together, when anything of this module waits, or with {@linkcode BroadcastSender.flush}.
   *
   * @param source The message. A shared buffer must not grow during the call.
   * @throws {TypeError} If it is not bytes, or its buffer was transferred away.
   * @throws {RangeError} If it is longer than the ring's longest message.
   * @throws {Deno.errors.Busy} If a message is claimed.
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.InvalidData} If the ring has no positions left: there are 2⁵³, of 16 bytes each.
   */
  send(source: ByteSource): void {
    const isPlain = source instanceof Uint8Array && source.length !== 0;
    const bytes = isPlain ? source : bytesOf("the message", source);
    this.#assertReady(bytes.length);
    this.#note(bytes.length, this.#writer.write(bytes));
  }

  /**
   * Makes room for a message, to be written into {@linkcode BroadcastSender.ring} where it will be read:
   * nothing is copied and nothing allocated.
   *
   * @param length Its length in bytes.
   * @returns Where it begins in `ring`, at a multiple of 16. What lies outside of it is read by others.
   * @throws {RangeError} If it is longer than the ring's longest message.
   * @throws {Deno.errors.Busy} If a message is claimed already.
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.InvalidData} If the ring has no positions left: see {@linkcode BroadcastSender.send}.
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
   * @param length How much of it. @default all
   * @throws {TypeError} If none is claimed.
   * @throws {RangeError} If more is to be sent than was claimed.
   * @throws {Deno.errors.BadResource} If the sender is closed.
   */
  commit(length: number = this.#claimed): void {
    this.#assertOpen();
    if (this.#claimed < 0) throw new TypeError("Expected a message to be claimed before");
    if (length !== this.#claimed) assertInteger("length", length, 0, this.#claimed);
    this.#claimed = -1;
    this.#note(length, this.#writer.commit(length));
  }

  /** Gives up the message that was claimed, if one is. */
  abort(): void {
    this.#claimed = -1;
  }

  /**
   * Lets receivers see all that was sent.
   *
   * @throws {Deno.errors.BadResource} If the sender is closed.
   */
  flush(): void {
    this.#assertOpen();
    this.#outgoing.flush();
  }

  /** Ends the stream: receivers get what was sent and is still there, and then the end. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // From the last to the first, each whatever becomes of those before.
    using stack = new DisposableStack();
    stack.defer(() => this.#outgoing.wake());
    stack.defer(() => leavePlace(this.#header, SENDER, { machine: this.#machine }));
    stack.defer(() => this.#outgoing.flush());
  }

  /** Ends the stream at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Counts a message that was committed, and does what that has left to be done. */
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

/** The messages that are committed and not published. */
class Outgoing implements Flushable {
  isQueued = false;
  readonly isUrgent = true;
  /** How many receivers were woken. */
  wakeUps = 0;
  readonly #writer: BroadcastWriter;
  readonly #wakeEvents: WakeEvents;

  /** @param wakeEvents The events of all receivers. */
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

  /** Wakes the receivers that sleep, after something was published. */
  wake(): void {
    this.wakeUps += this.#wakeEvents.wakeAll();
  }
}
