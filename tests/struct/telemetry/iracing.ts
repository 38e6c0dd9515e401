/**
 * The memory of iRacing: a header, up to 4 buffers with ticks, and descriptions of the variables in
 * a buffer. The game pulses an event when it has filled a buffer.
 *
 * @see {@link https://github.com/vipoo/irsdk} irsdk_defines.h
 * @module
 */

import { ansi, array, struct, type TickedBuffer, type ValueOf } from "../../../src/struct/mod.ts";

/** The name of the memory. */
export const NAME = "Local\\IRSDKMemMapFileName";
/** The name of the event that is set when a buffer is filled. */
export const EVENT = "Local\\IRSDKDataValidEvent";

const Buffer = struct({ tickCount: "i32", bufferOffset: "i32" }, { byteLength: 16 });

/** The header. */
export const Header = struct({
  version: "i32",
  status: "i32",
  tickRate: "i32",
  sessionInfoUpdate: "i32",
  sessionInfoLength: "i32",
  sessionInfoOffset: "i32",
  variableCount: "i32",
  variablesOffset: "i32",
  bufferCount: "i32",
  bufferLength: "i32",
  buffers: { type: array(Buffer, 4), offset: 48 },
});

/** Returns the places of the buffers and their ticks. */
export function buffersOf({ bufferCount, buffers }: ValueOf<typeof Header>): TickedBuffer[] {
  return buffers.slice(0, bufferCount).map(({ bufferOffset }, i) => ({
    tick: Header.offsetOf(`buffers[${i}].tickCount`),
    byteOffset: bufferOffset,
  }));
}

/** The description of a variable. `offset` is within a buffer, and can be odd. */
export const Variable = struct({
  type: "i32",
  offset: "i32",
  count: "i32",
  countAsTime: "bool",
  name: { type: ansi(32), offset: 16 },
  description: ansi(64),
  unit: ansi(32),
});

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
