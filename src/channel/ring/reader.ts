/**
 * Reads records out of a ring, for its receiver.
 *
 * @module
 */

import { labelOf } from "../peer/memory.ts";
import { ASLEEP } from "../peer/wake.ts";
import {
  corrupt,
  HEADER_LENGTH,
  loadNumber,
  MESSAGE_NUMBERS,
  RECORD_HEADER_LENGTH,
  type RingSettings,
  SENDER,
  storeNumber,
  WORD,
} from "./layout.ts";

/**
 * Maximum pending room in bytes, or an eighth of the ring if that is less. Then the head is
 * published, so that the sender can write there.
 */
export const BATCH = 65_536;

// Constants, fields and comparisons are as in docs/performance.md, "Habits that keep V8 fast".
const RECORD_HEADER = RECORD_HEADER_LENGTH;
const FIRST_RECORD = HEADER_LENGTH / 4;
const CONSUMED = WORD.consumed;

/** A function that gets the bytes of a ring, and the offset and length in bytes of a message. */
export type Visitor = (ring: Uint8Array<ArrayBuffer>, offset: number, length: number) => void;

/**
 * Reads messages out of a ring, for one receiver.
 *
 * The shared memory is not trusted: a length is loaded once, and checked before use. Nothing is
 * allocated per message.
 */
export class RingReader {
  /** The bytes of the ring. */
  readonly ring: Uint8Array<ArrayBuffer>;
  /** The header and the ring. */
  readonly #words: Int32Array<ArrayBuffer> = new Int32Array();
  readonly #capacity: number = 0;
  readonly #mask: number = 0;
  readonly #batch: number = 0;
  readonly #maxMessageLength: number = 0;
  /** Position of the end of the messages that were read. */
  #head = 0;
  /** The last head that was published. */
  #published = 0;
  /** From this position on, the head is published at once. */
  #due = 0;
  /** The tail at the last look. Everything before it is written. */
  #tail = 0;
  /** End of the known records after the head: the tail, or the ring's end if that is nearer. */
  #end = 0;
  #length = 0;
  #next = 0;
  /** The number of the message at `#published`. */
  #number = 0;
  /** Number of messages from `#published` to `#head`. */
  #taken = 0;
  /** Number of messages that this reader has read up to `#published`. */
  #count = 0;
  /** The index in {@linkcode MESSAGE_NUMBERS} of the number that belongs to `#published`. */
  #slot = 0;
  /** Number of messages that were peeked and are not released. They begin at the head. */
  #peeks = 0;
  /** Position of the end of the peeked messages, if there are any. */
  #peeked = 0;
  /** Counts changes of the head by other calls than {@linkcode read}, which then stops. */
  #moves = 0;

  /**
   * Continues where the last receiver stopped, even if it has died.
   *
   * @param settings The checked settings from the header.
   * @throws {Deno.errors.InvalidData} If the positions in the header are corrupt.
   */
  constructor(buffer: ArrayBuffer, settings: RingSettings) {
    const { capacity, maxMessageLength } = settings;
    this.#words = new Int32Array(buffer, 0, (HEADER_LENGTH + capacity) / 4);
    this.ring = new Uint8Array(buffer, HEADER_LENGTH, capacity);
    this.#capacity = capacity;
    this.#mask = capacity - 1;
    this.#batch = Math.min(BATCH, capacity / 8);
    this.#maxMessageLength = maxMessageLength;
    this.#head = Atomics.load(this.#words, WORD.consumed);
    this.#published = Atomics.load(this.#words, WORD.head);
    this.#tail = this.#end = this.#next = this.#head;
    this.#due = (this.#published + this.#batch) | 0;
    if (
      (this.#head & 7) !== 0 || (this.#published & 7) !== 0 ||
      ((this.#head - this.#published) >>> 0) > capacity
    ) {
      throw corrupt(
        this.#words.buffer,
        `its head is at ${this.#published}, and ${this.#head} is consumed`,
      );
    }
    this.#resumeNumber();
  }

  /** The length of the message that {@linkcode next} found, in bytes. */
  get length(): number {
    return this.#length;
  }

  /** Number of messages that were read. */
  get count(): number {
    return this.#count + this.#taken;
  }

  /** Number of messages that were peeked and are not released. */
  get peeks(): number {
    return this.#peeks;
  }

  /**
   * Whether a sender seems to wait until peeked messages are released: all messages are peeked, they
   * leave no room for the longest message, and the senders' wake flag is raised.
   */
  get isStuck(): boolean {
    if (this.#peeks === 0 || this.#peeked !== this.#tail) return false;
    const size = sizeOf(this.#maxMessageLength);
    const rest = this.#capacity - (this.#tail & this.#mask);
    const room = (this.#capacity - ((this.#tail - this.#head) | 0)) | 0;
    return (size <= rest ? size : rest + size) > room &&
      Atomics.load(this.#words, SENDER.sleeping) === ASLEEP;
  }

  /** Whether room is pending. */
  get isPending(): boolean {
    return this.#published !== this.#head;
  }

  /** Whether a full batch of room is pending, so that it must be published now. */
  get isDue(): boolean {
    return ((this.#head - this.#due) | 0) >= 0;
  }

  /**
   * Whether the ring has something to read or to peek at. Loads the tail if all known messages are
   * read or peeked.
   */
  look(): boolean {
    if (this.#peeks > 0) return this.#peeked !== this.#tail || this.#refreshTail();
    return this.#knowsMore() || this.#refreshTail();
  }

  /** Whether messages are left that were not read, or not released. */
  get isLeft(): boolean {
    return this.#knowsMore() || this.#refreshTail();
  }

  /**
   * Finds the next message. The message stays in the ring until {@linkcode advance}.
   *
   * @returns The offset of the message in {@linkcode ring}, or -1 if there is no message now.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   * @throws {Deno.errors.Busy} If peeked messages are not released.
   */
  next(): number {
    if (this.#head === this.#end) return this.#nextFarther() | 0;
    const offset = this.#parse();
    return offset >= 0 ? offset : this.#nextFarther() | 0;
  }

  /** Finds the next message, but only before the tail of the last look. */
  nextKnown(): number {
    return this.#knowsMore() ? this.next() : -1;
  }

  /**
   * Reads the message that {@linkcode next} found, and the messages after it. Stops at the ring's
   * end or when {@linkcode isDue}. The effect is the same as with {@linkcode next} and
   * {@linkcode advance}, but the loop keeps its values in local variables.
   *
   * @param visit Gets each message. If it throws, that message stays in the ring.
   * @param ring The bytes of the ring that `visit` gets.
   * @returns The number of messages that were read.
   */
  read(visit: Visitor, ring: Uint8Array<ArrayBuffer> = this.ring): number {
    const words = this.#words;
    const longest = this.#maxMessageLength;
    const moves = ++this.#moves;
    const end = this.#end;
    const due = this.#due;
    let head = this.#head;
    let offset = ((head & this.#mask) + RECORD_HEADER) | 0;
    let length = this.#length;
    let count = 0;
    for (;;) {
      visit(ring, offset, length);
      count++;
      // The visitor may have read messages itself, or closed the receiver.
      if (this.#moves !== moves) break;
      const size = sizeOf(length);
      offset = (offset + size) | 0;
      head = (head + size) | 0;
      this.#head = head;
      // The visitor may publish the head, with the number of the next message.
      this.#taken = (this.#taken + 1) | 0;
      words[CONSUMED] = head; // guard: consumed-in-place
      const left = (end - head) | 0;
      if (left === 0 || ((head - due) | 0) >= 0) break;
      length = (words[FIRST_RECORD + ((offset - RECORD_HEADER) >>> 2)]! - RECORD_HEADER) | 0;
      // The caller's `next` handles anything that is not a message.
      if (length < 0 || length > longest || sizeOf(length) > left) break;
    }
    return count;
  }

  /**
   * Moves the head past the message that {@linkcode next} found. The sender can then overwrite it.
   */
  advance(): void {
    const head = this.#next;
    this.#head = head;
    // A plain store is enough: another end reads it only after this process has ended.
    this.#words[CONSUMED] = head; // guard: consumed
    this.#taken = (this.#taken + 1) | 0;
    this.#moves++;
  }

  /**
   * Finds the next message that was not peeked. It counts as peeked after {@linkcode keep}.
   *
   * @returns The offset of the message in {@linkcode ring}, or -1 if there is no such message now.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   */
  peek(): number {
    if (!this.look()) return -1;
    let position = this.#peeks > 0 ? this.#peeked : this.#head;
    let size = this.#sizeAt(position, this.#tail);
    if (size < 0) {
      position = (position - size) | 0;
      this.#skipPadding(position);
      if (position === this.#tail) return -1;
      size = this.#sizeAt(position, this.#tail);
    }
    if (size <= 0) throw this.#corruptAt(position);
    this.#next = (position + size) | 0;
    return ((position & this.#mask) + RECORD_HEADER) | 0;
  }

  /**
   * Keeps the message that {@linkcode peek} found in the ring until {@linkcode release}.
   *
   * @returns The number of the message: how many messages of the channel came before it.
   */
  keep(): number {
    const number = this.#number + this.#taken + this.#peeks;
    this.#peeked = this.#next;
    this.#peeks++;
    // Now next() comes to the check for peeked messages.
    this.#end = this.#head;
    this.#moves++;
    return number;
  }

  /**
   * Moves the head past the oldest peeked messages.
   *
   * @param count How many of them, at most {@linkcode peeks}.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt. Nothing is released then.
   */
  release(count: number): void {
    let head = this.#head;
    for (let left = count; left > 0;) {
      const size = this.#sizeAt(head, this.#peeked);
      if (size === 0) throw this.#corruptAt(head);
      head = (head + Math.abs(size)) | 0;
      if (size > 0) left--;
    }
    if (count === this.#peeks && count > 0) {
      const padding = this.#sizeAt(head, this.#peeked);
      if (padding < 0) head = (head - padding) | 0;
      if (head !== this.#peeked) throw this.#corruptAt(head);
    }
    this.#head = this.#end = head;
    this.#words[CONSUMED] = head; // guard: released
    this.#taken = (this.#taken + count) | 0;
    this.#peeks -= count;
    this.#moves++;
  }

  /** Makes a running {@linkcode read} stop: the ring then seems to be empty. */
  stop(): void {
    this.#tail = this.#end = this.#head;
    this.#peeks = 0;
    this.#moves++;
  }

  /**
   * Publishes all pending room.
   *
   * @returns Whether room was pending.
   */
  publish(): boolean {
    if (!this.isPending) return false;
    this.#published = this.#head;
    this.#due = (this.#head + this.#batch) | 0;
    this.#number += this.#taken;
    this.#count += this.#taken;
    this.#taken = 0;
    // If this process ends between the two stores, the other number still belongs to the old head.
    this.#storeNumber(); // guard: number-first
    Atomics.store(this.#words, WORD.head, this.#head); // guard: head
    return true;
  }

  /**
   * Publishes the pending messages of a sender whose process has ended.
   *
   * @param isSame Whether the dead sender is still the owner of its place.
   * @returns Whether the ring has something to read.
   */
  recover(isSame: () => boolean): boolean {
    const tail = Atomics.load(this.#words, WORD.tail);
    const committed = Atomics.load(this.#words, WORD.committed);
    // The pending messages of a living sender must not be read before the sender publishes them.
    if (isSame()) Atomics.compareExchange(this.#words, WORD.tail, tail, committed); // guard: take-over
    return this.look();
  }

  /** Whether there were more messages at the last look at the tail. */
  #knowsMore(): boolean {
    return this.#head !== this.#tail;
  }

  /** Returns the offset of the message at the head; -1 if no valid record ends up to `#end`. */
  #parse(): number {
    const head = this.#head;
    const at = head & this.#mask;
    const length = (this.#words[FIRST_RECORD + (at >>> 2)]! - RECORD_HEADER) | 0;
    const size = sizeOf(length);
    // Integers of 32 bits are enough, because the end is at most the capacity away.
    if (length < 0 || length > this.#maxMessageLength || size > ((this.#end - head) | 0)) return -1;
    this.#length = length;
    this.#next = (head + size) | 0;
    return (at + RECORD_HEADER) | 0;
  }

  /** Finds the next message after a new look at the tail, or at the ring's beginning. */
  #nextFarther(): number {
    if (this.#peeks > 0) throw this.#busy();
    if (!this.look()) return -1;
    const at = this.#head & this.#mask;
    const rest = this.#capacity - at;
    const left = (this.#tail - this.#head) | 0;
    this.#end = (this.#head + Math.min(rest, left)) | 0;
    const offset = this.#parse();
    if (offset >= 0) return offset;
    if (this.#words[FIRST_RECORD + (at >>> 2)] !== -rest || rest > left) {
      throw this.#corruptAt(at);
    }
    this.#head = this.#end;
    // The next receiver continues here even if no message follows: this room may be published.
    this.#words[CONSUMED] = this.#head;
    return this.#knowsMore() ? this.#nextFarther() : -1;
  }

  /**
   * Moves the end of the peeked messages past padding. A sender that aborts a message can leave
   * padding without a message after it. Then {@linkcode look} must find nothing, so that a wait
   * waits.
   */
  #skipPadding(position: number): void {
    if (this.#peeks > 0) {
      this.#peeked = position;
      return;
    }
    this.#head = this.#end = position;
    this.#words[CONSUMED] = position;
    this.#moves++;
  }

  /** Loads and checks the tail, and returns whether there is something to read. */
  #refreshTail(): boolean {
    const tail = Atomics.load(this.#words, WORD.tail);
    const used = (tail - this.#head) >>> 0;
    if ((tail & 7) !== 0 || used > this.#capacity) {
      throw corrupt(this.#words.buffer, `its tail is at ${tail} and its head at ${this.#head}`);
    }
    this.#tail = tail;
    return tail !== (this.#peeks > 0 ? this.#peeked : this.#head);
  }

  /**
   * Returns the length of the record at a position, rounded up to a multiple of 8, and sets
   * `#length`. The result is negative for padding. It is 0 if neither ends up to `end`.
   */
  #sizeAt(position: number, end: number): number {
    const at = position & this.#mask;
    const rest = this.#capacity - at;
    const left = (end - position) | 0;
    const record = this.#words[FIRST_RECORD + (at >>> 2)]!;
    if (record === -rest && rest <= left) return -rest;
    const length = (record - RECORD_HEADER) | 0;
    const size = sizeOf(length);
    if (length < 0 || length > this.#maxMessageLength || size > Math.min(rest, left)) return 0;
    this.#length = length;
    return size;
  }

  /**
   * Finds the number of the message at the head. The last receiver may have died before it
   * published the room of the messages that it had read: these are counted.
   */
  #resumeNumber(): void {
    const isPublished = ({ position }: { position: number }) => position === this.#published;
    this.#slot = MESSAGE_NUMBERS.findIndex((_, slot) => isPublished(loadNumber(this.#words, slot)));
    if (this.#slot < 0) throw this.#corruptNumber();
    this.#number = loadNumber(this.#words, this.#slot).number;
    if (!Number.isSafeInteger(this.#number)) throw this.#corruptNumber();
    for (let position = this.#published; position !== this.#head;) {
      const size = this.#sizeAt(position, this.#head);
      if (size === 0) throw this.#corruptAt(position);
      position = (position + Math.abs(size)) | 0;
      if (size > 0) this.#taken++;
    }
    // This reader has not read them.
    this.#count = -this.#taken;
  }

  #storeNumber(): void {
    this.#slot ^= 1;
    storeNumber(this.#words, this.#slot, { position: this.#head, number: this.#number });
  }

  #corruptNumber(): Deno.errors.InvalidData {
    return corrupt(this.#words.buffer, `no number belongs to its head at ${this.#published}`);
  }

  #corruptAt(position: number): Deno.errors.InvalidData {
    const at = position & this.#mask;
    return corrupt(this.#words.buffer, `the record at offset ${at} is not a message`);
  }

  #busy(): Deno.errors.Busy {
    const count = this.#peeks === 1 ? "1 peeked message is" : `${this.#peeks} peeked messages are`;
    return new Deno.errors.Busy(
      `Cannot take a message of the ${labelOf(this.#words.buffer)}: ${count} not released; ` +
        "release first, or peek at the next message",
    );
  }
}

/** Returns the length of a message's record in bytes, rounded up to a multiple of 8. */
function sizeOf(length: number): number {
  return (length + (RECORD_HEADER + 7)) & ~7;
}
