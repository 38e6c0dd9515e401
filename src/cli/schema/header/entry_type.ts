/**
 * Makes the entries of types, and takes types from entries.
 *
 * @module
 */

import { arrayOf, type CTypeInfo, scalar } from "./type.ts";
import type { Entry } from "./entry.ts";
import { MAX_BYTES } from "../../../struct/scalar.ts";
import { mistake } from "./token.ts";
import { show } from "../../../../ffi/arguments.ts";

/** Returns the entry of a struct that is not defined yet. */
export function unfinished(tag: string, line: number): Entry {
  return { type: mistake(line, `There is no struct ${show(tag)} before this line`) };
}

/** Notes that a struct has a field of this type. */
export function use(entry: Entry): Entry {
  if (entry.record !== undefined) entry.record.isUsed = true;
  return entry;
}

/** Returns the type of an entry. Throws the reason if it cannot be read. */
export function typeOf({ type }: Entry): CTypeInfo {
  if (type instanceof Deno.errors.InvalidData) throw type;
  return type;
}

/** Returns the entry of an array of these lengths, or of the type itself without lengths. */
export function arrayEntry(entry: Entry, lengths: readonly number[], line: number): Entry {
  const { type, record } = entry;
  if (lengths.length === 0 || type instanceof Deno.errors.InvalidData) return entry;
  const array = arrayOf(type, lengths);
  if (array.byteLength > MAX_BYTES) throw mistake(line, "The array has more than 2 GiB");
  return { type: array, ...(record === undefined ? {} : { record }) };
}

/** An enum has the size of an int. Its bit fields have no sign unless a constant has one. */
export function enumType(least: bigint, most: bigint): CTypeInfo {
  return least < 0n ? scalar("i32") : { ...scalar(most < 2n ** 31n ? "i32" : "u32"), unit: "u32" };
}
