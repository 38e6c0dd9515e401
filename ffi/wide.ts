/**
 * UTF-16, the text of the Win32 functions whose names end in W.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/intl/unicode-in-the-windows-api}
 * @module
 */

import { assertString } from "./arguments.ts";

/** How many code units one `String.fromCharCode` call is given. */
const CHUNK = 8192;

/**
 * The longest text that most Win32 functions take, in UTF-16 code units: a `UNICODE_STRING` counts
 * its bytes in 16 bits, and has a NUL behind it. Wine 10 drops the upper bits of a larger count, and so takes
 * another text.
 */
export const MAX_TEXT = 32_766;

/** How long a text may be, in UTF-16 code units. */
export interface WideLimits {
  /** The least. @default 0 */
  min?: number;
  /** The most. @default Infinity */
  max?: number;
}

/**
 * Throws unless a value is a text that Windows can take whole.
 *
 * @param what What the value is, for the message: `"title"`.
 * @param limits How long it may be.
 * @throws {TypeError} If it is no string, or has a NUL in it: Windows would stop reading there.
 * @throws {RangeError} If it is too short or too long.
 */
export function assertWide(
  what: string,
  value: unknown,
  { min = 0, max = Infinity }: WideLimits = {},
): asserts value is string {
  assertString(what, value);
  if (value.length < min || value.length > max) {
    const limits = min > 0 ? `${min} to ${max}` : `at most ${max}`;
    throw new RangeError(`Expected ${what} to have ${limits} characters, got ${value.length}`);
  }
  if (value.includes("\0")) {
    throw new TypeError(`Expected ${what} to have no NUL in it, got ${JSON.stringify(value)}`);
  }
}

/**
 * Gives the UTF-16 code units of a text with a NUL behind them.
 *
 * Lone surrogates go through unchanged, as Windows allows them in names.
 *
 * @example
 * ```ts
 * import { encodeWide } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeWide("Hi"), Uint16Array.of(72, 105, 0));
 * ```
 *
 * @param text The text.
 * @throws {TypeError} If the text has a NUL in it: Windows would stop reading there.
 */
export function encodeWide(text: string): Uint16Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new TypeError(`Cannot pass ${JSON.stringify(text)} to Windows: it has a NUL in it`);
  }
  return toUnits(`${text}\0`);
}

/**
 * Gives the UTF-16 code units of a text, and nothing behind them.
 *
 * @param text The text.
 */
export function toUnits(text: string): Uint16Array<ArrayBuffer> {
  const units = new Uint16Array(text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return units;
}

/**
 * Reads UTF-16 code units up to the first NUL, or to the end.
 *
 * @example
 * ```ts
 * import { decodeWide } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeWide(Uint16Array.of(72, 105, 0, 33)), "Hi");
 * ```
 *
 * @param units The code units.
 */
export function decodeWide(units: Uint16Array): string {
  const nul = units.indexOf(0);
  const end = nul < 0 ? units.length : nul;
  let text = "";
  for (let at = 0; at < end; at += CHUNK) {
    text += String.fromCharCode(...units.subarray(at, Math.min(at + CHUNK, end)));
  }
  return text;
}

/**
 * Reads the NUL-terminated UTF-16 text at an address that Windows gave.
 *
 * @param pointer The address; the text must stay there for the time of the call.
 */
export function decodeWideAt(pointer: Deno.PointerObject): string {
  const view = new Deno.UnsafePointerView(pointer);
  let text = "";
  for (let offset = 0;; offset += 2) {
    const unit = view.getUint16(offset);
    if (unit === 0) return text;
    text += String.fromCharCode(unit);
  }
}
