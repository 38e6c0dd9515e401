/**
 * Computes the offsets of a struct's fields, as Microsoft's compiler does, and declares structs and
 * unions in C.
 *
 * @see {@link https://learn.microsoft.com/cpp/build/x64-software-conventions#struct-packing-examples}
 * @module
 */

import { assertInteger, assertObject } from "../../ffi/arguments.ts";
import { assertBitField, type BitField, bitsAt, MAX_BYTES, SCALARS, typeOf } from "./scalar.ts";
import type { CType, TypeLike } from "./ctype.ts";

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
  for (const { name, type } of placed) {
    if (!type.isPinned) continue;
    throw new TypeError(
      `Expected no lock in a union, got one in field ${name}: put the lock beside the union`,
    );
  }
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

/** The headers that the declarations need, for `bool`, the fixed-width integers and `wchar_t`. */
export const C_HEADERS = ["<stdbool.h>", "<stdint.h>", "<wchar.h>"] as const;

/**
 * Returns the lines of C that define a struct or a union, after the types that its fields need.
 *
 * @param pack The maximum alignment of a field, in bytes, as in `#pragma pack`.
 * @throws {TypeError} If C or C++ cannot declare the type or a field by its name.
 */
export function defineType(
  keyword: "struct" | "union",
  typeName: string,
  { fields, minByteLength, byteLength }: Placement,
  pack: number,
): string[] {
  assertCName(typeName, typeName, "give the type another name");
  const needed: string[] = [];
  const members: string[] = [];
  let end = 0;
  for (const { name, type, offset } of fields) {
    assertCName(`field ${name} of ${typeName}`, name, "rename the field");
    if (offset > alignUp(end, Math.min(type.alignment, pack))) {
      members.push(`    uint8_t _padding_at_${end}[${offset - end}];`);
    }
    needed.push(...type.c.define(`${typeName}_${name}`));
    members.push(`    ${type.c.declare(name, `${typeName}_${name}`)};`);
    if (keyword === "struct") end = offset + type.byteLength;
  }
  if (byteLength > minByteLength) {
    members.push(`    uint8_t _padding_at_${end}[${byteLength - end}];`);
  }
  return [
    ...needed,
    `#pragma pack(push, ${pack})`,
    `typedef ${keyword} ${typeName} {`,
    ...members,
    `} ${typeName};`,
    "#pragma pack(pop)",
  ];
}

/**
 * Names that a field or a variable cannot have: keywords of C and C++, names that the included
 * headers define, and macros of headers that most programs include, such as `<windows.h>`.
 */
const C_WORDS: ReadonlySet<string> = new Set(
  `
  alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t
  class co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue
  decltype default delete do double dynamic_cast else enum explicit export extern false float for friend
  goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
  protected public register reinterpret_cast requires restrict return short signed sizeof static
  static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename
  typeof typeof_unqual union unsigned using virtual void volatile wchar_t while xor xor_eq
  _Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert _Thread_local
  int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t intmax_t uintmax_t
  size_t ptrdiff_t wint_t NULL
  errno far near interface`.trim().split(/\s+/),
);

/**
 * Throws unless a C or C++ program can declare a name.
 *
 * @param what The thing to declare, for the message, such as `field NAME of TYPE`.
 * @param instead The advice at the end of the message, such as `rename the field`.
 * @throws {TypeError} If the name is a keyword, or the headers give it another meaning.
 */
export function assertCName(what: string, name: string, instead: string): void {
  if (!C_WORDS.has(name)) return;
  throw new TypeError(
    `Cannot declare ${what} in C: C or C++ has another meaning for that name; ${instead}`,
  );
}
