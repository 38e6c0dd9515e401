/**
 * An end of a broadcast ring that messages are received at.
 *
 * @module
 */

import { pickOptions } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { WaitSyncOptions } from "../../sync/mod.ts";
import type { WaitOptions } from "../../wait/options.ts";
import { headerWordsOf, SENDER } from "./layout.ts";
import { type BroadcastMessage, BroadcastReader } from "./reader.ts";
import type { BroadcastEndOptions } from "./sender.ts";
import { PeerLiveness } from "../peer/liveness.ts";
import { WAKE_CHECKS, type WakeEvent, type WakeOptions } from "../peer/wake.ts";
import type { Machine } from "../peer/machine.ts";
import { MACHINE } from "../peer/windows.ts";
import { Receiving } from "../peer/receiving.ts";

/** Begins to receive. */
export let openReceiver: (options: BroadcastEndOptions & WakeOptions) => BroadcastReceiver;

/**
 * Receives what is sent to a broadcast ring from the moment it came; {@linkcode BroadcastRing.receiver}
 * gives it. There can be any number, in whichever processes.
 *
 * A receiver for which the sender is too quick goes on with the newest message, and learns how many it
 * missed; the newest of all messages is never among them.
 */
export class BroadcastReceiver extends Uncloneable
  implements Disposable, AsyncIterable<BroadcastMessage> {
  readonly #reader: BroadcastReader;
  readonly #peer: PeerLiveness;
  readonly #machine: Machine;
  readonly #receiving: Receiving<BroadcastMessage>;
  /** Taken when it is first needed, and then kept. */
  #wakeEvent: WakeEvent | undefined;

  static {
    openReceiver = (options) => new BroadcastReceiver(options);
  }

  private constructor(options: BroadcastEndOptions & WakeOptions) {
    super();
    const { buffer, settings, wakeEvents, machine = MACHINE } = options;
    this.#machine = machine;
    this.#reader = new BroadcastReader(buffer, settings);
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
      // A sender that is killed as it comes may wake nobody.
      seeksPeer: true,
    });
  }

  /** How many messages were missed until now, all together. */
  get missed(): number {
    return this.#reader.missed;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#receiving.closed;
  }

  /**
   * Whether the sender was closed and there is nothing more to receive.
   *
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  get ended(): boolean {
    this.#receiving.assertOpen();
    return this.#peer.look() === "closed" && !this.#reader.look();
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
    this.#receiving.assertOpen();
    const message = this.#reader.take();
    if (message !== undefined) return message;
    this.#machine.flushQueue.flushAll();
    this.#peer.checkNowAndThen();
    this.#receiving.settleEnd();
    return this.#reader.take();
  }

  /**
   * Takes the next message, or waits for it.
   *
   * @returns A copy of it; `undefined` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it. Another sender may come, and then there are messages again.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.Busy} If 64 receivers wait already; or if the ring is so small, and the sender so
   *   quick, that no message stayed unchanged long enough.
   * @throws {Deno.errors.BadResource} If the receiver is closed, or is closed meanwhile.
   */
  receive(options: WaitOptions = {}): Promise<BroadcastMessage | undefined> {
    return this.#receiving.receive(options);
  }

  /**
   * Takes the next message, and blocks until there is one: for Workers and short scripts.
   *
   * @returns A copy of it; `undefined` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it. Another sender may come, and then there are messages again.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.Busy} If 64 receivers wait already; or if the ring is so small, and the sender so
   *   quick, that no message stayed unchanged long enough.
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  receiveSync(options?: WaitSyncOptions): BroadcastMessage | undefined {
    return this.#receiving.receiveSync(options);
  }

  /**
   * Iterates over the messages until the end.
   *
   * @throws What {@linkcode BroadcastReceiver.receive} throws.
   */
  [Symbol.asyncIterator](): AsyncGenerator<BroadcastMessage, void, void> {
    return this.#receiving.messages();
  }

  /**
   * Keeps the process alive while something waits for a message, as a new receiver does.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  ref(): void {
    this.#receiving.hold(true);
  }

  /**
   * Lets the process end while something waits for a message. This holds for waits that have begun
   * already, and for all that follow.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  unref(): void {
    this.#receiving.hold(false);
  }

  /** Stops receiving. */
  close(): void {
    // From the last to the first, each whatever becomes of those before.
    using stack = new DisposableStack();
    stack.use(this.#peer);
    stack.use(this.#wakeEvent);
    stack.use(this.#receiving);
  }

  /** Stops receiving at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
