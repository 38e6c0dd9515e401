/**
 * Structs that another program writes under a seqlock: counters which show a reader that the
 * program wrote while the reader copied.
 *
 * @module
 */

import {
  assertObject,
  assertOneOf,
  assertOptions,
  assertString,
  integerFrom,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { assertLayout } from "./assert_layout.ts";
import type { Layout, StructValue } from "./layout.ts";
import type { Fields } from "./placement.ts";
import type { StructTarget } from "./target.ts";
import { SharedWords } from "./words.ts";

/** Two counters that are equal while nobody writes. */
export interface CounterPair {
  /** The path of the counter that the writer increments before it writes. */
  readonly begin: string;
  /** The path of the counter that the writer increments after it has written. */
  readonly end: string;
}

/** One counter that the writer increments before and after it writes. */
export interface SequenceCounter {
  /** The path of the counter. */
  readonly sequence: string;
  /** Whether the counter is odd or even while the writer writes. @default "odd" */
  readonly writing?: "odd" | "even";
}

/** The fields by which a reader notices that another program wrote. */
export type Seqlock = CounterPair | SequenceCounter;

/** Options of {@linkcode readConsistent}. */
export interface ReadConsistentOptions {
  /** Maximum number of attempts, at least 1. @default 1000 */
  attempts?: number;
  /** The offset of the struct in the memory, in bytes. @default 0 */
  byteOffset?: number;
}

/** The check of the option `attempts`. */
export const checkAttempts = integerFrom(1);
/** The number of attempts by default. The reader looks for about 0.1 ms if the writer is busy. */
export const ATTEMPTS = 1000;

const OPTION_CHECKS: OptionChecks<ReadConsistentOptions> = {
  attempts: checkAttempts,
  byteOffset: integerFrom(0),
};
const PAIR_CHECKS: OptionChecks<CounterPair> = { begin: assertString, end: assertString };
const SEQUENCE_CHECKS: OptionChecks<SequenceCounter> = {
  sequence: assertString,
  writing: (name, value) => assertOneOf(name, value, ["odd", "even"]),
};

/** The integers that can be counters. Of 64 bits, the lower 32 are compared. */
const COUNTERS = ["u32", "i32", "u64", "i64"];

/**
 * Copies a struct that another program writes under a seqlock, until no write happened during the
 * copy.
 *
 * A seqlock is one counter or two that the writer increments before and after each write. The
 * reader never stops the writer, so it needs only access `"read"`. The bytes are copied by
 * `Atomics`, word by word, because a plain copy can be wrong on ARM64. The words are those of the
 * memory: the struct can begin at any byte, but each counter must be at a multiple of 4 bytes.
 *
 * Of two counters, the reader looks at `end` before the copy, and at `begin` after the copy. If
 * both are equal, no write began since the last one was complete.
 *
 * The call blocks the thread for its attempts, and does not wait. It looks again at once if the
 * program is writing. So it finds a whole value, unless the program writes almost all of the time,
 * or has died while it wrote. To wait for longer, pass the call to `waitUntil`.
 *
 * @example Read a struct that a racing game writes
 * ```ts
 * import { readConsistent, struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Telemetry = struct({ versionBegin: "u32", versionEnd: "u32", speed: "f64" });
 * const memory = new ArrayBuffer(Telemetry.byteLength);
 * const lock = { begin: "versionBegin", end: "versionEnd" };
 *
 * Telemetry.write(memory, { versionBegin: 7, versionEnd: 7, speed: 61.5 });
 * assertEquals(readConsistent(memory, Telemetry, lock)?.speed, 61.5);
 *
 * Telemetry.write(memory, { versionBegin: 8 }); // the game begins to write
 * assertEquals(readConsistent(memory, Telemetry, lock), undefined);
 * ```
 *
 * @param target The memory: the result of `memory.map()`, or bytes.
 * @param lock The paths of the counters in the layout: `{ begin, end }` or `{ sequence }`.
 * @returns The values, or `undefined` if the program wrote during each attempt.
 * @throws {TypeError} If a path is not that of an integer of 32 or 64 bits.
 * @throws {RangeError} If the struct is not within the memory, or a counter is not at a multiple of
 *   4 bytes.
 * @throws {Deno.errors.InvalidData} If a field of a `safe()` type is not a safe integer.
 * @throws {Deno.errors.BadResource} If the memory is a closed view.
 */
export function readConsistent<F extends Fields>(
  target: StructTarget,
  layout: Layout<F>,
  lock: Seqlock,
  options: ReadConsistentOptions = {},
): StructValue<F> | undefined {
  assertLayout("layout", layout);
  assertSeqlock(lock);
  assertOptions(options, OPTION_CHECKS);
  const { attempts = ATTEMPTS, byteOffset = 0 } = options;
  const words = new SharedWords(target);
  const part = { what: "the struct", byteOffset, byteLength: layout.byteLength };
  words.assertWithin(part);
  const index = (path: string) =>
    words.indexOf(`counter ${path}`, byteOffset + offsetOfCounter(layout, path));
  const [first, second] = "sequence" in lock
    ? [index(lock.sequence), index(lock.sequence)]
    : [index(lock.end), index(lock.begin)];
  const parity = "sequence" in lock ? (lock.writing === "even" ? 0 : 1) : undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = words.load(first);
    const isWriting = parity === undefined
      ? words.load(second) !== before
      : (before & 1) === parity;
    if (isWriting) {
      Atomics.pause();
      continue;
    }
    const bytes = words.copy(part);
    if (words.load(second) === before) return layout.read(bytes);
  }
  return undefined;
}

function assertSeqlock(lock: Seqlock): void {
  assertObject("the seqlock", lock);
  if ("sequence" in lock) {
    assertOptions(lock, SEQUENCE_CHECKS);
    assertString("sequence", lock.sequence);
    return;
  }
  assertOptions(lock, PAIR_CHECKS);
  assertString("begin", lock.begin);
  assertString("end", lock.end);
}

function offsetOfCounter<F extends Fields>(layout: Layout<F>, path: string): number {
  const offset = layout.offsetOf(path);
  const signature = layout.find(`.${path}`)?.type.signature;
  if (signature !== undefined && COUNTERS.includes(signature)) return offset;
  throw new TypeError(
    `Expected counter ${path} to be one of ${COUNTERS.join(", ")}, got ${signature}`,
  );
}
