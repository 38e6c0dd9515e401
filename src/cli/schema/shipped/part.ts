/**
 * The parts of a memory whose fields depend on what is in the memory: on the number of its sensors,
 * say.
 *
 * @module
 */

import type { FieldValue, Schema } from "../schema.ts";

/** A part without parts. */
export interface ValuePart {
  readonly kind: "value";
  readonly offset: number;
  /** The name of the type: `f32`, `utf16[64]`. */
  readonly type: string;
  readonly value: FieldValue;
}

/** A struct whose fields are all shown. */
export interface StructPart {
  readonly kind: "struct";
  readonly offset: number;
  readonly schema: Schema;
}

/** An array of which some entries can be left out, because the program does not use them. */
export interface ListPart {
  readonly kind: "list";
  readonly entries: readonly { readonly index: number; readonly part: Part }[];
}

/** Parts by name, in the order in which they are shown. A part that is `undefined` is left out. */
export interface GroupPart {
  readonly kind: "group";
  readonly parts: Parts;
}

export type Part = ValuePart | StructPart | ListPart | GroupPart;
export type Parts = Readonly<Record<string, Part | undefined>>;

/** Returns a value that is shown for the bytes at an offset, such as a word for a number. */
export function shown(offset: number, type: string, value: FieldValue): ValuePart {
  return { kind: "value", offset, type, value };
}

/** Returns the part for a version at an offset: `2.21` for 2 × 65,536 + 21. */
export function versionAt(offset: number, version: number): ValuePart {
  return shown(offset, "u32", `${version >>> 16}.${version & 0xffff}`);
}

/** Returns a group. */
export function group(parts: Parts): GroupPart {
  return { kind: "group", parts };
}

/** Returns a list of all entries from 0 to `count` - 1. */
export function listOf(count: number, partAt: (index: number) => Part): ListPart {
  return {
    kind: "list",
    entries: Array.from({ length: count }, (_, index) => ({ index, part: partAt(index) })),
  };
}

/** Whether a part is a text without characters, as the name of an entry that is not in use. */
export function isEmpty(part: Part | undefined): boolean {
  return part?.kind === "value" && part.value === "";
}
