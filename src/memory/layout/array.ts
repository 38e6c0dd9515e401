/**
 * Arrays of a fixed length.
 *
 * @module
 */

import { assertInteger, assertObject } from "../../../ffi/arguments.ts";
import {
  type CType,
  type FoundField,
  type InputOf,
  type LiveOf,
  MOST_BYTES,
  type TypeLike,
  type ValueOf,
} from "./ctype.ts";
import { typeOf } from "./scalar.ts";

type Data = DataView;
type AnyType = CType<unknown, unknown, unknown>;

/**
 * An array that stays in the memory.
 *
 * @typeParam Live What stands for an element: its value, or a view of it.
 * @typeParam Input What can be written as an element.
 */
export interface ArrayView<Live, Input = Live> extends Iterable<Live> {
  /** How many elements there are. */
  readonly length: number;
  /**
   * Gives an element: its value, or a view of it.
   *
   * @param index Which one, from 0.
   * @throws {RangeError} If there is none.
   */
  get(index: number): Live;
  /**
   * Writes an element.
   *
   * @param index Which one, from 0.
   * @param value What to write.
   * @throws {RangeError} If there is none, or the value is out of range.
   * @throws {TypeError} If the value is of the wrong kind.
   */
  set(index: number, value: Input): void;
}

/** The type of an array. */
export type ArrayType<T extends TypeLike> = CType<
  ValueOf<T>[],
  ArrayView<LiveOf<T>, InputOf<T>>,
  ArrayLike<InputOf<T>>
>;

/**
 * An array of a fixed length: `float position[3]`.
 *
 * @example
 * ```ts
 * import { array, struct } from "@winipc/winipc/memory";
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
 * @param element The type of its elements.
 * @param length How many there are, at least 1.
 * @throws {TypeError} If the element's type is none.
 * @throws {RangeError} If the length is out of range.
 */
export function array<const T extends TypeLike>(element: T, length: number): ArrayType<T>;
export function array(element: TypeLike, length: number): AnyType {
  const type: AnyType = typeOf(element, "an array's elements");
  assertInteger("the length of an array", length, 1, Math.floor(MOST_BYTES / type.byteLength));
  const Elements = elementsOver(type, length);
  const each = <T>(use: (offset: number, index: number) => T): T[] =>
    Array.from({ length }, (_, index) => use(index * type.byteLength, index));
  return {
    byteLength: type.byteLength * length,
    alignment: type.alignment,
    signature: `${type.signature}[${length}]`,
    assignable: false,
    c: {
      declare: (name, typeName) => type.c.declare(`${name}[${length}]`, typeName),
      define: type.c.define,
    },
    check(value: unknown, where: string): asserts value is ArrayLike<unknown> {
      assertObject(where, value);
      if (!("length" in value) || value.length !== length) {
        throw new RangeError(`Expected ${where} to have ${length} elements`);
      }
      for (let index = 0; index < length; index++) {
        type.check(Reflect.get(value, index), `${where}[${index}]`);
      }
    },
    store(data: Data, offset: number, value: ArrayLike<unknown>) {
      each((at, index) => type.store(data, offset + at, value[index]));
    },
    load: (data, offset, where) => each((at) => type.load(data, offset + at, where)),
    live: (data, offset, where) => new Elements(data, offset, where),
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

/**
 * Makes the class of an array's views. Each array has its own, so that the engine knows
 * the type of the elements where it compiles an access to one.
 */
function elementsOver(
  type: AnyType,
  length: number,
): new (data: Data, offset: number, where: string) => ArrayView<unknown> {
  const { assignable, byteLength } = type;
  return class Elements implements ArrayView<unknown> {
    readonly length = length;
    readonly #data: Data;
    readonly #offset: number;
    readonly #where: string;
    /** The views of elements that are no values, made when they are first asked for. */
    readonly #views: unknown[] = [];

    constructor(data: Data, offset: number, where: string) {
      this.#data = data;
      this.#offset = offset;
      this.#where = where;
    }

    get(index: number): unknown {
      const offset = this.#offsetOf(index);
      return assignable
        ? type.live(this.#data, offset, this.#where)
        : this.#views[index] ??= type.live(this.#data, offset, this.#where);
    }

    set(index: number, value: unknown): void {
      const offset = this.#offsetOf(index);
      type.check(value, this.#where);
      type.store(this.#data, offset, value);
    }

    *[Symbol.iterator](): Generator<unknown> {
      for (let index = 0; index < length; index++) yield this.get(index);
    }

    /** What `console.log` shows. */
    [Symbol.for("Deno.customInspect")](inspect: typeof Deno.inspect): string {
      return inspect([...this]);
    }

    #offsetOf(index: number): number {
      // A symbol would throw at the shift, and a bigint too.
      if (!(typeof index === "number" && index >>> 0 === index && index < length)) {
        assertInteger(`the index in ${this.#where}`, index, 0, length - 1);
      }
      return this.#offset + index * byteLength;
    }
  };
}
