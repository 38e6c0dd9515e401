/**
 * Arrays of a fixed length.
 *
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import {
  type ArrayView,
  arrayViewsOver,
  elementsOf,
  isNumberName,
  type NumberArrays,
  type NumberName,
  numbersOf,
} from "./elements.ts";
import { countersOfElements, hasCounters } from "./counter.ts";
import {
  type CType,
  type FoundField,
  type InputOf,
  type LiveOf,
  MAX_BYTES,
  type TypeLike,
  type ValueOf,
} from "./ctype.ts";
import { typeOf } from "./scalar.ts";

/**
 * The copy of an array: a typed array for numbers, such as a `Float32Array` for `"f32"`, and an
 * array for anything else.
 */
export type ArrayValue<T> = T extends NumberName ? NumberArrays[T] : ValueOf<T>[];

/** Input for an array: values for its first elements, or a view of an array. */
export type ArrayInput<T extends TypeLike> =
  | ArrayLike<InputOf<T>>
  | ArrayView<LiveOf<T>, InputOf<T>>;

/** A C array type, made by {@linkcode array}. */
export interface ArrayType<T extends TypeLike> extends
  CType<
    ArrayValue<T>,
    ArrayView<LiveOf<T>, InputOf<T>, ArrayValue<T>>,
    ArrayInput<T>
  > {
  /** The number of elements. */
  readonly length: number;
}

/**
 * Describes an array of a fixed length: `float position[3]`.
 *
 * A copy of numbers is a typed array: `"f32"` is copied as a `Float32Array`, `"u64"` as a
 * `BigUint64Array`. So large arrays are copied as fast as their bytes, at any offset. Elements of
 * other types are copied as an array: structs, texts, `"bool"` and `safe()`.
 *
 * Fewer values than elements can be written. The rest of the elements then keep their values.
 *
 * @example Write one element of an array and read all
 * ```ts
 * import { array, struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Car = struct({ wheels: array("f32", 4) });
 * const memory = new ArrayBuffer(Car.byteLength);
 * const car = Car.view(memory);
 * car.wheels.set(2, 1.5);
 * assertEquals([...car.wheels], [0, 0, 1.5, 0]);
 * assertEquals(Car.read(memory), { wheels: Float32Array.of(0, 0, 1.5, 0) });
 * ```
 *
 * @example Write many elements at once
 * ```ts
 * import { array, struct } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const Sound = struct({ samples: array("i16", 48_000) });
 * const sound = Sound.view(new ArrayBuffer(Sound.byteLength));
 * sound.samples.set(Int16Array.of(7, 8, 9), 100);
 * assertEquals(sound.samples.values().subarray(99, 103), Int16Array.of(0, 7, 8, 9));
 * ```
 *
 * @param element The type of each element.
 * @param length The number of elements, at least 1.
 * @throws {TypeError} If the element's type is invalid.
 * @throws {RangeError} If the length is out of range.
 */
export function array<const T extends TypeLike>(element: T, length: number): ArrayType<T>;
export function array(
  element: TypeLike,
  length: number,
): CType<unknown, unknown, unknown> & { readonly length: number } {
  const type = typeOf(element, "an array's elements");
  if (length === 0) {
    throw new RangeError(
      "Expected the length of an array to be at least 1, got 0: leave out a last member " +
        "`x[]` of C, and view the bytes after the struct with another layout",
    );
  }
  assertInteger("the length of an array", length, 1, Math.floor(MAX_BYTES / type.byteLength));
  const elements = isNumberName(element)
    ? numbersOf(element, length)
    : elementsOf(type, length, type.byteLength);
  return {
    length,
    byteLength: type.byteLength * length,
    alignment: type.alignment,
    signature: `${type.signature}[${length}]`,
    isValue: false,
    isPinned: type.isPinned ?? false,
    c: {
      declare: (name, typeName) => type.c.declare(`${name}[${length}]`, typeName),
      define: type.c.define,
    },
    check: (values, where, into) => elements.check(values, where, 0, into),
    store: elements.store,
    load: elements.load,
    live: arrayViewsOver(elements),
    ...(hasCounters(type)
      ? { countersAt: (data, offset, where) => countersOfElements(elements, data, offset, where) }
      : {}),
    find(path): FoundField | undefined {
      const [, digits, rest] = /^\[([0-9]{1,10})\](.*)$/.exec(path) ?? [];
      if (digits === undefined || rest === undefined || Number(digits) >= length) return undefined;
      const offset = Number(digits) * type.byteLength;
      if (rest === "") return { offset, type };
      const found = type.find(rest);
      return found && { ...found, offset: offset + found.offset };
    },
  };
}
