/**
 * Texts in the code pages of Windows. A text that does not survive the way there and back is refused, for
 * Windows would put look-alikes in the place of characters.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/intl/code-page-identifiers}
 * @module
 */

import { errorFromCode, type FailureOptions, lastError, lastErrorCode } from "./error.ts";
import { fromUnits, toUnits } from "./wide.ts";
import { show } from "./arguments.ts";
import { kernel32 } from "./win32/kernel32.ts";

/** The system's own code page, which programs call ANSI. */
export const CP_ACP = 0;

const ERROR_INVALID_PARAMETER = 87;
/** What code pages say that substitute nothing, such as 42, the one of symbols. */
const ERROR_NO_UNICODE_TRANSLATION = 1113;
/** The longest text that messages show whole, in UTF-16 code units. */
const SHOWN = 200;

/**
 * Gives the bytes of a text in a code page.
 *
 * Windows replaces a character that the code page does not have by a look-alike: `∞` by 8, and a full-width
 * quotation mark by an ordinary one. That mark can end an argument that was checked before. So this
 * function reads the bytes back, and refuses a text that is not the same then.
 *
 * @param codePage The code page's number.
 * @param what What the text is, for the message: `"name"`.
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
 * Gives the bytes of a text in UTF-8.
 *
 * @param what What the text is, for the message: `"name"`.
 * @throws {TypeError} If the text has a lone surrogate in it, for which UTF-8 has no bytes.
 */
export function encodeUtf8(text: string, what: string): Uint8Array<ArrayBuffer> {
  // TextEncoder would replace lone surrogates by U+FFFD, as code page 65001 does.
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

/** Throws where what was written reads as another text. */
function assertSame(what: string, text: string, written: string, encoding: string): void {
  if (written === text) return;
  let at = 0;
  while (at < text.length - 1 && text[at] === written[at]) at++;
  const character = String.fromCodePoint(text.codePointAt(at)!);
  const whole = text.length <= SHOWN ? show(text) : `${text.length} characters`;
  throw new TypeError(
    `Cannot write ${what} in ${encoding}: it has no code for ${
      JSON.stringify(character)
    } at ${at} ` +
      `of ${whole}; use UTF-16 or another encoding, or replace the character`,
  );
}

/**
 * Reads bytes that are a text in a code page.
 *
 * @param codePage The code page's number.
 * @throws {Win32Error} If Windows does not know the code page.
 */
export function decodeCodePage(bytes: Uint8Array<ArrayBuffer>, codePage: number): string {
  if (bytes.length === 0) return "";
  const { MultiByteToWideChar } = kernel32();
  const attempt = `Cannot read code page ${codePage}`;
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
