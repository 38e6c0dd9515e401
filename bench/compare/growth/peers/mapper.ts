/**
 * Creates memory, maps it, writes to its first and its last page, and unmaps and closes it. Tasks
 * return the median time in nanoseconds:
 *
 * - `whole LENGTH`: maps the whole memory.
 * - `reserved LENGTH`: only reserves the memory, and maps its first and its last page.
 *
 * @module
 */

import { SharedMemory } from "../../../../mod.ts";
import { median } from "../growing.ts";
import { now, serve } from "./serve.ts";

const TIMES = 11;
const PAGE = 4096;

await serve({
  whole: (length) => [medianTime(() => writeWhole(Number(length)))],
  reserved: (length) => [medianTime(() => writeReserved(Number(length)))],
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

function medianTime(act: () => void): number {
  const times = Array.from({ length: TIMES }, () => {
    const start = now();
    act();
    return now() - start;
  });
  return median(times);
}
