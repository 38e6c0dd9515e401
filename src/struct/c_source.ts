/**
 * Declares structs and unions in C, and refuses names that mean something else in C or C++.
 *
 * @module
 */

import { alignUp, type Placement } from "./placement.ts";

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
