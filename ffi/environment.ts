/**
 * The environment as Windows has it, which Deno guards by a permission of its own.
 *
 * @module
 */

import { errorFromCode, lastErrorCode } from "./error.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { assertWide, decodeWideAt, encodeWide, MAX_TEXT, readWide } from "./wide.ts";

const ERROR_ENVVAR_NOT_FOUND = 203;
/** The longest name of a variable, and the longest value that can be set, in UTF-16 code units. */
export const MAX_VARIABLE: number = MAX_TEXT;

/**
 * Reads a variable of this process's environment.
 *
 * @param name Its name; upper and lower case are the same.
 * @returns Its value; `undefined` if there is none.
 * @throws {TypeError} If the name is no string, or has a NUL in it.
 * @throws {RangeError} If the name has more than 32,766 characters.
 * @see {@link https://learn.microsoft.com/windows/win32/api/processenv/nf-processenv-getenvironmentvariablew}
 */
export function environmentVariable(name: string): string | undefined {
  assertWide("name", name, { max: MAX_VARIABLE });
  const { GetEnvironmentVariableW, SetLastError } = kernel32();
  const wideName = encodeWide(name);
  let code = 0;
  const value = readWide((buffer) => {
    // An empty value has length 0, as a failure has, and success leaves an older error standing.
    SetLastError(0);
    const length = GetEnvironmentVariableW(wideName, buffer, buffer.length);
    if (length === 0) code = lastErrorCode();
    return length;
  });
  if (code === 0) return value;
  if (code === ERROR_ENVVAR_NOT_FOUND) return undefined;
  throw errorFromCode(code, "GetEnvironmentVariableW", `Cannot read the variable ${name}`);
}

/**
 * Reads the whole environment of this process.
 *
 * @returns The variables, as `NAME=VALUE`.
 * @see {@link https://learn.microsoft.com/windows/win32/api/processenv/nf-processenv-getenvironmentstringsw}
 */
export function environmentStrings(): string[] {
  const { FreeEnvironmentStringsW, GetEnvironmentStringsW } = kernel32();
  const block = GetEnvironmentStringsW();
  if (block === null) return [];
  try {
    const strings: string[] = [];
    for (let at = 0n;;) {
      const text = decodeWideAt(offsetPointer(block, at));
      if (text === "") return strings;
      strings.push(text);
      at += BigInt(text.length + 1) * 2n;
    }
  } finally {
    FreeEnvironmentStringsW(block);
  }
}

function offsetPointer(base: Deno.PointerObject, bytes: bigint): Deno.PointerObject {
  return Deno.UnsafePointer.create(Deno.UnsafePointer.value(base) + bytes)!;
}
