/**
 * The writes of a hostile process to shared memory.
 *
 * @module
 */

import { MACHINE } from "../../../src/channel/peer/windows.ts";
import { Random } from "../../support/random.ts";

/** The words of a memory, by their indexes in an `Int32Array`. */
export interface Words {
  /** The settings, which do not change after the memory was made. */
  readonly settings: readonly number[];
  /** Words that ends read again and again. */
  readonly watched: readonly number[];
  /** The owners of places. Each owner has two words: see peer/place.ts. */
  readonly owners: readonly number[];
  /** The first word after the header. */
  readonly body: number;
}

/** Number of words after the header that hold the first messages. */
const BEGINNING = 32;

/** Writes pseudorandom numbers into memory, and restores its first contents. */
export class HostileWrites {
  readonly #memory: Int32Array<ArrayBuffer>;
  readonly #first: Int32Array<ArrayBuffer>;
  readonly #words: Words;
  readonly #random: Random;

  /**
   * @param buffer The memory to write to.
   * @param options The words of the memory, and the seed of the pseudorandom numbers.
   */
  constructor(buffer: ArrayBuffer, { words, seed }: { words: Words; seed: number }) {
    this.#memory = new Int32Array(buffer, 0, buffer.byteLength >> 2);
    this.#first = this.#memory.slice();
    this.#words = words;
    this.#random = new Random(seed);
  }

  /** Writes a number, mostly to a word that matters. */
  write(): void {
    const { owners } = this.#words;
    if (owners.length > 0 && this.#random.below(32) === 0) this.#own(pick(owners, this.#random));
    else this.#memory[this.#place()] = this.#value();
  }

  /** Restores the first contents of the memory. */
  restore(): void {
    this.#memory.set(this.#first);
  }

  /** Makes all places free. */
  freePlaces(): void {
    for (const owner of this.#words.owners) this.#memory.fill(0, owner, owner + 2);
  }

  /** Makes this process the owner of a place. */
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
    // The first messages are here after the memory was restored.
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
      // The number of a word, or a number near it.
      this.#memory[this.#place()]! + 8 * random.below(8),
    ];
    return pick(values, random);
  }
}

function pick(numbers: readonly number[], random: Random): number {
  return numbers[random.below(numbers.length)]!;
}
