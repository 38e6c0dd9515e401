/**
 * Open objects, one end of each.
 *
 * @module
 */

/** Many objects of a kind, and one end of each. Their other ends are in another process. */
export interface OpenEnds {
  /** Opens more objects. */
  open(count: number): void | Promise<void>;
  /**
   * Makes round trips, each by the next of the objects. The near end begins, and returns the times
   * in nanoseconds.
   */
  trips(count: number): readonly number[] | Promise<readonly number[]>;
  /** Closes all objects. */
  close(): void | Promise<void>;
}
