/**
 * Reads records out of a ring, for its receiver.
 *
 * @module
 */

import { corrupt, HEADER_LENGTH, RECORD_HEADER_LENGTH, type RingSettings, WORD } from "./layout.ts";

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
  #count = 0;
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
  }

  /** The length of the message that {@linkcode next} found, in bytes. */
  get length(): number {
    return this.#length;
  }

  /** Number of messages that were read. */
  get count(): number {
    return this.#count;
  }

  /** Whether room is pending. */
  get isPending(): boolean {
    return this.#published !== this.#head;
  }

  /** Whether a full batch of room is pending, so that it must be published now. */
  get isDue(): boolean {
    return ((this.#head - this.#due) | 0) >= 0;
  }

  /** Whether the ring has something to read. Loads the tail if all known messages are read. */
  look(): boolean {
    return this.#knowsMore() || this.#refreshTail();
  }

  /**
   * Finds the next message. The message stays in the ring until {@linkcode advance}.
   *
   * @returns The offset of the message in {@linkcode ring}, or -1 if there is no message now.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
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
    try {
      for (;;) {
        visit(ring, offset, length);
        count++;
        // The visitor may have read messages itself, or closed the receiver.
        if (this.#moves !== moves) break;
        const size = sizeOf(length);
        offset = (offset + size) | 0;
        head = (head + size) | 0;
        this.#head = head;
        words[CONSUMED] = head; // guard: consumed-in-place
        const left = (end - head) | 0;
        if (left === 0 || ((head - due) | 0) >= 0) break;
        length = (words[FIRST_RECORD + ((offset - RECORD_HEADER) >>> 2)]! - RECORD_HEADER) | 0;
        // The caller's `next` handles anything that is not a message.
        if (length < 0 || length > longest || sizeOf(length) > left) break;
      }
    } finally {
      this.#count += count;
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
    this.#count++;
    this.#moves++;
  }

  /** Makes a running {@linkcode read} stop: the ring then seems to be empty. */
  stop(): void {
    this.#tail = this.#end = this.#head;
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
    Atomics.store(this.#words, WORD.head, this.#head);
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
    if (!this.look()) return -1;
    const at = this.#head & this.#mask;
    const rest = this.#capacity - at;
    const left = (this.#tail - this.#head) | 0;
    this.#end = (this.#head + Math.min(rest, left)) | 0;
    const offset = this.#parse();
    if (offset >= 0) return offset;
    if (this.#words[FIRST_RECORD + (at >>> 2)] !== -rest || rest > left) {
      throw corrupt(this.#words.buffer, `the record at offset ${at} is not a message`);
    }
    this.#head = this.#end;
    // The next receiver continues here even if no message follows: this room may be published.
    this.#words[CONSUMED] = this.#head;
    return this.#knowsMore() ? this.#nextFarther() : -1;
  }

  /** Loads and checks the tail, and returns whether there is something to read. */
  #refreshTail(): boolean {
    const tail = Atomics.load(this.#words, WORD.tail);
    const used = (tail - this.#head) >>> 0;
    if ((tail & 7) !== 0 || used > this.#capacity) {
      throw corrupt(this.#words.buffer, `its tail is at ${tail} and its head at ${this.#head}`);
    }
    this.#tail = tail;
    return used !== 0;
  }
}

/** Returns the length of a message's record in bytes, rounded up to a multiple of 8. */
function sizeOf(length: number): number {
  return (length + (RECORD_HEADER + 7)) & ~7;
}
