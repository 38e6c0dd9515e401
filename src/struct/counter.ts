/**
 * Integers that several processes can change at the same time, and all such integers of a struct.
 *
 * @module
 */

import { assertBigInteger, assertInteger } from "../../ffi/arguments.ts";
import type { CType } from "./ctype.ts";
import { assertWritable, isReadOnly, pathTo } from "./field_view.ts";
import { SCALARS } from "./scalar.ts";
import type { Elements } from "./array.ts";
import type { PlacedField } from "./placement.ts";
import { assertAligned } from "./target.ts";

/** The types whose variables can be used as counters. */
export type CounterName = "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64";

/** The JavaScript type of a counter's value. */
export type CounterValue<N extends CounterName> = N extends "i64" | "u64" ? bigint : number;

/**
 * An integer in shared memory. Each operation is atomic and sequentially consistent, also with the
 * operations of other processes: `InterlockedAdd` and its like in C, and those of `_Atomic` types.
 * The integer wraps around at the limits of its type.
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
  /**
   * Subtracts a number from the value, and returns the value from before.
   *
   * @param value The number to subtract, which can be negative.
   */
  sub(value: T): T;
  /**
   * Keeps the bits that are set in a mask, clears all others, and returns the value from before.
   *
   * @param mask The bits: `~1` clears the lowest bit. A signed mask fits an unsigned type, too.
   */
  and(mask: T): T;
  /**
   * Sets the bits of a mask, and returns the value from before.
   *
   * @param mask The bits. An unsigned mask fits a signed type, too.
   */
  or(mask: T): T;
  /**
   * Changes the bits of a mask, and returns the value from before.
   *
   * @param mask The bits to change, signed or unsigned.
   */
  xor(mask: T): T;
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

type NarrowName = Exclude<CounterName, WideName>;
type WideName = "i64" | "u64";
type NarrowArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;
type WideArray = BigInt64Array | BigUint64Array;

/** Creates an array of one element. */
type MakeArray<A> = new (buffer: ArrayBufferLike, byteOffset: number, length: 1) => A;

const NARROW: { readonly [N in NarrowName]: MakeArray<NarrowArray> } = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
};

const WIDE: { readonly [N in WideName]: MakeArray<WideArray> } = {
  i64: BigInt64Array,
  u64: BigUint64Array,
};

/** Whether a value is the name of a counter's type. */
export function isCounterName(type: unknown): type is CounterName {
  return typeof type === "string" && (Object.hasOwn(NARROW, type) || Object.hasOwn(WIDE, type));
}

/**
 * Returns a counter for an integer in a buffer.
 *
 * @param offset The integer's offset in the buffer, in bytes.
 * @param name The variable's name, for messages.
 * @throws {RangeError} If the offset, or the address of the buffer, is not a multiple of the
 *   integer's size.
 */
export function counterAt<N extends CounterName>(
  type: N,
  buffer: ArrayBufferLike,
  offset: number,
  name: string,
): Counter<CounterValue<N>>;
export function counterAt(
  type: CounterName,
  buffer: ArrayBufferLike,
  offset: number,
  name: string,
): Counter<number> | Counter<bigint> {
  const { byteLength } = SCALARS[type];
  assertAligned(`${name} as a counter`, { buffer, offset, size: byteLength });
  const assertOpen = isReadOnly(buffer) ? () => assertWritable(name, buffer) : undefined;
  if (type === "i64" || type === "u64") {
    const array = new WIDE[type](buffer, offset, 1);
    return checked(SCALARS[type], overWide(array), WIDE_CHECKS, name, assertOpen);
  }
  const array = new NARROW[type](buffer, offset, 1);
  const most = 2 ** (8 * byteLength);
  const checks: ArgumentChecks<number> = {
    assertAddend: (what, value) => assertInteger(what, value, Number.MIN_SAFE_INTEGER),
    assertMask: (what, value) => assertInteger(what, value, -most / 2, most - 1),
  };
  return checked(SCALARS[type], overNarrow(array), checks, name, assertOpen);
}

/** Checks of arguments that need not fit the counter's type. */
interface ArgumentChecks<T> {
  assertAddend(what: string, value: T): void;
  assertMask(what: string, value: T): void;
}

const WIDE_CHECKS: ArgumentChecks<bigint> = {
  assertAddend: (what, value) => assertBigInteger(what, value, -(2n ** 64n), 2n ** 64n),
  assertMask: (what, value) => assertBigInteger(what, value, -(2n ** 63n), 2n ** 64n - 1n),
};

/**
 * Adds checks of the arguments, because Atomics converts any value to a number.
 *
 * @param assertOpen Throws if the memory is mapped read-only. Memory to write needs no check.
 */
function checked<T extends number | bigint>(
  type: CType<T>,
  steps: Steps<T>,
  { assertAddend, assertMask }: ArgumentChecks<T>,
  name: string,
  assertOpen: (() => void) | undefined,
): Counter<T> {
  const addend = (step: (value: T) => T, verb: string) => (value: T) => {
    assertAddend(`the number to ${verb} ${name}`, value);
    assertOpen?.();
    return step(value);
  };
  const masked = (step: (mask: T) => T) => (mask: T) => {
    assertMask(`the mask for ${name}`, mask);
    assertOpen?.();
    return step(mask);
  };
  return Object.freeze<Counter<T>>({
    load: steps.load,
    store(value) {
      type.check(value, name);
      assertOpen?.();
      steps.store(value);
    },
    add: addend(steps.add, "add to"),
    sub: addend(steps.sub, "subtract from"),
    and: masked(steps.and),
    or: masked(steps.or),
    xor: masked(steps.xor),
    exchange(value) {
      type.check(value, name);
      assertOpen?.();
      return steps.exchange(value);
    },
    compareExchange(expected, replacement) {
      type.check(expected, name);
      type.check(replacement, name);
      assertOpen?.();
      return steps.compareExchange(expected, replacement);
    },
    toJSON() {
      const value = steps.load();
      return typeof value === "bigint" ? String(value) : value;
    },
  });
}

function overNarrow(array: NarrowArray): Steps<number> {
  return {
    load: () => Atomics.load(array, 0),
    store: (value) => void Atomics.store(array, 0, value),
    add: (value) => Atomics.add(array, 0, value),
    sub: (value) => Atomics.sub(array, 0, value),
    and: (mask) => Atomics.and(array, 0, mask),
    or: (mask) => Atomics.or(array, 0, mask),
    xor: (mask) => Atomics.xor(array, 0, mask),
    exchange: (value) => Atomics.exchange(array, 0, value),
    compareExchange: (expected, replacement) =>
      Atomics.compareExchange(array, 0, expected, replacement),
  };
}

function overWide(array: WideArray): Steps<bigint> {
  return {
    load: () => Atomics.load(array, 0),
    store: (value) => void Atomics.store(array, 0, value),
    add: (value) => Atomics.add(array, 0, value),
    sub: (value) => Atomics.sub(array, 0, value),
    and: (mask) => Atomics.and(array, 0, mask),
    or: (mask) => Atomics.or(array, 0, mask),
    xor: (mask) => Atomics.xor(array, 0, mask),
    exchange: (value) => Atomics.exchange(array, 0, value),
    compareExchange: (expected, replacement) =>
      Atomics.compareExchange(array, 0, expected, replacement),
  };
}

/** The counters of an array's elements. */
export interface CounterArray<C> {
  /** The number of elements. */
  readonly length: number;
  /**
   * Returns the counter of an element, or the counters of a nested struct or array.
   *
   * @param index The element's index, from 0 to `length - 1`.
   * @throws {RangeError} If the index is out of range, or the element is not at a multiple of its
   *   size.
   */
  get(index: number): C;
  /** Returns the values of all elements for `JSON.stringify`. */
  toJSON(): unknown[];
}

type AnyType = CType<unknown, unknown, unknown>;

/** Returns the type's name if its values can be counters. `safe("u64")` has the signature of `u64`. */
function counterName(type: AnyType): CounterName | undefined {
  const name = type.signature;
  return isCounterName(name) && type === SCALARS[name] ? name : undefined;
}

/** Whether a type is an integer, or has integers. */
export function hasCounters(type: AnyType): boolean {
  return counterName(type) !== undefined || type.countersAt !== undefined;
}

function countersAt(
  type: AnyType,
  data: DataView,
  offset: number,
  where: string,
): object | undefined {
  const name = counterName(type);
  return name === undefined
    ? type.countersAt?.(data, offset, where)
    : counterAt(name, data.buffer, data.byteOffset + offset, where);
}

/** Returns an object with the counters of fields. Each is created when it is first used. */
export function countersOfFields(
  fields: readonly PlacedField[],
  data: DataView,
  offset: number,
  where: string,
): object {
  const properties: PropertyDescriptorMap = {};
  for (const { name, type, offset: at } of fields) {
    if (!hasCounters(type)) continue;
    let counters: object | undefined;
    const get = () => counters ??= countersAt(type, data, offset + at, pathTo(where, name));
    properties[name] = { enumerable: true, get };
  }
  return Object.preventExtensions(Object.defineProperties({}, properties));
}

/** Returns the counters of an array's elements. */
export function countersOfElements(
  { type, length, stride }: Elements,
  data: DataView,
  offset: number,
  where: string,
): CounterArray<unknown> {
  const at = (index: number) =>
    countersAt(type, data, offset + index * stride, `${where}[${index}]`);
  return Object.freeze({
    length,
    get(index: number): unknown {
      assertInteger(`the index in ${where}`, index, 0, length - 1);
      return at(index);
    },
    toJSON: () => Array.from({ length }, (_, index) => at(index)),
  });
}
