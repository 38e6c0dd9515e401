/**
 * What somebody may write into memory who means no good.
 *
 * @module
 */

import { MACHINE } from "../../../src/channel/peer/windows.ts";
import { Random } from "../../support/random.ts";

/** What is where in the memory, by places in an `Int32Array`. */
export interface Words {
  /** What is settled when the memory is made. */
  readonly settings: readonly number[];
  /** What is looked at again and again. */
  readonly watched: readonly number[];
  /** The owners of places; each has two words: see peer/place.ts. */
  readonly owners: readonly number[];
  /** Where the header ends. */
  readonly body: number;
}

/** So many words are the beginning of what comes after the header. */
const BEGINNING = 32;

/** Writes what looks random into memory, and restores what the memory was at first. */
export class HostileWrites {
  readonly #memory: Int32Array<ArrayBuffer>;
  readonly #first: Int32Array<ArrayBuffer>;
  readonly #words: Words;
  readonly #random: Random;

  /**
   * @param buffer The memory.
   * @param options What is where, and where the numbers that look random begin.
   */
  constructor(buffer: ArrayBuffer, { words, seed }: { words: Words; seed: number }) {
    this.#memory = new Int32Array(buffer, 0, buffer.byteLength >> 2);
    this.#first = this.#memory.slice();
    this.#words = words;
    this.#random = new Random(seed);
  }

  /** Writes some, mostly where it matters. */
  write(): void {
    const { owners } = this.#words;
    if (owners.length > 0 && this.#random.below(32) === 0) this.#own(pick(owners, this.#random));
    else this.#memory[this.#place()] = this.#value();
  }

  /** Has the memory be as it was at first. */
  restore(): void {
    this.#memory.set(this.#first);
  }

  /** Makes all places free. */
  freePlaces(): void {
    for (const owner of this.#words.owners) this.#memory.fill(0, owner, owner + 2);
  }

  /** Has this process own a place. */
  #own(place: number): void {
    this.#memory.set(new Int32Array(BigUint64Array.of(MACHINE.self).buffer), place);
  }

  #place(): number {
    const { settings, watched, owners, body } = this.#words;
    const random = this.#random;
    const what = random.below(64);
    if (what === 0) return pick(settings, random);
    if (what < 24) return pick(watched, random);
    if (what < 32 && owners.length > 0) return pick(owners, random) + random.below(2);
    // Where the first messages stand when all is as it was at first.
    if (what < 48) return body + random.below(BEGINNING);
    return body + random.below(this.#memory.length - body);
  }

  #value(): number {
    const random = this.#random;
    const values = [
      random.below(2 ** 32),
      random.below(2048) & ~7,
      random.below(4),
      1 << random.below(32),
      -8,
      // What is there already, and near it.
      this.#memory[this.#place()]! + 8 * random.below(8),
    ];
    return pick(values, random);
  }
}

function pick(numbers: readonly number[], random: Random): number {
  return numbers[random.below(numbers.length)]!;
}
