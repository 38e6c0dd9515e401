/**
 * Structs and unions as C declares them.
 *
 * @module
 */

import { assertCName } from "./c_words.ts";
import { alignUp, type Placement } from "./placement.ts";

/** What the declarations need: the widths of integers, `bool`, and `wchar_t`. */
export const C_HEADERS = ["<stdbool.h>", "<stdint.h>", "<wchar.h>"] as const;

/**
 * Defines a struct or a union, after the types that its fields need.
 *
 * @param keyword Which of the two.
 * @param typeName Its name.
 * @param placement Where its fields are.
 * @param pack The most that any of them is aligned to, in bytes.
 * @returns The lines.
 * @throws {TypeError} If C or C++ cannot declare the type or a field by its name.
 */
export function defineType(
  keyword: "struct" | "union",
  typeName: string,
  { fields }: Placement,
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
  return [
    ...needed,
    `#pragma pack(push, ${pack})`,
    `typedef ${keyword} ${typeName} {`,
    ...members,
    `} ${typeName};`,
    "#pragma pack(pop)",
  ];
}
