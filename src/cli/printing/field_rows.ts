/**
 * Fields as rows of a table. An array of numbers is one row.
 *
 * @module
 */

import type { Field } from "../schema/schema.ts";
import { escapeText } from "./escape.ts";
import { showValue } from "../schema/show_value.ts";

/** Maximum number of elements that a row shows. */
const MAX_ELEMENTS = 16;

/** A row of a table: a field, or the elements of an array. */
export interface FieldRow {
  /** The path of the field or of the array. */
  readonly path: string;
  /** The offset of the first field. */
  readonly offset: number;
  /** The type of the field or of the array: `f32[3]`. */
  readonly type: string;
  readonly fields: readonly Field[];
}

/** Puts the elements of each array of numbers or `bool` into one row. */
export function rowsOf(fields: readonly Field[]): FieldRow[] {
  const rows: FieldRow[] = [];
  for (let at = 0; at < fields.length;) {
    const field = fields[at]!;
    const end = endOfArray(fields, at);
    rows.push(
      end === undefined
        ? { path: field.path, offset: field.offset, type: field.type, fields: [field] }
        : {
          path: field.path.slice(0, -"[0]".length),
          offset: field.offset,
          type: `${field.type}[${end - at}]`,
          fields: fields.slice(at, end),
        },
    );
    at = end ?? at + 1;
  }
  return rows;
}

/** Returns the index after the last element, if an array of numbers begins at an index. */
function endOfArray(fields: readonly Field[], start: number): number | undefined {
  const { path, type } = fields[start]!;
  if (!path.endsWith("[0]")) return undefined;
  const array = path.slice(0, -"[0]".length);
  let end = start;
  while (isElement(fields[end], `${array}[${end - start}]`, type)) end++;
  return end > start ? end : undefined;
}

function isElement(field: Field | undefined, path: string, type: string): boolean {
  return field?.path === path && field.type === type &&
    ["number", "bigint", "boolean"].includes(typeof field.value);
}

/** Returns the columns of a row: the offset, the path, the type and the value. */
export function columnsOf(
  row: FieldRow,
  at: number,
  mark: (text: string, fields: readonly Field[]) => string = (text) => text,
): string[] {
  const { path, offset, type, fields } = row;
  const shown = fields.slice(0, MAX_ELEMENTS)
    .map((field) => mark(showValue(field.value, field.type), [field]));
  const hidden = fields.slice(MAX_ELEMENTS);
  if (hidden.length > 0) shown.push(mark(`… (${fields.length} elements)`, hidden));
  return [String(at + offset), escapeText(path), escapeText(type), shown.join(", ")];
}

/** The headings of {@linkcode columnsOf}. */
export const FIELD_HEADINGS = ["OFFSET", "FIELD", "TYPE", "VALUE"] as const;
