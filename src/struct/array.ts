/**
 * Arrays of a fixed length, and their elements in memory: checked, written and copied many at once,
 * and views of them.
 *
 * @module
 */

import { assertBytes, assertInteger, assertObject, show } from "../../ffi/arguments.ts";
import { bytesAt, bytesToStore, copyAt } from "./target.ts";
import type { CType, FoundField, InputOf, LiveOf, TypeLike, ValueOf } from "./ctype.ts";
import {
  assertMapped,
  assertWritable,
  COPY,
  inspectLive,
  isReadOnly,
  LiveView,
  toJson,
} from "./field_view.ts";
import { MAX_BYTES, SCALARS, typeOf } from "./scalar.ts";
import { countersOfElements, hasCounters } from "./counter.ts";

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

/**
 * A view of an array in memory. Each access reads or writes the memory.
 *
 * @typeParam Live The type of `get()`: an element's value, or a view of a nested struct or array.
 * @typeParam Input The type of values that `set()` accepts.
 * @typeParam Values The type of `values()`: a typed array for numbers, an array for anything else.
 */
export interface ArrayView<Live, Input = Live, Values = ArrayLike<unknown>> extends Iterable<Live> {
  /** The number of elements. */
  readonly length: number;
  /**
   * Returns an element: its value, or a view of a nested struct or array.
   *
   * @param index The element's index, from 0 to `length - 1`.
   * @throws {RangeError} If the index is out of range.
   */
  get(index: number): Live;
  /**
   * Writes an element.
   *
   * @param index The element's index, from 0 to `length - 1`.
   * @throws {RangeError} If the index or the value is out of range.
   * @throws {TypeError} If the value is of the wrong kind, or the memory is mapped read-only.
   */
  set(index: number, value: Input): void;
  /**
   * Writes adjacent elements, and does not change the rest. All values are checked first, so a
   * wrong value writes nothing. A typed array of the same kind is copied as bytes, which is fast.
   *
   * @param source The values: an array, a typed array, or a view of an array.
   * @param index The index of the first element to write. @default 0
   * @throws {RangeError} If there are more values than elements from the index on, or a value is
   *   out of range.
   * @throws {TypeError} If a value is of the wrong kind, or the memory is mapped read-only.
   */
  set(source: ArrayLike<Input> | ArrayView<Live, Input>, index?: number): void;
  /**
   * Copies all elements out of the memory: numbers as a typed array, anything else as an array.
   *
   * @throws {Deno.errors.InvalidData} If an element of a `safe()` type is not a safe integer.
   */
  values(): Values;
  /**
   * Returns a copy of the elements for `JSON.stringify`: a plain array. 64-bit integers become
   * decimal strings.
   */
  toJSON(): unknown[];
}

/** A function that creates a view of an array in the memory of `data`, at an offset. */
export type ViewElements = (data: DataView, offset: number, where: string) => ArrayView<unknown>;

/** Returns a function that creates views. */
export function arrayViewsOver(elements: Elements): ViewElements {
  const Writable = defineView(elements, true);
  let ReadOnly: typeof Writable | undefined;
  return (data, offset, where) =>
    isReadOnly(data.buffer)
      ? new (ReadOnly ??= defineView(elements, false))(data, offset, where)
      : new Writable(data, offset, where);
}

/**
 * Defines the class for views of one array type. Each array type has its own class, so that V8 can
 * compile the accesses for one element type. Read-only views have their own class, so that writable
 * views need no check for each write.
 */
function defineView(
  elements: Elements,
  writable: boolean,
): new (data: DataView, offset: number, where: string) => ArrayView<unknown> {
  const { type, length, stride } = elements;
  const { isValue, isBytes } = type;
  // The error that a script gets when it tries to clone a view contains this name.
  return class ArrayView extends LiveView {
    readonly #data: DataView;
    readonly #offset: number;
    readonly #where: string;
    /** Views of elements that are structs or arrays. Each is created at its first `get()`. */
    readonly #views: unknown[] = [];

    constructor(data: DataView, offset: number, where: string) {
      super();
      this.#data = data;
      this.#offset = offset;
      this.#where = where;
      Object.preventExtensions(this);
    }

    get length(): number {
      return length;
    }

    get(index: number): unknown {
      const offset = this.#offsetOf(index);
      if (isValue) return type.live(this.#data, offset, this.#where);
      if (isBytes) assertMapped(this.#data);
      return this.#views[index] ??= type.live(this.#data, offset, this.#where);
    }

    set(at: unknown, value?: unknown): void {
      const data = this.#data;
      if (typeof at === "object" && at !== null) {
        const first = value === undefined ? 0 : value;
        assertInteger(`the index in ${this.#where}`, first, 0, length);
        if (!writable) assertWritable(this.#where, data.buffer);
        const checked = elements.check(at, this.#where, first, data);
        elements.store(data, this.#offset + first * stride, checked);
        return;
      }
      const offset = this.#offsetOf(at);
      if (!writable) assertWritable(this.#where, data.buffer);
      type.store(data, offset, this.#checked(value, at));
    }

    values(): ArrayLike<unknown> {
      return elements.load(this.#data, this.#offset, this.#where);
    }

    *[Symbol.iterator](): Generator<unknown> {
      for (let index = 0; index < length; index++) yield this.get(index);
    }

    [COPY](): ArrayLike<unknown> {
      return this.values();
    }

    toJSON(): unknown[] {
      return Array.from(this.values(), toJson);
    }

    /** Returns the text that `console.log` shows. */
    [Symbol.for("Deno.customInspect")](inspect: typeof Deno.inspect): string {
      return inspectLive(inspect, () => [...this]);
    }

    /** Checks the value of an element. The element's path is put together only for the message. */
    #checked(value: unknown, index: unknown): unknown {
      try {
        return type.check(value, this.#where, this.#data);
      } catch (error) {
        type.check(value, `${this.#where}[${index}]`, this.#data);
        throw error;
      }
    }

    #offsetOf(index: unknown): number {
      // The type is checked first, because `>>>` throws for a symbol or a bigint.
      if (!(typeof index === "number" && index >>> 0 === index && index < length)) {
        if (length === 0) {
          throw new RangeError(`Cannot use an element of ${this.#where}: it is empty`);
        }
        assertInteger(`the index in ${this.#where}`, index, 0, length - 1);
      }
      return this.#offset + index * stride;
    }
  };
}

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
