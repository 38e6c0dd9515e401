/**
 * Copies memory of this process that may not be readable.
 *
 * @module
 */

import { kernel32 } from "./win32/kernel32.ts";

/**
 * Copies bytes of this process.
 *
 * A plain read of a page that is not committed, or whose file is gone, would end the process.
 * `ReadProcessMemory` fails instead.
 *
 * @param pointer An address, such as that of a view.
 * @param offset The offset of the first byte.
 * @param length The number of bytes.
 * @returns `undefined` if not all of the bytes can be read.
 * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-readprocessmemory}
 */
export function copyOwnMemory(
  pointer: Deno.PointerObject,
  offset: number,
  length: number,
): ArrayBuffer | undefined {
  const { GetCurrentProcess, ReadProcessMemory } = kernel32();
  const copy = new Uint8Array(length);
  const from = Deno.UnsafePointer.offset(pointer, offset);
  const done = ReadProcessMemory(GetCurrentProcess(), from, copy, BigInt(length), null);
  return done ? copy.buffer : undefined;
}
