/**
 * The frames that the two ends of a pair exchange. All programs of the comparison use the same:
 *
 * - A control frame starts a task, and has 64 bytes. Its Uint32 words are MAGIC, the task's
 *   number, the length of the data frames, their count.
 * - A result frame ends a task, and has 64 bytes. Its Float64 numbers are 1 if all was right,
 *   nanoseconds, nanoseconds of processor time, the frames that arrived, and the first wrong frame.
 * - A data frame has a Uint32 sequence number and then bytes that depend on it.
 * - A credit has 8 bytes without a meaning. After a credit, the sender sends the next frames.
 *
 * All numbers are little-endian.
 *
 * @module
 */

/** Length of control frames and result frames, in bytes. */
export const HEADER_LENGTH = 64;
/** Length of a credit, in bytes. */
export const CREDIT_LENGTH = 8;
/** The sequence number of the frame after the last data frame. */
export const LAST = 0xffff_ffff;

/** The first word of a control frame. */
const MAGIC = 0x7769_6e63;
/** The numbers of the tasks. */
export const TASK = { validate: 1, trips: 2, stream: 3, paced: 4, end: 5 } as const;

/** The fields of a control frame. */
export interface Control {
  readonly task: number;
  /** Length of the data frames, in bytes. */
  readonly length: number;
  readonly count: number;
}

/** The fields of a result frame. */
export interface Result {
  readonly nanoseconds: number;
  /** Processor time of the far end, in nanoseconds. */
  readonly processor: number;
  /** Number of data frames that arrived. */
  readonly frames: number;
  /** The number of the first wrong data frame, or `undefined` if all frames were right. */
  readonly bad: number | undefined;
}

/** Makes a control frame. */
export function controlFrame({ task, length, count }: Control): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER_LENGTH);
  const view = new DataView(frame.buffer);
  [MAGIC, task, length, count].forEach((word, index) => view.setUint32(index * 4, word, true));
  return frame;
}

/**
 * Reads a control frame.
 *
 * @throws {Error} If the frame is no control frame.
 */
export function readControl(frame: Uint8Array): Control {
  const view = viewOf(frame);
  const [magic, task, length, count] = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
  if (magic !== MAGIC) throw new Error("A control frame is damaged");
  return { task: task!, length: length!, count: count! };
}

/** Makes a result frame. */
export function resultFrame(result: Result): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER_LENGTH);
  const view = new DataView(frame.buffer);
  const { nanoseconds, processor, frames, bad } = result;
  const numbers = [bad === undefined ? 1 : 0, nanoseconds, processor, frames, bad ?? 0];
  numbers.forEach((number, index) => view.setFloat64(index * 8, number, true));
  return frame;
}

/** Reads a result frame. */
export function readResult(frame: Uint8Array): Result {
  const view = viewOf(frame);
  const [right, nanoseconds, processor, frames, bad] = [0, 8, 16, 24, 32].map((at) =>
    view.getFloat64(at, true)
  );
  return {
    nanoseconds: nanoseconds!,
    processor: processor!,
    frames: frames!,
    bad: right === 1 ? undefined : bad!,
  };
}

/** Makes a data frame with the sequence number 0. */
export function dataFrame(length: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(length);
  fill(frame, 0);
  return frame;
}

/** Writes a sequence number into a data frame. */
export function setSequence(frame: Uint8Array, sequence: number): void {
  frame[0] = sequence;
  frame[1] = sequence >>> 8;
  frame[2] = sequence >>> 16;
  frame[3] = sequence >>> 24;
}

/** Returns the sequence number of the data frame at an offset in some bytes. */
export function sequenceAt(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! | bytes[offset + 1]! << 8 | bytes[offset + 2]! << 16 |
    bytes[offset + 3]! << 24) >>> 0;
}

/** Writes a sequence number, and all bytes that depend on it, into a data frame. */
export function fill(frame: Uint8Array, sequence: number): void {
  setSequence(frame, sequence);
  for (let index = 4; index < frame.length; index++) frame[index] = sequence * 31 + index * 7;
}

/** Returns whether each byte of a data frame of `length` bytes is right. */
export function isWhole(
  bytes: Uint8Array,
  sequence: number,
  offset = 0,
  length = bytes.length,
): boolean {
  if (sequenceAt(bytes, offset) !== sequence) return false;
  for (let index = 4; index < length; index++) {
    if (bytes[offset + index] !== (sequence * 31 + index * 7 & 0xff)) return false;
  }
  return true;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
