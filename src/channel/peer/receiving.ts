/**
 * The common part of the receivers of channels and broadcast rings: waits for messages and takes
 * them.
 *
 * @module
 */

import {
  assertCanBlock,
  assertCanWait,
  deadlineAfter,
  timeLeft,
  type WaitOptions,
} from "../../wait/options.ts";
import { Lock } from "../../wait/queue.ts";
import type { WaitSyncOptions } from "../../sync/mod.ts";
import type { Liveness } from "./place.ts";
import type { Machine } from "./machine.ts";
import { labelOf } from "./memory.ts";
import { EndWait } from "./wait.ts";
import type { WakeFlag } from "./wake.ts";

/** The messages that arrive in a channel or a broadcast ring. */
export interface Incoming<M> {
  /** Takes the next message; returns `undefined` if none has arrived. */
  take(): M | undefined;
  /** Returns whether there is a message to take. */
  look(): boolean;
  /**
   * After the sender's death: makes the messages that it had committed and not published available.
   *
   * @param isSame Returns whether the dead sender still has its place.
   * @returns Whether there is a message to take.
   */
  recover(isSame: () => boolean): boolean;
  /**
   * Whether the sender seems to wait for this script. A wait then calls its `take`, which finds out.
   *
   * @default always false
   */
  readonly isStuck?: boolean;
}

/** Options of {@linkcode Receiving}. */
export interface ReceivingOptions<M> {
  /** The memory of both ends. */
  buffer: ArrayBuffer;
  /** The messages. */
  incoming: Incoming<M>;
  /** The state of the sender, or of all senders. */
  peer: Liveness;
  /** The machine that the end runs on. */
  machine: Machine;
  /** Returns the receiver's wake flag. Is called once, before the first wait. */
  takeWakeFlag: () => WakeFlag;
  /** Whether a sender can come without waking this receiver. */
  seeksPeer: boolean;
}

/** Takes messages until the stream ends. Several callers that wait get their messages in order. */
export class Receiving<M> implements Disposable {
  readonly #buffer: ArrayBuffer;
  readonly #incoming: Incoming<M>;
  readonly #peer: Liveness;
  readonly #machine: Machine;
  readonly #takeWakeFlag: () => WakeFlag;
  readonly #seeksPeer: boolean = false;
  /** Held by the caller that waits for a message. */
  readonly #lock = new Lock((timeout) => this.#late({ timeout }));
  #wait: EndWait | undefined;
  #isHeld = true;
  #waited = 0;
  #closed = false;

  constructor(
    { buffer, incoming, peer, machine, takeWakeFlag, seeksPeer }: ReceivingOptions<M>,
  ) {
    this.#buffer = buffer;
    this.#incoming = incoming;
    this.#peer = peer;
    this.#machine = machine;
    this.#takeWakeFlag = takeWakeFlag;
    this.#seeksPeer = seeksPeer;
  }

  /** Whether the receiver is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The number of times that the receiver had to wait. */
  get waited(): number {
    return this.#waited;
  }

  /** Whether a caller waits by a promise. */
  get isWaiting(): boolean {
    return this.#lock.isHeld;
  }

  /**
   * Checks that the receiver is open.
   *
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  assertOpen(): void {
    if (this.#closed) {
      throw new Deno.errors.BadResource(`The receiver of the ${labelOf(this.#buffer)} is closed`);
    }
  }

  /** Waits for the next message and takes it; returns `undefined` at the end of the stream. */
  receive(options: WaitOptions): Promise<M | undefined> {
    // No async function: if a message is there, this costs hardly more than to await a promise.
    try {
      this.assertOpen();
      assertCanWait(options);
      const message = this.#lock.isHeld ? undefined : this.#incoming.take();
      if (message !== undefined) {
        const { eventLoop } = this.#machine;
        return eventLoop.countWait()
          ? eventLoop.turn().then(() => message)
          : Promise.resolve(message);
      }
    } catch (error) {
      return Promise.reject(error);
    }
    return this.waitFor(this.#take, options);
  }

  /** Blocks until there is a message and takes it; returns `undefined` at the end of the stream. */
  receiveSync(options?: WaitSyncOptions): M | undefined {
    this.assertOpen();
    if (options !== undefined) assertCanBlock(options);
    return this.#waitSync(this.#take, options);
  }

  /** Yields messages until the stream ends. */
  async *messages(): AsyncGenerator<M, void, void> {
    for (;;) {
      const message = await this.receive({});
      if (message === undefined) return;
      yield message;
    }
  }

  /**
   * Waits until `take` returns something. Callers that wait already come first.
   *
   * @param take Takes a message or another result; returns `undefined` if there is none yet.
   * @returns The result of `take`; `undefined` at the end of the stream.
   */
  async waitFor<T>(take: () => T | undefined, options: WaitOptions): Promise<T | undefined> {
    const deadline = deadlineAfter(options.timeout ?? Infinity, this.#machine);
    await this.#lock.acquire(options);
    try {
      if (this.#machine.eventLoop.countWait()) await this.#machine.eventLoop.turn();
      for (;;) {
        this.assertOpen();
        const taken = take();
        if (taken !== undefined) return taken;
        if (this.settleEnd()) return undefined;
        this.#waited++;
        const left = { ...options, timeout: timeLeft(deadline, this.#machine) };
        if (!await this.#open().until(this.#look, left)) throw this.#late(options);
      }
    } catch (error) {
      // If the receiver was closed during the wait, say this: the error can be about its wake
      // event.
      this.assertOpen();
      throw error;
    } finally {
      this.#lock.release();
    }
  }

  /** Does the same as {@linkcode waitFor}, but blocks the thread. */
  waitForSync<T>(take: () => T | undefined, options?: WaitSyncOptions): T | undefined {
    this.assertOpen();
    if (options !== undefined) assertCanBlock(options);
    return this.#waitSync(take, options);
  }

  /**
   * Checks whether the stream has ended. If the sender has died, first makes the messages available
   * that it had committed.
   *
   * @returns Whether the sender was closed and all messages are taken. Another sender may come.
   * @throws {Deno.errors.ConnectionReset} If the sender has died, and all messages are taken.
   */
  settleEnd(): boolean {
    const state = this.#peer.look();
    if (state === "closed") return !this.#incoming.look();
    if (state === "alive" || this.#incoming.recover(() => this.#peer.isSame())) return false;
    throw new Deno.errors.ConnectionReset(
      `The sender of the ${
        labelOf(this.#buffer)
      } has died: its process or Worker ended without closing it`,
    );
  }

  /** Sets whether a wait for a message keeps the process alive. */
  hold(isHeld: boolean): void {
    this.assertOpen();
    this.#isHeld = isHeld;
    this.#wait?.hold(isHeld);
  }

  /** Closes the receiver. A wait that is under way ends, and no other wait can begin. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#wait?.[Symbol.dispose]();
  }

  // Made once, and not for each wait.
  readonly #take = () => this.#incoming.take();
  readonly #look = () =>
    this.#closed || this.#incoming.look() || this.#peer.look() !== "alive" ||
    this.#incoming.isStuck === true;

  #waitSync<T>(take: () => T | undefined, options?: WaitSyncOptions): T | undefined {
    const first = take();
    if (first !== undefined) return first;
    const deadline = deadlineAfter(options?.timeout ?? Infinity, this.#machine);
    while (!this.settleEnd()) {
      this.#waited++;
      if (!this.#open().untilSync(this.#look, timeLeft(deadline, this.#machine))) {
        throw this.#late(options ?? {});
      }
      const taken = take();
      if (taken !== undefined) return taken;
    }
    return undefined;
  }

  /** Returns the wait of this receiver, which is made at the first call. */
  #open(): EndWait {
    if (this.#wait === undefined) {
      this.#wait = new EndWait({
        buffer: this.#buffer,
        wakeFlag: this.#takeWakeFlag(),
        peer: this.#peer,
        machine: this.#machine,
        seeksPeer: this.#seeksPeer,
      });
      this.#wait.hold(this.#isHeld);
    }
    return this.#wait;
  }

  #late({ timeout }: WaitSyncOptions): Deno.errors.TimedOut {
    return new Deno.errors.TimedOut(
      `Waited ${timeout} ms for a message in the ${labelOf(this.#buffer)}`,
    );
  }
}
