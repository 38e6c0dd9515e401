/**
 * Turns of the event loop between messages that are dropped.
 *
 * @module
 */

/** The number of messages that are dropped in one turn. */
const MAX_DROPPED = 64;

/**
 * Gives the event loop a turn after some dropped messages. A route waits for the server while it
 * publishes, but not while it drops: a source with nothing but long messages would keep the script
 * from all else.
 */
export class DropTurns {
  #dropped = 0;

  /** Whether a turn is due. */
  get isDue(): boolean {
    return this.#dropped >= MAX_DROPPED;
  }

  /** Notes a message that was dropped. */
  note(): void {
    this.#dropped++;
  }

  /** Waits for the next turn. */
  async next(): Promise<void> {
    this.#dropped = 0;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
