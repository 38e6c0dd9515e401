/**
 * Arrays of a fixed length.
 *
 * @module
 */

import { assertInteger, assertObject } from "../../ffi/arguments.ts";
import {
  type CType,
  type FoundField,
  type InputOf,
  type LiveOf,
  MAX_BYTES,
  type TypeLike,
  type ValueOf,
} from "./ctype.ts";
import { assertWritable, COPY, inspectLive, isReadOnly, LiveView, toJson } from "./field_view.ts";
import { typeOf } from "./scalar.ts";

type Data = DataView;
type AnyType = CType<unknown, unknown, unknown>;

/**
 * A view of an array in memory. Each access reads or writes the memory.
 *
 * @typeParam Live The type of `get()`: an element's value, or a view of a nested struct or array.
 * @typeParam Input The type of values that `set()` accepts.
 */
export interface ArrayView<Live, Input = Live> extends Iterable<Live> {
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
   * Returns a copy of the elements for `JSON.stringify`. 64-bit integers become decimal strings.
   */
  toJSON(): unknown[];
}

/** Input for an array: a value for every element, or a view of an array of the same length. */
export type ArrayInput<T extends TypeLike> =
  | ArrayLike<InputOf<T>>
  | ArrayView<LiveOf<T>, InputOf<T>>;

/** A C array type, made by {@linkcode array}. */
export type ArrayType<T extends TypeLike> = CType<
  ValueOf<T>[],
  ArrayView<LiveOf<T>, InputOf<T>>,
  ArrayInput<T>
>;

/**
 * Describes an array of a fixed length: `float position[3]`.
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
 * assertEquals(Car.read(memory), { wheels: [0, 0, 1.5, 0] });
 * ```
 *
 * @param element The type of each element.
 * @param length The number of elements, at least 1.
 * @throws {TypeError} If the element's type is invalid.
 * @throws {RangeError} If the length is out of range.
 */
export function array<const T extends TypeLike>(element: T, length: number): ArrayType<T>;
export function array(element: TypeLike, length: number): AnyType {
  const type: AnyType = typeOf(element, "an array's elements");
  if (length === 0) {
    throw new RangeError(
      "Expected the length of an array to be at least 1, got 0: leave out a last member " +
        "`x[]` of C, and view the bytes after the struct with another layout",
    );
  }
  assertInteger("the length of an array", length, 1, Math.floor(MAX_BYTES / type.byteLength));
  const load: LoadElements = (data, offset, where) =>
    Array.from({ length }, (_, index) => type.load(data, offset + index * type.byteLength, where));
  const Writable = elementsOver(type, length, load, (data, offset, where, value) => {
    type.store(data, offset, type.check(value, where));
  });
  const ReadOnly = elementsOver(type, length, load, (data, _offset, where) => {
    assertWritable(where, data.buffer);
  });
  return {
    byteLength: type.byteLength * length,
    alignment: type.alignment,
    signature: `${type.signature}[${length}]`,
    isValue: false,
    c: {
      declare: (name, typeName) => type.c.declare(`${name}[${length}]`, typeName),
      define: type.c.define,
    },
    check(value, where) {
      // The elements of a view can be views, too. Their own type copies them below.
      const values = isArrayView(value) ? [...value] : value;
      assertObject(where, values);
      if (!("length" in values) || values.length !== length) {
        throw new RangeError(`Expected ${where} to have ${length} elements`);
      }
      const checked: unknown[] = [];
      for (let index = 0; index < length; index++) {
        checked.push(type.check(Reflect.get(values, index), `${where}[${index}]`));
      }
      return checked;
    },
    store(data: Data, offset: number, value: ArrayLike<unknown>) {
      for (let index = 0; index < length; index++) {
        type.store(data, offset + index * type.byteLength, value[index]);
      }
    },
    load,
    live: (data, offset, where) =>
      isReadOnly(data.buffer)
        ? new ReadOnly(data, offset, where)
        : new Writable(data, offset, where),
    find(path: string): FoundField | undefined {
      const [, digits, rest] = /^\[([0-9]{1,10})\](.*)$/.exec(path) ?? [];
      if (digits === undefined || rest === undefined || Number(digits) >= length) return undefined;
      const offset = Number(digits) * type.byteLength;
      if (rest === "") return { offset, type };
      const found = type.find(rest);
      return found && { ...found, offset: offset + found.offset };
    },
  };
}

function isArrayView(value: unknown): value is Iterable<unknown> {
  return value instanceof LiveView && Symbol.iterator in value;
}

/** Copies all elements out of the memory. */
type LoadElements = (data: Data, offset: number, where: string) => unknown[];

/** Writes an element, or throws if the memory is mapped read-only. */
type WriteElement = (data: Data, offset: number, where: string, value: unknown) => void;

/**
 * Returns the class for views of one array type. Each array type has its own class, so that V8 can
 * compile the accesses for one element type.
 */
function elementsOver(
  type: AnyType,
  length: number,
  load: LoadElements,
  write: WriteElement,
): new (data: Data, offset: number, where: string) => ArrayView<unknown> {
  const { isValue, byteLength } = type;
  // The error that a script gets when it tries to clone a view contains this name.
  return class ArrayView extends LiveView {
    readonly #data: Data;
    readonly #offset: number;
    readonly #where: string;
    /** Views of elements that are structs or arrays. Each is created at its first `get()`. */
    readonly #views: unknown[] = [];

    constructor(data: Data, offset: number, where: string) {
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
      return isValue
        ? type.live(this.#data, offset, this.#where)
        : this.#views[index] ??= type.live(this.#data, offset, this.#where);
    }

    set(index: number, value: unknown): void {
      write(this.#data, this.#offsetOf(index), this.#where, value);
    }

    *[Symbol.iterator](): Generator<unknown> {
      for (let index = 0; index < length; index++) yield this.get(index);
    }

    [COPY](): unknown[] {
      return load(this.#data, this.#offset, this.#where);
    }

    toJSON(): unknown[] {
      return this[COPY]().map(toJson);
    }

    /** Returns the text that `console.log` shows. */
    [Symbol.for("Deno.customInspect")](inspect: typeof Deno.inspect): string {
      return inspectLive(inspect, () => [...this]);
    }

    #offsetOf(index: number): number {
      // The type is checked first, because `>>>` throws for a symbol or a bigint.
      if (!(typeof index === "number" && index >>> 0 === index && index < length)) {
        assertInteger(`the index in ${this.#where}`, index, 0, length - 1);
      }
      return this.#offset + index * byteLength;
    }
  };
}
