/**
 * Writes records into a ring, for its sender.
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

/**
 * Maximum length of pending messages in bytes, or an eighth of the ring if that is less. Then the
 * tail is published.
 */
export const BATCH = 32_768;

/** The value of `#claimed` if no message is claimed. */
const NONE = -1;

// Constants, fields and methods are as in docs/performance.md, "Habits that keep V8 fast".
const RECORD_HEADER = RECORD_HEADER_LENGTH;
const FIRST_RECORD = HEADER_LENGTH / 4;
const COMMITTED = WORD.committed;
const NO_ROOM = -1;
const NOTHING_DUE = 0;

/** Result of a commit: nothing is left to do. */
export const NOTHING: number = NOTHING_DUE;
/** Result of a commit: the message is pending, and the caller must have it published soon. */
export const PENDING = 1;
/** Result of a commit: the tail was published, and the caller must wake the receiver. */
export const PUBLISHED = 2;

/** Result of a claim that found no room. */
export const FULL: number = NO_ROOM;
/** Result of a claim while another sender has the producer lock. */
export const LOCKED = -2;

/**
 * Writes messages into a ring. A writer changes only the ring. The caller checks that it can
 * send, wakes the receiver, and has pending messages published before the thread idles.
 */
export interface Writer {
  /** The bytes of the ring. */
  readonly ring: Uint8Array<ArrayBuffer>;
  /** The maximum length of a message in bytes. */
  readonly maxMessageLength: number;
  /** The length of the claimed message in bytes; below 0 if no message is claimed. */
  readonly claimed: number;
  /** Number of messages that were committed. */
  readonly count: number;
  /**
   * The other sender that has the producer lock, for error messages; `undefined` if none has it.
   */
  readonly holder: string | undefined;
  /**
   * Claims room below the fast-path limit: no check of receiver, room, batch or wrap is needed.
   *
   * @param length The length of the message in bytes, an integer from 0 to `maxMessageLength`.
   * @returns The offset of the message in `ring`, a multiple of 8; below 0 if the caller must use
   *   {@linkcode claim}, or a message is claimed already.
   */
  claimNear(length: number): number;
  /**
   * Checks the room for a message, and claims it. No message may be claimed before.
   *
   * @param length The length of the message in bytes, an integer from 0 to `maxMessageLength`.
   * @returns The offset of the message in `ring`, a multiple of 8; otherwise {@linkcode FULL} or
   *   {@linkcode LOCKED}.
   * @throws {Deno.errors.InvalidData} If the header is corrupt.
   */
  claim(length: number): number;
  /** Shortens the claimed message to a length in bytes. */
  shorten(length: number): void;
  /**
   * Commits the claimed message.
   *
   * @param publishes Whether to publish the message at once.
   * @returns The work that is left: {@linkcode NOTHING}, {@linkcode PENDING} or
   *   {@linkcode PUBLISHED}.
   */
  commit(publishes?: boolean): number;
  /** Aborts the claimed message. */
  abort(): void;
  /**
   * Writes and commits a message, if it ends before the fast-path limit and no message is claimed.
   *
   * @param publishes Whether to publish the message at once.
   * @returns The result of {@linkcode commit}; below 0 if the caller must use {@linkcode claim} and
   *   {@linkcode write}.
   */
  writeNear(bytes: Uint8Array, publishes?: boolean): number;
  /**
   * Copies a message into the claimed room, and commits it.
   *
   * @param publishes Whether to publish the message at once.
   * @returns The result of {@linkcode commit}.
   * @throws If the bytes cannot be copied. The claim is aborted then.
   */
  write(bytes: Uint8Array, publishes?: boolean): number;
  /** Whether the ring has room for a message of this length in bytes. Loads the head. */
  findRoom(length: number): boolean;
  /**
   * Publishes all pending messages.
   *
   * @returns Whether messages were pending.
   */
  publish(): boolean;
}

/**
 * Writes messages into a ring, for one sender.
 *
 * A message is written in three steps: its bytes, its length, and the tail. The tail is published
 * once for many messages, because each time a cache line moves from one processor to another.
 * Nothing is allocated per message.
 *
 * The bytes and the length are plain stores. The tail is a release, which the receiver acquires. The
 * receiver's head is a release, too, which this writer acquires before it overwrites a message. So
 * all loads of the message come before. tests/channel/model/order_scenarios.ts checks this with the
 * memory order of ARM64.
 */
export class RingWriter implements Writer {
  readonly ring: Uint8Array<ArrayBuffer>;
  readonly maxMessageLength: number;
  /** The header and the ring. */
  readonly #words: Int32Array<ArrayBuffer> = new Int32Array();
  readonly #capacity: number = 0;
  readonly #batch: number = 0;
  /** Offset in the ring where the next record begins; the capacity, not 0, at the ring's end. */
  #at = 0;
  /** Added to `#at` this gives the tail: the bytes written in earlier laps. */
  #lap = 0;
  /**
   * Fast-path limit: a record that ends at or before this offset needs no check of room, batch or
   * wrap.
   */
  #limit = 0;
  /** The length of the claimed message, or {@linkcode NONE}. */
  #claimed = NONE;
  #count = 0;
  /** The last tail that was published. */
  #published = 0;
  /** The head at the last look. There is at least the room that this head leaves. */
  #head = 0;

  /**
   * Continues where the last sender stopped, even if it has died, and publishes the pending
   * messages of that sender. If there are many senders, each must {@linkcode refresh} after it has
   * taken the producer lock.
   *
   * @param settings The checked settings from the header.
   * @throws {Deno.errors.InvalidData} If the positions in the header are corrupt.
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
   * Continues after the messages of other senders. The caller has the producer lock.
   *
   * @throws {Deno.errors.InvalidData} If the positions in the header are corrupt.
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

  /** Whether there seems to be room for a message. This sender does not need the producer lock. */
  seemsToHaveRoom(length: number): boolean {
    // The head is loaded first: if another end stores between the two loads, the room seems
    // smaller.
    const head = Atomics.load(this.#words, WORD.head);
    const tail = Atomics.load(this.#words, WORD.tail);
    return ((tail - head) >>> 0) + this.#needed(sizeOf(length), tail) <= this.#capacity;
  }

  /** Whether messages are pending. */
  get isPending(): boolean {
    return this.#published !== this.#tail();
  }

  get claimed(): number {
    return this.#claimed;
  }

  get count(): number {
    return this.#count;
  }

  /** Returns `undefined`: no other sender can write. */
  get holder(): undefined {
    return undefined;
  }

  // Most messages need only this method and `commit`. Both call nothing until the limit is reached.
  // Integers of 32 bits are enough, because a ring is much smaller.
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
    // A plain store is enough: another end reads it only after this process has ended.
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
    // The copy comes first: if it throws, nothing is claimed.
    this.ring.set(bytes, (at + RECORD_HEADER) | 0);
    this.#claimed = length;
    return this.commit(publishes) | 0;
  }

  write(bytes: Uint8Array, publishes = false): number {
    try {
      this.ring.set(bytes, (this.#at + RECORD_HEADER) | 0);
    } catch (error) {
      // The message's buffer may have been transferred.
      this.abort();
      throw error;
    }
    return this.commit(publishes) | 0;
  }

  publish(): boolean {
    // The next message begins a new batch.
    this.#limit = 0;
    if (!this.isPending) return false;
    this.#published = this.#tail();
    Atomics.store(this.#words, WORD.tail, this.#published);
    return true;
  }

  findRoom(length: number): boolean {
    return this.#refreshHead(this.#needed(sizeOf(length), this.#tail()));
  }

  /** Returns the position of the end of the committed messages and padding. */
  #tail(): number {
    return (this.#lap + this.#at) | 0;
  }

  /** Returns the room in bytes after the last look at the head. It can be more by now. */
  #room(): number {
    return this.#capacity - ((this.#tail() - this.#head) | 0);
  }

  #goTo(tail: number): void {
    this.#at = tail & (this.#capacity - 1);
    this.#lap = (tail - this.#at) | 0;
    this.#limit = 0;
  }

  /** Handles a commit beyond the limit: publishes a full batch, or sets the next limit. */
  #commitFarther(): number {
    const left = (this.#published + this.#batch - this.#tail()) | 0;
    if (left <= 0) {
      this.publish();
      return PUBLISHED;
    }
    // A message that fills the batch must end after the limit.
    this.#limit = this.#at + Math.min(this.#capacity - this.#at, this.#room(), left - 1);
    return PENDING;
  }

  /**
   * Fills the rest of the ring with padding, so that the next record is at the ring's beginning.
   */
  #pad(): void {
    const rest = this.#capacity - this.#at;
    if (rest > 0) this.#words[FIRST_RECORD + (this.#at >>> 2)] = -rest;
    this.#goTo((this.#tail() + rest) | 0);
    // The next sender continues here even if no message follows.
    this.#words[COMMITTED] = this.#lap;
  }

  /** Returns the length in bytes of a record and of the padding that it needs before it. */
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

  /** Loads and checks the head, and returns whether the ring has room for `needed` bytes. */
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

/** Returns the length of a message's record in bytes, rounded up to a multiple of 8. */
function sizeOf(length: number): number {
  return (length + (RECORD_HEADER + 7)) & ~7;
}
