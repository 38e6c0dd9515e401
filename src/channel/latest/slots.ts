/**
 * A value that one thread writes and any number read, without waiting for each other: the
 * algorithm, over any memory.
 *
 * There are a few slots. The writer puts each value into the slot after that of the last one, and then
 * says, in one word, that this is the newest. So a reader has time to copy the newest slot until the
 * writer comes round to it again; by the number in the slot it sees whether that happened, and begins anew.
 *
 * Why it is sound on ARM64 as well: every access to what both sides touch is an `Atomics` one, word
 * by word, and those are sequentially consistent: each thread's are seen by the others in the order in which it makes
 * them. The writer takes the number out of the slot, writes the words, puts the new number in,
 * and then the newest number. A reader that finds the same number in the slot before and after it read
 * the words cannot have read a word that was written in between, for the number was taken out
 * before that word was written. With plain accesses ARM64 may put a word's write before that, or a word's read
 * after the second look (a "seqlock" in C has fences for it, which JavaScript lacks).
 *
 * A writer that dies in the middle leaves a slot without a number; the newest one is whole.
 *
 * @see {@link https://tc39.es/ecma262/#sec-memory-model}
 * @see {@link https://www.hpl.hp.com/techreports/2012/HPL-2012-68.pdf}
 * @module
 */

import { labelOf } from "../peer/memory.ts";

/** How many slots there are: a power of 2. A reader has as long as it takes to write all but one. */
export const SLOTS = 4;
/** Where the newest number is, in 32-bit words from the beginning; alone on its cache lines. */
const NEWEST = 0;
/** Words that are never on one cache line with others. */
const LINE = 32;
/** How often a reader begins anew before it gives up. */
const MAX_TRIES = 10_000;

/** The slots of a value. */
export class LatestSlots {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #length: number;
  readonly #stride: number;

  /**
   * Lays slots over memory that is zero at first.
   *
   * @param buffer The memory.
   * @param byteOffset Where in it they begin, a multiple of 128.
   * @param length How long the value is, in 32-bit words.
   */
  constructor(buffer: ArrayBuffer, byteOffset: number, length: number) {
    this.#words = new Int32Array(buffer, byteOffset, LatestSlots.byteLengthOf(length) / 4);
    this.#length = length;
    this.#stride = strideOf(length);
  }

  /** How much memory slots take, in bytes, for a value of so many 32-bit words. */
  static byteLengthOf(length: number): number {
    return (LINE + SLOTS * strideOf(length)) * 4;
  }

  /** The number of the newest value; 0 if there is none yet. */
  get newest(): number {
    return Atomics.load(this.#words, NEWEST);
  }

  /**
   * Puts a new value in place of the newest; for one thread only.
   *
   * @param value The value.
   */
  publish(value: Int32Array): void {
    const words = this.#words;
    const number = after(Atomics.load(words, NEWEST));
    const slot = this.#slotOf(number);
    Atomics.store(words, slot, 0);
    for (let i = 0; i < this.#length; i++) Atomics.store(words, slot + 1 + i, value[i]!);
    Atomics.store(words, slot, number);
    Atomics.store(words, NEWEST, number);
  }

  /**
   * Copies the newest value out.
   *
   * @param target Where to.
   * @returns Its number; 0 if there is none yet.
   * @throws {Deno.errors.Busy} If the writer came round each time before this was done.
   */
  copy(target: Int32Array): number {
    const words = this.#words;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const number = Atomics.load(words, NEWEST);
      if (number === 0) return 0;
      const slot = this.#slotOf(number);
      if (Atomics.load(words, slot) !== number) continue;
      for (let i = 0; i < this.#length; i++) target[i] = Atomics.load(words, slot + 1 + i);
      if (Atomics.load(words, slot) === number) return number;
    }
    throw new Deno.errors.Busy(
      `Cannot read the newest value of the ${labelOf(words.buffer)}: ${MAX_TRIES} times it was ` +
        "written over meanwhile",
    );
  }

  #slotOf(number: number): number {
    return LINE + (number & (SLOTS - 1)) * this.#stride;
  }
}

/** The number after another; never 0, which stands for none. */
function after(number: number): number {
  return (number + 1 | 0) || 1;
}

/** A slot's number and the value, on cache lines of their own, in words. */
function strideOf(length: number): number {
  return Math.ceil((1 + length) / LINE) * LINE;
}
