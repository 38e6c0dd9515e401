/**
 * Files that are to be mapped.
 *
 * @module
 */

import { lastError } from "../../ffi/error.ts";
import { GENERIC_READ, GENERIC_WRITE, openExistingFile, toPath } from "../../ffi/file_io.ts";
import type { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { integerFrom, oneOf, type OptionChecks } from "../../ffi/arguments.ts";
import { type Mappable, MEMORY_ACCESS, type MemoryAccess } from "./mapped_view.ts";
import { createSection } from "./section.ts";

/** `FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE`: others may do as they like. */
const SHARE_ALL = 7;
/** `FILE_SHARE_READ | FILE_SHARE_DELETE`: nobody may write to the file meanwhile. */
export const SHARE_READ = 5;
const FILE_TYPE_DISK = 1;

/** Which part of a file to share, and what for. */
export interface FromFileOptions {
  /**
   * How many bytes from the file's start, at least 1. With `access: "readwrite"` a file that is
   * shorter grows to this. @default the file's length
   */
  byteLength?: number;
  /** What for. @default "read" */
  access?: MemoryAccess;
}

/** The checks of {@linkcode FromFileOptions}. */
export const FROM_FILE_CHECKS: OptionChecks<FromFileOptions> = {
  byteLength: integerFrom(1),
  access: oneOf(MEMORY_ACCESS),
};

/** A file as memory. */
export interface FileMemory extends Mappable {
  /** The file. */
  readonly file: Handle;
}

/**
 * Opens a file as memory.
 *
 * @param location The file's path, or a `URL` object with `file:`.
 * @param options Which part, and what for.
 * @param share What others may do with the file meanwhile.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Deno.errors.PermissionDenied} If this user may not open it, or it is a directory.
 * @throws {Deno.errors.Busy} If somebody does with it what they may not.
 * @throws {Deno.errors.InvalidData} If it is empty, or no file on a disk.
 * @throws {RangeError} If it is to be read beyond its end.
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
      throw new RangeError(`Cannot map ${byteLength} bytes of ${label}: it has ${length}`);
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
    throw new Deno.errors.InvalidData(`Cannot map ${label}: it is no file on a disk`);
  }
  const length = new BigInt64Array(1);
  if (!kernel32().GetFileSizeEx(file.value, length)) {
    throw lastError("GetFileSizeEx", `Cannot map ${label}`);
  }
  return Number(length[0]);
}
