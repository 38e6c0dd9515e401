/**
 * Writes the description of a layout as a table of fields.
 *
 * @module
 */

import { alignColumns } from "../printing/columns.ts";
import { type Description, parseDescription } from "../../struct/description.ts";

/** Returns the lines for a canonical text: `struct of 16 bytes`, and a line for each field. */
export function layoutLines(signature: string): string[] {
  const found = parseDescription(signature);
  if (found === undefined) return [];
  const rows = [...fieldRows(found, "")];
  return [typeText(found), ...alignColumns(rows, [0]).map((line) => `  ${line}`)];
}

function* fieldRows({ parts }: Description, indent: string): Generator<string[]> {
  for (const { name, offset, type } of parts) {
    yield [String(offset), `${indent}${name}`, typeText(type)];
    yield* fieldRows(type, `${indent}  `);
  }
}

function typeText({ kind, parts, byteLength, lengths }: Description): string {
  const arrays = lengths.map((length) => `[${length}]`).join("");
  return parts.length === 0 ? `${kind}${arrays}` : `${kind}${arrays} of ${byteLength} bytes`;
}
