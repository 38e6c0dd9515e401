/**
 * An end of a broadcast ring that messages are received at.
 *
 * @module
 */

import { pickOptions } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
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
import { SENDER } from "./layout.ts";
import { type BroadcastMessage, BroadcastReader } from "./reader.ts";
import type { BroadcastEndOptions } from "./sender.ts";
import { EndWait } from "../peer/wait.ts";
import { labelOf } from "../peer/memory.ts";
import { limitSleep, PeerLiveness } from "../peer/liveness.ts";
import { WAKE_CHECKS, type WakeEvent, type WakeOptions } from "../peer/wake_events.ts";
import { tellNow } from "../peer/flush_queue.ts";

/**
 * Receives what is sent to a broadcast ring from the moment it came; there can be any number, in
 * whichever processes.
 *
 * A receiver for which the sender is too quick goes on with the newest message, and is told how many it
 * missed; the newest of all messages is never among them.
 */
export class BroadcastReceiver extends Uncloneable
  implements Disposable, AsyncIterable<BroadcastMessage> {
  readonly #options: BroadcastEndOptions & WakeOptions;
  readonly #reader: BroadcastReader;
  readonly #sender: PeerLiveness;
  /** Has one item, which whoever waits for a message takes. */
  readonly #turn = new AsyncQueue<true>((timeout) => this.#late({ timeout }));
  #wakeEvent: WakeEvent | undefined;
  #wait: EndWait | undefined;
  #closed = false;
  #isHeld = true;

  /**
   * Begins to receive; `BroadcastRing.receiver` calls this.
   *
   * @param options The ring, and who may wake this receiver.
   */
  constructor(options: BroadcastEndOptions & WakeOptions) {
    super();
    const { buffer, settings } = options;
    this.#options = options;
    this.#reader = new BroadcastReader(buffer, settings);
    this.#sender = new PeerLiveness(
      buffer,
      SENDER,
      () => this.#closed || this.#wakeEvent?.event.set(),
    );
    this.#turn.put(true);
  }

  /** How many messages were missed until now, all together. */
  get missed(): number {
    return this.#reader.missed;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the sender was closed and there is nothing more to receive. */
  get ended(): boolean {
    this.#assertOpen();
    return this.#sender.isClosed && !this.#reader.hasMessage;
  }

  /**
   * Takes the next message, if there is one.
   *
   * @returns A copy of it; `undefined` if there is none now.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it. Another sender may come, and then there are messages again.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.Busy} If the ring is so small, and the sender so quick, that no message stood
   *   still long enough.
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  tryReceive(): BroadcastMessage | undefined {
    this.#assertOpen();
    const message = this.#reader.take();
    if (message !== undefined) return message;
    tellNow();
    this.#sender.lookNowAndThen();
    this.#isAtEnd();
    return this.#reader.take();
  }

  /**
   * Takes the next message, or waits for it.
   *
   * @param options How long.
   * @returns A copy of it; `undefined` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it. Another sender may come, and then there are messages again.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.Busy} If 64 receivers wait already; or if the ring is so small, and the sender so
   *   quick, that no message stood still long enough.
   * @throws {Deno.errors.BadResource} If the receiver is closed, or is closed meanwhile.
   */
  async receive(options: WaitOptions = {}): Promise<BroadcastMessage | undefined> {
    this.#assertOpen();
    assertCanWait(options);
    const message = this.#turn.isEmpty ? undefined : this.#reader.take();
    if (message !== undefined) {
      if (isYieldDue()) await yieldToEventLoop();
      return message;
    }
    const deadline = deadlineAfter(options.timeout ?? Infinity);
    await this.#turn.take(options);
    try {
      if (isYieldDue()) await yieldToEventLoop();
      for (;;) {
        this.#assertOpen();
        const message = this.#reader.take();
        if (message !== undefined) return message;
        if (this.#isAtEnd()) return undefined;
        const left = timeLeft(deadline);
        const timeout = limitSleep(this.#sender, left);
        const isReady = await this.#waiting().until(this.#isReady, { ...options, timeout });
        if (!isReady && timeout === left) throw this.#late(options);
      }
    } catch (error) {
      // Its event is closed with it, which is not what the caller has asked for.
      this.#assertOpen();
      throw error;
    } finally {
      this.#turn.put(true);
    }
  }

  /**
   * Takes the next message, and has the thread stand still until there is one: for Workers and short
   * scripts.
   *
   * @param options How long.
   * @returns A copy of it; `undefined` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it. Another sender may come, and then there are messages again.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.Busy} If 64 receivers wait already; or if the ring is so small, and the sender so
   *   quick, that no message stood still long enough.
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  receiveSync(options: WaitSyncOptions = {}): BroadcastMessage | undefined {
    this.#assertOpen();
    assertCanBlock(options);
    const { timeout = Infinity } = options;
    const deadline = deadlineAfter(timeout);
    for (;;) {
      const message = this.#reader.take();
      if (message !== undefined) return message;
      if (this.#isAtEnd()) return undefined;
      const left = timeLeft(deadline);
      const part = limitSleep(this.#sender, left);
      if (!this.#waiting().untilSync(this.#isReady, part) && part === left) {
        throw this.#late(options);
      }
    }
  }

  /**
   * Iterates over the messages until the end.
   *
   * @throws What {@linkcode BroadcastReceiver.receive} throws.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<BroadcastMessage, void, void> {
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
    this.#hold(true);
  }

  /**
   * Lets the process end while something waits for a message. This holds for waits that have begun
   * already, and for all that follow.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  unref(): void {
    this.#hold(false);
  }

  /** Stops receiving. */
  close(): void {
    this.#closed = true;
    // From the last to the first, each whatever becomes of those before.
    using stack = new DisposableStack();
    stack.use(this.#sender);
    stack.use(this.#wakeEvent);
    stack.use(this.#wait);
  }

  /** Stops receiving at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  readonly #isReady = () => this.#closed || this.#reader.hasMessage || this.#sender.isGone;

  /** The wake event is taken when it is first needed, and then kept. */
  #waiting(): EndWait {
    if (this.#wait === undefined) {
      this.#wakeEvent = this.#options.wakeEvents.take(pickOptions(this.#options, WAKE_CHECKS));
      this.#wait = new EndWait({
        buffer: this.#options.buffer,
        wakeFlag: this.#wakeEvent,
        event: this.#wakeEvent.event,
        other: this.#sender,
        isShared: false,
      });
      this.#wait.hold(this.#isHeld);
    }
    return this.#wait;
  }

  #hold(isHeld: boolean): void {
    this.#assertOpen();
    this.#isHeld = isHeld;
    this.#wait?.hold(isHeld);
  }

  /** Whether there will be no message more, unless another sender comes. */
  #isAtEnd(): boolean {
    if (this.#sender.isClosed) return !this.#reader.hasMessage;
    if (!this.#sender.hasDied) return false;
    if (this.#reader.recover(() => this.#sender.isSame())) return false;
    throw new Deno.errors.ConnectionReset(
      `The sender of the ${this.#label()} has died: its process or Worker ended without closing it`,
    );
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
