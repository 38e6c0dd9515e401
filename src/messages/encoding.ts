/**
 * Texts as the bytes that other programs expect.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/intl/code-page-identifiers}
 * @module
 */

import {
  assertOptions,
  assertString,
  type ByteSource,
  copyOfBytes,
  integerFrom,
  type OptionChecks,
  show,
} from "../../ffi/arguments.ts";
import { CP_ACP, decodeCodePage, encodeCodePage, encodeUtf8 } from "../../ffi/code_page.ts";
import { fromUnits, toUnits } from "../../ffi/wide.ts";

/**
 * How a text is written: UTF-16 as Windows programs do, UTF-8, the system's own
 * code page (what programs call ANSI), or a code page by its number.
 */
export type TextEncoding = "utf-16le" | "utf-8" | "ansi" | { codePage: number };

/** An encoding by its number. */
interface CodePage {
  codePage?: number;
}

const CODE_PAGE_CHECKS: OptionChecks<CodePage> = { codePage: integerFrom(0, 65_535) };

/**
 * Gives the bytes of a text.
 *
 * @param encoding How to write it.
 * @throws {TypeError} If the text is no string, the encoding is invalid, or the text has a character
 *   that the encoding does not have: the bytes would read as another text.
 * @throws {Win32Error} If Windows does not know the code page.
 */
export function encodeText(
  text: string,
  encoding: TextEncoding = "utf-16le",
): Uint8Array<ArrayBuffer> {
  assertString("text", text);
  if (encoding === "utf-8") return encodeUtf8(text, "the text");
  return encoding === "utf-16le"
    ? new Uint8Array(toUnits(text).buffer)
    : encodeCodePage(text, codePageOf(encoding), "the text");
}

/**
 * Reads bytes as a text, up to the first NUL if there is one: some senders count it
 * in and some do not.
 *
 * @param encoding How they were written.
 * @throws {TypeError} If the encoding is invalid, or the bytes are not bytes.
 * @throws {Win32Error} If Windows does not know the code page.
 */
export function decodeText(bytes: ByteSource, encoding: TextEncoding = "utf-16le"): string {
  return untilNul(decodeAll(copyOfBytes("the bytes of a text", bytes), encoding));
}

function decodeAll(bytes: Uint8Array<ArrayBuffer>, encoding: TextEncoding): string {
  if (encoding === "utf-8") return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  if (encoding === "utf-16le") {
    const text = fromUnits(new Uint16Array(bytes.buffer, 0, bytes.length >> 1));
    // Half a code unit at the end is no text, and is not passed over in silence.
    return bytes.length % 2 === 0 ? text : `${text}\ufffd`;
  }
  return decodeCodePage(bytes, codePageOf(encoding));
}

function untilNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

/**
 * Throws unless a value is an encoding.
 *
 * @param _name The option's name; the message names the encoding anyway.
 */
export function assertEncoding(_name: string, value: unknown): void {
  if (value !== "utf-16le" && value !== "utf-8") codePageOf(value);
}

function codePageOf(encoding: unknown): number {
  if (encoding === "ansi") return CP_ACP;
  if (typeof encoding === "object" && encoding !== null) {
    assertOptions<CodePage>(encoding, CODE_PAGE_CHECKS);
    if (encoding.codePage !== undefined) return encoding.codePage;
  }
  throw new TypeError(
    'Expected encoding to be "utf-16le", "utf-8", "ansi" or { codePage: NUMBER }, ' +
      `got ${show(encoding)}`,
  );
}
