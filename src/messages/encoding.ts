/**
 * Converts texts to the bytes that other programs expect, and back.
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
 * The encoding of a text: UTF-16, which Windows programs use; UTF-8; the system's code page, which
 * programs call ANSI; or a code page by its number.
 */
export type TextEncoding = "utf-16le" | "utf-8" | "ansi" | { codePage: number };

interface CodePage {
  codePage?: number;
}

const CODE_PAGE_CHECKS: OptionChecks<CodePage> = { codePage: integerFrom(0, 65_535) };

/**
 * Returns the bytes of a text.
 *
 * @example Encode a text for a receiver
 * ```ts
 * import { encodeText } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeText("Hi"), Uint8Array.of(0x48, 0, 0x69, 0));
 * assertEquals(encodeText("Hi", "utf-8"), Uint8Array.of(0x48, 0x69));
 * assertEquals(encodeText("€", { codePage: 1252 }), Uint8Array.of(0x80));
 * ```
 *
 * @param encoding The encoding of the bytes.
 * @throws {TypeError} If `text` is not a string or `encoding` is invalid.
 * @throws {TypeError} If the encoding lacks a character of the text: the bytes would read as
 *   another text.
 * @throws {RangeError} If `codePage` is not an integer from 0 to 65535.
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
 * Decodes bytes as a text, up to the first NUL if there is one. Some senders include a final NUL in
 * the data, and some do not.
 *
 * @example Decode a text that ends with a NUL
 * ```ts
 * import { decodeText } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodeText(Uint8Array.of(0x48, 0, 0x69, 0, 0, 0)), "Hi");
 * assertEquals(decodeText(Uint8Array.of(0x80), { codePage: 1252 }), "€");
 * ```
 *
 * @param encoding The encoding of the bytes.
 * @throws {TypeError} If `encoding` is invalid, or `bytes` has the wrong type.
 * @throws {RangeError} If `codePage` is not an integer from 0 to 65535.
 * @throws {Win32Error} If Windows does not know the code page.
 */
export function decodeText(bytes: ByteSource, encoding: TextEncoding = "utf-16le"): string {
  return untilNul(decodeAll(copyOfBytes("the bytes of a text", bytes), encoding));
}

function decodeAll(bytes: Uint8Array<ArrayBuffer>, encoding: TextEncoding): string {
  if (encoding === "utf-8") return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  if (encoding === "utf-16le") {
    const text = fromUnits(new Uint16Array(bytes.buffer, 0, bytes.length >> 1));
    // An odd last byte is half a code unit: U+FFFD shows it, instead of dropping it in silence.
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
 * @param _name The option's name, unused because each message says "encoding".
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
