/**
 * Checks, writes and copies the elements of arrays, many at once.
 *
 * @module
 */

import { assertBytes, assertObject, show } from "../../ffi/arguments.ts";
import { bytesAt, bytesToStore, copyAt } from "./copy.ts";
import type { CType } from "./ctype.ts";
import { COPY, LiveView } from "./field_view.ts";
import { SCALARS } from "./scalar.ts";

type AnyType = CType<unknown, unknown, unknown>;

/** The elements of an array in memory. */
export interface Elements {
  /** The type of each element. */
  readonly type: AnyType;
  /** The number of elements. */
  readonly length: number;
  /** The distance between the beginnings of two elements, in bytes. */
  readonly stride: number;
  /**
   * Checks values for adjacent elements, and returns what {@linkcode Elements.store} writes.
   *
   * @param where The path of the array, for messages.
   * @param first The index of the first element to write.
   * @param into The memory to write to, as in {@linkcode CType.check}.
   */
  check(values: unknown, where: string, first: number, into: DataView | undefined): unknown;
  /**
   * Writes checked values.
   *
   * @param offset The offset of the first element to write, in bytes.
   */
  store(data: DataView, offset: number, checked: unknown): void;
  /** Copies all elements out of the memory. */
  load(data: DataView, offset: number, where: string): ArrayLike<unknown>;
}

/** Returns elements that are copied one by one. */
export function elementsOf(type: AnyType, length: number, stride: number): Elements {
  return {
    type,
    length,
    stride,
    check(given, where, first, into) {
      // The elements of a view can be views, too. Their own type copies them below.
      const values = isArrayView(given) ? [...given] : given;
      assertArray(where, values);
      const { length: count } = values;
      assertRoom(count, where, first, length);
      const checked: unknown[] = [];
      for (let index = 0; index < count; index++) {
        checked.push(type.check(values[index], `${where}[${first + index}]`, into));
      }
      return checked;
    },
    store: (data, offset, checked) => storeEach(type, stride, data, offset, checked),
    load: (data, offset, where) =>
      Array.from({ length }, (_, index) => type.load(data, offset + index * stride, where)),
  };
}

/** The typed arrays by the names of the types of their elements. */
export interface NumberArrays {
  /** `int8_t` */
  i8: Int8Array<ArrayBuffer>;
  /** `uint8_t` */
  u8: Uint8Array<ArrayBuffer>;
  /** `int16_t` */
  i16: Int16Array<ArrayBuffer>;
  /** `uint16_t` */
  u16: Uint16Array<ArrayBuffer>;
  /** `int32_t` */
  i32: Int32Array<ArrayBuffer>;
  /** `uint32_t` */
  u32: Uint32Array<ArrayBuffer>;
  /** `int64_t` */
  i64: BigInt64Array<ArrayBuffer>;
  /** `uint64_t` */
  u64: BigUint64Array<ArrayBuffer>;
  /** `float` */
  f32: Float32Array<ArrayBuffer>;
  /** `double` */
  f64: Float64Array<ArrayBuffer>;
  /** A pointer in a 32-bit process. */
  pointer32: Uint32Array<ArrayBuffer>;
  /** A pointer in a 64-bit process. */
  pointer64: BigUint64Array<ArrayBuffer>;
}

/** The name of a type whose elements are copied as a typed array. */
export type NumberName = keyof NumberArrays;

type NumberArray = new (buffer: ArrayBuffer) => NumberArrays[NumberName];

const ARRAYS: { readonly [N in NumberName]: NumberArray } = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
  pointer32: Uint32Array,
  pointer64: BigUint64Array,
};

/** Whether elements of a type are copied as a typed array: all scalar types except `bool`. */
export function isNumberName(type: unknown): type is NumberName {
  return typeof type === "string" && Object.hasOwn(ARRAYS, type);
}

/** Returns elements that are numbers, and are copied as bytes. */
export function numbersOf(name: NumberName, length: number): Elements {
  const type: AnyType = SCALARS[name];
  const { byteLength: stride } = type;
  const Numbers = ARRAYS[name];
  /** Whether each value fits, so that the bytes can be copied. */
  const isSameKind = (values: unknown): values is ArrayBufferView =>
    values instanceof Numbers || name === "u8" && values instanceof Uint8ClampedArray;
  return {
    type,
    length,
    stride,
    check(given, where, first, into) {
      const values = given instanceof LiveView ? given[COPY]() : given;
      if (ArrayBuffer.isView(values)) assertBytes(where, values);
      if (isSameKind(values)) {
        const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
        assertRoom(bytes.length / stride, where, first, length);
        return bytesToStore(bytes, into);
      }
      assertArray(where, values);
      const { length: count } = values;
      assertRoom(count, where, first, length);
      const checked: unknown[] = [];
      let [index, value]: [number, unknown] = [0, undefined];
      try {
        for (; index < count; index++) {
          value = values[index];
          checked.push(type.check(value, where));
        }
      } catch (error) {
        // Only now the path of the element is put together, because that takes longer than a check.
        type.check(value, `${where}[${first + index}]`);
        throw error;
      }
      return checked;
    },
    store(data, offset, checked) {
      if (checked instanceof Uint8Array) bytesAt(data, offset, checked.length).set(checked);
      else storeEach(type, stride, data, offset, checked);
    },
    load: (data, offset) => new Numbers(copyAt(data, offset, length * stride)),
  };
}

function storeEach(
  type: AnyType,
  stride: number,
  data: DataView,
  offset: number,
  checked: unknown,
): void {
  if (!Array.isArray(checked)) return;
  for (let index = 0; index < checked.length; index++) {
    type.store(data, offset + index * stride, checked[index]);
  }
}

function isArrayView(value: unknown): value is Iterable<unknown> {
  return value instanceof LiveView && Symbol.iterator in value;
}

/** Throws unless a value is an array, or an object like an array. */
function assertArray(where: string, values: unknown): asserts values is ArrayLike<unknown> {
  assertObject(where, values);
  const length: unknown = "length" in values ? values.length : undefined;
  if (typeof length === "number" && Number.isSafeInteger(length) && length >= 0) return;
  throw new TypeError(`Expected ${where} to be an array, got ${show(values)}`);
}

/** Throws if there are more values than elements. */
function assertRoom(count: number, where: string, first: number, length: number): void {
  if (count <= length - first) return;
  const from = first === 0 ? "" : ` from index ${first}`;
  throw new RangeError(
    `Expected at most ${length - first} elements for ${where}${from}, got ${count}`,
  );
}
