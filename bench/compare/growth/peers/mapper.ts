/**
 * Creates memory, maps it, writes to its first and its last page, and unmaps and closes it. Tasks
 * return the median time in nanoseconds, or nothing if the system has too little memory:
 *
 * - `whole LENGTH`: maps the whole memory.
 * - `reserved LENGTH`: only reserves the memory, and maps its first and its last page.
 *
 * @module
 */

import { Win32Error } from "../../../../ffi/mod.ts";
import { SharedMemory } from "../../../../mod.ts";
import { median } from "../../median.ts";
import { now, serve } from "./serve.ts";

const TIMES = 11;
const PAGE = 4096;
/**
 * The codes of a lack of memory: ERROR_NOT_ENOUGH_MEMORY, ERROR_DISK_FULL on Wine,
 * ERROR_NO_SYSTEM_RESOURCES and ERROR_COMMITMENT_LIMIT.
 */
const LACKS: readonly number[] = [8, 112, 1450, 1455];

await serve({
  whole: (length) => measure(() => writeWhole(Number(length))),
  reserved: (length) => measure(() => writeReserved(Number(length))),
});

function writeWhole(length: number): void {
  using memory = SharedMemory.anonymous(length);
  using view = memory.map();
  write(view.bytes, 0);
  write(view.bytes, length - 1);
}

function writeReserved(length: number): void {
  using memory = SharedMemory.anonymous(length, { reserve: true });
  using first = memory.map({ byteLength: PAGE });
  using last = memory.map({ offset: length - PAGE });
  write(first.bytes, 0);
  write(last.bytes, PAGE - 1);
}

function write(bytes: Uint8Array, at: number): void {
  bytes[at] = 7;
  if (bytes[at] !== 7) throw new Error(`Byte ${at} of the memory does not keep its value`);
}

function measure(act: () => void): number[] {
  try {
    return [medianTime(act)];
  } catch (error) {
    if (error instanceof Win32Error && LACKS.includes(error.code)) return [];
    throw error;
  }
}

function medianTime(act: () => void): number {
  const times = Array.from({ length: TIMES }, () => {
    const start = now();
    act();
    return now() - start;
  });
  return median(times);
}
