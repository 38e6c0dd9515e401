/**
 * Converts texts to and from UTF-16, the encoding of Win32 functions whose names end in W. Ignores
 * case as Windows does.
 *
 * Windows ignores case in the names of environment variables, window classes, window titles and
 * files. Its own table maps one UTF-16 code unit at a time, and is the same in every language.
 * `toUpperCase` follows the rules of writing instead: it converts `ß` to `SS`, and `ı` to `I`.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/intl/unicode-in-the-windows-api}
 * @see {@link https://learn.microsoft.com/windows/win32/intl/handling-sorting-in-your-applications#sort-strings-ordinally}
 * @module
 */

import { assertString } from "./arguments.ts";
import { ntdll } from "./win32/ntdll.ts";

/** Code units in one call of `String.fromCharCode`, which puts all of them on the stack. */
const CHUNK = 8192;
/** First buffer size for a text of unknown length, in code units. */
const FIRST_ROOM = 256;

/**
 * Maximum length of a text for most Win32 functions, in UTF-16 code units. A `UNICODE_STRING`
 * counts its bytes in 16 bits, and ends with a NUL. Wine 10 drops the upper bits of a larger count,
 * and so uses only a part of the text.
 */
export const MAX_TEXT = 32_766;

/** The limits of a text's length, in UTF-16 code units. */
export interface WideLimits {
  /** Minimum length. @default 0 */
  min?: number;
  /** Maximum length. @default Infinity */
  max?: number;
}

/**
 * Throws unless a value is a text that Windows can read to its end.
 *
 * @param what The value's name in the message: `"title"`.
 * @throws {TypeError} If the value is not a string, or contains a NUL, where Windows would stop
 *   reading.
 * @throws {RangeError} If the text is too short or too long.
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
 * Encodes a text in UTF-16 with a NUL at its end.
 *
 * Lone surrogates are kept, because Windows allows them in names.
 *
 * @example Encode a text for a Win32 function
 * ```ts
 * import { encodeWide } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeWide("Hi"), Uint16Array.of(72, 105, 0));
 * ```
 *
 * @throws {TypeError} If the text contains a NUL, where Windows would stop reading.
 */
export function encodeWide(text: string): Uint16Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new TypeError(`Cannot pass ${JSON.stringify(text)} to Windows: it has a NUL in it`);
  }
  return toUnits(`${text}\0`);
}

/**
 * Encodes a text in UTF-16 without a NUL at its end.
 *
 * @example Encode a text for a function that takes its length
 * ```ts
 * import { toUnits } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(toUnits("Hi"), Uint16Array.of(72, 105));
 * ```
 */
export function toUnits(text: string): Uint16Array<ArrayBuffer> {
  const units = new Uint16Array(text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return units;
}

/**
 * Decodes UTF-16 code units up to the first NUL, or to the end.
 *
 * @example Decode a buffer that a Win32 function has filled
 * ```ts
 * import { decodeWide } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeWide(Uint16Array.of(72, 105, 0, 33)), "Hi");
 * ```
 */
export function decodeWide(units: Uint16Array): string {
  const nul = units.indexOf(0);
  return fromUnits(nul < 0 ? units : units.subarray(0, nul));
}

/**
 * Decodes all UTF-16 code units, with NULs and lone surrogates. It is the inverse of
 * {@linkcode toUnits}. A `TextDecoder` would replace lone surrogates by U+FFFD.
 */
export function fromUnits(units: Uint16Array): string {
  let text = "";
  for (let at = 0; at < units.length; at += CHUNK) {
    // Reflect.apply is seven times as fast as spread arguments, and as fast as a TextDecoder.
    text += Reflect.apply(String.fromCharCode, undefined, units.subarray(at, at + CHUNK));
  }
  return text;
}

/**
 * Decodes the NUL-terminated UTF-16 text at an address.
 *
 * @example Read a text that Windows has allocated
 * ```ts
 * import { decodeWideAt, kernel32 } from "@winipc/winipc/ffi";
 * import { assertMatch } from "@std/assert";
 *
 * const block = kernel32().GetEnvironmentStringsW()!;
 * const first = decodeWideAt(block);
 * kernel32().FreeEnvironmentStringsW(block);
 * assertMatch(first, /=/);
 * ```
 *
 * @param pointer The address. The text must stay there during the call.
 */
export function decodeWideAt(pointer: Deno.PointerObject): string {
  const view = new Deno.UnsafePointerView(pointer);
  let length = 0;
  while (view.getUint16(length * 2) !== 0) length++;
  return length === 0 ? "" : fromUnits(new Uint16Array(view.getArrayBuffer(length * 2)));
}

/**
 * Reads a text of any length from a function that writes into a buffer. If the buffer is too small,
 * the function is called again with a larger buffer.
 *
 * @param write Writes the text into the buffer and returns its length in code units, without the
 *   NUL. A length that leaves no room for the NUL means that the buffer is too small.
 */
export function readWide(write: (buffer: Uint16Array<ArrayBuffer>) => number): string {
  for (let room = FIRST_ROOM;; room *= 4) {
    const buffer = new Uint16Array(room);
    const length = write(buffer);
    // Some functions cut a text that is too long. A full buffer can also be such a text.
    if (length < room - 1) return fromUnits(buffer.subarray(0, length));
  }
}

/**
 * Converts a text to upper case as Windows does before it compares texts. The results for two texts
 * are equal if Windows treats the texts as equal.
 *
 * @see {@link https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlupcaseunicodechar}
 */
export function upcase(text: string): string {
  const { RtlUpcaseUnicodeChar } = ntdll();
  return fromUnits(toUnits(text).map((unit) => RtlUpcaseUnicodeChar(unit)));
}

/** Returns whether Windows treats two texts as equal when it ignores case. */
export function equalsCaseless(a: string, b: string): boolean {
  return a === b || (a.length === b.length && upcase(a) === upcase(b));
}
