/**
 * Sets the processors of this process, and measures its processor time.
 *
 * @module
 */

import { openLibrary } from "../../tests/support/open_library.ts";

const THIS_PROCESS = 2n ** 64n - 1n;
/** The units of a FILETIME in nanoseconds. */
const UNIT = 100;

/**
 * Lets this process run on some processors only.
 *
 * @param mask The processors, one bit for each.
 */
export function useProcessors(mask: bigint): void {
  using kernel32 = openLibrary("kernel32.dll", {
    SetProcessAffinityMask: { parameters: ["usize", "usize"], result: "i32" },
  });
  if (!kernel32.symbols.SetProcessAffinityMask(THIS_PROCESS, mask)) {
    throw new Error(`Cannot put this process on processors ${mask}`);
  }
}

/** Returns the processor time that this process has used, in nanoseconds. */
export function processorTime(): number {
  using kernel32 = openLibrary("kernel32.dll", {
    GetProcessTimes: {
      parameters: ["usize", "buffer", "buffer", "buffer", "buffer"],
      result: "i32",
    },
  });
  const times = new BigUint64Array(4);
  const at = [0, 1, 2, 3].map((index) => times.subarray(index)) as [
    BigUint64Array<ArrayBuffer>,
    BigUint64Array<ArrayBuffer>,
    BigUint64Array<ArrayBuffer>,
    BigUint64Array<ArrayBuffer>,
  ];
  if (!kernel32.symbols.GetProcessTimes(THIS_PROCESS, ...at)) {
    throw new Error("Cannot get the processor time of this process");
  }
  return Number(times[2]! + times[3]!) * UNIT;
}
