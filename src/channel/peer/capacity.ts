/**
 * How large rings can be.
 *
 * @module
 */

import { assertInteger } from "../../../ffi/arguments.ts";

/** The least that a ring can hold, in bytes. */
export const MIN_CAPACITY = 1024;
/** The most that a ring can hold, in bytes. */
export const MAX_CAPACITY = 2 ** 30;
const DEFAULT_CAPACITY = 2 ** 20;

/** How large a ring is. */
export interface RingSize {
  /** How many bytes it holds, a power of two from 1024 to 2³⁰. */
  readonly capacity: number;
  /** The longest message, in bytes. */
  readonly maxMessageLength: number;
}

/**
 * Settles how large a new ring is.
 *
 * @param options What was asked for.
 * @param longestMessage The longest message that a ring of a capacity can take.
 * @throws {RangeError} If it is out of range.
 */
export function settleSize(
  { capacity = DEFAULT_CAPACITY, maxMessageLength }: Partial<RingSize>,
  longestMessage: (capacity: number) => number,
): RingSize {
  assertInteger("capacity", capacity, MIN_CAPACITY, MAX_CAPACITY);
  if (!isPowerOfTwo(capacity)) {
    throw new RangeError(`Expected capacity to be a power of two, got ${capacity}`);
  }
  const most = longestMessage(capacity);
  const longest = maxMessageLength ?? most;
  assertInteger("maxMessageLength", longest, 0, most);
  return { capacity, maxMessageLength: longest };
}

/**
 * Whether a ring in memory can be as large as is written there.
 *
 * @param size What is written.
 * @param byteLength How much memory there is for the ring, in bytes.
 * @param longestMessage The longest message that a ring of a capacity can take.
 */
export function isPossibleSize(
  { capacity, maxMessageLength }: RingSize,
  byteLength: number,
  longestMessage: (capacity: number) => number,
): boolean {
  return capacity >= MIN_CAPACITY && capacity <= MAX_CAPACITY && isPowerOfTwo(capacity) &&
    capacity <= byteLength && maxMessageLength <= longestMessage(capacity);
}

function isPowerOfTwo(number: number): boolean {
  return (number & (number - 1)) === 0;
}
