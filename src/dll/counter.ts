/**
 * Integers that several processes may change at the same time.
 *
 * @module
 */

import { assertBigInteger, assertInteger } from "../../ffi/arguments.ts";
import type { CType } from "../struct/ctype.ts";
import { SCALARS } from "../struct/scalar.ts";

/** The types whose variables are counters too. */
export type CounterName = "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64";

/** What a counter of a type counts in. */
export type CounterValue<N extends CounterName> = N extends "i64" | "u64" ? bigint : number;

/**
 * An integer in shared memory; each operation is one step, whatever other processes do
 * meanwhile. It wraps around at the ends of its type.
 *
 * @typeParam T `bigint` for 64 bits, `number` for fewer.
 */
export interface Counter<T extends number | bigint> {
  /** Reads it. */
  load(): T;
  /** Writes it. */
  store(value: T): void;
  /**
   * Adds to it.
   *
   * @param value What to add, which may be negative.
   * @returns What it was before.
   */
  add(value: T): T;
  /**
   * Writes it.
   *
   * @returns What it was before.
   */
  exchange(value: T): T;
  /**
   * Writes it if it is what is expected.
   *
   * @param expected What it has to be.
   * @returns What it was before: equal to `expected` if it was replaced.
   */
  compareExchange(expected: T, replacement: T): T;
  /** Reads it for `JSON.stringify`: 64 bits as a decimal string. */
  toJSON(): number | string;
}

/** The operations themselves. */
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

/** Whether a type is that of a counter. */
export function isCounterName(type: unknown): type is CounterName {
  return typeof type === "string" && (Object.hasOwn(NARROW, type) || Object.hasOwn(WIDE, type));
}

/**
 * Makes a counter of an integer in a buffer.
 *
 * @param offset Where in it the integer is, in bytes: a multiple of its size.
 * @param name Its name, for messages.
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

/** Checks what is given to a counter, for Atomics would make some number of anything. */
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
