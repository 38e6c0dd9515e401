/**
 * Inspects the memory of a latest frame: see ../peer/inspection.ts.
 *
 * @module
 */

import {
  type BrokenMemory,
  type InspectedMemory,
  type InspectedPlace,
  type InspectedReaders,
  inspectHeaderOf,
  inspectPlace,
  inspectReaders,
  type OwnerLookup,
} from "../peer/inspection.ts";
import {
  type FrameSettings,
  HEAD_WORDS,
  NEWEST,
  readerPlace,
  READERS_OFFSET,
  settingsIn,
  slotSizesOf,
  WAKE_BITS_OFFSET,
  WRITER,
} from "./layout.ts";

/** The contents of a latest frame's header. */
export interface FrameInspection extends FrameSettings {
  readonly kind: "frame";
  readonly version: number;
  /** A frame has no layout. */
  readonly layoutLength: 0;
  /** The number of frames that were published. */
  readonly published: number;
  /** The length of the newest frame in bytes; 0 if there is none. */
  readonly frameLength: number;
  readonly readers: InspectedReaders;
  /** The writer, and the readers that have a place. */
  readonly places: readonly InspectedPlace[];
}

/** Inspects a memory that begins with the magic of a latest frame. */
export function inspectFrame(
  memory: InspectedMemory,
  lookUp: OwnerLookup,
): FrameInspection | BrokenMemory<"frame"> {
  return inspectHeaderOf(memory, "frame", READERS_OFFSET, (start) => {
    const settings = settingsIn(new Uint8Array(start), memory.byteLength);
    return typeof settings === "string" ? settings : inspectHeader(memory, settings, lookUp);
  });
}

function inspectHeader(
  memory: InspectedMemory,
  settings: FrameSettings,
  lookUp: OwnerLookup,
): FrameInspection | string {
  const { first } = slotSizesOf(settings);
  const buffer = memory.copy(0, first);
  const header = { words: new Int32Array(buffer), owners: new BigUint64Array(buffer) };
  const frame = inspectNewest(memory, settings, header.words[NEWEST]! - 1);
  if (typeof frame === "string") return frame;
  const readers = Array.from({ length: settings.maxReaders }, (_, index) => index)
    .map((index) => inspectPlace(header, readerPlace(index), "reader", lookUp))
    .filter(({ state }) => state !== "free" && state !== "closed");
  return {
    kind: "frame",
    version: header.words[1]! >>> 0,
    ...settings,
    layoutLength: 0,
    published: frame.number,
    frameLength: frame.length,
    readers: inspectReaders(buffer, WAKE_BITS_OFFSET),
    places: [inspectPlace(header, WRITER, "writer", lookUp), ...readers],
  };
}

/** Reads the head of the newest frame, whose slot the writer can use again at the same time. */
function inspectNewest(
  memory: InspectedMemory,
  settings: FrameSettings,
  slot: number,
): { number: number; length: number } | string {
  if (slot === -1) return { number: 0, length: 0 };
  if (slot < 0 || slot >= settings.slots) return `it has no slot ${slot}`;
  const { first, stride } = slotSizesOf(settings);
  const head = new Uint32Array(memory.copy(first + slot * stride, HEAD_WORDS * 4));
  const number = head[0]! + head[1]! * 2 ** 32;
  const length = head[2]!;
  const newest = new Int32Array(memory.copy(NEWEST * 4, 4))[0]! - 1;
  if (newest !== slot) return "its newest frame was overwritten";
  if (number < 1 || !Number.isSafeInteger(number)) return `a frame has the number ${number}`;
  return length <= settings.byteLength ? { number, length } : `a frame has ${length} bytes`;
}
