/**
 * Waiting for messages and taking them, for the receivers of channels and of broadcast rings.
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
import type { Liveness } from "./liveness.ts";
import type { Machine } from "./machine.ts";
import { labelOf } from "./memory.ts";
import { EndWait } from "./wait.ts";
import type { WakeFlag } from "./wake.ts";

/** Messages that arrive: those of a ring, or of a broadcast ring. */
export interface Incoming<M> {
  /** Takes the next message; `undefined` if there is none now. */
  take(): M | undefined;
  /** Looks whether there is a message. */
  look(): boolean;
  /**
   * Takes in what the sender has committed and not published, once its process has ended.
   *
   * @param isSame Whether no other sender has taken the place since.
   * @returns Whether there is a message.
   */
  recover(isSame: () => boolean): boolean;
}

/** What a receiver receives with. */
export interface ReceivingOptions<M> {
  /** The memory of both ends. */
  buffer: ArrayBuffer;
  /** The messages. */
  incoming: Incoming<M>;
  /** The sender, or all of them. */
  peer: Liveness;
  /** The machine that the end runs on. */
  machine: Machine;
  /** Gives the receiver's flag when it has to wait for the first time. */
  takeWakeFlag: () => WakeFlag;
  /** Whether a sender may come without waking this receiver. */
  seeksPeer: boolean;
}

/** Takes messages, and waits for them one caller after the other, until the end. */
export class Receiving<M> implements Disposable {
  readonly #buffer: ArrayBuffer;
  readonly #incoming: Incoming<M>;
  readonly #peer: Liveness;
  readonly #machine: Machine;
  readonly #takeWakeFlag: () => WakeFlag;
  readonly #seeksPeer: boolean = false;
  /** Who waits for a message has it. */
  readonly #lock = new Lock((timeout) => this.#late({ timeout }));
  #wait: EndWait | undefined;
  #isHeld = true;
  #waited = 0;
  #closed = false;

  /** @param options What to receive with. */
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

  /** How often it had to wait. */
  get waited(): number {
    return this.#waited;
  }

  /** Whether somebody waits by a promise. */
  get isWaiting(): boolean {
    return this.#lock.isHeld;
  }

  /**
   * Throws if the receiver is closed.
   *
   * @throws {Deno.errors.BadResource} If it is.
   */
  assertOpen(): void {
    if (this.#closed) {
      throw new Deno.errors.BadResource(`The receiver of the ${labelOf(this.#buffer)} is closed`);
    }
  }

  /** Takes the next message, or waits for it; gives `undefined` at the end. */
  receive(options: WaitOptions): Promise<M | undefined> {
    // Where there is a message, it costs hardly more than the waiting for a promise.
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
    return this.waitFor(() => this.#incoming.take(), options);
  }

  /** Takes the next message, or blocks until there is one; gives `undefined` at the end. */
  receiveSync(options?: WaitSyncOptions): M | undefined {
    this.assertOpen();
    if (options !== undefined) assertCanBlock(options);
    return this.#incoming.take() ?? this.waitForSync(() => this.#incoming.take(), options);
  }

  /** Takes messages until the end. */
  async *messages(): AsyncGenerator<M, void, void> {
    for (;;) {
      const message = await this.receive({});
      if (message === undefined) return;
      yield message;
    }
  }

  /**
   * Waits until there is something to take, after those that wait already.
   *
   * @param take Takes it; gives `undefined` if there is nothing.
   * @returns What `take` gave; `undefined` at the end.
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
      // Its event may be closed with it, which is not what the caller has asked for.
      this.assertOpen();
      throw error;
    } finally {
      this.#lock.release();
    }
  }

  /** Does what {@linkcode waitFor} does, and blocks meanwhile. */
  waitForSync<T>(take: () => T | undefined, options: WaitSyncOptions = {}): T | undefined {
    this.assertOpen();
    assertCanBlock(options);
    const deadline = deadlineAfter(options.timeout ?? Infinity, this.#machine);
    for (;;) {
      const taken = take();
      if (taken !== undefined) return taken;
      if (this.settleEnd()) return undefined;
      this.#waited++;
      if (!this.#open().untilSync(this.#look, timeLeft(deadline, this.#machine))) {
        throw this.#late(options);
      }
    }
  }

  /**
   * Settles what there is of the sender: takes in what one that has died had committed.
   *
   * @returns Whether there will be no message more, unless another sender comes.
   *
   * @throws {Deno.errors.ConnectionReset} If the sender has died, and there is nothing left of it.
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

  /** Sets whether the process lives for as long as something waits for a message. */
  hold(isHeld: boolean): void {
    this.assertOpen();
    this.#isHeld = isHeld;
    this.#wait?.hold(isHeld);
  }

  /** Closes the receiver: whoever waits is to look, and nobody will wait any more. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#wait?.[Symbol.dispose]();
  }

  readonly #look = () => this.#closed || this.#incoming.look() || this.#peer.look() !== "alive";

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
