/**
 * Opens files as shared memory.
 *
 * @module
 */

import { lastError } from "../../ffi/error.ts";
import { GENERIC_READ, GENERIC_WRITE, openExistingFile, toPath } from "../../ffi/file.ts";
import type { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { integerFrom, oneOf, type OptionChecks } from "../../ffi/arguments.ts";
import { type Mappable, MEMORY_ACCESS, type MemoryAccess } from "./mapped_view.ts";
import { createSection } from "./mapping.ts";

/**
 * `FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE`: other programs can read, write, rename
 * and delete the file while it is open here.
 */
const SHARE_ALL = 7;
/**
 * `FILE_SHARE_READ | FILE_SHARE_DELETE`: other programs cannot open the file for writing while it
 * is open here.
 */
export const SHARE_READ = 5;
const FILE_TYPE_DISK = 1;

/** Options for sharing a file. */
export interface FromFileOptions {
  /**
   * The number of bytes to share from the file's start, at least 1. With `access: "readwrite"`, a
   * shorter file grows to this length. @default the file's length
   */
  byteLength?: number;
  /** The access to the file. @default "read" */
  access?: MemoryAccess;
}

/** The checks of {@linkcode FromFileOptions}. */
export const FROM_FILE_CHECKS: OptionChecks<FromFileOptions> = {
  byteLength: integerFrom(1),
  access: oneOf(MEMORY_ACCESS),
};

/** A file that was opened as shared memory. */
export interface FileMemory extends Mappable {
  /** The file's handle. */
  readonly file: Handle;
}

/**
 * Opens a file as shared memory.
 *
 * @param location The file's path, or a `URL` object with `file:`.
 * @param share The `FILE_SHARE_…` flags: the access that other programs can have while the file is
 *   open.
 * @throws {Deno.errors.NotFound} If the file does not exist.
 * @throws {Deno.errors.PermissionDenied} If this user cannot open the file, or it is a directory.
 * @throws {Deno.errors.Busy} If another program has the file open in a way that conflicts with
 *   `share`.
 * @throws {Deno.errors.InvalidData} If the file is empty, or is not a file on a disk.
 * @throws {RangeError} If `access` is `"read"`, and `byteLength` is more than the file's length.
 */
export function openFile(
  location: string | URL,
  options: FromFileOptions = {},
  share: number = SHARE_ALL,
): FileMemory {
  const { access = "read" } = options;
  const path = toPath("path", location);
  const label = `file "${path}"`;
  const file = openHandle(path, access, share, label);
  try {
    const length = lengthOf(file, label);
    const { byteLength = length } = options;
    if (byteLength === 0) throw new Deno.errors.InvalidData(`Cannot map ${label}: it is empty`);
    if (access === "read" && byteLength > length) {
      throw new RangeError(`Cannot map ${byteLength} bytes of ${label}: it has only ${length}`);
    }
    const section = createSection({
      label,
      byteLength,
      file: file.value,
      writable: access === "readwrite",
      inheritable: false,
      reserve: false,
    });
    return { label, section, file, byteLength, access, reserve: false };
  } catch (error) {
    file.close();
    throw error;
  }
}

function openHandle(path: string, access: MemoryAccess, share: number, label: string): Handle {
  return openExistingFile(path, {
    access: access === "read" ? GENERIC_READ : GENERIC_READ + GENERIC_WRITE,
    share,
    kind: label,
    attempt: `Cannot map ${label}`,
  });
}

function lengthOf(file: Handle, label: string): number {
  if (kernel32().GetFileType(file.value) !== FILE_TYPE_DISK) {
    throw new Deno.errors.InvalidData(`Cannot map ${label}: it is not a file on a disk`);
  }
  const length = new BigInt64Array(1);
  if (!kernel32().GetFileSizeEx(file.value, length)) {
    throw lastError("GetFileSizeEx", `Cannot map ${label}`);
  }
  return Number(length[0]);
}
