/**
 * The end of a channel that messages are put into.
 *
 * @module
 */

import { assertInteger, bytesOf, type ByteSource } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { WaitSyncOptions } from "../../sync/mod.ts";
import { Lock } from "../../wait/queue.ts";
import {
  assertCanBlock,
  assertCanWait,
  deadlineAfter,
  timeLeft,
  type WaitOptions,
} from "../../wait/options.ts";
import { EndWait } from "../peer/wait.ts";
import { assertNotTransferred, labelOf } from "../peer/memory.ts";
import { PeerLiveness } from "../peer/liveness.ts";
import { encodeValue } from "./clone.ts";
import { claimOver, overMessage, type RingClaim } from "./claim.ts";
import { headerWordsOf, RECEIVER, type RingSettings, SENDER, WORD } from "./layout.ts";
import { FULL, NOTHING, PENDING, RingWriter, type Writer } from "./writer.ts";
import { type SenderPlace, takeSenderPlace } from "./many/places.ts";
import { SharedWriter } from "./many/shared_writer.ts";
import { WakeWord } from "../peer/wake.ts";
import type { EventLoop } from "../../wait/event_loop.ts";
import type { Flushable } from "../peer/flush_queue.ts";
import type { EndEvent, Machine } from "../peer/machine.ts";
import { MACHINE } from "../peer/windows.ts";

/** The parts of a channel that its ends use. */
export interface EndOptions {
  /** The channel's memory, in a buffer that no script gets. */
  buffer: ArrayBuffer;
  /** The ring's bytes, in the buffer that scripts get. */
  ring: Uint8Array<ArrayBuffer>;
  /** What its header said when it was checked. */
  settings: RingSettings;
  /** The event that is set when there are messages. */
  data: EndEvent;
  /** The event that is set when there is room. */
  space: EndEvent;
  /** The machine that the end runs on. @default this one */
  machine?: Machine;
}

// What is imported is looked up at each use, and a constant of this module is not.
const NOTHING_DUE = NOTHING;

const SENT: Promise<boolean> = Promise.resolve(true);
const DROPPED: Promise<boolean> = Promise.resolve(false);

/** What a sender has done. */
export interface SenderStats {
  /** How many messages it has put into the ring. */
  readonly sent: number;
  /** How often it had to wait for room. */
  readonly waited: number;
  /** How many messages were refused, in a channel that fails when it is full. */
  readonly failed: number;
  /** How many messages were dropped, in a channel that does so when it is full. */
  readonly dropped: number;
}

/** Takes a sender's place. */
export let openSender: (options: EndOptions) => RingSender;

/**
 * Puts messages into a channel; {@linkcode RingChannel.sender} gives it.
 *
 * Its calls throw `Deno.errors.BrokenPipe` within a second after the receiver's process has ended, also
 * in a loop of {@linkcode RingSender.sendSync} that never returns to the event loop. A loop of
 * {@linkcode RingSender.trySend} that never calls {@linkcode RingSender.flush} notices that only after the
 * next 32 KiB. Messages that were sent meanwhile wait in the ring for the next receiver.
 *
 * @example A sender that learns that its receiver has left
 * ```ts
 * import { RingChannel } from "@winipc/winipc/channel";
 * import { assertRejects } from "@std/assert";
 *
 * using channel = RingChannel.anonymous();
 * using sender = channel.sender();
 * const receiver = channel.receiver();
 * await sender.send(new Float64Array([1.5, 2.5]));
 * receiver.close();
 * await assertRejects(async () => {
 *   while (true) await sender.send(new Uint8Array(8));
 * }, Deno.errors.BrokenPipe);
 * ```
 */
export class RingSender extends Uncloneable implements Disposable {
  // It has a value from the beginning for the sake of V8: see writer.ts.
  /** The longest message, in bytes. */
  readonly maxMessageLength: number = 0;
  readonly #options: EndOptions;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #isShared: boolean = false;
  readonly #place: SenderPlace;
  readonly #writer: Writer;
  readonly #outgoing: Outgoing;
  readonly #peer: PeerLiveness;
  /** The receiver's flag. */
  readonly #receiver: WakeWord;
  /** The flag of all senders: it wakes one of those that wait for room, or for the producer lock. */
  readonly #senders: WakeWord;
  readonly #wait: EndWait;
  readonly #machine: Machine;
  readonly #eventLoop: EventLoop;
  /** Who waits for room has it, so that messages stay in order. */
  readonly #lock = new Lock((timeout) => this.#late({ timeout }));
  #aborted = 0;
  #waited = 0;
  #failed = 0;
  #dropped = 0;
  #closed = false;

  static {
    openSender = (options) => new RingSender(options);
  }

  private constructor(options: EndOptions) {
    super();
    const { buffer, settings, data, space, machine = MACHINE } = options;
    const header = headerWordsOf(buffer);
    const { words } = header;
    this.#options = options;
    this.#words = words;
    this.#machine = machine;
    this.#eventLoop = machine.eventLoop;
    this.#isShared = settings.producers === "multiple";
    this.#place = takeSenderPlace(header, { producers: settings.producers, machine });
    try {
      this.#writer = this.#isShared
        ? new SharedWriter(buffer, settings, { index: this.#place.index, machine })
        : new RingWriter(buffer, settings);
      this.#receiver = new WakeWord({ words, index: RECEIVER.sleeping, event: data });
      this.#senders = new WakeWord({ words, index: SENDER.sleeping, event: space });
      this.#outgoing = new Outgoing(this.#writer, this.#receiver);
      this.#peer = new PeerLiveness(header, RECEIVER, { ended: () => space.set(), machine });
      this.#wait = new EndWait({
        buffer,
        wakeFlag: this.#senders,
        peer: this.#peer,
        machine,
        isShared: this.#isShared,
      });
      this.maxMessageLength = this.#writer.maxMessageLength;
      // A receiver that sleeps does not know this process yet, and is to notice its end. Whether it
      // sleeps is not asked: another sender may have been killed after it had found that out.
      data.set(); // guard: sender-comes
    } catch (error) {
      this.#place.leave();
      throw error;
    }
  }

  /**
   * The ring's bytes, for {@linkcode RingSender.claimAt}.
   *
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.Busy} If their buffer was transferred away: what is written to it is lost.
   */
  get ring(): Uint8Array<ArrayBuffer> {
    this.#assertOpen();
    return assertNotTransferred(this.#options.ring);
  }

  /** What it has done. */
  get stats(): SenderStats {
    return {
      sent: this.#writer.count,
      waited: this.#waited,
      failed: this.#failed,
      dropped: this.#dropped,
    };
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Puts a message into the ring, if there is room.
   *
   * The receiver sees it at the end of this event-loop turn, and before that when 32 KiB have
   * come together (or an eighth of the ring), when anything of this module waits, or with
   * {@linkcode RingSender.flush}.
   *
   * @param source The message. A shared buffer must not grow during the call.
   * @returns Whether there was room.
   * @throws {TypeError} If it is not bytes, or its buffer was transferred away.
   * @throws {RangeError} If it is longer than the channel's longest message.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   * @throws {Deno.errors.Busy} If a message is claimed.
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.InvalidData} If the channel's memory is corrupt.
   */
  trySend(source: ByteSource): boolean {
    const bytes = toMessage(source);
    this.#assertLength(bytes.length);
    return this.#write(bytes, false);
  }

  /**
   * Puts a message into the ring, after those that wait already. Where it is full, it does what the
   * channel was made for.
   *
   * Many small messages are sent at twice the rate where not each of them is awaited, but one in a
   * hundred or so.
   *
   * @param options How long to wait for room.
   * @returns Whether it was put there, and not dropped.
   * @throws {TypeError} If it is not bytes, or its buffer was transferred away.
   * @throws {Deno.errors.WouldBlock} If the ring is full, and the channel is one that then fails.
   * @throws {Deno.errors.TimedOut} If there was no room in time.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   */
  send(source: ByteSource, options?: WaitOptions): Promise<boolean> {
    let message: Uint8Array;
    try {
      if (options !== undefined) assertCanWait(options);
      // Most sends need not wait, and then nothing is allocated.
      if (!this.#lock.isHeld) {
        if (this.trySend(source)) {
          return this.#eventLoop.countWait() ? this.#eventLoop.turn() : SENT;
        }
        if (!this.#chooseToWait()) return DROPPED;
      }
      const bytes = toMessage(source);
      this.#assertLength(bytes.length);
      this.#assertFree();
      // It may be changed while it waits. Not slice(), which copies nothing of a Buffer of Node's.
      message = new Uint8Array(bytes);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#sendInOrder(message, options ?? {});
  }

  /**
   * Sends a JavaScript value, for `RingReceiver.receiveValue`.
   *
   * An object of a class arrives as its public fields, without its methods. A `URL`, `Headers` or
   * another object of the platform has none, and arrives empty: send its text, such as `url.href`.
   *
   * @param value Anything that can be cloned: also `Map`, `Date`, `BigInt`, typed arrays, cycles. Of a
   *   struct in memory send what `Layout.read` copies out.
   * @param options How long to wait for room.
   * @returns Whether it was put into the ring, and not dropped.
   * @throws {DOMException} `DataCloneError`, if it cannot be cloned, or something in it: as functions,
   *   views of structs and the objects of this module cannot.
   * @throws {RangeError} If its bytes are more than the channel's longest message has.
   * @throws What {@linkcode RingSender.send} throws.
   * @see {@link https://developer.mozilla.org/docs/Web/API/Web_Workers_API/Structured_clone_algorithm}
   */
  async sendValue(value: unknown, options: WaitOptions = {}): Promise<boolean> {
    return await this.send(encodeValue(value), options);
  }

  /**
   * Puts a message into the ring, and blocks while it is full: for Workers and short scripts. The
   * receiver sees it at once.
   *
   * @param options How long to wait for room.
   * @returns Whether it was put there, and not dropped.
   * @throws {TypeError} If it is not bytes, or its buffer was transferred away.
   * @throws {Deno.errors.Busy} If messages wait for room already.
   * @throws {Deno.errors.WouldBlock} If the ring is full, and the channel is one that then fails.
   * @throws {Deno.errors.TimedOut} If there was no room in time.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   */
  sendSync(source: ByteSource, options: WaitSyncOptions = {}): boolean {
    assertCanBlock(options);
    const { timeout = Infinity } = options;
    const bytes = toMessage(source);
    this.#assertLength(bytes.length);
    if (this.#lock.isHeld) {
      throw new Deno.errors.Busy(`Other messages wait for room in the ${this.#label()}`);
    }
    if (this.#write(bytes, true)) return true;
    const deadline = deadlineAfter(timeout, this.#machine);
    // While this waits, another thread may grow a shared buffer, and an array over all of it.
    const message = bytesOf("the message", bytes);
    do {
      if (!this.#chooseToWait()) return false;
      this.#waitForRoomSync(message.length, deadline, options);
    } while (!this.#write(message, true));
    return true;
  }

  /**
   * Waits until there is room for a message, for {@linkcode RingSender.claim}. Where there are other
   * senders, it may be gone again.
   *
   * @param length The message's length in bytes.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   */
  async waitForRoom(length: number, options: WaitOptions = {}): Promise<void> {
    this.#assertLength(length);
    this.#assertFree();
    assertCanWait(options);
    const deadline = deadlineAfter(options.timeout ?? Infinity, this.#machine);
    await this.#lock.acquire(options);
    try {
      if (this.#eventLoop.countWait()) await this.#eventLoop.turn();
      await this.#waitForRoom(length, deadline, options);
      this.#assertFree();
    } finally {
      this.#lock.release();
    }
  }

  /**
   * Blocks until there is room for a message, for {@linkcode RingSender.claimAt}.
   * Where there are other senders, it may be gone again.
   *
   * @param length The message's length in bytes.
   * @throws {Deno.errors.TimedOut} If there was none in time.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   */
  waitForRoomSync(length: number, options: WaitSyncOptions = {}): void {
    assertCanBlock(options);
    const { timeout = Infinity } = options;
    this.#assertLength(length);
    this.#assertFree();
    this.#waitForRoomSync(length, deadlineAfter(timeout, this.#machine), options);
    this.#assertFree();
  }

  /**
   * Finds room for a message, to be written where it will be read: nothing is copied. Until it is
   * committed or given up this sender sends nothing else, and nor does any other of the channel.
   *
   * @param length Its length in bytes.
   * @returns The room; `undefined` if there is none now.
   * @throws {RangeError} If it is longer than the channel's longest message.
   * @throws {Deno.errors.BrokenPipe} If the receiver was closed, or its process has ended.
   * @throws {Deno.errors.Busy} If a message is claimed.
   * @throws {Deno.errors.BadResource} If the sender is closed.
   * @throws {Deno.errors.InvalidData} If the channel's memory is corrupt.
   */
  claim(length: number): RingClaim | undefined {
    // Asked for first: where it throws, nothing is claimed.
    const { ring } = this;
    const offset = this.claimAt(length);
    if (offset < 0) return undefined;
    const before = this.#writer.count + this.#aborted;
    return claimOver(ring.subarray(offset, offset + length), (length) => {
      const isOver = this.#writer.count + this.#aborted !== before || this.#writer.claimed < 0;
      if (length !== undefined && isOver) {
        throw overMessage(this.#label());
      }
      if (length !== undefined) this.commit(length);
      else if (!isOver) this.abort();
    });
  }

  /**
   * Finds room as {@linkcode RingSender.claim} does, without allocating anything: the message is to
   * be written into {@linkcode RingSender.ring}.
   *
   * @param length Its length in bytes.
   * @returns Where it begins in `ring`, at a multiple of 8; -1 if there is no room.
   */
  claimAt(length: number): number {
    this.#assertLength(length);
    const offset = this.#writer.claimNear(length);
    return offset >= 0 ? offset : this.#claimFarther(length) | 0;
  }

  /**
   * Sends the message that was claimed.
   *
   * @param length How much of it. @default all
   * @throws {TypeError} If none is claimed.
   * @throws {RangeError} If so much was not claimed.
   */
  commit(length?: number): void {
    if (this.#writer.claimed < 0) this.#refuseCommit();
    if (length !== undefined) this.#shorten(length);
    const due = this.#writer.commit();
    if (due !== NOTHING_DUE) this.#follow(due);
  }

  /** Gives up the message that was claimed, if one is. */
  abort(): void {
    if (this.#writer.claimed < 0) return;
    this.#aborted++;
    this.#writer.abort();
    this.#wakeNextSender();
  }

  /** Lets the receiver see all that was sent. */
  flush(): void {
    this.#assertOpen();
    this.#outgoing.flush();
  }

  /** Leaves the channel: when its last sender has, the receiver gets what was sent, and then the end. */
  close(): void {
    if (this.closed) return;
    // From the last to the first, each whatever becomes of those before.
    using stack = new DisposableStack();
    stack.use(this.#peer);
    // Whoever waits here in another way is to see that it is closed.
    stack.defer(() => this.#lock.isHeld && this.#options.space.set());
    stack.defer(() => this.#receiver.wake()); // guard: sender-closes
    stack.defer(() => this.#place.leave());
    // Before another one comes, who would miss what this one's wait takes.
    stack.use(this.#wait);
    stack.defer(() => {
      this.#closed = true;
    });
    stack.defer(() => this.#outgoing.flush());
    stack.defer(() => this.abort());
  }

  /** Ends the stream at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #sendInOrder(message: Uint8Array, options: WaitOptions): Promise<boolean> {
    const deadline = deadlineAfter(options.timeout ?? Infinity, this.#machine);
    await this.#lock.acquire(options);
    try {
      if (this.#eventLoop.countWait()) await this.#eventLoop.turn();
      while (!this.trySend(message)) {
        if (!this.#chooseToWait()) return false;
        await this.#waitForRoom(message.length, deadline, options);
      }
      return true;
    } finally {
      this.#lock.release();
    }
  }

  async #waitForRoom(length: number, deadline: number, options: WaitOptions): Promise<void> {
    this.#waited++;
    const left = { ...options, timeout: timeLeft(deadline, this.#machine) };
    const look = () => this.#lookForRoom(length);
    if (!await this.#wait.until(look, left)) throw this.#late(options);
  }

  #waitForRoomSync(length: number, deadline: number, options: WaitSyncOptions): void {
    this.#waited++;
    const look = () => this.#lookForRoom(length);
    if (!this.#wait.untilSync(look, timeLeft(deadline, this.#machine))) {
      throw this.#late(options);
    }
  }

  #late({ timeout }: WaitSyncOptions): Deno.errors.TimedOut {
    const { holder } = this.#writer;
    const why = holder === undefined
      ? ""
      : `: ${holder} has the producer lock. It has claimed a message, or it is suspended`;
    return new Deno.errors.TimedOut(`Waited ${timeout} ms for room in the ${this.#label()}${why}`);
  }

  #lookForRoom(length: number): boolean {
    // The look at the room comes first, for it keeps the other looks behind the raising of the flag.
    return this.closed || this.#writer.findRoom(length) || this.#peer.look() !== "alive";
  }

  /** Writes a message and commits it, if there is room. */
  #write(bytes: Uint8Array, publishes: boolean): boolean {
    const due = this.#writer.writeNear(bytes, publishes);
    if (due === NOTHING_DUE) return true;
    if (due < 0) return this.#writeFarther(bytes, publishes);
    this.#follow(due);
    return true;
  }

  /** Writes a message for which the writer has to look for room. */
  #writeFarther(bytes: Uint8Array, publishes: boolean): boolean {
    if (this.#claimFarther(bytes.length) < 0) return false;
    let due: number;
    try {
      due = this.#writer.write(bytes, publishes); // guard: write
    } catch (error) {
      this.#wakeNextSender();
      throw error;
    }
    if (due !== NOTHING_DUE) this.#follow(due);
    return true;
  }

  /**
   * Claims a message for which the writer has to look for room.
   *
   * @returns Where it begins in the ring; -1 if there is no room, but a receiver that may make some.
   */
  #claimFarther(length: number): number {
    this.#assertFree();
    const offset = this.#writer.claim(length);
    if (offset >= 0) return offset;
    if (offset === FULL) {
      // The receiver has to make room, and can do so only with what is published.
      this.#outgoing.flush();
      this.#wakeNextSender();
    }
    this.#assertReceiver();
    return -1;
  }

  /** Does what a commit has left to be done. */
  #follow(due: number): void {
    if (due === PENDING) {
      this.#machine.flushQueue.add(this.#outgoing);
    } else {
      this.#receiver.wake(); // guard: wake-receiver
      this.#wakeNextSender();
    }
  }

  /** Wakes another sender of the channel, since this one has given the producer lock back. */
  #wakeNextSender(): void {
    if (this.#isShared) this.#senders.wake(); // guard: wake-next-sender
  }

  /**
   * Does what the channel was made for where it is full: throws, counts a message that is dropped, or
   * chooses to wait.
   *
   * @returns Whether to wait.
   */
  #chooseToWait(): boolean {
    const { whenFull } = this.#options.settings;
    if (whenFull === "fail") {
      this.#failed++;
      throw new Deno.errors.WouldBlock(`The ${this.#label()} has no room for the message`);
    }
    if (whenFull === "drop") {
      this.#dropped++;
      Atomics.add(this.#words, WORD.dropped, 1);
    }
    return whenFull === "wait";
  }

  /** Throws unless this end may send: for each batch, and not for each message. */
  #assertFree(): void {
    this.#assertOpen();
    if (this.#writer.claimed >= 0) {
      throw new Deno.errors.Busy(
        `Cannot send to the ${this.#label()}: a message is claimed and not committed`,
      );
    }
    this.#assertReceiver();
  }

  #assertReceiver(): void {
    this.#peer.checkNowAndThen();
    if (this.#peer.look() !== "alive") throw this.#brokenPipe();
  }

  #assertOpen(): void {
    if (this.closed) {
      throw new Deno.errors.BadResource(`The sender of the ${this.#label()} is closed`);
    }
  }

  #assertLength(length: number): void {
    // A symbol would throw at the shift, and a bigint too.
    const isNumber = typeof length === "number";
    if (!isNumber || length >>> 0 !== length || length > this.maxMessageLength) {
      this.#refuseLength(length);
    }
  }

  #refuseLength(length: number): void {
    this.#assertOpen();
    assertInteger("the message's length", length, 0, this.maxMessageLength);
  }

  #refuseCommit(): never {
    this.#assertOpen();
    throw new TypeError("Expected a message to be claimed before");
  }

  #label(): string {
    return labelOf(this.#options.buffer);
  }

  #brokenPipe(): Deno.errors.BrokenPipe {
    return new Deno.errors.BrokenPipe(`The ${this.#label()} has no receiver any more`);
  }

  #shorten(length: number): void {
    const { claimed } = this.#writer;
    assertInteger("length", length, 0, claimed);
    if (length !== claimed) this.#writer.shorten(length);
  }
}

/** The messages that are committed and not published. */
class Outgoing implements Flushable {
  isQueued = false;
  readonly isUrgent = true;
  readonly #writer: Writer;
  readonly #receiver: WakeWord;

  /** @param receiver The receiver's flag. */
  constructor(writer: Writer, receiver: WakeWord) {
    this.#writer = writer;
    this.#receiver = receiver;
  }

  get count(): number {
    return this.#writer.count;
  }

  flush(): void {
    if (this.#writer.publish()) this.#receiver.wake();
  }
}

/** Gives a message's bytes. What is no `Uint8Array`, or empty, is looked at more closely. */
function toMessage(source: ByteSource): Uint8Array {
  const isPlain = source instanceof Uint8Array && source.length !== 0;
  return isPlain ? source : bytesOf("the message", source);
}
