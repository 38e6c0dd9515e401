/** Numbers that look random and are the same in each run, and in each process: xorshift32. */
export class Random {
  #state: number;

  /** @param seed Where to begin, not 0. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** The next number, an integer from 0 to below `bound`, which is at most 2³². */
  below(bound: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % bound;
  }
}
