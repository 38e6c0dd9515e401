/**
 * The memory of iRacing: a header, up to 4 buffers with ticks, and descriptions of the variables in
 * a buffer. The game pulses an event when it has filled a buffer.
 *
 * @see {@link https://github.com/vipoo/irsdk} irsdk_defines.h
 * @module
 */

import type { TickedBuffer, ValueOf } from "../../../src/struct/mod.ts";
import { Header } from "../../../src/cli/schema/shipped/iracing.ts";

/** Returns the places of the buffers and their ticks. */
export function buffersOf({ bufferCount, buffers }: ValueOf<typeof Header>): TickedBuffer[] {
  return buffers.slice(0, bufferCount).map(({ offset }, i) => ({
    tick: Header.offsetOf(`buffers[${i}].tickCount`),
    byteOffset: offset,
  }));
}

/** Reads a number of each type at an offset. */
const READ: Readonly<Record<number, (data: DataView, offset: number) => number | boolean>> = {
  0: (data, offset) => data.getUint8(offset),
  1: (data, offset) => data.getUint8(offset) !== 0,
  2: (data, offset) => data.getInt32(offset, true),
  3: (data, offset) => data.getUint32(offset, true),
  4: (data, offset) => data.getFloat32(offset, true),
  5: (data, offset) => data.getFloat64(offset, true),
};

/** Returns the value of a variable in a copy of a buffer. */
export function valueOf(
  { type, offset }: { type: number; offset: number },
  bytes: Uint8Array,
): number | boolean | undefined {
  return READ[type]?.(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset);
}
