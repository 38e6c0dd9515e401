/**
 * The receiver's side of a ring.
 *
 * @module
 */

import {
  HEADER_LENGTH,
  RECORD_HEADER_LENGTH,
  RECORD_KIND,
  type RingSettings,
  WORD,
} from "./ring_header.ts";

/** How many bytes are read before the sender may write there again, unless the receiver idles before. */
export const BATCH = 65_536;

/**
 * Reads messages out of a ring, for one receiver.
 *
 * Nothing that stands in the memory is believed: a length is read once, and checked before it is
 * used. Nothing is allocated per message.
 */
export class RingReader {
  /** The ring's bytes. */
  readonly ring: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #capacity: number;
  readonly #mask: number;
  readonly #batch: number;
  readonly #maxMessageLength: number;
  /** Tells whoever may sleep that there is room. */
  readonly #told: () => void;
  /** What is read ends here. */
  #head: number;
  /** The head that the sender was told. */
  #released: number;
  /** The tail as it was when it was last looked at: at least that much is written. */
  #tail: number;
  #length = 0;
  #next: number;

  /**
   * Goes on where the last receiver stopped, which may have died.
   *
   * @param buffer The memory.
   * @param settings What its header said when it was checked.
   * @param told Is called each time the sender was told of room.
   * @throws {Deno.errors.InvalidData} If the header's positions contradict each other.
   */
  constructor(buffer: ArrayBuffer, settings: RingSettings, told: () => void) {
    const { capacity, maxMessageLength } = settings;
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    this.#words = new Int32Array(buffer, HEADER_LENGTH, capacity / 4);
    this.ring = new Uint8Array(buffer, HEADER_LENGTH, capacity);
    this.#capacity = capacity;
    this.#mask = capacity - 1;
    this.#batch = Math.min(BATCH, capacity / 8);
    this.#maxMessageLength = maxMessageLength;
    this.#told = told;
    this.#head = Atomics.load(this.#header, WORD.consumed);
    this.#released = Atomics.load(this.#header, WORD.head);
    this.#tail = this.#head;
    this.#next = this.#head;
    if (
      (this.#head & 7) !== 0 || (this.#released & 7) !== 0 ||
      ((this.#head - this.#released) >>> 0) > capacity
    ) {
      throw invalid(`its head is at ${this.#released}, and ${this.#head} is consumed`);
    }
  }

  /** The length of the message that {@linkcode next} found, in bytes. */
  get length(): number {
    return this.#length;
  }

  /** Whether the sender has not been told of all the room. */
  get isPending(): boolean {
    return this.#released !== this.#head;
  }

  /** Whether there is something to read. */
  get hasMessage(): boolean {
    return this.knowsMore || this.#look();
  }

  /** Whether there was something more to read when it looked last. */
  get knowsMore(): boolean {
    return this.#head !== this.#tail;
  }

  /**
   * Finds the next message. It stays where it is until {@linkcode advance}.
   *
   * @returns Where it begins in {@linkcode ring}, or -1 if there is none now.
   * @throws {Deno.errors.InvalidData} If the memory says what cannot be.
   */
  next(): number {
    if (this.#head === this.#tail && !this.#look()) return -1;
    const at = this.#head & this.#mask;
    const record = this.#words[at >> 2]!;
    const size = (record + 7) & ~7;
    // What is written is at most the capacity, so that integers of 32 bits do.
    const isPossible = record >= RECORD_HEADER_LENGTH && size <= ((this.#tail - this.#head) | 0) &&
      size <= this.#capacity - at;
    const length = record - RECORD_HEADER_LENGTH;
    const kind = this.#words[(at >> 2) + 1]!;
    if (!isPossible || kind !== RECORD_KIND.message || length > this.#maxMessageLength) {
      return this.#nextAfterPadding(at, isPossible ? record : 0, kind);
    }
    this.#length = length;
    this.#next = (this.#head + size) | 0;
    return at + RECORD_HEADER_LENGTH;
  }

  /** Leaves the message that {@linkcode next} found behind; its bytes may be written over. */
  advance(): void {
    this.#head = this.#next;
    // No order is needed: it is read only when this process has ended.
    this.#header[WORD.consumed] = this.#head;
    if (((this.#head - this.#released) | 0) >= this.#batch) this.release();
  }

  /** Tells the sender of all the room. */
  release(): void {
    this.#released = this.#head;
    Atomics.store(this.#header, WORD.head, this.#head);
    this.#told();
  }

  /**
   * Takes in what the sender has committed and told nobody, once its process has ended.
   *
   * @param isSame Whether no other sender has taken the place since.
   * @returns Whether there is something to read.
   */
  recover(isSame: () => boolean): boolean {
    const tail = Atomics.load(this.#header, WORD.tail);
    const committed = Atomics.load(this.#header, WORD.committed);
    // Of a sender that lives, what it has committed is not to be read before it says so.
    if (isSame()) Atomics.compareExchange(this.#header, WORD.tail, tail, committed);
    return this.hasMessage;
  }

  /** There is a record that is no message: if it is padding, the next one is at the ring's beginning. */
  #nextAfterPadding(at: number, record: number, kind: number): number {
    if (kind !== RECORD_KIND.padding || record !== this.#capacity - at) {
      throw invalid(`it has a record of kind ${kind} and ${record} bytes at ${at}`);
    }
    this.#head = (this.#head + record) | 0;
    return this.#head === this.#tail ? -1 : this.next();
  }

  #look(): boolean {
    const tail = Atomics.load(this.#header, WORD.tail);
    const used = (tail - this.#head) >>> 0;
    if ((tail & 7) !== 0 || used > this.#capacity) {
      throw invalid(`its tail is at ${tail} and its head at ${this.#head}`);
    }
    this.#tail = tail;
    return used !== 0;
  }
}

function invalid(what: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(
    `The channel's memory was written to by somebody else: ${what}`,
  );
}
