/**
 * Waits for slots by spinning on their state words.
 *
 * @module
 */

import type { Side } from "../../link.ts";
import { slotWords, type Turns } from "./slot.ts";
import { spinUntil } from "./spin.ts";

const EMPTY = 0;
const FILLED = 1;

/** Waits for slots by spinning on their state words. */
export class SpinningTurns implements Turns {
  readonly #words: Record<Side, Int32Array>;
  /** Closes the memory. */
  readonly close: () => void | Promise<void>;

  constructor(memory: Uint8Array, close: () => void | Promise<void>) {
    this.#words = slotWords(memory);
    this.close = close;
  }

  wait(from: Side, filled: boolean): void {
    const words = this.#words[from];
    const wanted = filled ? FILLED : EMPTY;
    spinUntil(() => Atomics.load(words, 0) === wanted);
  }

  tell(from: Side, filled: boolean): void {
    Atomics.store(this.#words[from], 0, filled ? FILLED : EMPTY);
  }
}
