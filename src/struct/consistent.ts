/**
 * Structs that another program writes meanwhile: a struct under a seqlock, and the newest of
 * several buffers. The counters of a seqlock show a reader that the program wrote during the copy.
 *
 * @module
 */

import {
  assertInteger,
  assertObject,
  assertOneOf,
  assertOptions,
  assertString,
  integerFrom,
  type OptionChecks,
  show,
} from "../../ffi/arguments.ts";
import type { DescribedLayout } from "./description.ts";
import type { Layout, StructValue } from "./layout.ts";
import type { Fields } from "./placement.ts";
import { type Part, SharedWords, type StructTarget } from "./target.ts";

/** The parts of a layout that do not depend on its fields. */
export interface ValueLayout extends DescribedLayout {
  /** The size of the struct in bytes. */
  readonly byteLength: number;
}

/**
 * Throws a `TypeError` if a value is no layout, or a layout whose values cannot be copied.
 *
 * @param what The name of the value in the error message: `"layout"`.
 */
export function assertLayout(what: string, value: unknown): asserts value is ValueLayout {
  assertObject(what, value);
  const isLayout = "layoutHash" in value && typeof value.layoutHash === "bigint" &&
    "signature" in value && typeof value.signature === "string" &&
    "offsetOf" in value && "byteLength" in value && typeof value.byteLength === "number";
  if (!isLayout) {
    throw new TypeError(
      `Expected ${what} to be a layout from struct() or union(), got ${show(value)}`,
    );
  }
  if ("isPinned" in value && value.isPinned === true) {
    throw new TypeError(
      `Expected ${what} to be a layout without locks: a lock works only at its place in the memory, ` +
        "not in a copy",
    );
  }
}

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

/** One of the buffers that another program fills in turn. */
export interface TickedBuffer {
  /** The offset of the buffer's tick in the memory, in bytes: a multiple of 4. */
  readonly tick: number;
  /** The offset of the buffer's content in the memory, in bytes. */
  readonly byteOffset: number;
}

/** The content of the newest buffer. */
export interface NewestValue<T> {
  /** The buffer's tick, a signed 32-bit integer. A later buffer has a higher tick. */
  readonly tick: number;
  /** The values of the layout's fields. */
  readonly value: T;
}

/** The bytes of the newest buffer. */
export interface NewestBytes {
  /** The buffer's tick, a signed 32-bit integer. A later buffer has a higher tick. */
  readonly tick: number;
  /** A copy of the buffer's bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Options of {@linkcode readNewest}. */
export interface ReadNewestOptions {
  /** Maximum number of attempts, at least 1. @default 1000 */
  attempts?: number;
}

/** A buffer with the index of its tick's word. */
interface Candidate extends Part {
  readonly tick: number;
}

/**
 * Copies the newest of several buffers, which another program fills in turn.
 *
 * Each buffer has a tick: a 32-bit counter that the program raises after it has filled the buffer.
 * The buffer with the highest tick is copied by `Atomics`, word by word, and then the reader looks
 * at all ticks again. The copy is whole if its tick is the same, and if the program did not fill
 * all other buffers meanwhile, so that this one comes next. Otherwise the reader tries again. If all
 * ticks are equal, the program has filled no buffer yet.
 *
 * @example Read the newest of two buffers
 * ```ts
 * import { array, readNewest, struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Buffer = struct({ tick: "i32", byteOffset: "i32" });
 * const Header = struct({ buffers: array(Buffer, 2) });
 * const Car = struct({ speed: "f32" });
 * const memory = new ArrayBuffer(64);
 * Header.write(memory, { buffers: [{ tick: 7, byteOffset: 32 }, { tick: 8, byteOffset: 48 }] });
 * Car.write(memory, { speed: 61.5 }, 48);
 *
 * const buffers = Header.read(memory).buffers.map(({ byteOffset }, i) => ({
 *   tick: Header.offsetOf(`buffers[${i}].tick`),
 *   byteOffset,
 * }));
 * assertEquals(readNewest(memory, Car, buffers), { tick: 8, value: { speed: 61.5 } });
 * ```
 *
 * @param target The memory: the result of `memory.map()`, or bytes.
 * @param content The layout of each buffer, or the size of each buffer in bytes.
 * @param buffers The offsets of each buffer and its tick.
 * @returns The newest tick and its content, or `undefined` if all ticks are equal, or the content
 *   was overwritten during each attempt.
 * @throws {RangeError} If there are fewer than 2 buffers, a buffer is not within the memory, or a
 *   tick is not at a multiple of 4 bytes.
 * @throws {Deno.errors.BadResource} If the memory is a closed view.
 */
export function readNewest<F extends Fields>(
  target: StructTarget,
  content: Layout<F>,
  buffers: readonly TickedBuffer[],
  options?: ReadNewestOptions,
): NewestValue<StructValue<F>> | undefined;
/**
 * Copies the bytes of the newest of several buffers, for a program that describes its variables at
 * run time.
 *
 * @example Read one variable of the newest buffer
 * ```ts
 * import { readNewest } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const memory = Int32Array.of(8, 7, 111, 222); // two ticks, and two buffers of 4 bytes
 * const buffers = [{ tick: 0, byteOffset: 8 }, { tick: 4, byteOffset: 12 }];
 * const newest = readNewest(memory, 4, buffers);
 * assertEquals(newest?.tick, 8);
 * assertEquals(newest?.bytes, Uint8Array.of(111, 0, 0, 0));
 * ```
 *
 * @param target The memory: the result of `memory.map()`, or bytes.
 * @param content The size of each buffer in bytes.
 * @param buffers The offsets of each buffer and its tick.
 * @returns The newest tick and its bytes, or `undefined` if all ticks are equal, or the bytes were
 *   overwritten during each attempt.
 */
export function readNewest(
  target: StructTarget,
  content: number,
  buffers: readonly TickedBuffer[],
  options?: ReadNewestOptions,
): NewestBytes | undefined;
export function readNewest<F extends Fields>(
  target: StructTarget,
  content: Layout<F> | number,
  buffers: readonly TickedBuffer[],
  options: ReadNewestOptions = {},
): NewestValue<StructValue<F>> | NewestBytes | undefined {
  const byteLength = lengthOf(content);
  assertBuffers(buffers);
  assertOptions(options, { attempts: checkAttempts });
  const { attempts = ATTEMPTS } = options;
  const words = new SharedWords(target);
  const candidates = buffers.map(({ tick, byteOffset }, i): Candidate => {
    const part = { what: `buffer ${i}`, byteOffset, byteLength };
    words.assertWithin(part);
    return { ...part, tick: words.indexOf(`the tick of buffer ${i}`, tick) };
  });
  for (let attempt = 0; attempt < attempts; attempt++) {
    const found = newestOf(words, candidates);
    if (found === undefined) return undefined;
    const { newest, tick } = found;
    const bytes = words.copy(newest);
    if (words.load(newest.tick) !== tick || !hasEarlier(words, candidates, tick)) continue;
    return typeof content === "number" ? { tick, bytes } : { tick, value: content.read(bytes) };
  }
  return undefined;
}

function lengthOf<F extends Fields>(content: Layout<F> | number): number {
  if (typeof content !== "number") {
    assertLayout("the content", content);
    return content.byteLength;
  }
  assertInteger("the size of a buffer", content, 0);
  return content;
}

function assertBuffers(buffers: unknown): asserts buffers is readonly TickedBuffer[] {
  if (!Array.isArray(buffers)) {
    throw new TypeError(`Expected the buffers to be an array, got ${show(buffers)}`);
  }
  if (buffers.length < 2) {
    throw new RangeError(
      `Expected at least 2 buffers, got ${buffers.length}: one buffer needs a seqlock, which ` +
        "readConsistent() reads",
    );
  }
  for (const [i, buffer] of buffers.entries()) assertObject(`buffer ${i}`, buffer);
}

/** The buffer that had the highest tick, and this tick. */
interface Newest {
  readonly newest: Candidate;
  readonly tick: number;
}

/** Returns the newest buffer, or `undefined` if all ticks are equal. */
function newestOf(words: SharedWords, candidates: readonly Candidate[]): Newest | undefined {
  const found = candidates.map((newest) => ({ newest, tick: words.load(newest.tick) }));
  const newest = found.reduce((newest, other) => isLater(other.tick, newest.tick) ? other : newest);
  return found.some(({ tick }) => isLater(newest.tick, tick)) ? newest : undefined;
}

/** Whether a buffer has an earlier tick. The program overwrites that buffer first. */
function hasEarlier(words: SharedWords, candidates: readonly Candidate[], tick: number): boolean {
  return candidates.some((other) => isLater(tick, words.load(other.tick)));
}

/** Compares ticks that can wrap. */
function isLater(tick: number, other: number): boolean {
  return (tick - other | 0) > 0;
}
