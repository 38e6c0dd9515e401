/**
 * Places the members of structs and unions as Microsoft's compiler does.
 *
 * @see {@link https://learn.microsoft.com/cpp/c-language/padding-and-alignment-of-structure-members}
 * @see {@link https://gcc.gnu.org/onlinedocs/gcc/x86-Type-Attributes.html}
 * @module
 */

import { alignUp } from "../../../struct/placement.ts";
import { type BitUnit, MAX_BYTES } from "../../../struct/scalar.ts";
import type { CTypeInfo } from "./type.ts";
import type { Description } from "../../../struct/description.ts";
import { mistake } from "./token.ts";
import { show } from "../../../../ffi/arguments.ts";

/** A member of a struct or a union. */
export interface Member {
  /** The name; `undefined` for a bit field without a name, and for a struct within the struct. */
  readonly name: string | undefined;
  readonly type: CTypeInfo;
  /** The number of bits of a bit field. */
  readonly bits?: { readonly unit: BitUnit; readonly width: number };
  /** Whether the member has no bytes: an array without a length at the end. */
  readonly isEmpty?: boolean;
  readonly line: number;
}

type Part = Description["parts"][number];
type Parts = Map<string, Part>;

/** An integer that bit fields share. */
interface Unit {
  readonly offset: number;
  readonly byteLength: number;
  taken: number;
}

/** Returns the type of a struct or a union. */
export function placeMembers(
  keyword: "struct" | "union",
  members: readonly Member[],
  pack: number,
  line: number,
): CTypeInfo {
  const parts: Parts = new Map();
  let [end, alignment]: [number, number] = [0, 1];
  let unit: Unit | undefined;
  for (const member of members) {
    const { type, bits } = member;
    const own = Math.min(type.alignment, pack);
    if (bits?.width === 0) {
      // Only after a bit field, it ends the unit and aligns the next member.
      if (unit === undefined) continue;
      unit = undefined;
      if (keyword === "struct") {
        end = alignUp(end, own);
        alignment = Math.max(alignment, own);
      }
      continue;
    }
    alignment = Math.max(alignment, own);
    if (keyword === "union") {
      add(parts, member, 0, 0);
      end = Math.max(end, member.isEmpty ? 0 : type.byteLength);
      unit = bits === undefined ? undefined : { offset: 0, byteLength: 0, taken: 0 };
    } else if (bits === undefined) {
      const offset = alignUp(end, own);
      add(parts, member, offset, 0);
      end = offset + (member.isEmpty ? 0 : type.byteLength);
      unit = undefined;
    } else {
      const { byteLength } = type;
      if (unit?.byteLength !== byteLength || unit.taken + bits.width > byteLength * 8) {
        unit = { offset: alignUp(end, own), byteLength, taken: 0 };
        end = unit.offset + byteLength;
      }
      add(parts, member, unit.offset, unit.taken);
      unit.taken += bits.width;
    }
    if (end > MAX_BYTES) throw mistake(member.line, `The ${keyword} has more than 2 GiB`);
  }
  if (parts.size === 0) throw mistake(line, `The ${keyword} has no fields`);
  const byteLength = alignUp(end, alignment);
  return {
    description: { kind: keyword, parts: [...parts.values()], byteLength, lengths: [] },
    byteLength,
    alignment,
  };
}

/** Adds a member; of a struct without a name, its members. */
function add(parts: Parts, member: Member, offset: number, shift: number): void {
  const { name, type, bits, isEmpty, line } = member;
  if (isEmpty) return;
  if (bits !== undefined) {
    if (name === undefined) return;
    const kind = `${bits.unit}:${shift}+${bits.width}`;
    addPart(parts, { name, offset, type: { ...type.description, kind } }, line);
  } else if (name !== undefined) addPart(parts, { name, offset, type: type.description }, line);
  else {
    for (const part of type.description.parts) {
      addPart(parts, { ...part, offset: offset + part.offset }, line);
    }
  }
}

function addPart(parts: Parts, part: Part, line: number): void {
  if (parts.has(part.name)) throw mistake(line, `There are two members ${show(part.name)}`);
  parts.set(part.name, part);
}
