/**
 * Waiting for what is about to come, without asking the system.
 *
 * @module
 */

/** Where looking was of no use, one wait in so many tries all the same. */
const WAITS_PER_TRY = 16;
/**
 * Such a try has this part of the most looks: enough for an answer from another processor, so that
 * it is noticed when spinning begins to be worth it.
 */
const PART_OF_TRY = 8;

/**
 * Looks again and again for a while, which is longer where that has been of use and shorter where
 * it has not, down to nothing: where both ends share a processor, each look keeps the other one from
 * doing what is looked for.
 */
export class Spin {
  readonly #most: number;
  #looks: number;
  #waits = 0;

  /**
   * @param most The most looks; with the pause after it, each takes from 10 to 50 nanoseconds.
   */
  constructor(most: number) {
    // With one processor, nobody else can do anything meanwhile.
    this.#most = navigator.hardwareConcurrency > 1 ? most : 0;
    this.#looks = this.#most;
  }

  /**
   * Looks until there is something, or not.
   *
   * @param look Whether there is.
   * @returns Whether there was.
   */
  until(look: () => boolean): boolean {
    const isTry = ++this.#waits % WAITS_PER_TRY === 0;
    const looks = isTry ? Math.max(this.#looks, this.#most / PART_OF_TRY) : this.#looks;
    for (let count = looks; count > 0; count--) {
      if (look()) {
        this.#looks = Math.min(looks * 2, this.#most);
        return true;
      }
      Atomics.pause();
    }
    this.#looks >>= 1;
    return false;
  }
}
