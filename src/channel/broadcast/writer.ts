/**
 * The writer of a broadcast ring, and the proof that a receiver never returns bytes of two messages
 * as one.
 *
 * The sender overwrites the oldest records, also while a receiver reads them. So a receiver first
 * copies a message, and then checks whether the sender has overwritten it:
 *
 * | sender                                      | receiver                                   |
 * | ------------------------------------------- | ------------------------------------------ |
 * | 1. announces the end of its next writes     | 1. loads the newest position               |
 * | 2. fence                                    | 2. reads the record and copies the message |
 * | 3. writes the record and the message        | 3. fence                                   |
 * | 4. publishes the newest position            | 4. loads the announced position            |
 *
 * Case 1: during its step 2, the receiver has read a byte that the sender wrote over the record in
 * step 3. By the sender's fence, step 1 of the sender was done before this write. By the receiver's
 * fence, step 4 of the receiver is done after this read. So the receiver sees that the announced
 * position is more than a whole ring after the record, and discards the copy.
 *
 * Case 2: the announced position that the receiver sees is at most a whole ring after the record.
 * Then the sender has not changed the record since it published it in step 4. That step is a
 * release, which step 1 of the receiver acquires. So all bytes of the copy belong to this record.
 *
 * The bytes are written by plain stores, also by a script that has claimed room in the ring. The
 * fence comes before all of these stores. `fence()` in ../peer/fence.ts says why it works on ARM64. The
 * receiver's fence need only order loads.
 *
 * The sender announces and publishes several records at a time, because each of these steps sends a
 * cache line to each receiver.
 *
 * @see {@link https://github.com/real-logic/aeron}, whose broadcast buffer has the same idea
 * @module
 */

import {
  type BroadcastSettings,
  corrupt,
  HEADER_LENGTH,
  POSITION,
  readPosition,
  RECORD_KIND,
  UNIT,
  WORD,
} from "./layout.ts";
import { fence } from "../peer/fence.ts";
import { labelOf } from "../peer/memory.ts";

/** Length of a batch in units: a batch is published when it is full, or when the sender idles. */
const BATCH = 512 / UNIT;
/** Minimum length to announce at a time, in units. */
const MIN_ANNOUNCED = 4096 / UNIT;

/**
 * Maximum position, and maximum number of a message: the last integer that a double counts exactly.
 */
const MAX_POSITION = Number.MAX_SAFE_INTEGER;

/** Writes messages into a broadcast ring, for one sender. It allocates nothing per message. */
export class BroadcastWriter {
  /** The ring's bytes. */
  readonly ring: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #positions: BigUint64Array<ArrayBuffer>;
  readonly #capacity: number;
  readonly #batch: number;
  readonly #block: number;
  /** The position of the next record. */
  #at: number;
  /** The number of the next message. */
  #number: number;
  #announced: number;
  /** The position of the newest record that is committed. */
  #newest: number;
  /** The position of the newest record that is published. */
  #published: number;

  /**
   * Continues after the last record of the sender before this one. If that sender has died, this
   * publishes the messages that it had committed.
   *
   * @param settings The settings from the header, which are checked.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   */
  constructor(buffer: ArrayBuffer, { capacity }: BroadcastSettings) {
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    this.#positions = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
    this.#words = new Int32Array(buffer, HEADER_LENGTH, capacity / 4);
    this.ring = new Uint8Array(buffer, HEADER_LENGTH, capacity);
    this.#capacity = capacity / UNIT;
    this.#batch = Math.min(BATCH, this.#capacity / 8);
    this.#block = Math.min(MIN_ANNOUNCED, this.#capacity / 8);
    this.#announced = readPosition(this.#positions, POSITION.announced);
    this.#published = readPosition(this.#positions, POSITION.newest);
    this.#newest = committedAfter(this.#header, this.#published);
    const at = (this.#newest % this.#capacity) * (UNIT / 4);
    const [length, kind] = [this.#words[at]!, this.#words[at + 1]!];
    this.#at = this.#newest + unitsOf(length);
    this.#number = (this.#words[at + 2]! >>> 0) + (this.#words[at + 3]! >>> 0) * 2 ** 32 + 1;
    if (
      length < UNIT || kind !== RECORD_KIND.message || this.#announced > this.#lastPosition() ||
      this.#at > this.#announced || this.#announced - this.#newest > this.#capacity
    ) {
      throw corrupt(
        this.#words.buffer,
        `its newest record, at ${this.#newest}, is invalid: it has ${length} bytes`,
      );
    }
    this.publish();
  }

  /**
   * Claims room for a message. The message will overwrite the oldest messages.
   *
   * @param length Length of the message in bytes: an integer from 0 to `maxMessageLength`.
   * @returns The offset of the message in {@linkcode ring}, a multiple of 16.
   * @throws {Deno.errors.InvalidData} If the ring has no positions left.
   */
  claim(length: number): number {
    const size = unitsOf(length + UNIT);
    const place = this.#at & (this.#capacity - 1);
    const rest = this.#capacity - place;
    const end = this.#at + (size <= rest ? size : rest + size);
    if (end > this.#announced) this.#announce(end);
    if (size <= rest) return (place + 1) * UNIT;
    this.#words[place * 4] = rest * UNIT;
    this.#words[place * 4 + 1] = RECORD_KIND.padding;
    this.#at += rest;
    return UNIT;
  }

  /**
   * Commits the message that was claimed last. A claim without a commit has no effect.
   *
   * @param length Length of the message in bytes, at most the claimed length.
   * @returns Whether the message was published, so that the receivers must be woken.
   */
  commit(length: number): boolean {
    const at = (this.#at & (this.#capacity - 1)) * 4;
    this.#words[at] = length + UNIT;
    this.#words[at + 1] = RECORD_KIND.message;
    this.#words[at + 2] = this.#number;
    this.#words[at + 3] = this.#number / 2 ** 32;
    this.#number++;
    this.#newest = this.#at;
    this.#at += unitsOf(length + UNIT);
    // A plain store is enough: it is read only after this sender was closed or has died.
    this.#header[WORD.committed] = this.#newest;
    return this.#at - this.#published >= this.#batch && this.publish();
  }

  /**
   * Claims room for a message, copies the message and commits it.
   *
   * @param bytes The message, of at most `maxMessageLength` bytes.
   * @returns The same as {@linkcode commit}.
   * @throws {Deno.errors.InvalidData} If the ring has no positions left.
   */
  write(bytes: Uint8Array): boolean {
    const { length } = bytes;
    const offset = this.claim(length);
    this.ring.set(bytes, offset);
    return this.commit(length);
  }

  /**
   * The number of the next message, one more than the number of messages that were ever committed.
   */
  get count(): number {
    return this.#number;
  }

  /** Whether messages are committed and not published. */
  get isPending(): boolean {
    return this.#newest !== this.#published;
  }

  /**
   * Publishes all committed messages.
   *
   * @returns Whether messages were pending.
   */
  publish(): boolean {
    if (!this.isPending) return false;
    this.#published = this.#newest;
    Atomics.store(this.#positions, POSITION.newest, BigInt(this.#newest));
    return true;
  }

  /**
   * Returns the maximum position that can be announced. Up to there, positions and the numbers of
   * messages stay exact, because each message takes at least one position.
   */
  #lastPosition(): number {
    return Math.min(MAX_POSITION, this.#at + (MAX_POSITION - this.#number));
  }

  /** Announces that this sender will write up to the position `end`, or farther. */
  #announce(end: number): void {
    // Receivers that missed messages go on with the newest published message, so it must not be
    // overwritten. A batch, a block and the longest message are at most an eighth of the ring each.
    // So the announced position is less than half a ring after the newest published message.
    const last = this.#lastPosition();
    if (end > last) {
      throw new Deno.errors.InvalidData(
        `Cannot send to the ${
          labelOf(this.#words.buffer)
        }: it is at position ${this.#at} and message ${this.#number}, ` +
          "and has none from 2⁵³ on; create a new ring",
      );
    }
    this.#announced = Math.min(Math.max(end, this.#at + this.#block), last);
    Atomics.store(this.#positions, POSITION.announced, BigInt(this.#announced));
    fence();
  }
}

/**
 * Returns the position of the newest record that a sender has committed.
 *
 * @param header The header as words.
 * @param newest The position of the newest record that the sender has published.
 */
export function committedAfter(header: Int32Array, newest: number): number {
  return newest + ((Atomics.load(header, WORD.committed) - newest) >>> 0);
}

function unitsOf(bytes: number): number {
  return (bytes + UNIT - 1) >>> 4;
}
