/**
 * The receiver's side of a ring.
 *
 * @module
 */

import { corrupt, HEADER_LENGTH, RECORD_HEADER_LENGTH, type RingSettings, WORD } from "./layout.ts";

/**
 * How many bytes are read before the sender may write there again, unless the receiver idles
 * before.
 */
export const BATCH = 65_536;

// What is imported is looked up at each use, and a constant of this module is not.
const RECORD_HEADER = RECORD_HEADER_LENGTH;
const FIRST_RECORD = HEADER_LENGTH / 4;
const CONSUMED = WORD.consumed;

/** Is given a ring, and where in it a message begins and how long it is. */
export type Visitor = (ring: Uint8Array<ArrayBuffer>, offset: number, length: number) => void;

/**
 * Reads messages out of a ring, for one receiver.
 *
 * Nothing that stands in the memory is believed: a length is read once, and checked before it is
 * used. Nothing is allocated per message.
 */
export class RingReader {
  /** The ring's bytes. */
  readonly ring: Uint8Array<ArrayBuffer>;
  // Declared without a value, a field is `undefined` at first, and V8 then checks it at each use.
  /** The header and the ring. */
  readonly #words: Int32Array<ArrayBuffer> = new Int32Array();
  readonly #capacity: number = 0;
  readonly #mask: number = 0;
  readonly #batch: number = 0;
  readonly #maxMessageLength: number = 0;
  /** What is read ends here. */
  #head = 0;
  /** The head that was published last. */
  #published = 0;
  /** A head that is here or farther is to be published. */
  #due = 0;
  /** The tail as it was when it was last looked at: at least that much is written. */
  #tail = 0;
  /** What stands between the head and here is known to be written, and is in one piece. */
  #end = 0;
  #length = 0;
  #next = 0;
  #count = 0;
  /** Is another number when a {@linkcode read} that goes on has to look where the head is now. */
  #moves = 0;

  /**
   * Goes on where the last receiver stopped, which may have died.
   *
   * @param settings What the header said when it was checked.
   * @throws {Deno.errors.InvalidData} If the header's positions contradict each other.
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

  /** How many messages were read. */
  get count(): number {
    return this.#count;
  }

  /** Whether room was made that is not published. */
  get isPending(): boolean {
    return this.#published !== this.#head;
  }

  /** Whether so much room was made that it is to be published now. */
  get isDue(): boolean {
    return ((this.#head - this.#due) | 0) >= 0;
  }

  /** Looks whether there is something to read. */
  look(): boolean {
    return this.#knowsMore() || this.#refreshTail();
  }

  /**
   * Finds the next message. It stays where it is until {@linkcode advance}.
   *
   * @returns Where it begins in {@linkcode ring}, or -1 if there is none now.
   * @throws {Deno.errors.InvalidData} If the shared memory is corrupt.
   */
  next(): number {
    if (this.#head === this.#end) return this.#nextFarther() | 0;
    const offset = this.#parse();
    return offset >= 0 ? offset : this.#nextFarther() | 0;
  }

  /** Finds the next message, but looks no farther than it has looked before. */
  nextKnown(): number {
    return this.#knowsMore() ? this.next() : -1;
  }

  /**
   * Reads the message that {@linkcode next} found, and those after it up to the ring's end, or
   * until {@linkcode isDue}. It does what {@linkcode next} and {@linkcode advance} do, but with
   * what it needs for a message in variables.
   *
   * @param visit Is called for each. If it throws, the message is still there.
   * @param ring The ring's bytes that the visitor gets.
   * @returns How many there were.
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
        // The visitor may have taken messages, or stopped all this.
        if (this.#moves !== moves) break;
        const size = sizeOf(length);
        offset = (offset + size) | 0;
        head = (head + size) | 0;
        this.#head = head;
        words[CONSUMED] = head; // guard: consumed-in-place
        const left = (end - head) | 0;
        if (left === 0 || ((head - due) | 0) >= 0) break;
        length = (words[FIRST_RECORD + ((offset - RECORD_HEADER) >>> 2)]! - RECORD_HEADER) | 0;
        // What is no message, `next` will say.
        if (length < 0 || length > longest || sizeOf(length) > left) break;
      }
    } finally {
      this.#count += count;
    }
    return count;
  }

  /** Leaves the message that {@linkcode next} found behind; its bytes may be written over. */
  advance(): void {
    const head = this.#next;
    this.#head = head;
    // No order is needed: it is read only when this process has ended.
    this.#words[CONSUMED] = head; // guard: consumed
    this.#count++;
    this.#moves++;
  }

  /** Has nothing be there any more, for a {@linkcode read} that goes on. */
  stop(): void {
    this.#tail = this.#end = this.#head;
    this.#moves++;
  }

  /**
   * Publishes all the room that was made.
   *
   * @returns Whether any was pending.
   */
  publish(): boolean {
    if (!this.isPending) return false;
    this.#published = this.#head;
    this.#due = (this.#head + this.#batch) | 0;
    Atomics.store(this.#words, WORD.head, this.#head);
    return true;
  }

  /**
   * Takes in what the sender has committed and not published, once its process has ended.
   *
   * @param isSame Whether no other sender has taken the place since.
   * @returns Whether there is something to read.
   */
  recover(isSame: () => boolean): boolean {
    const tail = Atomics.load(this.#words, WORD.tail);
    const committed = Atomics.load(this.#words, WORD.committed);
    // What a sender that lives has committed is not to be read before it is published.
    if (isSame()) Atomics.compareExchange(this.#words, WORD.tail, tail, committed); // guard: take-over
    return this.look();
  }

  /** Whether there was something more to read when it looked last. */
  #knowsMore(): boolean {
    return this.#head !== this.#tail;
  }

  /** The message at the head, if what stands there is one, and ends before `#end`; -1 otherwise. */
  #parse(): number {
    const head = this.#head;
    const at = head & this.#mask;
    const length = (this.#words[FIRST_RECORD + (at >>> 2)]! - RECORD_HEADER) | 0;
    const size = sizeOf(length);
    // The end is at most the capacity away, so that integers of 32 bits do. An unsigned one instead
    // of two comparisons would not: beside one with a sign, V8 compares it as a float.
    if (length < 0 || length > this.#maxMessageLength || size > ((this.#end - head) | 0)) return -1;
    this.#length = length;
    this.#next = (head + size) | 0;
    return (at + RECORD_HEADER) | 0;
  }

  /** Finds the next message where more was written, or the ring begins anew. */
  #nextFarther(): number {
    if (!this.look()) return -1;
    const at = this.#head & this.#mask;
    const rest = this.#capacity - at;
    const left = (this.#tail - this.#head) | 0;
    this.#end = (this.#head + Math.min(rest, left)) | 0;
    const offset = this.#parse();
    if (offset >= 0) return offset;
    if (this.#words[FIRST_RECORD + (at >>> 2)] !== -rest || rest > left) {
      throw corrupt(this.#words.buffer, `it has what is no message at ${at}`);
    }
    this.#head = this.#end;
    // The next receiver goes on here also if nothing follows: this room may be published.
    this.#words[CONSUMED] = this.#head;
    return this.#knowsMore() ? this.#nextFarther() : -1;
  }

  /** Looks how far the sender has come; tells whether there is something to read. */
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

/** What the record of a message takes, in bytes. */
function sizeOf(length: number): number {
  return (length + (RECORD_HEADER + 7)) & ~7;
}
