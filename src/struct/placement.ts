/**
 * Computes the offsets of a struct's fields, as Microsoft's compiler does.
 *
 * @see {@link https://learn.microsoft.com/cpp/build/x64-software-conventions#struct-packing-examples}
 * @module
 */

import { assertInteger, assertObject } from "../../ffi/arguments.ts";
import { assertBitField, type BitField, bitsAt, SCALARS, typeOf } from "./scalar.ts";
import { type CType, MAX_BYTES, type TypeLike } from "./ctype.ts";

/** A field with its offset. */
export interface PlacedField {
  /** The field's name in C and in JavaScript. */
  readonly name: string;
  /** The field's type. */
  readonly type: CType<unknown, unknown, unknown>;
  /** The offset from the beginning of the struct, in bytes. */
  readonly offset: number;
}

/** The fields of a struct with their offsets, and the size of the struct. */
export interface Placement {
  /** The fields, in the order in which they are declared. */
  readonly fields: readonly PlacedField[];
  /** The size that the fields need, in bytes: a multiple of the alignment. */
  readonly minByteLength: number;
  /** The size in bytes, with padding at the end. */
  readonly byteLength: number;
  /** The alignment of the struct in bytes. */
  readonly alignment: number;
}

/** A field with an explicit offset. */
export interface FieldAt<T extends TypeLike = TypeLike> {
  /** The field's type. */
  readonly type: T;
  /** The offset from the beginning of the struct, in bytes. */
  readonly offset: number;
}

/** A field: a type, a bit field, or a type with an offset. */
export type Field = TypeLike | BitField | FieldAt;

/** Fields by name, in the order of a C declaration. */
export type Fields = Readonly<Record<string, Field>>;

/** An integer that bit fields share. */
interface Unit {
  /** The offset from the beginning of the struct, in bytes. */
  readonly offset: number;
  readonly byteLength: number;
  /** The number of bits that fields use already. */
  taken: number;
}

/**
 * Computes the offsets of fields one after the other, as in a struct.
 *
 * @param pack The maximum alignment of a field, in bytes.
 * @param byteLength The size of the struct; `undefined` for the size that the fields need.
 */
export function placeInOrder(
  fields: Fields,
  pack: number,
  byteLength: number | undefined,
): Placement {
  const placed: PlacedField[] = [];
  let end = 0;
  let unit: Unit | undefined;
  for (const [name, field] of entriesOf(fields)) {
    if (isBitField(field)) {
      assertBitField(field);
      if ("offset" in field) {
        throw new TypeError(
          `Expected no offset for ${name}: a bit field comes right after the field before it`,
        );
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
  return complete(placed, end, pack, byteLength);
}

/**
 * Places all fields at offset 0, as in a union.
 *
 * @param pack The maximum alignment of a field, in bytes.
 * @param byteLength The size of the union; `undefined` for the size that the fields need.
 */
export function placeTogether(
  fields: Fields,
  pack: number,
  byteLength: number | undefined,
): Placement {
  const placed = entriesOf(fields).map(([name, field]): PlacedField => {
    if (isFieldAt(field)) {
      throw new TypeError(`Expected no offset for ${name}: all fields of a union are at 0`);
    }
    if (isBitField(field)) assertBitField(field);
    return { name, type: isBitField(field) ? bitsAt(field, 0) : typeOf(field, name), offset: 0 };
  });
  const end = Math.max(...placed.map(({ type }) => type.byteLength));
  return complete(placed, end, pack, byteLength);
}

/**
 * Throws unless a name is a valid identifier in C.
 *
 * @throws {TypeError} If the name is invalid, or `__proto__`.
 */
export function assertFieldName(name: string): void {
  // In JavaScript, assigning to __proto__ sets an object's prototype.
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name !== "__proto__") return;
  throw new TypeError(
    `Expected a name of letters, digits and _, not beginning with a digit, got ${
      JSON.stringify(name)
    }`,
  );
}

/** Returns the smallest multiple of `alignment` that is not less than `value`. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function complete(
  fields: readonly PlacedField[],
  end: number,
  pack: number,
  wanted: number | undefined,
): Placement {
  const alignment = Math.max(...fields.map(({ type }) => Math.min(type.alignment, pack)));
  const needed = alignUp(end, alignment);
  const byteLength = wanted ?? needed;
  if (byteLength < needed || byteLength % alignment !== 0) {
    throw new RangeError(
      `Expected byteLength to be at least ${needed}, the size of the fields, and a multiple of ` +
        `${alignment}, their alignment, got ${byteLength}`,
    );
  }
  if (byteLength > MAX_BYTES) {
    throw new RangeError(
      `Expected a struct or a union of at most ${MAX_BYTES} bytes, got ${byteLength}`,
    );
  }
  return { fields, minByteLength: needed, byteLength, alignment };
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
        "use the option pack for a smaller alignment",
    );
  }
  const last = before.at(-1);
  if (last === undefined) return;
  const end = last.offset + last.type.byteLength;
  if (offset >= end) return;
  throw new RangeError(
    `Expected the offset of ${name} to be at least ${end}, where ${last.name} ends, got ${offset}: ` +
      "put the fields in the order of their offsets, and fields that overlap into a union()",
  );
}
