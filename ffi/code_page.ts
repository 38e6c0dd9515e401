/**
 * Encodes and decodes texts in the code pages of Windows.
 *
 * Windows would replace characters that a code page does not have by look-alikes. So a text is
 * refused if it is different after encoding and decoding.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/intl/code-page-identifiers}
 * @module
 */

import { errorFromCode, type FailureOptions, lastError, lastErrorCode } from "./error.ts";
import { fromUnits, toUnits } from "./wide.ts";
import { show } from "./arguments.ts";
import { kernel32 } from "./win32/kernel32.ts";

/** The system's default code page ("ANSI"). */
export const CP_ACP = 0;

const ERROR_INVALID_PARAMETER = 87;
/** The error of code pages that have no look-alikes, such as 42 (symbols). */
const ERROR_NO_UNICODE_TRANSLATION = 1113;
/** Maximum length of a text that messages show whole, in UTF-16 code units. */
const SHOWN = 200;

/**
 * Encodes a text in a code page.
 *
 * Windows replaces a character that the code page does not have by a look-alike: `∞` by 8, and a
 * full-width quotation mark by an ordinary one. The ordinary mark could end an argument that was
 * checked before. So this function decodes the bytes again, and throws if the text is different.
 *
 * @param codePage The number of the code page.
 * @param what The text's name in the message: `"name"`.
 * @throws {TypeError} If the text has a character that the code page does not have.
 * @throws {Win32Error} If Windows does not know the code page.
 * @see {@link https://learn.microsoft.com/windows/win32/api/stringapiset/nf-stringapiset-widechartomultibyte}
 */
export function encodeCodePage(
  text: string,
  codePage: number,
  what: string,
): Uint8Array<ArrayBuffer> {
  const units = toUnits(text);
  if (units.length === 0) return new Uint8Array();
  const bytes = new Uint8Array(convert(units, codePage, what, null));
  convert(units, codePage, what, bytes);
  assertSame(
    what,
    text,
    decodeCodePage(bytes, codePage),
    codePage === CP_ACP ? "the system's code page" : `code page ${codePage}`,
  );
  return bytes;
}

/**
 * Encodes a text in UTF-8.
 *
 * @param what The text's name in the message: `"name"`.
 * @throws {TypeError} If the text has a lone surrogate, which UTF-8 cannot encode.
 */
export function encodeUtf8(text: string, what: string): Uint8Array<ArrayBuffer> {
  // TextEncoder and code page 65001 replace lone surrogates by U+FFFD.
  assertSame(what, text, text.toWellFormed(), "UTF-8");
  return new TextEncoder().encode(text);
}

function convert(
  units: Uint16Array<ArrayBuffer>,
  codePage: number,
  what: string,
  bytes: Uint8Array<ArrayBuffer> | null,
): number {
  const { WideCharToMultiByte } = kernel32();
  const room = bytes?.length ?? 0;
  const length = WideCharToMultiByte(codePage, 0, units, units.length, bytes, room, null, null);
  if (length > 0) return length;
  const code = lastErrorCode();
  const attempt = `Cannot write ${what} in code page ${codePage}`;
  const cause = errorFromCode(code, "WideCharToMultiByte", attempt, whyNot(code));
  throw code === ERROR_NO_UNICODE_TRANSLATION ? new TypeError(cause.message, { cause }) : cause;
}

function whyNot(code: number): FailureOptions {
  return code === ERROR_INVALID_PARAMETER ? { hint: "Windows has no such code page" } : {};
}

/** Throws if the decoded text is different from the original text. */
function assertSame(what: string, text: string, written: string, encoding: string): void {
  if (written === text) return;
  let at = 0;
  while (at < text.length - 1 && text[at] === written[at]) at++;
  const character = String.fromCodePoint(text.codePointAt(at)!);
  const whole = text.length <= SHOWN ? show(text) : `${text.length} characters`;
  throw new TypeError(
    `Cannot write ${what} in ${encoding}: the encoding has no code for ${
      JSON.stringify(character)
    } at ${at} ` +
      `of ${whole}; use UTF-16 or another encoding, or replace the character`,
  );
}

/**
 * Decodes a text in a code page.
 *
 * @param codePage The number of the code page.
 * @throws {Win32Error} If Windows does not know the code page.
 */
export function decodeCodePage(bytes: Uint8Array<ArrayBuffer>, codePage: number): string {
  if (bytes.length === 0) return "";
  const { MultiByteToWideChar } = kernel32();
  const attempt = `Cannot read a text in code page ${codePage}`;
  const length = MultiByteToWideChar(codePage, 0, bytes, bytes.length, null, 0);
  if (length <= 0) {
    const code = lastErrorCode();
    throw errorFromCode(code, "MultiByteToWideChar", attempt, whyNot(code));
  }
  const units = new Uint16Array(length);
  if (MultiByteToWideChar(codePage, 0, bytes, bytes.length, units, length) <= 0) {
    throw lastError("MultiByteToWideChar", attempt);
  }
  return fromUnits(units);
}
