/**
 * The end of a channel that messages are taken from.
 *
 * @module
 */

import { assertFunction } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/uncloneable.ts";
import type { WaitSyncOptions } from "../../sync/mod.ts";
import { AsyncQueue } from "../../wait/queue.ts";
import {
  assertCanBlock,
  assertCanWait,
  deadlineAfter,
  timeLeft,
  type WaitOptions,
} from "../../wait/options.ts";
import { isYieldDue, yieldToEventLoop } from "../../wait/event_loop.ts";
import { decodeValue } from "./clone.ts";
import { EndWait } from "../peer/wait.ts";
import { assertNotTransferred, labelOf } from "../peer/memory.ts";
import { SendersLiveness } from "./many/liveness.ts";
import { type Liveness, PeerLiveness } from "../peer/liveness.ts";
import { leavePlace, takePlace } from "../peer/place.ts";
import { HEADER_LENGTH, RECEIVER, SENDER, WORD } from "./layout.ts";
import { RingReader } from "./reader.ts";
import type { EndOptions } from "./sender.ts";
import { takeWakeFlag, wakeFlagAt } from "../peer/wake_flag.ts";
import { type Teller, tellNow, tellSoon } from "../peer/flush_queue.ts";

/** What a receiver has done, and the channel before it. */
export interface ReceiverStats {
  /** How many messages it has taken or read. */
  readonly received: number;
  /** How often it had to wait for a message. */
  readonly waited: number;
  /** How many messages the channel's senders have dropped since it was made, modulo 2³². */
  readonly dropped: number;
}

/** Takes messages from a channel; there is one at a time, in whichever process. */
export class RingReceiver extends Uncloneable
  implements Disposable, AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #options: EndOptions;
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #reader: RingReader;
  readonly #other: Liveness;
  readonly #wait: EndWait;
  readonly #teller: Teller;
  /** Has one item, which whoever waits for a message takes. */
  readonly #turn = new AsyncQueue<true>((timeout) => this.#late({ timeout }));
  #waited = 0;
  #closed = false;

  /**
   * Takes the receiver's place; `RingChannel.receiver` calls this.
   *
   * @param options The channel.
   */
  constructor(options: EndOptions) {
    super();
    const { buffer, settings, data, space } = options;
    this.#options = options;
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    takePlace(buffer, RECEIVER, "receiver");
    try {
      const wake = () => this.#wakeSender();
      this.#reader = new RingReader(buffer, settings, wake);
      this.#other = settings.producers === "multiple"
        ? new SendersLiveness(buffer, settings)
        : new PeerLiveness(buffer, SENDER, () => data.set());
      const wakeFlag = wakeFlagAt(this.#header, RECEIVER);
      const other = this.#other;
      this.#wait = new EndWait({ buffer, wakeFlag, event: data, other, isShared: false });
      this.#teller = {
        isDue: false,
        isUrgent: false,
        done: () => this.#reader.count,
        // Nothing is pending when this is closed.
        tell: () => this.#release(),
      };
      this.#turn.put(true);
      // The last receiver may have died before it published the room that the sender waits for.
      this.#release();
      // A sender that sleeps does not know this process yet, and is to notice its end. Whether it
      // sleeps is not asked: another receiver may have been killed after it had found that out.
      space.set();
    } catch (error) {
      leavePlace(buffer, RECEIVER);
      throw error;
    }
  }

  /**
   * The ring's bytes, as {@linkcode RingReceiver.readAt} gives them: for arrays of numbers over them,
   * to be made once.
   *
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   * @throws {Deno.errors.Busy} If their buffer was transferred away.
   */
  get ring(): Uint8Array<ArrayBuffer> {
    this.#assertOpen();
    return assertNotTransferred(this.#options.ring);
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** What it has done. */
  get stats(): ReceiverStats {
    this.#assertOpen();
    const dropped = Atomics.load(this.#header, WORD.dropped) >>> 0;
    return { received: this.#reader.count, waited: this.#waited, dropped };
  }

  /**
   * Whether the sender was closed and all of its messages were received. Always `false` for a channel
   * that was made with `endsWithLastSender: false`.
   */
  get ended(): boolean {
    return this.#other.isClosed && !this.#reader.hasMessage;
  }

  /**
   * Takes the next message, if there is one.
   *
   * @returns A copy of it; `undefined` if there is none now.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it.
   * @throws {Deno.errors.InvalidData} If the channel's memory is corrupt.
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  tryReceive(): Uint8Array<ArrayBuffer> | undefined {
    this.#assertOpen();
    const message = this.#take();
    if (message !== undefined) return message;
    this.#idle();
    return this.#take();
  }

  /**
   * Takes the next message, or waits for it.
   *
   * @param options How long.
   * @returns A copy of it; `undefined` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it.
   */
  receive(options: WaitOptions = {}): Promise<Uint8Array<ArrayBuffer> | undefined> {
    // Where there is a message, it costs hardly more than the waiting for a promise.
    try {
      this.#assertOpen();
      assertCanWait(options);
      const message = this.#turn.isEmpty ? undefined : this.#take();
      if (message !== undefined) {
        return isYieldDue() ? yieldToEventLoop().then(() => message) : Promise.resolve(message);
      }
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#inTurn(options, () => this.#take());
  }

  /**
   * Waits until there is a message, for {@linkcode RingReceiver.read} and
   * {@linkcode RingReceiver.readAt}.
   *
   * @param options How long.
   * @returns Whether there is one; `false` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it.
   */
  async waitForMessage(options: WaitOptions = {}): Promise<boolean> {
    this.#assertOpen();
    assertCanWait(options);
    return await this.#inTurn(options, () => this.#reader.next() >= 0 || undefined) ?? false;
  }

  /**
   * Takes the next message, and has the thread stand still until there is one: for Workers and short
   * scripts.
   *
   * @param options How long.
   * @returns A copy of it; `undefined` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it.
   */
  receiveSync(options?: WaitSyncOptions): Uint8Array<ArrayBuffer> | undefined {
    this.#assertOpen();
    if (options !== undefined) assertCanBlock(options);
    return this.#take() ?? (this.waitForMessageSync(options) ? this.#take() : undefined);
  }

  /**
   * Has the thread stand still until there is a message, for {@linkcode RingReceiver.readAt}.
   *
   * @param options How long.
   * @returns Whether there is one; `false` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   */
  waitForMessageSync(options: WaitSyncOptions = {}): boolean {
    this.#assertOpen();
    assertCanBlock(options);
    const { timeout = Infinity } = options;
    const deadline = deadlineAfter(timeout);
    for (;;) {
      if (this.#reader.next() >= 0) return true;
      if (this.#isAtEnd()) return false;
      this.#waited++;
      if (!this.#wait.untilSync(this.#isReady, timeLeft(deadline))) {
        throw this.#late(options);
      }
    }
  }

  /**
   * Reads all messages that are there now, where they stand: nothing is copied.
   *
   * @param visit Is given the bytes of each, which are those of the ring: they may change once it
   *   returns, and if the sender does what it should not.
   * @returns How many there were.
   * @throws {Deno.errors.Busy} If their buffer was transferred away, which also ends this.
   */
  read(visit: (bytes: Uint8Array<ArrayBuffer>) => void): number {
    assertFunction("visit", visit);
    return this.readAt((ring, offset, length) =>
      visit(assertNotTransferred(ring).subarray(offset, offset + length))
    );
  }

  /**
   * Reads all messages that are there now, where they stand: nothing is copied, and nothing allocated.
   *
   * @param visit Is given the ring, and where in it each message begins and how long it is. If it
   *   throws, the message is still there.
   * @returns How many there were.
   */
  readAt(visit: (ring: Uint8Array<ArrayBuffer>, offset: number, length: number) => void): number {
    assertFunction("visit", visit);
    const count = this.#reader.read(visit, this.ring);
    if (count === 0) this.#idle();
    else if (this.#reader.isPending) tellSoon(this.#teller);
    return count;
  }

  /**
   * Takes the next value that was sent by `RingSender.sendValue`, or waits for it.
   *
   * @param options How long.
   * @returns The value; `undefined` at the end, when the sender was closed.
   * @throws {Deno.errors.InvalidData} If the message is none; it is taken all the same.
   * @throws What {@linkcode RingReceiver.receive} throws.
   */
  async receiveValue(options: WaitOptions = {}): Promise<{ value: unknown } | undefined> {
    const message = await this.receive(options);
    return message && { value: decodeValue(message, this.#label()) };
  }

  /**
   * Iterates over the messages until the end.
   *
   * @throws What {@linkcode RingReceiver.receive} throws.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    for (;;) {
      const message = await this.receive();
      if (message === undefined) return;
      yield message;
    }
  }

  /**
   * Keeps the process alive while something waits for a message, as a new receiver does.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  ref(): void {
    this.#assertOpen();
    this.#wait.hold(true);
  }

  /**
   * Lets the process end while something waits for a message. This holds for waits that have begun
   * already, and for all that follow.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  unref(): void {
    this.#assertOpen();
    this.#wait.hold(false);
  }

  /** Leaves the channel: the sender is told so. */
  close(): void {
    if (this.#closed) return;
    const { buffer, data } = this.#options;
    // From the last to the first, each whatever becomes of those before.
    using stack = new DisposableStack();
    stack.use(this.#other);
    // Whoever waits here in another way is to see that it is closed.
    stack.defer(() => this.#turn.isEmpty && data.set());
    stack.defer(() => this.#wakeSender());
    stack.defer(() => leavePlace(buffer, RECEIVER));
    // Before another one comes, who would miss what this one's wait takes.
    stack.use(this.#wait);
    stack.defer(() => {
      this.#closed = true;
    });
    stack.defer(() => this.#reader.stop());
    stack.defer(() => this.#release());
  }

  /** Leaves the channel at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Has whoever came first take what there is, and waits until there is something. */
  async #inTurn<T>(options: WaitOptions, take: () => T | undefined): Promise<T | undefined> {
    const deadline = deadlineAfter(options.timeout ?? Infinity);
    await this.#turn.take(options);
    try {
      if (isYieldDue()) await yieldToEventLoop();
      for (;;) {
        this.#assertOpen();
        const taken = take();
        if (taken !== undefined) return taken;
        if (this.#isAtEnd()) return undefined;
        this.#waited++;
        const left = { ...options, timeout: timeLeft(deadline) };
        if (!await this.#wait.until(this.#isReady, left)) throw this.#late(options);
      }
    } finally {
      this.#turn.put(true);
    }
  }

  readonly #isReady = () => this.#closed || this.#reader.hasMessage || this.#other.isGone;

  #take(): Uint8Array<ArrayBuffer> | undefined {
    const reader = this.#reader;
    const offset = reader.next();
    if (offset < 0) return undefined;
    const message = reader.ring.slice(offset, offset + reader.length);
    reader.advance();
    if (reader.isPending) tellSoon(this.#teller);
    return message;
  }

  /** There is nothing to read: does the sender know of all the room, and is it still there? */
  #idle(): void {
    this.#release();
    tellNow();
    this.#other.lookNowAndThen();
    this.#isAtEnd();
  }

  /** Whether there will be no message more, unless another sender comes. */
  #isAtEnd(): boolean {
    if (this.#other.isClosed) return !this.#reader.hasMessage;
    if (!this.#other.hasDied) return false;
    if (this.#reader.recover(() => this.#other.isSame())) return false;
    throw new Deno.errors.ConnectionReset(
      `The sender of the ${this.#label()} has died: its process or Worker ended without closing it`,
    );
  }

  #release(): void {
    if (this.#reader.isPending) this.#reader.release();
  }

  #wakeSender(): void {
    if (takeWakeFlag(this.#header, SENDER)) this.#options.space.set();
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new Deno.errors.BadResource(`The receiver of the ${this.#label()} is closed`);
    }
  }

  #label(): string {
    return labelOf(this.#options.buffer);
  }

  #late({ timeout }: WaitSyncOptions): Deno.errors.TimedOut {
    return new Deno.errors.TimedOut(`Waited ${timeout} ms for a message in the ${this.#label()}`);
  }
}
