/**
 * The newest of several buffers, which another program fills in turn.
 *
 * @module
 */

import { assertInteger, assertObject, assertOptions, show } from "../../ffi/arguments.ts";
import { assertLayout } from "./assert_layout.ts";
import { ATTEMPTS, checkAttempts } from "./consistent.ts";
import type { Layout, StructValue } from "./layout.ts";
import type { Fields } from "./placement.ts";
import type { StructTarget } from "./target.ts";
import { type Part, SharedWords } from "./words.ts";

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
