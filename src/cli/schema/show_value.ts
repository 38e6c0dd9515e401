/**
 * Writes the values of fields as text for a terminal.
 *
 * @module
 */

import { escapeText } from "../printing/escape.ts";
import type { FieldValue } from "./schema.ts";

/** Maximum number of bytes of a field that are shown. */
const MAX_BYTES_SHOWN = 16;
/** Maximum number of UTF-16 code units of a text that are shown. */
const MAX_TEXT_SHOWN = 2048;

/**
 * Returns a value as text without line breaks: `1.5`, `"Spa"`, `01 ff`. Control characters are
 * escaped.
 *
 * @param type The field's type. An `f32` is written with as few digits as tell it from others.
 */
export function showValue(value: FieldValue, type: string): string {
  if (typeof value === "string") return showText(value);
  if (value instanceof Uint8Array) return showBytes(value);
  if (typeof value !== "number") return String(value);
  if (Object.is(value, -0)) return "-0";
  return type === "f32" ? shortestFloat(value) : String(value);
}

function showText(text: string): string {
  if (text.length <= MAX_TEXT_SHOWN) return escapeText(JSON.stringify(text));
  const cut = escapeText(JSON.stringify(text.slice(0, MAX_TEXT_SHOWN)));
  return `${cut}… (${text.length} characters)`;
}

function showBytes(bytes: Uint8Array): string {
  const pairs = [...bytes.subarray(0, MAX_BYTES_SHOWN)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return bytes.length <= MAX_BYTES_SHOWN ? pairs : `${pairs} … (${bytes.length} bytes)`;
}

/** A float has 6 to 9 decimal digits. As a double, 0.1 would be 0.10000000149011612. */
function shortestFloat(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}
