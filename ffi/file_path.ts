/**
 * Paths, and what there is at them.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/fileio/naming-a-file}
 * @module
 */

import { errorFromCode, lastError, lastErrorCode } from "./error.ts";
import { kernel32 } from "./kernel32.ts";
import { encodeWide, readWide } from "./wide.ts";

const INVALID_FILE_ATTRIBUTES = 0xffff_ffff;
const FILE_ATTRIBUTE_DIRECTORY = 0x10;
const ERROR_ACCESS_DENIED = 5;

/**
 * What there is at a path; `undefined` if there is nothing, or nothing that this user may see.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfileattributesw}
 */
export function fileKind(path: string): "file" | "folder" | undefined {
  const attributes = kernel32().GetFileAttributesW(encodeWide(path));
  if (attributes === INVALID_FILE_ATTRIBUTES) return undefined;
  return (attributes & FILE_ATTRIBUTE_DIRECTORY) === 0 ? "file" : "folder";
}

/**
 * Throws if there is no folder at a path. One that this user may not look at is let through: it may be
 * there.
 *
 * @param attempt What is being tried, for messages.
 * @throws {Deno.errors.NotFound} If there is nothing, or a file.
 */
export function assertFolder(path: string, attempt: string): void {
  const kind = fileKind(path);
  if (kind === "folder") return;
  if (kind === "file") throw new Deno.errors.NotFound(`${attempt}: it is a file, and no folder`);
  const code = lastErrorCode();
  if (code === ERROR_ACCESS_DENIED) return;
  const hint = "there is no such folder";
  throw errorFromCode(code, "GetFileAttributesW", attempt, { as: "NotFound", hint });
}

/**
 * The whole path that a relative one means in this process, without dots and spaces at its end.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfullpathnamew}
 */
export function fullPath(path: string): string {
  const wide = encodeWide(path);
  const { GetFullPathNameW } = kernel32();
  const whole = readWide((buffer) => GetFullPathNameW(wide, buffer.length, buffer, null));
  if (whole === "") throw lastError("GetFullPathNameW", `Cannot tell what ${path} means`);
  return whole;
}
