/**
 * The sender's side of a ring.
 *
 * @module
 */

import {
  corrupt,
  HEADER_LENGTH,
  longestMessage,
  RECORD_HEADER_LENGTH,
  type RingSettings,
  WORD,
} from "./layout.ts";

/** How many bytes are written before the receiver sees them, unless the sender idles before. */
export const BATCH = 32_768;

/** No message is claimed. */
const NONE = -1;

// What is imported is looked up at each use, and a constant of this module is not.
const RECORD_HEADER = RECORD_HEADER_LENGTH;
const FIRST_RECORD = HEADER_LENGTH / 4;
const COMMITTED = WORD.committed;

/** What a writer calls. */
export interface WriterCalls {
  /** Before it looks for room, which is once for each batch at least; it may throw. */
  begin(): void;
  /** When there is a message that the receiver is not told of. */
  pending(): void;
  /** After the receiver was told of messages. */
  told(): void;
}

/** What a sender writes with. */
export interface Writer {
  /** The ring's bytes. */
  readonly ring: Uint8Array<ArrayBuffer>;
  /** The longest message, in bytes. */
  readonly maxMessageLength: number;
  /**
   * Finds room for a message.
   *
   * @param length Its length in bytes, which has to be an integer from 0 to `maxMessageLength`.
   * @returns Where it begins in `ring`, at a multiple of 8, or -1 if there is no room now.
   * @throws {Deno.errors.InvalidData} If the header is corrupt.
   */
  claim(length: number): number;
  /** The length of the message that is claimed, in bytes; below 0 if none is. */
  readonly claimed: number;
  /** How many messages were committed. */
  readonly count: number;
  /** Who has the producer lock, for messages; `undefined` if no other sender has it. */
  readonly holder: string | undefined;
  /** Has the message that is claimed be of so many bytes only. */
  shorten(length: number): void;
  /**
   * Lets the message that is claimed follow those before it.
   *
   * @param tells Whether the receiver is to be told at once.
   */
  commit(tells?: boolean): void;
  /** Gives up the message that is claimed. */
  abort(): void;
  /**
   * Writes a message.
   *
   * @param bytes The message, not longer than `maxMessageLength`.
   * @param tells Whether the receiver is to be told at once.
   * @returns Whether there was room.
   */
  write(bytes: Uint8Array, tells?: boolean): boolean;
  /** Whether there is room for a message now. */
  hasRoom(length: number): boolean;
  /** Tells the receiver of all that is committed. */
  publish(): void;
}

/**
 * Writes messages into a ring, for one sender.
 *
 * A message is there in three steps: its bytes, its length, and the tail that tells the receiver of
 * it. The tail is told for many messages at a time, since with each telling a cache line goes from
 * one processor to the other. Nothing is allocated per message.
 */
export class RingWriter implements Writer {
  readonly ring: Uint8Array<ArrayBuffer>;
  readonly maxMessageLength: number;
  // Declared without a value, a field is `undefined` at first, and V8 then checks it at each use.
  /** The header and the ring. */
  readonly #words: Int32Array<ArrayBuffer> = new Int32Array();
  readonly #capacity: number = 0;
  readonly #batch: number = 0;
  readonly #calls: WriterCalls;
  /** Where in the ring what is written ends; the capacity, not 0, where that is at the ring's end. */
  #at = 0;
  /** The tail, whose place in the ring is `#at`, is so much more. */
  #lap = 0;
  /** What ends up to here in the ring is claimed and committed without a look at anything else. */
  #limit = 0;
  /** The length of the message that is claimed, or {@linkcode NONE}. */
  #claimed = NONE;
  #count = 0;
  /** The tail that the receiver was told. */
  #published = 0;
  /** The head as it was when it was last looked at: the room is at least that. */
  #head = 0;

  /**
   * Goes on where the last sender stopped, which may have died. Of many senders, each has to
   * {@linkcode refresh} in its turn.
   *
   * @param buffer The memory.
   * @param settings What its header said when it was checked.
   * @param calls What it calls.
   * @throws {Deno.errors.InvalidData} If the header's positions contradict each other.
   */
  constructor(buffer: ArrayBuffer, settings: RingSettings, calls: WriterCalls) {
    const { capacity, maxMessageLength, producers } = settings;
    this.#words = new Int32Array(buffer, 0, (HEADER_LENGTH + capacity) / 4);
    this.ring = new Uint8Array(buffer, HEADER_LENGTH, capacity);
    this.maxMessageLength = Math.min(maxMessageLength, longestMessage(capacity));
    this.#capacity = capacity;
    this.#batch = Math.min(BATCH, capacity / 8);
    this.#calls = calls;
    if (producers === "single") this.#resume();
  }

  /**
   * Takes in what other senders have written, when it is this one's turn.
   *
   * @throws {Deno.errors.InvalidData} If the header's positions contradict each other.
   */
  refresh(): void {
    const tail = Atomics.load(this.#words, WORD.tail);
    const head = Atomics.load(this.#words, WORD.head);
    if (((tail | head) & 7) !== 0 || ((tail - head) >>> 0) > this.#capacity) {
      throw corrupt(this.#words.buffer, `its head is at ${head}, its tail at ${tail}`);
    }
    this.#goTo(tail);
    this.#published = tail;
    this.#head = head;
  }

  /** Whether there seems to be room for a message, whoever's turn it is. */
  seemsToHaveRoom(length: number): boolean {
    // In this order: what the receiver and others do between the two makes the room seem too small.
    const head = Atomics.load(this.#words, WORD.head);
    const tail = Atomics.load(this.#words, WORD.tail);
    return ((tail - head) >>> 0) + this.#needed(sizeOf(length), tail) <= this.#capacity;
  }

  /** Whether the receiver has not been told of all that is committed. */
  get isPending(): boolean {
    return this.#published !== this.#tail();
  }

  get claimed(): number {
    return this.#claimed;
  }

  get count(): number {
    return this.#count;
  }

  /** Nobody else can write. */
  get holder(): undefined {
    return undefined;
  }

  // All that is done for each message is here and in `commit`. It keeps to integers of 32 bits, which
  // do because the ring is far smaller than they can be, and calls nothing until the limit is reached.
  claim(length: number): number {
    const at = this.#at;
    const isNear = ((at + sizeOf(length)) | 0) <= this.#limit;
    if (!isNear || this.#claimed !== NONE) return this.#claimFarther(length) | 0;
    this.#claimed = length;
    return (at + RECORD_HEADER) | 0;
  }

  shorten(length: number): void {
    this.#claimed = length;
  }

  commit(tells = false): void {
    const length = this.#claimed;
    const at = this.#at;
    const end = (at + sizeOf(length)) | 0;
    this.#claimed = NONE;
    this.#count++;
    this.#words[FIRST_RECORD + (at >>> 2)] = (length + RECORD_HEADER) | 0;
    this.#at = end;
    // No order is needed: it is read only when this process has ended.
    this.#words[COMMITTED] = this.#lap + end;
    if (tells) this.publish();
    else if (end > this.#limit) this.#commitFarther();
  }

  abort(): void {
    this.#claimed = NONE;
  }

  write(bytes: Uint8Array, tells = false): boolean {
    const { length } = bytes;
    const offset = this.claim(length);
    if (offset < 0) return false;
    try {
      this.ring.set(bytes, offset);
    } catch (error) {
      // Its memory may be gone, as that of an array is that was transferred.
      this.abort();
      throw error;
    }
    this.commit(tells);
    return true;
  }

  publish(): void {
    // With the next message a batch begins.
    this.#limit = 0;
    if (!this.isPending) return;
    this.#published = this.#tail();
    Atomics.store(this.#words, WORD.tail, this.#published);
    this.#calls.told();
  }

  hasRoom(length: number): boolean {
    return this.#findRoom(this.#needed(sizeOf(length), this.#tail()));
  }

  // These are no getters, for V8 calls those that are private and does not inline them.

  /** What is written ends here. */
  #tail(): number {
    return (this.#lap + this.#at) | 0;
  }

  /** How much room there is at least. */
  #room(): number {
    return this.#capacity - ((this.#tail() - this.#head) | 0);
  }

  #goTo(tail: number): void {
    this.#at = tail & (this.#capacity - 1);
    this.#lap = (tail - this.#at) | 0;
    this.#limit = 0;
  }

  /** Claims what ends after the limit. */
  #claimFarther(length: number): number {
    this.#calls.begin();
    const size = sizeOf(length);
    const needed = this.#needed(size, this.#tail());
    if (needed > this.#room() && !this.#findRoom(needed)) return -1;
    if (size > this.#capacity - this.#at) this.#pad();
    this.#claimed = length;
    return this.#at + RECORD_HEADER;
  }

  /** What ends after the limit is committed: is there a batch? */
  #commitFarther(): void {
    const left = (this.#published + this.#batch - this.#tail()) | 0;
    if (left <= 0) {
      this.publish();
      return;
    }
    this.#calls.pending();
    // What fills the batch is to end after the limit.
    this.#limit = this.#at + Math.min(this.#capacity - this.#at, this.#room(), left - 1);
  }

  /** Goes on at the ring's beginning. */
  #pad(): void {
    const rest = this.#capacity - this.#at;
    if (rest > 0) this.#words[FIRST_RECORD + (this.#at >>> 2)] = -rest;
    this.#goTo((this.#tail() + rest) | 0);
    // The next sender goes on here also if nothing follows.
    this.#words[COMMITTED] = this.#lap;
  }

  /** What a record takes, with the padding that may have to be before it. */
  #needed(size: number, tail: number): number {
    const rest = this.#capacity - (tail & (this.#capacity - 1));
    return size <= rest ? size : rest + size;
  }

  #resume(): void {
    this.#goTo(Atomics.load(this.#words, WORD.committed));
    this.#published = Atomics.load(this.#words, WORD.tail);
    this.#head = Atomics.load(this.#words, WORD.head);
    if (
      (this.#tail() & 7) !== 0 || (this.#published & 7) !== 0 ||
      ((this.#tail() - this.#published) >>> 0) > this.#capacity
    ) {
      throw corrupt(
        this.#words.buffer,
        `its tail is at ${this.#published}, and ${this.#tail()} is committed`,
      );
    }
    this.#checkHead(this.#head);
    this.publish();
  }

  #findRoom(needed: number): boolean {
    const head = Atomics.load(this.#words, WORD.head);
    this.#checkHead(head);
    this.#head = head;
    if (((this.#tail() - head) >>> 0) + needed <= this.#capacity) return true;
    // The receiver has to make room, and can do so only with what it knows of.
    this.publish();
    return false;
  }

  #checkHead(head: number): void {
    const used = (this.#tail() - head) >>> 0;
    const usedBefore = (this.#tail() - this.#head) >>> 0;
    if ((head & 7) === 0 && used <= this.#capacity && used <= usedBefore) return;
    throw corrupt(
      this.#words.buffer,
      `its head went from ${this.#head} to ${head}, its tail is at ${this.#tail()}`,
    );
  }
}

/** What the record of a message takes, in bytes. */
function sizeOf(length: number): number {
  return (length + (RECORD_HEADER + 7)) & ~7;
}
