/**
 * Resolves paths and opens files.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/fileio/naming-a-file}
 * @module
 */

import { errorFromCode, lastError, lastErrorCode } from "./error.ts";
import { Handle, INVALID_HANDLE_VALUE } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { securityAttributes } from "./win32/types.ts";
import { assertWide, encodeWide, MAX_TEXT, readWide } from "./wide.ts";

/** The rights, the sharing and the messages for {@linkcode openExistingFile}. */
export interface OpenFileOptions {
  /** The rights to ask for: {@linkcode GENERIC_READ}, {@linkcode GENERIC_WRITE} or their sum. */
  access: number;
  /** The rights that later opens of the file can get while this handle is open, as a mask. */
  share: number;
  /** Further flags, such as `FILE_FLAG_OVERLAPPED`, as a mask. @default 0 */
  flags?: number;
  /** Whether child processes inherit the handle. @default false */
  inheritable?: boolean;
  /** The kind of file, for messages: `"pipe"`. */
  kind: string;
  /** The attempt that failed, for messages: `Cannot open a pipe`. */
  attempt: string;
  /** The advice if there is no such file, for messages. @default none */
  ifMissing?: string;
}

const ERROR_FILE_NOT_FOUND = 2;

/** The right to read. */
export const GENERIC_READ = 0x8000_0000;
/** The right to write. */
export const GENERIC_WRITE = 0x4000_0000;

/** All rights of {@linkcode GENERIC_READ} to a file, a pipe or a mailslot. */
export const FILE_GENERIC_READ = 0x12_0089;
/** All rights of {@linkcode GENERIC_WRITE}. To a pipe, they include `FILE_CREATE_PIPE_INSTANCE`. */
export const FILE_GENERIC_WRITE = 0x12_0116;
/** The right to read bytes. */
export const FILE_READ_DATA = 1;
/** The right to write bytes. */
export const FILE_WRITE_DATA = 2;

const OPEN_EXISTING = 3;

/**
 * Opens an existing file.
 *
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Deno.errors.PermissionDenied} If this user is not allowed to open the file with these
 *   rights.
 * @throws {TypeError} If the path contains a NUL.
 * @throws {RangeError} If the path has more than 32,766 characters.
 */
export function openExistingFile(path: string, options: OpenFileOptions): Handle {
  // Wine cuts a longer path that begins with \\?\, and so opens a different file.
  assertWide("path", path, { max: MAX_TEXT });
  const { access, share, flags = 0, inheritable = false, kind, attempt, ifMissing } = options;
  const attributes = inheritable ? securityAttributes(null, true) : null;
  const { CreateFileW } = kernel32();
  const value = CreateFileW(encodeWide(path), access, share, attributes, OPEN_EXISTING, flags, 0n);
  if (value === INVALID_HANDLE_VALUE) {
    const code = lastErrorCode();
    const isMissing = code === ERROR_FILE_NOT_FOUND && ifMissing !== undefined;
    throw errorFromCode(code, "CreateFileW", attempt, isMissing ? { hint: ifMissing } : {});
  }
  return new Handle(value, kind);
}

/**
 * Returns the path of a pipe or a mailslot in the form in which Windows takes the name as it is.
 *
 * In a path that begins with `\\.\`, Windows resolves "..", so a name could lead to any file.
 *
 * @param path A path that begins with `\\.\`, or with the name of a machine.
 */
export function literalPath(path: string): string {
  return path.replace(/^\\\\\.\\/, "\\\\?\\");
}

/** Returns the kernel's own name of a pipe or a mailslot whose path begins with `\\.\\`. */
export function kernelName(path: string): string {
  return path.replace(/^\\\\\.\\/, "\\??\\");
}

/**
 * Converts a path or a `file:` URL to a path, as `Deno.Command` and `Deno.open` do.
 *
 * @param what The location's name in messages: `"cwd"`.
 * @param location A path, or a `file:` URL.
 * @throws {TypeError} If the location is neither, or contains a NUL.
 * @throws {RangeError} If the path has more than 32,766 characters.
 */
export function toPath(what: string, location: unknown): string {
  const path: unknown = location instanceof URL ? pathOf(what, location) : location;
  assertWide(what, path, { max: MAX_TEXT });
  return path;
}

/** Converts a `file:` URL to a path. Its host, if it has one, becomes the server of a UNC path. */
function pathOf(what: string, url: URL): string {
  if (url.protocol !== "file:") {
    throw new TypeError(`Expected ${what} to be a path or a file: URL, got "${url}"`);
  }
  const local = decode(what, url).replace(/^\\+([A-Za-z]:)(?:\\|$)/, "$1\\");
  return url.hostname === "" ? local : `\\\\${url.hostname}${local}`;
}

function decode(what: string, url: URL): string {
  // A URL can have percent signs that begin no escape sequence. They are part of the name.
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
 * Returns the kind of a path: `undefined` if nothing exists there, or this user is not allowed to
 * see it.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfileattributesw}
 */
export function fileKind(path: string): "file" | "folder" | undefined {
  const attributes = kernel32().GetFileAttributesW(encodeWide(path));
  if (attributes === INVALID_FILE_ATTRIBUTES) return undefined;
  return (attributes & FILE_ATTRIBUTE_DIRECTORY) === 0 ? "file" : "folder";
}

/**
 * Throws if there is no folder at a path. A folder that this user is not allowed to look at passes,
 * because it can exist.
 *
 * @param attempt The attempt that failed, for the message: `Cannot start "a.exe" in "C:\\b"`.
 * @throws {Deno.errors.NotFound} If there is nothing at the path, or a file.
 */
export function assertFolder(path: string, attempt: string): void {
  const kind = fileKind(path);
  if (kind === "folder") return;
  if (kind === "file") {
    throw new Deno.errors.NotFound(`${attempt}: the path is a file, not a folder`);
  }
  const code = lastErrorCode();
  if (code === ERROR_ACCESS_DENIED) return;
  const hint = "there is no such folder";
  throw errorFromCode(code, "GetFileAttributesW", attempt, { as: "NotFound", hint });
}

/**
 * Returns the full path of a path in this process, without dots and spaces at its end.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfullpathnamew}
 */
export function fullPath(path: string): string {
  const wide = encodeWide(path);
  const { GetFullPathNameW } = kernel32();
  const whole = readWide((buffer) => GetFullPathNameW(wide, buffer.length, buffer, null));
  if (whole === "") throw lastError("GetFullPathNameW", `Cannot find the full path of ${path}`);
  return whole;
}
