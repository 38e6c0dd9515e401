/**
 * The sender's side of a ring.
 *
 * @module
 */

import {
  HEADER_LENGTH,
  longestMessage,
  RECORD_HEADER_LENGTH,
  RECORD_KIND,
  type RingSettings,
  WORD,
} from "./ring_header.ts";

/** How many bytes are written before the receiver sees them, unless the sender idles before. */
export const BATCH = 4096;

/** What a writer calls. */
export interface WriterCalls {
  /** Before the first message that the receiver is not told of; it may throw. */
  begin(): void;
  /** After the receiver was told of messages. */
  told(): void;
}

/** What a sender writes with. */
export interface Writer {
  /** The ring's bytes. */
  readonly ring: Uint8Array<ArrayBuffer>;
  /** The longest message, in bytes. */
  readonly maxMessageLength: number;
  /** Whether the receiver has not been told of all that is committed. */
  readonly isPending: boolean;
  /**
   * Finds room for a message.
   *
   * @param length Its length in bytes, which has to be an integer from 0 to `maxMessageLength`.
   * @returns Where it begins in `ring`, at a multiple of 8, or -1 if there is no room now.
   * @throws {Deno.errors.InvalidData} If the header says what cannot be.
   */
  claim(length: number): number;
  /**
   * Lets the message that was claimed last follow those before it.
   *
   * @param length Its length in bytes, at most what was claimed.
   */
  commit(length: number): void;
  /** Gives up the message that was claimed last. */
  abort(): void;
  /**
   * Writes a message.
   *
   * @param bytes The message, not longer than `maxMessageLength`.
   * @returns Whether there was room.
   */
  write(bytes: Uint8Array): boolean;
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
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #capacity: number;
  readonly #mask: number;
  readonly #batch: number;
  readonly #calls: WriterCalls;
  /** What is written ends here. */
  #tail = 0;
  /** The tail that the receiver was told. */
  #published = 0;
  /** The head as it was when it was last looked at: the room is at least that. */
  #head = 0;
  /** What begins at the tail may go on to here without a look at the head or at the ring's end. */
  #limit = 0;

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
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    this.#words = new Int32Array(buffer, HEADER_LENGTH, capacity / 4);
    this.ring = new Uint8Array(buffer, HEADER_LENGTH, capacity);
    this.maxMessageLength = Math.min(maxMessageLength, longestMessage(capacity));
    this.#capacity = capacity;
    this.#mask = capacity - 1;
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
    const tail = Atomics.load(this.#header, WORD.tail);
    const head = Atomics.load(this.#header, WORD.head);
    if (((tail | head) & 7) !== 0 || ((tail - head) >>> 0) > this.#capacity) {
      throw new Deno.errors.InvalidData(`The channel's head is at ${head}, its tail at ${tail}`);
    }
    this.#tail = this.#published = this.#limit = tail;
    this.#head = head;
  }

  /** Whether there seems to be room for a message, whoever's turn it is. */
  seemsToHaveRoom(length: number): boolean {
    // In this order: what the receiver and others do between the two makes the room seem too small.
    const head = Atomics.load(this.#header, WORD.head);
    const tail = Atomics.load(this.#header, WORD.tail);
    return ((tail - head) >>> 0) + this.#needed(sizeOf(length), tail) <= this.#capacity;
  }

  get isPending(): boolean {
    return this.#published !== this.#tail;
  }

  claim(length: number): number {
    const size = sizeOf(length);
    // The limit is at most the capacity away, so that integers of 32 bits do.
    if (size > ((this.#limit - this.#tail) | 0)) return this.#claimFarther(size);
    return (this.#tail & this.#mask) + RECORD_HEADER_LENGTH;
  }

  commit(length: number): void {
    const index = (this.#tail & this.#mask) >> 2;
    this.#words[index + 1] = RECORD_KIND.message;
    this.#words[index] = length + RECORD_HEADER_LENGTH;
    this.#tail = (this.#tail + sizeOf(length)) | 0;
    // No order is needed: it is read only when this process has ended.
    this.#header[WORD.committed] = this.#tail;
    if (((this.#tail - this.#published) | 0) >= this.#batch) this.publish();
  }

  /** Does nothing: what is claimed is not there before it is committed. */
  abort(): void {}

  write(bytes: Uint8Array): boolean {
    const { length } = bytes;
    const offset = this.claim(length);
    if (offset < 0) return false;
    this.ring.set(bytes, offset);
    this.commit(length);
    return true;
  }

  publish(): void {
    // With the next message a batch begins, which has the limit looked for again.
    this.#published = this.#limit = this.#tail;
    Atomics.store(this.#header, WORD.tail, this.#tail);
    this.#calls.told();
  }

  hasRoom(length: number): boolean {
    return this.#findRoom(this.#needed(sizeOf(length), this.#tail));
  }

  /** Finds room where a batch begins, the head has to be looked at, or the ring's end is too near. */
  #claimFarther(size: number): number {
    if (!this.isPending) this.#calls.begin();
    const used = (this.#tail - this.#head) | 0;
    const needed = this.#needed(size, this.#tail);
    if (needed > this.#capacity - used && !this.#findRoom(needed)) return -1;
    if (needed > size) this.#pad();
    const rest = this.#capacity - (this.#tail & this.#mask);
    const room = this.#capacity - ((this.#tail - this.#head) | 0);
    this.#limit = (this.#tail + Math.min(rest, room)) | 0;
    return (this.#tail & this.#mask) + RECORD_HEADER_LENGTH;
  }

  /** Goes on at the ring's beginning. */
  #pad(): void {
    const at = this.#tail & this.#mask;
    const rest = this.#capacity - at;
    this.#words[(at >> 2) + 1] = RECORD_KIND.padding;
    this.#words[at >> 2] = rest;
    this.#tail = (this.#tail + rest) | 0;
  }

  /** What a record takes, with the padding that may have to be before it. */
  #needed(size: number, tail: number): number {
    const rest = this.#capacity - (tail & this.#mask);
    return size <= rest ? size : rest + size;
  }

  #resume(): void {
    this.#tail = Atomics.load(this.#header, WORD.committed);
    this.#published = Atomics.load(this.#header, WORD.tail);
    this.#head = Atomics.load(this.#header, WORD.head);
    if (
      (this.#tail & 7) !== 0 || (this.#published & 7) !== 0 ||
      ((this.#tail - this.#published) >>> 0) > this.#capacity
    ) {
      throw new Deno.errors.InvalidData(
        `The channel's tail is at ${this.#published}, and ${this.#tail} is committed`,
      );
    }
    this.#checkHead(this.#head);
    if (this.#published !== this.#tail) this.publish();
  }

  #findRoom(needed: number): boolean {
    const head = Atomics.load(this.#header, WORD.head);
    this.#checkHead(head);
    this.#head = head;
    if (((this.#tail - head) >>> 0) + needed <= this.#capacity) return true;
    // The receiver has to make room, and can do so only with what it knows of.
    if (this.isPending) this.publish();
    return false;
  }

  #checkHead(head: number): void {
    const used = (this.#tail - head) >>> 0;
    const usedBefore = (this.#tail - this.#head) >>> 0;
    if ((head & 7) === 0 && used <= this.#capacity && used <= usedBefore) return;
    throw new Deno.errors.InvalidData(
      `The channel's head went from ${this.#head} to ${head}, its tail is at ${this.#tail}`,
    );
  }
}

/** What the record of a message takes, in bytes. */
function sizeOf(length: number): number {
  return (length + RECORD_HEADER_LENGTH + 7) & ~7;
}
