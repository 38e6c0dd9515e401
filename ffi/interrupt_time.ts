/**
 * The time since the system's start, as coarse as its clock ticks and at the price of a load.
 *
 * Windows maps a page that begins with it (`KUSER_SHARED_DATA`) into every process, at the same
 * address on x64 and on arm64, to be read without a call. Go's runtime takes its time from there.
 *
 * @see {@link https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/ns-ntddk-kuser_shared_data}
 * @module
 */

import { requireHost } from "./requirements.ts";

/** The address of `KUSER_SHARED_DATA.InterruptTime.LowPart`. */
const INTERRUPT_TIME = 0x7ffe_0008n;

/** How many units of {@linkcode interruptTime} a millisecond has. */
export const UNITS_PER_MILLISECOND = 10_000;

let time: Readonly<Int32Array<ArrayBuffer>> | undefined;

/**
 * Gives an array of one number, which changes with each tick of the system's clock: the time in units
 * of 100 nanoseconds, modulo 2³². The page is read-only: a store into the array would end the process.
 */
export function interruptTime(): Readonly<Int32Array<ArrayBuffer>> {
  if (time === undefined) {
    requireHost();
    const page = Deno.UnsafePointer.create(INTERRUPT_TIME)!;
    time = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(page, 4));
  }
  return time;
}
