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

// What is imported or exported is looked up at each use, and another constant of this module is
// not.
const RECORD_HEADER = RECORD_HEADER_LENGTH;
const FIRST_RECORD = HEADER_LENGTH / 4;
const COMMITTED = WORD.committed;
const NO_ROOM = -1;
const NOTHING_DUE = 0;

/** What a commit leaves to be done: nothing. */
export const NOTHING: number = NOTHING_DUE;
/**
 * What a commit leaves to be done: the message is not published, so that it has to be before long.
 */
export const PENDING = 1;
/** What a commit leaves to be done: the tail is published, so that the receiver has to be woken. */
export const PUBLISHED = 2;

/** The result of a claim that found no room. */
export const FULL: number = NO_ROOM;
/** The result of a claim while another sender has the producer lock. */
export const LOCKED = -2;

/**
 * What a sender writes with. It changes the ring and nothing else: whoever calls it checks that it
 * may send, wakes the receiver, and has pending messages published before the thread idles.
 */
export interface Writer {
  /** The ring's bytes. */
  readonly ring: Uint8Array<ArrayBuffer>;
  /** The longest message, in bytes. */
  readonly maxMessageLength: number;
  /** The length of the message that is claimed, in bytes; below 0 if none is. */
  readonly claimed: number;
  /** How many messages were committed. */
  readonly count: number;
  /** Who has the producer lock, for messages; `undefined` if no other sender has it. */
  readonly holder: string | undefined;
  /**
   * Claims room that needs no check: not of the receiver, nor of the room, the batch or the wrap.
   *
   * @param length The message's length in bytes, an integer from 0 to `maxMessageLength`.
   * @returns Where the message begins in `ring`, at a multiple of 8; below 0 where
   *   {@linkcode claim} has to look for room, or a message is claimed.
   */
  claimNear(length: number): number;
  /**
   * Looks for room for a message, and claims it. No message may be claimed already.
   *
   * @param length The message's length in bytes, an integer from 0 to `maxMessageLength`.
   * @returns Where the message begins in `ring`, at a multiple of 8; otherwise {@linkcode FULL} or
   *   {@linkcode LOCKED}.
   * @throws {Deno.errors.InvalidData} If the header is corrupt.
   */
  claim(length: number): number;
  /** Shortens the message that is claimed. */
  shorten(length: number): void;
  /**
   * Lets the message that is claimed follow those before it.
   *
   * @param publishes Whether it is to be published at once.
   * @returns What is left to be done: {@linkcode NOTHING}, {@linkcode PENDING} or
   *   {@linkcode PUBLISHED}.
   */
  commit(publishes?: boolean): number;
  /** Gives up the message that is claimed. */
  abort(): void;
  /**
   * Writes a message and commits it, if its room needs no check.
   *
   * @param publishes Whether it is to be published at once.
   * @returns What {@linkcode commit} returns; below 0 where {@linkcode claim} has to look for room
   *   before {@linkcode write}.
   */
  writeNear(bytes: Uint8Array, publishes?: boolean): number;
  /**
   * Copies a message into the room that was claimed for it, and commits it.
   *
   * @param publishes Whether it is to be published at once.
   * @returns What {@linkcode commit} returns.
   * @throws What cannot be copied throws, and is given up.
   */
  write(bytes: Uint8Array, publishes?: boolean): number;
  /** Looks whether there is room for a message now. */
  findRoom(length: number): boolean;
  /**
   * Publishes all that is committed.
   *
   * @returns Whether anything was pending.
   */
  publish(): boolean;
}

/**
 * Writes messages into a ring, for one sender.
 *
 * A message is there in three steps: its bytes, its length, and the tail. The tail is published for
 * many messages at a time, since each time a cache line goes from one processor to the other.
 * Nothing is allocated per message.
 */
export class RingWriter implements Writer {
  readonly ring: Uint8Array<ArrayBuffer>;
  readonly maxMessageLength: number;
  // Declared without a value, a field is `undefined` at first, and V8 then checks it at each use.
  /** The header and the ring. */
  readonly #words: Int32Array<ArrayBuffer> = new Int32Array();
  readonly #capacity: number = 0;
  readonly #batch: number = 0;
  /**
   * Where in the ring what is written ends; the capacity, not 0, where that is at the ring's end.
   */
  #at = 0;
  /** Added to `#at` this gives the tail: the bytes written in earlier laps. */
  #lap = 0;
  /**
   * Fast-path limit: a record that ends at or before this offset needs no check of room, batch or
   * wrap.
   */
  #limit = 0;
  /** The length of the message that is claimed, or {@linkcode NONE}. */
  #claimed = NONE;
  #count = 0;
  /** The tail that was published last. */
  #published = 0;
  /** The head as it was when it was last looked at: the room is at least that. */
  #head = 0;

  /**
   * Goes on where the last sender stopped, which may have died, and publishes what that one had
   * committed. Of many senders, each has to {@linkcode refresh} when it has the producer lock.
   *
   * @param settings What the header said when it was checked.
   * @throws {Deno.errors.InvalidData} If the header's positions contradict each other.
   */
  constructor(buffer: ArrayBuffer, settings: RingSettings) {
    const { capacity, maxMessageLength, producers } = settings;
    this.#words = new Int32Array(buffer, 0, (HEADER_LENGTH + capacity) / 4);
    this.ring = new Uint8Array(buffer, HEADER_LENGTH, capacity);
    this.maxMessageLength = Math.min(maxMessageLength, longestMessage(capacity));
    this.#capacity = capacity;
    this.#batch = Math.min(BATCH, capacity / 8);
    if (producers === "single") this.#resume();
  }

  /**
   * Takes in what other senders have written, when this one has the producer lock.
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

  /** Whether there seems to be room for a message, whoever has the producer lock. */
  seemsToHaveRoom(length: number): boolean {
    // In this order: what the receiver and others do between the two makes the room seem too small.
    const head = Atomics.load(this.#words, WORD.head);
    const tail = Atomics.load(this.#words, WORD.tail);
    return ((tail - head) >>> 0) + this.#needed(sizeOf(length), tail) <= this.#capacity;
  }

  /** Whether something is committed and not published. */
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

  // All that is done for each message is here and in `commit`. It keeps to integers of 32 bits,
  // which do because the ring is far smaller than they can be, and calls nothing until the limit is
  // reached.
  claimNear(length: number): number {
    const at = this.#at;
    const isNear = ((at + sizeOf(length)) | 0) <= this.#limit;
    if (!isNear || this.#claimed !== NONE) return NO_ROOM;
    this.#claimed = length;
    return (at + RECORD_HEADER) | 0;
  }

  claim(length: number): number {
    const size = sizeOf(length);
    const needed = this.#needed(size, this.#tail());
    if (needed > this.#room() && !this.#refreshHead(needed)) return NO_ROOM;
    if (size > this.#capacity - this.#at) this.#pad();
    this.#claimed = length;
    return (this.#at + RECORD_HEADER) | 0;
  }

  shorten(length: number): void {
    this.#claimed = length;
  }

  commit(publishes = false): number {
    const length = this.#claimed;
    const at = this.#at;
    const end = (at + sizeOf(length)) | 0;
    this.#claimed = NONE;
    this.#count++;
    this.#words[FIRST_RECORD + (at >>> 2)] = (length + RECORD_HEADER) | 0;
    this.#at = end;
    // No order is needed: it is read only when this process has ended.
    this.#words[COMMITTED] = this.#lap + end;
    if (!publishes) return end <= this.#limit ? NOTHING_DUE : this.#commitFarther() | 0;
    this.publish();
    return PUBLISHED;
  }

  abort(): void {
    this.#claimed = NONE;
  }

  writeNear(bytes: Uint8Array, publishes = false): number {
    const { length } = bytes;
    const at = this.#at;
    const isNear = ((at + sizeOf(length)) | 0) <= this.#limit;
    if (!isNear || this.#claimed !== NONE) return NO_ROOM;
    // If the bytes cannot be copied, nothing is claimed.
    this.ring.set(bytes, (at + RECORD_HEADER) | 0);
    this.#claimed = length;
    return this.commit(publishes) | 0;
  }

  write(bytes: Uint8Array, publishes = false): number {
    try {
      this.ring.set(bytes, (this.#at + RECORD_HEADER) | 0);
    } catch (error) {
      // Its memory may be gone, as that of an array is that was transferred.
      this.abort();
      throw error;
    }
    return this.commit(publishes) | 0;
  }

  publish(): boolean {
    // With the next message a batch begins.
    this.#limit = 0;
    if (!this.isPending) return false;
    this.#published = this.#tail();
    Atomics.store(this.#words, WORD.tail, this.#published);
    return true;
  }

  findRoom(length: number): boolean {
    return this.#refreshHead(this.#needed(sizeOf(length), this.#tail()));
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

  /** Looks at what a message that ends after the limit has filled: a batch is published. */
  #commitFarther(): number {
    const left = (this.#published + this.#batch - this.#tail()) | 0;
    if (left <= 0) {
      this.publish();
      return PUBLISHED;
    }
    // What fills the batch is to end after the limit.
    this.#limit = this.#at + Math.min(this.#capacity - this.#at, this.#room(), left - 1);
    return PENDING;
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
    this.#goTo(Atomics.load(this.#words, WORD.committed)); // guard: resume
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

  /** Looks how far the receiver has come; tells whether there is room for so many bytes. */
  #refreshHead(needed: number): boolean {
    const head = Atomics.load(this.#words, WORD.head);
    this.#checkHead(head);
    this.#head = head;
    return ((this.#tail() - head) >>> 0) + needed <= this.#capacity;
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
