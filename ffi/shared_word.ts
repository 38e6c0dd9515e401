/**
 * Lets threads of this process wait for a word of their shared memory.
 *
 * `Atomics.wait` does the same, but on Windows it spins in the last millisecond of its timeout, and
 * wakes a thread more slowly: see docs/performance.md, "Habits that keep V8 fast".
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitonaddress}
 * @module
 */

import { INFINITE } from "./kernel_object.ts";
import { kernelbase } from "./win32/kernel32.ts";

const WORD_SIZE = 4n;

/** A word of 32 bits that threads of this process share. */
export class SharedWord {
  readonly #word: Int32Array<SharedArrayBuffer>;
  /** The value that a thread waits to see changed. */
  readonly #old = new Int32Array(1);

  /** @param buffer The memory whose first four bytes are the word. */
  constructor(buffer: SharedArrayBuffer) {
    this.#word = new Int32Array(buffer, 0, 1);
  }

  /** The word's value. */
  get value(): number {
    return Atomics.load(this.#word, 0);
  }

  /** Stores a value and wakes the thread that waits. */
  set(value: number): void {
    Atomics.store(this.#word, 0, value);
    this.#wake();
  }

  /** Replaces a value and wakes the thread that waits. Does nothing if the word has another value. */
  replace(old: number, value: number): void {
    if (Atomics.compareExchange(this.#word, 0, old, value) === old) this.#wake();
  }

  /**
   * Blocks this thread while the word has a value. It can return early.
   *
   * @param milliseconds Maximum time, rounded down, or `Infinity`.
   * @returns Whether the word has another value.
   */
  blockWhile(value: number, milliseconds: number): boolean {
    this.#old[0] = value;
    const limit = milliseconds === Infinity ? INFINITE : milliseconds;
    kernelbase().WaitOnAddress(this.#word, this.#old, WORD_SIZE, limit);
    return this.value !== value;
  }

  /** Waits while the word has a value, and lets the event loop run. */
  async untilNot(value: number): Promise<void> {
    while (this.value === value) await Atomics.waitAsync(this.#word, 0, value).value;
  }

  #wake(): void {
    kernelbase().WakeByAddressSingle(this.#word);
    // Wakes untilNot(), which V8 wakes by a list of its own.
    Atomics.notify(this.#word, 0);
  }
}
