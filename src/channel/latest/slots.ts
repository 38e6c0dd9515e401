/**
 * The slots of a latest value, which one thread writes and any number of threads read.
 *
 * The writer puts each value into the next slot, and then stores its number as the newest one. So a
 * reader has time to copy the newest slot before the writer uses that slot again. The number in the
 * slot shows the reader whether the writer did so; then the reader tries again. Neither end waits.
 *
 * | writer of the value n                        | reader                                      |
 * | -------------------------------------------- | ------------------------------------------- |
 * | 1. makes sure that the number of slot n is 0 | 1. loads the newest number, n               |
 * | 2. writes the value into slot n              | 2. copies the value from slot n             |
 * | 3. stores 0 as the number of slot n + 1      | 3. fence                                    |
 * | 4. stores n as the number of slot n          | 4. loads the number of slot n: if it is n,  |
 * | 5. stores n as the newest number             |    the copy is whole                        |
 * | 6. fence                                     |                                             |
 *
 * Slot n is the one with the index n mod 4. The value is written and copied by plain accesses, many
 * bytes at once. Only step 5 of the writer and steps 1 and 4 of the reader are `Atomics` accesses.
 * Still no copy of the value n is torn, also on ARM64:
 *
 * Case 1: the copy has a byte of a later value in the same slot, which is n + 4 or later. The writer
 * wrote this byte after it had stored 0 as the number of the slot, in step 3 of the value before.
 * Between the two are its step 5, a release, and its fence. So the 0 was stored before the byte. By
 * the reader's fence, the number is loaded after the byte. The reader finds 0 or a later number,
 * and tries again.
 *
 * Case 2: the copy has a byte that was there before the value n. Then step 2 of the value n was not
 * done when the reader copied. But step 5 is a release, which step 1 of the reader acquires.
 *
 * The writer's fence orders its step 5 and the look at the wake flags, too. On x64 the store of
 * step 5 is an XCHG, and needs no other fence. All stores before it are done before those after it,
 * also those of a long copy, which can be out of order among themselves.
 *
 * In new memory all numbers are 0. Step 1 finds another number only after a writer that was killed
 * between two steps, or that does step 3 later. Then it stores 0, with a fence.
 *
 * A writer that dies while it writes leaves slots without a number. The newest value stays whole.
 *
 * @see {@link https://tc39.es/ecma262/#sec-memory-model}
 * @see {@link https://www.hpl.hp.com/techreports/2012/HPL-2012-68.pdf}
 * @module
 */

import { afterStore, fence, loadFence } from "../peer/fence.ts";
import { labelOf } from "../peer/memory.ts";

/**
 * Number of slots, a power of 2. A reader can copy a slot while the writer writes the other three.
 */
export const SLOTS = 4;
/** Index of the newest number in 32-bit words. It has its cache lines for itself. */
const NEWEST = 0;
/** Length of two cache lines in 32-bit words: processors fetch cache lines of 64 bytes in pairs. */
const LINE = 32;
/** Maximum attempts to copy a value: a fast or hostile writer must not keep a reader in a loop. */
const MAX_TRIES = 10_000;

/** The newest number and the slots of a value. */
export class LatestSlots {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #stride: number;
  /** The value of each slot. To copy a whole array is faster than to copy a part of one. */
  readonly #values: readonly Int32Array<ArrayBuffer>[];

  /**
   * Uses memory, which is zero at first, for slots.
   *
   * @param byteOffset Offset of the newest number in bytes, a multiple of 128.
   * @param length The value's length in 32-bit words.
   */
  constructor(buffer: ArrayBuffer, byteOffset: number, length: number) {
    this.#words = new Int32Array(buffer, byteOffset, LatestSlots.byteLengthOf(length) / 4);
    this.#stride = strideOf(length);
    this.#values = Array.from({ length: SLOTS }, (_, slot) => {
      return new Int32Array(buffer, byteOffset + (this.#slotOf(slot) + 1) * 4, length);
    });
  }

  /** Returns the size of the slots in bytes, for a value of `length` 32-bit words. */
  static byteLengthOf(length: number): number {
    return (LINE + SLOTS * strideOf(length)) * 4;
  }

  /** The number of the newest value; 0 if none was written. */
  get newest(): number {
    return Atomics.load(this.#words, NEWEST);
  }

  /**
   * Publishes a new value. Only one thread can do so at a time.
   *
   * @param value As many words as the slots are for.
   */
  publish(value: Int32Array): void {
    const words = this.#words;
    // Only this thread writes it.
    const number = after(words[NEWEST]!);
    const slot = this.#slotOf(number);
    if (words[slot] !== 0) this.#clear(slot);
    this.#values[number & (SLOTS - 1)]!.set(value);
    words[this.#slotOf(after(number))] = 0;
    words[slot] = number;
    Atomics.store(words, NEWEST, number);
    afterStore();
  }

  /**
   * Copies the newest value into `target`.
   *
   * @returns The value's number; 0 if none was written.
   * @throws {Deno.errors.Busy} If the writer overwrote the value in each of 10,000 attempts.
   */
  copy(target: Int32Array): number {
    const words = this.#words;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const number = Atomics.load(words, NEWEST);
      if (number === 0) return 0;
      const slot = this.#slotOf(number);
      // Saves a copy that the second look would discard.
      if (words[slot] !== number) continue;
      target.set(this.#values[number & (SLOTS - 1)]!);
      loadFence();
      if (Atomics.load(words, slot) === number) return number;
    }
    throw new Deno.errors.Busy(
      `Cannot read the newest value of the ${labelOf(words.buffer)}: it was overwritten in each ` +
        `of ${MAX_TRIES} attempts`,
    );
  }

  /** Removes the number of a slot, before a later store can be seen. */
  #clear(slot: number): void {
    Atomics.store(this.#words, slot, 0);
    fence();
  }

  #slotOf(number: number): number {
    return LINE + (number & (SLOTS - 1)) * this.#stride;
  }
}

/** Returns the next number. It is never 0, which means that no value was written. */
function after(number: number): number {
  return (number + 1 | 0) || 1;
}

/** Returns the length of a slot in 32-bit words. Two slots never share a cache line. */
function strideOf(length: number): number {
  return Math.ceil((1 + length) / LINE) * LINE;
}
