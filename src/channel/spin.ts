/**
 * Waiting for what is about to come, without asking the system.
 *
 * @module
 */

/**
 * The fewest looks are this part of the most: enough for an answer from another processor, so that
 * it is noticed when spinning begins to be worth it.
 */
const LEAST_PART = 8;

/**
 * Looks again and again for a while, which is longer where that has been of use and shorter where
 * it has not.
 */
export class Spin {
  readonly #most: number;
  #looks: number;

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
    for (let count = this.#looks; count > 0; count--) {
      if (look()) {
        this.#looks = Math.min(this.#looks * 2, this.#most);
        return true;
      }
      Atomics.pause();
    }
    this.#looks = Math.max(this.#looks >> 1, Math.ceil(this.#most / LEAST_PART));
    return false;
  }
}
