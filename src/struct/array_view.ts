/**
 * Views of arrays in memory.
 *
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import {
  assertMapped,
  assertWritable,
  COPY,
  inspectLive,
  isReadOnly,
  LiveView,
  toJson,
} from "./field_view.ts";
import type { Elements } from "./elements.ts";

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
