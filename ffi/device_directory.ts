/**
 * Lists the pipes and mailslots of this machine, without opening them.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-findfirstfilew}
 * @module
 */

import { errorFromCode, lastErrorCode } from "./error.ts";
import { INVALID_HANDLE_VALUE } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { decodeWide, encodeWide } from "./wide.ts";

/** The size of a `WIN32_FIND_DATAW` in bytes. */
const FIND_DATA_SIZE = 592;
/** The offset of `cFileName`, and its length in characters. */
const FILE_NAME = { offset: 44, length: 260 } as const;
const ERROR_FILE_NOT_FOUND = 2;
const ERROR_NO_MORE_FILES = 18;
/** Maximum number of names, because programs can create names without end. */
const MAX_NAMES = 1_000_000;

/**
 * Lists the names of all pipes or all mailslots.
 *
 * @throws {Deno.errors.NotSupported} If the system does not list them. Wine does not.
 */
export function listDevice(device: "pipe" | "mailslot"): string[] {
  const { FindClose, FindFirstFileW, FindNextFileW } = kernel32();
  const data = new Uint8Array(FIND_DATA_SIZE);
  const search = FindFirstFileW(encodeWide(`\\\\.\\${device}\\*`), data);
  if (search === INVALID_HANDLE_VALUE) {
    const code = lastErrorCode();
    if (code === ERROR_FILE_NOT_FOUND || code === ERROR_NO_MORE_FILES) return [];
    const attempt = `Cannot list the ${device}s`;
    throw errorFromCode(code, "FindFirstFileW", attempt, { as: "NotSupported" });
  }
  try {
    const names: string[] = [];
    do {
      names.push(decodeWide(new Uint16Array(data.buffer, FILE_NAME.offset, FILE_NAME.length)));
    } while (names.length < MAX_NAMES && FindNextFileW(search, data));
    return names;
  } finally {
    FindClose(search);
  }
}
