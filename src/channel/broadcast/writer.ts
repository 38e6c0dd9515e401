/**
 * The sender's side of a broadcast ring, and why receivers never take what it is writing for a message.
 *
 * The sender writes over the oldest records, whether anybody reads them or not. So a receiver copies
 * a message first, and then finds out whether it was being written over meanwhile:
 *
 * | sender                                          | receiver                                    |
 * | ----------------------------------------------- | ------------------------------------------- |
 * | 1. announces up to where it is going to write   | 1. looks at the newest position              |
 * | 2. fence                                        | 2. reads the record and copies the message   |
 * | 3. writes the record and the message            | 3. fence                                     |
 * | 4. says that it is the newest                   | 4. looks at what is announced                |
 *
 * If the receiver has read a byte that the sender wrote in its step 3 over the record that it was
 * copying, then step 1 of the sender was done before that byte was written, by the fence, and step 4
 * of the receiver is done after it was read, by the other one. So in its step 4 it sees what was
 * announced, which is more than a whole ring after the record, and throws the copy away. Conversely, a
 * record that lies less than a ring behind all that is announced has not been touched since it was
 * published in step 4 of the sender, which is a release that the receiver's step 1 acquires, and all
 * of its bytes are those that belong to it.
 *
 * Bytes are written by plain stores, in whatever way, also by a script that has claimed room in the ring: the
 * fence is before all of them. `fence()` in layout.ts says why it is one on ARM64.
 *
 * Announcing is done for some records at a time, and so is publishing: both send a cache line to each receiver.
 *
 * @see {@link https://github.com/real-logic/aeron}, whose broadcast buffer has the same idea
 * @module
 */

import {
  type BroadcastSettings,
  corrupt,
  fence,
  HEADER_LENGTH,
  POSITION,
  readPosition,
  RECORD_KIND,
  UNIT,
  WORD,
} from "./layout.ts";
import { labelOf } from "../peer/memory.ts";

/** How much is written before it is published, unless the sender idles before, in units. */
const BATCH = 512 / UNIT;
/** How much is announced at a time, at least, in units. */
const ANNOUNCED = 4096 / UNIT;

/** The last position, and the last number of a message: doubles count one by one only up to here. */
const MAX_POSITION = Number.MAX_SAFE_INTEGER;

/** Writes messages into a broadcast ring, for one sender. Nothing is allocated per message. */
export class BroadcastWriter {
  /** The ring's bytes. */
  readonly ring: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #header: Int32Array<ArrayBuffer>;
  readonly #positions: BigUint64Array<ArrayBuffer>;
  readonly #capacity: number;
  readonly #batch: number;
  readonly #block: number;
  /** Where the next record begins, and the number of its message. */
  #at: number;
  #number: number;
  #announced: number;
  /** Where the newest record begins, and the newest one that is published. */
  #newest: number;
  #published: number;

  /**
   * Goes on where the last sender stopped, which may have died, and publishes what that one had
   * committed.
   *
   * @param settings What the header said when it was checked.
   * @throws {Deno.errors.InvalidData} If header and ring contradict each other.
   */
  constructor(buffer: ArrayBuffer, { capacity }: BroadcastSettings) {
    this.#header = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
    this.#positions = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
    this.#words = new Int32Array(buffer, HEADER_LENGTH, capacity / 4);
    this.ring = new Uint8Array(buffer, HEADER_LENGTH, capacity);
    this.#capacity = capacity / UNIT;
    this.#batch = Math.min(BATCH, this.#capacity / 8);
    this.#block = Math.min(ANNOUNCED, this.#capacity / 8);
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
        `its newest record is one of ${length} bytes at ${this.#newest}`,
      );
    }
    this.publish();
  }

  /**
   * Finds room for a message, over the oldest ones.
   *
   * @param length Its length in bytes, which has to be an integer from 0 to the longest message.
   * @returns Where it begins in {@linkcode ring}, at a multiple of 16.
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
   * Lets the message that was claimed last follow those before it. Without this, the claim is as if
   * it had never been.
   *
   * @param length Its length in bytes, at most what was claimed.
   * @returns Whether it was published, so that receivers have to be woken.
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
    // No order is needed: it is read only when this process has ended.
    this.#header[WORD.committed] = this.#newest;
    return this.#at - this.#published >= this.#batch && this.publish();
  }

  /**
   * Writes a message.
   *
   * @param bytes The message, not longer than the longest.
   * @returns What {@linkcode commit} returns.
   * @throws {Deno.errors.InvalidData} If the ring has no positions left.
   */
  write(bytes: Uint8Array): boolean {
    const { length } = bytes;
    const offset = this.claim(length);
    this.ring.set(bytes, offset);
    return this.commit(length);
  }

  /** The number of the next message: how many were committed since the ring was made. */
  get count(): number {
    return this.#number;
  }

  /** Whether something is committed and not published. */
  get isPending(): boolean {
    return this.#newest !== this.#published;
  }

  /**
   * Publishes all that is committed.
   *
   * @returns Whether anything was pending.
   */
  publish(): boolean {
    if (!this.isPending) return false;
    this.#published = this.#newest;
    Atomics.store(this.#positions, POSITION.newest, BigInt(this.#newest));
    return true;
  }

  /**
   * The last position that may be announced: up to there, positions and messages' numbers stay exact.
   * Each message takes one position at least.
   */
  #lastPosition(): number {
    return Math.min(MAX_POSITION, this.#at + (MAX_POSITION - this.#number));
  }

  #announce(end: number): void {
    // The newest message, with which receivers go on that are overtaken, is not written over: what is
    // announced is less than half a ring after what is published, since a batch and the longest
    // message are an eighth of it each.
    const last = this.#lastPosition();
    if (end > last) {
      throw new Deno.errors.InvalidData(
        `Cannot send: the ${
          labelOf(this.#words.buffer)
        } is at position ${this.#at} and message ${this.#number}, ` +
          "and has none from 2⁵³ on; make a new ring",
      );
    }
    this.#announced = Math.min(Math.max(end, this.#at + this.#block), last);
    Atomics.store(this.#positions, POSITION.announced, BigInt(this.#announced));
    fence();
  }
}

/**
 * Where the newest record begins that a sender has committed.
 *
 * @param header The words of the header.
 * @param newest Where the newest record begins that it published.
 */
export function committedAfter(header: Int32Array, newest: number): number {
  return newest + ((Atomics.load(header, WORD.committed) - newest) >>> 0);
}

function unitsOf(bytes: number): number {
  return (bytes + UNIT - 1) >>> 4;
}
