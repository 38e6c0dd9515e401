/**
 * Texts as the bytes that other programs expect.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/intl/code-page-identifiers}
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import { lastError } from "../../ffi/error.ts";
import { kernel32 } from "../../ffi/kernel32.ts";
import { toUnits } from "../../ffi/wide.ts";

/**
 * How a text is written: UTF-16 as Windows programs do, UTF-8, the system's own
 * code page (what programs call ANSI), or a code page by its number.
 */
export type TextEncoding = "utf-16le" | "utf-8" | "ansi" | { codePage: number };

/** `CP_ACP`: the system's own code page. */
const CP_ACP = 0;
/** UTF-7, UTF-8 and GB18030 write everything, and Windows refuses to be asked about replacements there. */
const COMPLETE = new Set([65000, 65001, 54936]);

/**
 * Gives the bytes of a text.
 *
 * @param text The text.
 * @param encoding How to write it.
 * @throws {TypeError} If the encoding is none, or the code page has no sign for a part of the text.
 * @throws {Win32Error} If Windows does not know the code page.
 */
export function encodeText(
  text: string,
  encoding: TextEncoding = "utf-16le",
): Uint8Array<ArrayBuffer> {
  if (encoding === "utf-8") return new TextEncoder().encode(text);
  const units = toUnits(text);
  return encoding === "utf-16le"
    ? new Uint8Array(units.buffer)
    : toCodePage(units, codePageOf(encoding), text);
}

/**
 * Reads bytes as a text, up to the first NUL if there is one: some senders count it
 * in and some do not.
 *
 * @param bytes The bytes.
 * @param encoding How they were written.
 * @throws {TypeError} If the encoding is none.
 * @throws {Win32Error} If Windows does not know the code page.
 */
export function decodeText(
  bytes: Uint8Array<ArrayBuffer>,
  encoding: TextEncoding = "utf-16le",
): string {
  return untilNul(decodeAll(bytes, encoding));
}

function decodeAll(bytes: Uint8Array<ArrayBuffer>, encoding: TextEncoding): string {
  if (encoding === "utf-16le" || encoding === "utf-8") {
    return new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes);
  }
  return fromCodePage(bytes, codePageOf(encoding));
}

function untilNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

function codePageOf(encoding: unknown): number {
  if (encoding === "ansi") return CP_ACP;
  if (typeof encoding === "object" && encoding !== null && "codePage" in encoding) {
    const { codePage } = encoding;
    assertInteger("codePage", codePage, 0, 65535);
    return codePage;
  }
  throw new TypeError(
    'Expected encoding to be "utf-16le", "utf-8", "ansi" or { codePage: NUMBER }, ' +
      `got ${JSON.stringify(encoding)}`,
  );
}

function toCodePage(
  units: Uint16Array<ArrayBuffer>,
  codePage: number,
  text: string,
): Uint8Array<ArrayBuffer> {
  if (units.length === 0) return new Uint8Array();
  const convert = (bytes: Uint8Array<ArrayBuffer> | null) => {
    const replaced = COMPLETE.has(codePage) ? null : new Int32Array(1);
    const { WideCharToMultiByte } = kernel32();
    const length = WideCharToMultiByte(
      codePage,
      0,
      units,
      units.length,
      bytes,
      bytes?.length ?? 0,
      null,
      replaced,
    );
    if (length <= 0) {
      throw lastError("WideCharToMultiByte", `Cannot write in code page ${codePage}`);
    }
    if (replaced?.[0]) {
      throw new TypeError(
        `Cannot write ${JSON.stringify(text)} in code page ${codePage || "ANSI"}: ` +
          'it has no sign for a part of it; use "utf-16le" or "utf-8"',
      );
    }
    return length;
  };
  const bytes = new Uint8Array(convert(null));
  convert(bytes);
  return bytes;
}

function fromCodePage(bytes: Uint8Array<ArrayBuffer>, codePage: number): string {
  if (bytes.length === 0) return "";
  const { MultiByteToWideChar } = kernel32();
  const attempt = `Cannot read code page ${codePage}`;
  const length = MultiByteToWideChar(codePage, 0, bytes, bytes.length, null, 0);
  if (length <= 0) throw lastError("MultiByteToWideChar", attempt);
  const units = new Uint16Array(length);
  if (MultiByteToWideChar(codePage, 0, bytes, bytes.length, units, length) <= 0) {
    throw lastError("MultiByteToWideChar", attempt);
  }
  return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(units);
}
