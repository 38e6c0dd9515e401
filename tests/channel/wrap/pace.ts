/**
 * How the ends of a round take turns.
 *
 * @module
 */

import type { Plan } from "./plan.ts";
import { Random } from "../../support/random.ts";

/** The most that a round may take, in milliseconds, on a machine that is busy. */
const MAX_ROUND_TIME = 110_000;

/** What `--v8-flags=--expose-gc` gives. */
const { gc } = globalThis as { gc?: () => void };

/** Numbers for one end of a round, and moments at which the other ends act. */
export class Pace {
  /** Numbers that are the same each time, for this end. */
  readonly random: Random;
  readonly #what: string;
  readonly #deadline = performance.now() + MAX_ROUND_TIME;

  /**
   * @param plan The round.
   * @param what Which end it is.
   */
  constructor({ seed }: Plan, what: string) {
    this.#what = what;
    let salt = 0;
    for (const letter of what) salt = Math.imul(salt, 31) + letter.charCodeAt(0);
    this.random = new Random(Math.imul(seed, 0x85ebca6b) ^ salt | 1);
    for (let count = 0; count < 8; count++) this.random.below(2);
  }

  /** Whether something happens that does once in so many times. */
  oneIn(times: number): boolean {
    return this.random.below(times) === 0;
  }

  /** Does one of several things. */
  async any<T>(acts: readonly (() => T | Promise<T>)[]): Promise<T> {
    return await acts[this.random.below(acts.length)]!();
  }

  /**
   * Lets the other ends of this process act.
   *
   * @throws {Error} If the round takes too long.
   */
  async pause(): Promise<void> {
    if (gc !== undefined && this.oneIn(400)) gc();
    if (!this.oneIn(16)) return;
    await new Promise((resolve) => setImmediate(resolve));
    if (performance.now() < this.#deadline) return;
    throw new Error(`${this.#what} was not done within ${MAX_ROUND_TIME} ms`);
  }
}
