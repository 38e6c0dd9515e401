/**
 * The names of image sections.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#section-table-section-headers}
 * @module
 */

import type { ImageProblems } from "./image_problem.ts";
import { decodeName, type ImageSource, MAX_NAME } from "./image_source.ts";

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** The string table begins with its size, in this many bytes. */
const SIZE_BYTES = 4;

/** Decodes the name in a section's header, which has 8 bytes at most. */
export function decodeHeaderName(bytes: readonly number[]): string {
  return decodeName(Uint8Array.from(bytes));
}

/**
 * Gives the whole name of an image section.
 *
 * A name over 8 bytes stands in the COFF string table, and the header has its offset there: `/4` in
 * decimals, or `//AAAAAE` in base64 where that has no room. Microsoft's page says so of object files
 * only; GCC and LLVM write such names into images as well.
 *
 * @param headerName The name in the section's header.
 * @param stringsAt Where the string table is in the file; `undefined` if there is none.
 * @param headerAt Where the section's header is in the file.
 */
export function fullName(
  source: ImageSource,
  problems: ImageProblems,
  headerName: string,
  stringsAt: number | undefined,
  headerAt: number,
): string {
  const offset = offsetInStrings(headerName);
  if (offset === undefined) return headerName;
  const name = stringsAt === undefined ? undefined : stringAt(source, stringsAt, offset);
  if (name !== undefined) return name;
  problems.add(
    `the name of section ${JSON.stringify(headerName)} is not in the string table`,
    headerAt,
  );
  return headerName;
}

function offsetInStrings(headerName: string): number | undefined {
  if (/^\/[0-9]{1,7}$/.test(headerName)) return Number(headerName.slice(1));
  if (!/^\/\/[A-Za-z0-9+/]{6}$/.test(headerName)) return undefined;
  return [...headerName.slice(2)].reduce((sum, digit) => sum * 64 + BASE64.indexOf(digit), 0);
}

function stringAt(source: ImageSource, stringsAt: number, offset: number): string | undefined {
  const size = source.bytesAt(stringsAt, SIZE_BYTES);
  if (size.length < SIZE_BYTES || offset < SIZE_BYTES) return undefined;
  const end = new DataView(size.buffer, size.byteOffset).getUint32(0, true);
  const bytes = source.bytesAt(stringsAt + offset, Math.min(end - offset, MAX_NAME));
  return bytes.indexOf(0) <= 0 ? undefined : decodeName(bytes);
}
