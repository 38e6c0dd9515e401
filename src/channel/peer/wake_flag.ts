/**
 * How one end falls asleep, and the other end wakes it.
 *
 * An end that is going to sleep raises its flag, and then looks a second time. An end that has
 * published something looks at the flag after that. All of these accesses are sequentially consistent,
 * so at least one of the two sees what the other has done: either nobody falls asleep, or the event is
 * set. An event stays set until somebody waits for it, so it does not matter which comes first, the
 * wait or the event.
 *
 * A line of these folders that ends in `// guard: NAME` must be there, and there: without it, or in
 * another order, an end sleeps on or a message is lost. tests/channel/model shows that for each.
 *
 * @module
 */

import type { EndEvent } from "./machine.ts";

/** The word of an end that need not be woken. */
export const AWAKE = 0;
/** The word of an end that has to be woken. */
export const ASLEEP = 1;

/** Says in shared memory that an end sleeps. */
export interface WakeFlag {
  /** The event that wakes the end. */
  readonly event: EndEvent;
  /** Says that the end is going to sleep; the end then has to look a second time. */
  raise(): void;
  /** Says that the end does not sleep, or no longer. */
  lower(): void;
}

/** Where a wake flag is. */
export interface WakeWordOptions {
  /** The header in words of 32 bits. */
  words: Int32Array<ArrayBuffer>;
  /** The flag's index in `words`. */
  index: number;
  /** The event that wakes the end. */
  event: EndEvent;
}

/** A wake flag in a word of a header: the end itself raises and lowers it, and the other end takes it. */
export class WakeWord implements WakeFlag {
  readonly event: EndEvent;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #index: number;

  /** Lays a flag over a word. */
  constructor({ words, index, event }: WakeWordOptions) {
    this.event = event;
    this.#words = words;
    this.#index = index;
  }

  raise(): void {
    Atomics.store(this.#words, this.#index, ASLEEP);
  }

  lower(): void {
    Atomics.store(this.#words, this.#index, AWAKE);
  }

  /** Wakes the end if it sleeps, after something was published for it. */
  wake(): void {
    if (Atomics.load(this.#words, this.#index) === AWAKE) return;
    if (Atomics.exchange(this.#words, this.#index, AWAKE) !== AWAKE) this.event.set();
  }
}
