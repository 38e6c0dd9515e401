/**
 * Files and folders: their paths, and files that are opened.
 *
 * @module
 */

import { errorFromCode, lastError, lastErrorCode } from "./error.ts";
import { Handle, INVALID_HANDLE_VALUE } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { securityAttributes } from "./win32/structures.ts";
import { assertWide, encodeWide, MAX_TEXT, readWide } from "./wide.ts";

/** How to open a file. */
export interface OpenFileOptions {
  /** The rights to ask for, out of {@linkcode GENERIC_READ} and {@linkcode GENERIC_WRITE}. */
  access: number;
  /** What others may do meanwhile, as a mask. */
  share: number;
  /** Whether child processes inherit the handle. @default false */
  inheritable?: boolean;
  /** What it is, for messages: `"pipe"`. */
  kind: string;
  /** What is being tried, for messages: `Cannot open a pipe`. */
  attempt: string;
}

/** The right to read. */
export const GENERIC_READ = 0x8000_0000;
/** The right to write. */
export const GENERIC_WRITE = 0x4000_0000;

const OPEN_EXISTING = 3;

/**
 * Opens a file that is there.
 *
 * @param path Its path.
 * @param options How.
 * @throws {Deno.errors.NotFound} If there is none.
 * @throws {Deno.errors.PermissionDenied} If this user may not open it.
 * @throws {TypeError} If the path has a NUL in it.
 * @throws {RangeError} If the path has more than 32,766 characters.
 */
export function openExistingFile(path: string, options: OpenFileOptions): Handle {
  // Wine opens another file by the path's beginning where the path is longer and begins with \\?\.
  assertWide("path", path, { max: MAX_TEXT });
  const { access, share, inheritable = false, kind, attempt } = options;
  const attributes = inheritable ? securityAttributes(null, true) : null;
  const { CreateFileW } = kernel32();
  const value = CreateFileW(encodeWide(path), access, share, attributes, OPEN_EXISTING, 0, 0n);
  if (value === INVALID_HANDLE_VALUE) throw lastError("CreateFileW", attempt);
  return new Handle(value, kind);
}

/**
 * Gives the path that a caller means, as `Deno.Command` and `Deno.open` read it.
 *
 * @param what What it is, for messages: `"cwd"`.
 * @param location A path, or a `file:` URL.
 * @throws {TypeError} If it is neither, or has a NUL in it.
 * @throws {RangeError} If it has more than 32,766 characters.
 */
export function toPath(what: string, location: unknown): string {
  const path: unknown = location instanceof URL ? pathOf(what, location) : location;
  assertWide(what, path, { max: MAX_TEXT });
  return path;
}

/** A URL has a host only where the path begins with none but a drive's letter. */
function pathOf(what: string, url: URL): string {
  if (url.protocol !== "file:") {
    throw new TypeError(`Expected ${what} to be a path or a file: URL, got "${url}"`);
  }
  const local = decode(what, url).replace(/^\\+([A-Za-z]:)(?:\\|$)/, "$1\\");
  return url.hostname === "" ? local : `\\\\${url.hostname}${local}`;
}

function decode(what: string, url: URL): string {
  // A URL keeps a percent sign that begins no escape sequence.
  const escaped = url.pathname.replaceAll("/", "\\").replace(/%(?![0-9A-Fa-f]{2})/g, "%25");
  try {
    return decodeURIComponent(escaped);
  } catch (cause) {
    throw new TypeError(`Expected ${what} to be a file: URL in UTF-8, got "${url}"`, { cause });
  }
}

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
