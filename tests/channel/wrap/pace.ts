/**
 * The pace of one end in a round: its pseudorandom decisions and its pauses.
 *
 * @module
 */

import type { Plan } from "./plan.ts";
import { Random } from "../../support/random.ts";

/** Maximum time of a round in milliseconds, on a busy machine. */
const MAX_ROUND_TIME = 110_000;

/** The function to collect garbage, with `--v8-flags=--expose-gc`. */
const { gc } = globalThis as { gc?: () => void };

/** The pseudorandom decisions of one end in a round, and the pauses in which other ends run. */
export class Pace {
  /** The pseudorandom numbers of this end, which are the same in each run of the round. */
  readonly random: Random;
  readonly #what: string;
  readonly #deadline = performance.now() + MAX_ROUND_TIME;

  /**
   * @param plan The plan of the round, of which only the seed counts.
   * @param what The name of the end.
   */
  constructor({ seed }: Plan, what: string) {
    this.#what = what;
    let salt = 0;
    for (const letter of what) salt = Math.imul(salt, 31) + letter.charCodeAt(0);
    this.random = new Random(Math.imul(seed, 0x85ebca6b) ^ salt | 1);
    for (let count = 0; count < 8; count++) this.random.below(2);
  }

  /** Returns true once in `times` calls on average. */
  oneIn(times: number): boolean {
    return this.random.below(times) === 0;
  }

  /** Calls one of several functions. */
  async any<T>(acts: readonly (() => T | Promise<T>)[]): Promise<T> {
    return await acts[this.random.below(acts.length)]!();
  }

  /**
   * Lets the other ends of this process run.
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
