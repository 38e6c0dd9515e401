/**
 * A generator of pseudo-random numbers that are the same in each run and each process: xorshift32.
 */
export class Random {
  #state: number;

  /** @param seed The first state, an integer other than 0. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Returns the next number, an integer from 0 to `bound` - 1. The bound is at most 2³². */
  below(bound: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % bound;
  }
}
