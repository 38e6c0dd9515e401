/**
 * Where the fields of a struct are, as Microsoft's compiler has it.
 *
 * @see {@link https://learn.microsoft.com/cpp/build/x64-software-conventions#struct-packing-examples}
 * @module
 */

import { assertInteger, assertObject } from "../../ffi/arguments.ts";
import { assertBitField, type BitField, bitsAt, SCALARS, typeOf } from "./scalar.ts";
import { type CType, MAX_BYTES, type TypeLike } from "./ctype.ts";

/** A field that has its place. */
export interface PlacedField {
  /** Its name. */
  readonly name: string;
  /** Its type. */
  readonly type: CType<unknown, unknown, unknown>;
  /** Where it is, in bytes from the beginning. */
  readonly offset: number;
}

/** Fields that have their places, and the room that they take. */
export interface Placement {
  /** The fields, in their order. */
  readonly fields: readonly PlacedField[];
  /** The size in bytes, with what fills it up to a multiple of the alignment. */
  readonly byteLength: number;
  /** What the address of the whole is a multiple of, in bytes. */
  readonly alignment: number;
}

/** A field at a place that does not follow from the fields before it. */
export interface FieldAt<T extends TypeLike = TypeLike> {
  /** Its type. */
  readonly type: T;
  /** Where it is, in bytes from the beginning. */
  readonly offset: number;
}

/** A field: its type, some bits, or a type and where it is. */
export type Field = TypeLike | BitField | FieldAt;

/** Fields in their order, by their names: as a C program would call them. */
export type Fields = Readonly<Record<string, Field>>;

/** An integer that bit fields share. */
interface Unit {
  /** Where it is, in bytes. */
  readonly offset: number;
  /** Its size in bytes. */
  readonly byteLength: number;
  /** How many of its bits are taken. */
  taken: number;
}

/**
 * Places fields one behind the other, as in a struct.
 *
 * @param pack The most that any of them is aligned to, in bytes.
 */
export function placeInOrder(fields: Fields, pack: number): Placement {
  const placed: PlacedField[] = [];
  let end = 0;
  let unit: Unit | undefined;
  for (const [name, field] of entriesOf(fields)) {
    if (isBitField(field)) {
      assertBitField(field);
      if ("offset" in field) {
        throw new TypeError(`Expected no offset for ${name}: bits follow those before them`);
      }
      const { byteLength, alignment } = SCALARS[field.unit];
      if (unit?.byteLength !== byteLength || unit.taken + field.width > byteLength * 8) {
        unit = { offset: alignUp(end, Math.min(alignment, pack)), byteLength, taken: 0 };
        end = unit.offset + byteLength;
      }
      placed.push({ name, type: bitsAt(field, unit.taken), offset: unit.offset });
      unit.taken += field.width;
    } else {
      const type = typeOf(isFieldAt(field) ? field.type : field, name);
      const alignment = Math.min(type.alignment, pack);
      let offset = alignUp(end, alignment);
      if (isFieldAt(field)) {
        assertOffset(name, field.offset, placed, alignment);
        offset = field.offset;
      }
      placed.push({ name, type, offset });
      end = offset + type.byteLength;
      unit = undefined;
    }
  }
  return complete(placed, end, pack);
}

/**
 * Places fields all at the beginning, as in a union.
 *
 * @param pack The most that any of them is aligned to, in bytes.
 */
export function placeTogether(fields: Fields, pack: number): Placement {
  const placed = entriesOf(fields).map(([name, field]): PlacedField => {
    if (isFieldAt(field)) {
      throw new TypeError(`Expected no offset for ${name}: all fields of a union are at 0`);
    }
    if (isBitField(field)) assertBitField(field);
    return { name, type: isBitField(field) ? bitsAt(field, 0) : typeOf(field, name), offset: 0 };
  });
  return complete(placed, Math.max(...placed.map(({ type }) => type.byteLength)), pack);
}

/**
 * Throws unless C can use a name.
 *
 * @throws {TypeError} If it cannot.
 */
export function assertFieldName(name: string): void {
  // What follows from its own prototype would follow from a field called __proto__ too.
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name !== "__proto__") return;
  throw new TypeError(
    `Expected a name of letters, digits and _, not beginning with a digit, got ${
      JSON.stringify(name)
    }`,
  );
}

/** The next multiple of an alignment. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function complete(fields: readonly PlacedField[], end: number, pack: number): Placement {
  const alignment = Math.max(...fields.map(({ type }) => Math.min(type.alignment, pack)));
  const byteLength = alignUp(end, alignment);
  if (byteLength > MAX_BYTES) {
    throw new RangeError(`Expected at most ${MAX_BYTES} bytes, the fields take ${byteLength}`);
  }
  return { fields, byteLength, alignment };
}

function entriesOf(fields: Fields): [string, Field][] {
  assertObject("the fields", fields);
  const entries = Object.entries(fields);
  if (entries.length === 0) throw new TypeError("Expected at least one field");
  for (const [name] of entries) assertFieldName(name);
  return entries;
}

function isBitField(field: Field): field is BitField {
  return typeof field === "object" && field !== null && "width" in field;
}

function isFieldAt(field: Field): field is FieldAt {
  return typeof field === "object" && field !== null && "offset" in field;
}

function assertOffset(
  name: string,
  offset: unknown,
  before: readonly PlacedField[],
  alignment: number,
): void {
  assertInteger(`the offset of ${name}`, offset, 0, MAX_BYTES);
  if (offset % alignment !== 0) {
    throw new RangeError(
      `Expected the offset of ${name} to be a multiple of ${alignment}, got ${offset}; ` +
        "{ pack } allows others",
    );
  }
  const last = before.at(-1);
  if (last === undefined) return;
  const end = last.offset + last.type.byteLength;
  if (offset >= end) return;
  throw new RangeError(
    `Expected the offset of ${name} to be at least ${end}, where ${last.name} ends, got ${offset}: ` +
      "fields stand in the order of their offsets, and those that overlap are a union()",
  );
}
