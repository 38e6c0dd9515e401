/**
 * The times at which a recording's messages are sent.
 *
 * @module
 */

import { pause } from "../waiting/pause.ts";

/** The longest time that messages are sent without a turn of the event loop, in milliseconds. */
const MAX_BUSY = 10;

/** Waits for the times of a recording, which passes faster or slower than it was recorded. */
export class Schedule {
  readonly #speed: number;
  readonly #signal: AbortSignal;
  readonly #start = performance.now();
  /** The end of the last turn of the event loop. */
  #turned = this.#start;

  /** @param speed How many times as fast as recorded; 0 means without waiting. */
  constructor(speed: number, signal: AbortSignal) {
    this.#speed = speed;
    this.#signal = signal;
  }

  /**
   * Returns whether a record can be sent at once: its time has come, and the event loop had a turn
   * not long ago.
   *
   * @param time The time in the recording, in microseconds.
   */
  isDue(time: number): boolean {
    const now = performance.now();
    return now >= this.#dueAt(time) && now - this.#turned < MAX_BUSY;
  }

  /**
   * Waits until a record is due. The wait is never too short.
   *
   * @throws The reason of the signal.
   */
  async until(time: number): Promise<void> {
    do {
      await pause(Math.max(Math.ceil(this.#dueAt(time) - performance.now()), 0), this.#signal);
    } while (performance.now() < this.#dueAt(time));
    this.#turned = performance.now();
  }

  #dueAt(time: number): number {
    return this.#speed === 0 ? this.#start : this.#start + time / 1000 / this.#speed;
  }
}
