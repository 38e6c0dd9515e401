/**
 * The median of measured values.
 *
 * @module
 */

/**
 * Returns the median. Of an even number of values, it is the mean of the middle two.
 *
 * @throws {RangeError} If there are no values.
 */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  if (low === undefined || high === undefined) throw new RangeError("No values have no median");
  return (low + high) / 2;
}
