/**
 * Files and devices, opened by their names.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew}
 * @module
 */

import { lastError } from "./error.ts";
import { Handle, INVALID_HANDLE_VALUE } from "./handle.ts";
import { kernel32 } from "./kernel32.ts";
import { securityAttributes } from "./struct.ts";
import { assertWide, encodeWide, MAX_TEXT } from "./wide.ts";

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
