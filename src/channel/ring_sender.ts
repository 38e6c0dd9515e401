/**
 * The end of a channel that messages are put into.
 *
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import type { SharedEvent } from "../sync/mod.ts";
import { Mailbox } from "../waiting/mailbox.ts";
import { assertTimeout, type WaitOptions } from "../waiting/poll.ts";
import { EndWait } from "./end_wait.ts";
import { OtherEnd } from "./other_end.ts";
import { leavePlace, takePlace } from "./ownership.ts";
import { HEADER_LENGTH, RECEIVER, type RingSettings, SENDER } from "./ring_header.ts";
import { RingWriter } from "./ring_writer.ts";
import { takeSleeper } from "./sleep.ts";
import { tellAtTurnEnd, type Teller } from "./turn_end.ts";

/** What an end needs of its channel. */
export interface EndOptions {
  /** The channel's memory. */
  buffer: ArrayBuffer;
  /** What its header said when it was checked. */
  settings: RingSettings;
  /** The event that is set when there are messages. */
  data: SharedEvent;
  /** The event that is set when there is room. */
  space: SharedEvent;
}

/** Puts messages into a channel; there is one at a time, in whichever process. */
export class RingSender implements Disposable {
  /** The longest message, in bytes. */
  readonly maxMessageLength: number;
  readonly #options: EndOptions;
  readonly #writer: RingWriter;
  readonly #other: OtherEnd;
  readonly #wait: EndWait;
  readonly #teller: Teller;
  /** Has one item, which whoever waits for room takes, so that messages stay in order. */
  readonly #turn = new Mailbox<true>();
  #claimed = -1;
  #dropped = 0;
  #closed = false;

  /**
   * Takes the sender's place; `RingChannel.sender` calls this.
   *
   * @param options The channel.
   */
  constructor(options: EndOptions) {
    const { buffer, settings, data, space } = options;
    takePlace(buffer, SENDER, "sender");
    try {
      const header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
      const wake = () => {
        if (takeSleeper(header, RECEIVER)) data.set();
      };
      this.#options = options;
      this.#writer = new RingWriter(buffer, settings, wake);
      this.#other = new OtherEnd(buffer, RECEIVER, () => space.set());
      this.#wait = new EndWait(buffer, SENDER, space, this.#other);
      this.#teller = {
        isDue: false,
        tell: () => this.#writer.isPending && !this.#closed && this.flush(),
      };
      this.maxMessageLength = this.#writer.maxMessageLength;
      this.#turn.put(true);
      // A receiver that sleeps does not know this process yet, and is to notice its end. Whether it
      // sleeps is not asked: another sender may have been killed after it had found that out.
      data.set();
    } catch (error) {
      leavePlace(buffer, SENDER);
      throw error;
    }
  }

  /**
   * The ring's bytes, for {@linkcode RingSender.claimAt}.
   *
   * @throws {Deno.errors.BadResource} If the sender is closed.
   */
  get ring(): Uint8Array<ArrayBuffer> {
    this.#assertOpen();
    return this.#writer.ring;
  }

  /** How many messages were dropped because the ring was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Puts a message into the ring, if there is room.
   *
   * The receiver sees it at the end of this turn of the event loop, and before that when 512 bytes
   * have come together, when anything of this module waits, or with {@linkcode RingSender.flush}.
   *
   * @param bytes The message.
   * @returns Whether there was room.
   * @throws {RangeError} If it is longer than the channel's longest message.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   * @throws {Deno.errors.Busy} If a message is claimed.
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.InvalidData} If the channel's memory says what cannot be.
   */
  trySend(bytes: Uint8Array): boolean {
    this.#assertReady(bytes.length);
    if (!this.#writer.write(bytes)) return this.#refuse();
    if (this.#writer.isPending) tellAtTurnEnd(this.#teller);
    return true;
  }

  /**
   * Puts a message into the ring, in turn. Where it is full, it does what the channel was made for.
   *
   * @param bytes The message.
   * @param options How long to wait for room.
   * @returns Whether it was put there, and not dropped.
   * @throws {Deno.errors.WouldBlock} If the ring is full, and the channel is one that then fails.
   * @throws {Deno.errors.TimedOut} If there was no room in time.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   */
  async send(bytes: Uint8Array, options: WaitOptions = {}): Promise<boolean> {
    const { timeout = Infinity, signal } = options;
    assertTimeout(timeout);
    signal?.throwIfAborted();
    if (!this.#turn.isEmpty) {
      if (this.trySend(bytes)) return true;
      if (!this.#isToWait()) return false;
    }
    // It may be changed while it waits.
    const message = bytes.slice();
    const deadline = performance.now() + timeout;
    await this.#turn.take(options);
    try {
      while (!this.trySend(message)) {
        if (!this.#isToWait()) return false;
        const left = Math.max(Math.ceil(deadline - performance.now()), 0);
        const isReady = () => this.#isReadyFor(message.length);
        await this.#wait.until(isReady, { timeout: left, ...(signal && { signal }) });
      }
      return true;
    } finally {
      this.#turn.put(true);
    }
  }

  /**
   * Puts a message into the ring, and has the thread stand still while it is full: for Workers and
   * short scripts. The receiver sees it at once.
   *
   * @param bytes The message.
   * @param options How long to wait for room.
   * @returns Whether it was put there, and not dropped.
   * @throws {Deno.errors.Busy} If messages wait for room already.
   * @throws {Deno.errors.WouldBlock} If the ring is full, and the channel is one that then fails.
   * @throws {Deno.errors.TimedOut} If there was no room in time.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   */
  sendSync(bytes: Uint8Array, { timeout = Infinity }: { timeout?: number } = {}): boolean {
    assertTimeout(timeout);
    this.#assertReady(bytes.length);
    if (this.#turn.isEmpty) throw new Deno.errors.Busy("Other messages wait for room");
    const deadline = performance.now() + timeout;
    while (!this.#writer.write(bytes)) {
      if (!this.#refuse() && !this.#isToWait()) return false;
      this.#waitSync(bytes.length, Math.max(deadline - performance.now(), 0));
    }
    if (this.#writer.isPending) this.#writer.publish();
    return true;
  }

  /**
   * Has the thread stand still until there is room for a message, for {@linkcode RingSender.claimAt}.
   *
   * @param length The message's length in bytes.
   * @param options How long.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   */
  waitForRoomSync(length: number, { timeout = Infinity }: { timeout?: number } = {}): void {
    assertTimeout(timeout);
    this.#assertReady(length);
    this.#waitSync(length, timeout);
  }

  /**
   * Finds room for a message, to be written into {@linkcode RingSender.ring} where it will be read:
   * nothing is copied and nothing allocated.
   *
   * @param length Its length in bytes.
   * @returns Where it begins in `ring`, at a multiple of 8; -1 if there is no room.
   */
  claimAt(length: number): number {
    this.#assertReady(length);
    const offset = this.#writer.claim(length);
    if (offset >= 0) this.#claimed = length;
    else this.#refuse();
    return offset;
  }

  /**
   * Sends the message that was claimed.
   *
   * @param length How much of it. @default all
   * @throws {TypeError} If none is claimed.
   */
  commit(length: number = this.#claimed): void {
    this.#assertOpen();
    if (this.#claimed < 0) throw new TypeError("Expected a message to be claimed before");
    if (length !== this.#claimed) assertInteger("length", length, 0, this.#claimed);
    this.#claimed = -1;
    this.#writer.commit(length);
    if (this.#writer.isPending) tellAtTurnEnd(this.#teller);
  }

  /** Gives up the message that was claimed, if one is. */
  abort(): void {
    this.#claimed = -1;
  }

  /** Tells the receiver of all that was sent. */
  flush(): void {
    this.#assertOpen();
    if (this.#writer.isPending) this.#writer.publish();
  }

  /** Ends the stream: the receiver gets what was sent, and then the end. */
  close(): void {
    if (this.#closed) return;
    const { buffer, data, space } = this.#options;
    if (this.#writer.isPending) this.#writer.publish();
    this.#closed = true;
    leavePlace(buffer, SENDER);
    if (takeSleeper(new Int32Array(buffer, 0, HEADER_LENGTH / 4), RECEIVER)) data.set();
    // Whoever waits here is to see that it is closed.
    if (this.#turn.isEmpty) space.set();
    this.#other[Symbol.dispose]();
  }

  /** Ends the stream at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #waitSync(length: number, timeout: number): void {
    const isReady = () => this.#isReadyFor(length);
    if (!this.#wait.untilSync(isReady, timeout)) {
      throw new Deno.errors.TimedOut(`Waited ${timeout} ms for room in the channel`);
    }
    this.#assertReady(length);
  }

  #isReadyFor(length: number): boolean {
    // The look at the room comes first, for it is what keeps the others behind `announceSleep`.
    return this.#closed || this.#writer.hasRoom(length) || this.#other.isGone;
  }

  /** There was no room: is there anybody who will make some? */
  #refuse(): false {
    this.#other.lookNowAndThen();
    if (this.#other.isGone) throw brokenPipe();
    return false;
  }

  #isToWait(): boolean {
    const { whenFull } = this.#options.settings;
    if (whenFull === "fail") throw new Deno.errors.WouldBlock("The channel is full");
    if (whenFull === "drop") this.#dropped++;
    return whenFull === "wait";
  }

  #assertOpen(): void {
    if (this.#closed) throw new Deno.errors.BadResource("The channel's sender is closed");
  }

  #assertReady(length: number): void {
    this.#assertOpen();
    if (!(length >= 0 && length <= this.maxMessageLength) || !Number.isInteger(length)) {
      assertInteger("the message's length", length, 0, this.maxMessageLength);
    }
    if (this.#claimed >= 0) throw new Deno.errors.Busy("A message is claimed and not committed");
    if (this.#other.isClosed) throw brokenPipe();
  }
}

function brokenPipe(): Deno.errors.BrokenPipe {
  return new Deno.errors.BrokenPipe("The channel has no receiver any more");
}
