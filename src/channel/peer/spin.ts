/**
 * Waiting for what is about to come, without asking the system.
 *
 * @module
 */

/** After so many failures in a row, it is tried only once in 2 to the power of that many waits. */
const MAX_FAILURES = 7;
/** What comes at once, comes within so many looks. */
const GLANCES = 16;
/** So many successes in a row make up for half of the failures. */
const FORGIVING_STREAK = 4;

/**
 * Looks again and again for a while, before one goes to sleep.
 *
 * That is of use where another processor is at work on it, and nothing but a delay where the other
 * side sleeps or waits for this very processor. Nobody can tell, so it is tried: after each
 * failure, twice as many waits go by without. Each try is long enough for one who sleeps to be woken
 * and to answer, so that two that both sleep come to spin again.
 *
 * On one processor a try that succeeds may owe that to the other side's, which has failed. So it
 * takes several in a row to make up for a failure.
 */
export class Spin {
  readonly #most: number;
  #failures = 0;
  #successes = 0;
  #without = 0;

  /**
   * @param most The most looks; with the pause after it, each takes from 10 to 50 nanoseconds.
   * @param processors How many processors there are.
   */
  constructor(most: number, processors: number) {
    // With one processor, nobody else can do anything meanwhile.
    this.#most = processors > 1 ? most : 0;
  }

  /**
   * Looks until there is something, or not.
   *
   * @param look Whether there is.
   * @param later Is called when it has not come at once.
   * @returns Whether there was.
   */
  until(look: () => boolean, later: () => void = () => {}): boolean {
    if (this.#without > 0) {
      this.#without--;
      return false;
    }
    for (let count = this.#most; count > 0; count--) {
      if (look()) {
        if (++this.#successes % FORGIVING_STREAK === 0) this.#failures >>= 1;
        return true;
      }
      if (this.#most - count === GLANCES) later();
      Atomics.pause();
    }
    this.#successes = 0;
    this.#failures = Math.min(this.#failures + 1, MAX_FAILURES);
    this.#without = 2 ** this.#failures - 1;
    return false;
  }
}
