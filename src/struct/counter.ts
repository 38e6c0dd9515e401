/**
 * Integers that several processes can change at the same time.
 *
 * @module
 */

import { assertBigInteger, assertInteger } from "../../ffi/arguments.ts";
import type { CType } from "./ctype.ts";
import { SCALARS } from "./scalar.ts";

/** The types whose variables can be used as counters. */
export type CounterName = "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64";

/** The JavaScript type of a counter's value. */
export type CounterValue<N extends CounterName> = N extends "i64" | "u64" ? bigint : number;

/**
 * An integer in shared memory. Each operation is atomic. The integer wraps around at the limits of
 * its type.
 *
 * @typeParam T `bigint` for 64 bits, `number` for fewer.
 */
export interface Counter<T extends number | bigint> {
  /** Reads the value. */
  load(): T;
  /** Writes the value. */
  store(value: T): void;
  /**
   * Adds a number to the value, and returns the value from before.
   *
   * @param value The number to add, which can be negative.
   */
  add(value: T): T;
  /** Writes the value, and returns the value from before. */
  exchange(value: T): T;
  /**
   * Writes `replacement` if the value is equal to `expected`.
   *
   * @returns The value from before. It is equal to `expected` if it was replaced.
   */
  compareExchange(expected: T, replacement: T): T;
  /** Returns the value for `JSON.stringify`. A 64-bit integer becomes a decimal string. */
  toJSON(): number | string;
}

/** The atomic operations, without checks of their arguments. */
type Steps<T extends number | bigint> = Omit<Counter<T>, "toJSON">;

const NARROW = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
} as const;

const WIDE = { i64: BigInt64Array, u64: BigUint64Array } as const;

/** Whether a value is the name of a counter's type. */
export function isCounterName(type: unknown): type is CounterName {
  return typeof type === "string" && (Object.hasOwn(NARROW, type) || Object.hasOwn(WIDE, type));
}

/**
 * Returns a counter for an integer in a buffer.
 *
 * @param offset The integer's offset in the buffer, in bytes: a multiple of its size.
 * @param name The variable's name, for messages.
 */
export function counterAt<N extends CounterName>(
  type: N,
  buffer: ArrayBuffer,
  offset: number,
  name: string,
): Counter<CounterValue<N>>;
export function counterAt(
  type: CounterName,
  buffer: ArrayBuffer,
  offset: number,
  name: string,
): Counter<number> | Counter<bigint> {
  return type === "i64" || type === "u64"
    ? checked(SCALARS[type], overWide(new WIDE[type](buffer, offset, 1)), name, assertWideAddend)
    : checked(SCALARS[type], overNarrow(new NARROW[type](buffer, offset, 1)), name, assertAddend);
}

/** Adds checks of the arguments, because Atomics converts any value to a number. */
function checked<T extends number | bigint>(
  type: CType<T>,
  counter: Steps<T>,
  name: string,
  assertAddend: (what: string, value: T) => void,
): Counter<T> {
  return Object.freeze<Counter<T>>({
    load: counter.load,
    store(value) {
      type.check(value, name);
      counter.store(value);
    },
    add(value) {
      assertAddend(`the number to add to ${name}`, value);
      return counter.add(value);
    },
    exchange(value) {
      type.check(value, name);
      return counter.exchange(value);
    },
    compareExchange(expected, replacement) {
      type.check(expected, name);
      type.check(replacement, name);
      return counter.compareExchange(expected, replacement);
    },
    toJSON() {
      const value = counter.load();
      return typeof value === "bigint" ? String(value) : value;
    },
  });
}

function overNarrow(array: InstanceType<(typeof NARROW)[keyof typeof NARROW]>): Steps<number> {
  return {
    load: () => Atomics.load(array, 0),
    store: (value) => void Atomics.store(array, 0, value),
    add: (value) => Atomics.add(array, 0, value),
    exchange: (value) => Atomics.exchange(array, 0, value),
    compareExchange: (expected, replacement) =>
      Atomics.compareExchange(array, 0, expected, replacement),
  };
}

function overWide(array: InstanceType<(typeof WIDE)[keyof typeof WIDE]>): Steps<bigint> {
  return {
    load: () => Atomics.load(array, 0),
    store: (value) => void Atomics.store(array, 0, value),
    add: (value) => Atomics.add(array, 0, value),
    exchange: (value) => Atomics.exchange(array, 0, value),
    compareExchange: (expected, replacement) =>
      Atomics.compareExchange(array, 0, expected, replacement),
  };
}

function assertAddend(what: string, value: unknown): void {
  assertInteger(what, value, Number.MIN_SAFE_INTEGER);
}

function assertWideAddend(what: string, value: unknown): void {
  assertBigInteger(what, value, -(2n ** 64n), 2n ** 64n);
}
