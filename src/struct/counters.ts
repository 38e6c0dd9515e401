/**
 * The counters of a struct: its integers, with atomic operations.
 *
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import { counterAt, type CounterName, isCounterName } from "./counter.ts";
import type { CType } from "./ctype.ts";
import type { Elements } from "./elements.ts";
import { pathTo } from "./field_view.ts";
import type { PlacedField } from "./placement.ts";
import { SCALARS } from "./scalar.ts";

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
