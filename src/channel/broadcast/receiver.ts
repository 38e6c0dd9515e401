/**
 * The receiver of a broadcast ring.
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

/** Opens a receiver; {@linkcode BroadcastRing.receiver} calls this. */
export let openReceiver: (options: BroadcastEndOptions & WakeOptions) => BroadcastReceiver;

/**
 * Receives the messages that are sent to a broadcast ring after the receiver was opened.
 * {@linkcode BroadcastRing.receiver} opens one. Any number of receivers can be open, in any
 * processes.
 *
 * A receiver that is too slow for its sender misses messages. It then goes on with the newest
 * message, and learns how many it missed. The newest message is never missed.
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
export class BroadcastReceiver extends Uncloneable
  implements Disposable, AsyncIterable<BroadcastMessage> {
  readonly #reader: BroadcastReader;
  readonly #peer: PeerLiveness;
  readonly #machine: Machine;
  readonly #receiving: Receiving<BroadcastMessage>;
  /** Taken before the first wait, and then kept. */
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
   * @returns A copy of the message; `undefined` if no message has arrived.
   * @throws {Deno.errors.ConnectionReset} If there is no message, and the sender's process or
   *   Worker has ended without closing the sender. Messages can follow when another sender is
   *   opened.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.Busy} If the ring is so small, and the sender so fast, that each
   *   message was overwritten while it was read.
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
  receive(options: WaitOptions = {}): Promise<BroadcastMessage | undefined> {
    return this.#receiving.receive(options);
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
  receiveSync(options?: WaitSyncOptions): BroadcastMessage | undefined {
    return this.#receiving.receiveSync(options);
  }

  /**
   * Iterates over the messages until the sender is closed.
   *
   * @throws The same errors as {@linkcode BroadcastReceiver.receive}.
   */
  [Symbol.asyncIterator](): AsyncGenerator<BroadcastMessage, void, void> {
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
}
