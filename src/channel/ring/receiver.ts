/**
 * The end of a channel that messages are taken from.
 *
 * @module
 */

import { assertFunction } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { WaitSyncOptions } from "../../sync/mod.ts";
import { assertCanWait, type WaitOptions } from "../../wait/options.ts";
import { decodeValue } from "./clone.ts";
import { assertNotTransferred, labelOf } from "../peer/memory.ts";
import { SendersLiveness } from "./many/places.ts";
import { type Liveness, PeerLiveness } from "../peer/liveness.ts";
import { type HeaderWords, leavePlace, takePlace } from "../peer/place.ts";
import { headerWordsOf, RECEIVER, SENDER, WORD } from "./layout.ts";
import { RingReader } from "./reader.ts";
import type { EndOptions } from "./sender.ts";
import { WakeWord } from "../peer/wake.ts";
import type { Flushable, FlushQueue } from "../peer/flush_queue.ts";
import type { Machine } from "../peer/machine.ts";
import { MACHINE } from "../peer/windows.ts";
import { type Incoming, Receiving } from "../peer/receiving.ts";

/** What a receiver has done, and the channel before it. */
export interface ReceiverStats {
  /** How many messages it has taken or read. */
  readonly received: number;
  /** How often it had to wait for a message. */
  readonly waited: number;
  /** How many messages the channel's senders have dropped since it was made, modulo 2³². */
  readonly dropped: number;
}

/** Takes the receiver's place. */
export let openReceiver: (options: EndOptions) => RingReceiver;

/**
 * Takes messages from a channel; {@linkcode RingChannel.receiver} gives it. There is one at a time, in
 * whichever process.
 */
export class RingReceiver extends Uncloneable
  implements Disposable, AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly #options: EndOptions;
  readonly #header: HeaderWords;
  readonly #machine: Machine;
  readonly #reader: RingReader;
  readonly #peer: Liveness;
  /** The flag of all senders. */
  readonly #senders: WakeWord;
  readonly #messages: RingMessages;
  readonly #receiving: Receiving<Uint8Array<ArrayBuffer>>;

  static {
    openReceiver = (options) => new RingReceiver(options);
  }

  private constructor(options: EndOptions) {
    super();
    const { buffer, settings, data, space, machine = MACHINE } = options;
    const header = headerWordsOf(buffer);
    const { words } = header;
    this.#options = options;
    this.#header = header;
    this.#machine = machine;
    takePlace(header, RECEIVER, { who: "receiver", machine });
    try {
      this.#reader = new RingReader(buffer, settings);
      this.#senders = new WakeWord({ words, index: SENDER.sleeping, event: space });
      this.#peer = settings.producers === "multiple"
        ? new SendersLiveness(header, settings, { machine })
        : new PeerLiveness(header, SENDER, { ended: () => data.set(), machine });
      this.#messages = new RingMessages(this.#reader, this.#senders, machine);
      const wakeFlag = new WakeWord({ words, index: RECEIVER.sleeping, event: data });
      this.#receiving = new Receiving({
        buffer,
        incoming: this.#messages,
        peer: this.#peer,
        machine,
        takeWakeFlag: () => wakeFlag,
        seeksPeer: false,
      });
      // The last receiver may have died before it published the room that the sender waits for.
      this.#messages.flush();
      // A sender that sleeps does not know this process yet, and is to notice its end. Whether it
      // sleeps is not asked: another receiver may have been killed after it had found that out.
      space.set(); // guard: receiver-comes
    } catch (error) {
      leavePlace(header, RECEIVER, { machine });
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
    this.#receiving.assertOpen();
    return assertNotTransferred(this.#options.ring);
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#receiving.closed;
  }

  /** What it has done. */
  get stats(): ReceiverStats {
    this.#receiving.assertOpen();
    const dropped = Atomics.load(this.#header.words, WORD.dropped) >>> 0;
    return { received: this.#reader.count, waited: this.#receiving.waited, dropped };
  }

  /**
   * Whether the sender was closed and all of its messages were received. Always `false` for a channel
   * that was made with `endsWithLastSender: false`.
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
   *   closing it.
   * @throws {Deno.errors.InvalidData} If the channel's memory is corrupt.
   * @throws {Deno.errors.BadResource} If the receiver is closed.
   */
  tryReceive(): Uint8Array<ArrayBuffer> | undefined {
    this.#receiving.assertOpen();
    const message = this.#messages.take();
    if (message !== undefined) return message;
    this.#idle();
    return this.#messages.take();
  }

  /**
   * Takes the next message, or waits for it.
   *
   * @returns A copy of it; `undefined` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it.
   */
  receive(options: WaitOptions = {}): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#receiving.receive(options);
  }

  /**
   * Waits until there is a message, for {@linkcode RingReceiver.read} and
   * {@linkcode RingReceiver.readAt}.
   *
   * @returns Whether there is one; `false` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it.
   */
  async waitForMessage(options: WaitOptions = {}): Promise<boolean> {
    this.#receiving.assertOpen();
    assertCanWait(options);
    return await this.#receiving.waitFor(this.#find, options) ?? false;
  }

  /**
   * Takes the next message, and blocks until there is one: for Workers and short scripts.
   *
   * @returns A copy of it; `undefined` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.ConnectionReset} If there is none, and the sender's process has ended without
   *   closing it.
   */
  receiveSync(options?: WaitSyncOptions): Uint8Array<ArrayBuffer> | undefined {
    return this.#receiving.receiveSync(options);
  }

  /**
   * Blocks until there is a message, for {@linkcode RingReceiver.readAt}.
   *
   * @returns Whether there is one; `false` at the end, when the sender was closed.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   */
  waitForMessageSync(options: WaitSyncOptions = {}): boolean {
    return this.#receiving.waitForSync(this.#find, options) ?? false;
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
    const reader = this.#reader;
    const { ring } = this;
    let count = 0;
    try {
      // Only what is there now: a sender that is quicker than the visitor must not keep the script here.
      for (let offset = reader.next(); offset >= 0; offset = reader.nextKnown()) {
        count += reader.read(visit, ring);
        if (reader.isDue) this.#messages.flush();
      }
    } finally {
      // Also where the visitor throws: the room of the messages before is to be published.
      if (reader.isPending) this.#machine.flushQueue.add(this.#messages);
    }
    if (count === 0) this.#idle();
    return count;
  }

  /**
   * Takes the next value that was sent by `RingSender.sendValue`, or waits for it.
   *
   * @returns The value; `undefined` at the end, when the sender was closed.
   * @throws {Deno.errors.InvalidData} If the message is no value; it is taken all the same.
   * @throws What {@linkcode RingReceiver.receive} throws.
   */
  async receiveValue(options: WaitOptions = {}): Promise<{ value: unknown } | undefined> {
    const message = await this.receive(options);
    return message && { value: decodeValue(message, labelOf(this.#options.buffer)) };
  }

  /**
   * Iterates over the messages until the end.
   *
   * @throws What {@linkcode RingReceiver.receive} throws.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
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

  /** Leaves the channel: its senders learn that there is no receiver any more. */
  close(): void {
    if (this.closed) return;
    // From the last to the first, each whatever becomes of those before.
    using stack = new DisposableStack();
    stack.use(this.#peer);
    // Whoever waits here in another way is to see that it is closed.
    stack.defer(() => this.#receiving.isWaiting && this.#options.data.set());
    stack.defer(() => this.#senders.wake()); // guard: receiver-closes
    stack.defer(() => leavePlace(this.#header, RECEIVER, { machine: this.#machine }));
    // Before another one comes, who would miss what this one's wait takes.
    stack.use(this.#receiving);
    stack.defer(() => this.#reader.stop());
    stack.defer(() => this.#messages.flush());
  }

  /** Leaves the channel at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  readonly #find = () => this.#reader.next() >= 0 || undefined;

  /** There is nothing to read: publishes all the room, and checks whether the sender is still there. */
  #idle(): void {
    this.#messages.flush();
    this.#machine.flushQueue.flushAll();
    this.#peer.checkNowAndThen();
    this.#receiving.settleEnd();
  }
}

/** The messages of a ring, which are copied out, and the room that is made and not published. */
class RingMessages implements Incoming<Uint8Array<ArrayBuffer>>, Flushable {
  isQueued = false;
  readonly isUrgent = false;
  readonly #reader: RingReader;
  readonly #senders: WakeWord;
  readonly #queue: FlushQueue;

  /** @param senders The flag of all senders. */
  constructor(reader: RingReader, senders: WakeWord, { flushQueue }: Machine) {
    this.#reader = reader;
    this.#senders = senders;
    this.#queue = flushQueue;
  }

  get count(): number {
    return this.#reader.count;
  }

  flush(): void {
    if (!this.#reader.publish()) return; // guard: room-first
    this.#senders.wake(); // guard: wake-senders
  }

  take(): Uint8Array<ArrayBuffer> | undefined {
    const reader = this.#reader;
    const offset = reader.next();
    if (offset < 0) return undefined;
    const message = reader.ring.slice(offset, offset + reader.length);
    reader.advance();
    if (reader.isDue) this.flush();
    else this.#queue.add(this);
    return message;
  }

  look(): boolean {
    return this.#reader.look();
  }

  recover(isSame: () => boolean): boolean {
    return this.#reader.recover(isSame);
  }
}
