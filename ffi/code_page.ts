/**
 * Texts in the code pages that were before Unicode.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/intl/code-page-identifiers}
 * @module
 */

import { lastError } from "./error.ts";
import { kernel32 } from "./kernel32.ts";
import { toUnits } from "./wide.ts";

/** The system's own code page, which programs call ANSI. */
export const CP_ACP = 0;

/** UTF-7, UTF-8 and GB18030 write everything, and Windows refuses to be asked about replacements there. */
const COMPLETE = new Set([65000, 65001, 54936]);

/**
 * Gives the bytes of a text in a code page.
 *
 * @param text The text.
 * @param codePage The code page's number.
 * @throws {TypeError} If the code page has no sign for a part of the text.
 * @throws {Win32Error} If Windows does not know the code page.
 */
export function encodeCodePage(text: string, codePage: number): Uint8Array<ArrayBuffer> {
  const units = toUnits(text);
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

/**
 * Reads bytes that are a text in a code page.
 *
 * @param bytes The bytes.
 * @param codePage The code page's number.
 * @throws {Win32Error} If Windows does not know the code page.
 */
export function decodeCodePage(bytes: Uint8Array<ArrayBuffer>, codePage: number): string {
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
