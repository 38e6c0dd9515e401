/**
 * Inspects the memory of a broadcast ring: see ../peer/inspection.ts.
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
  type BroadcastSettings,
  descriptionPlaceIn,
  eventNameOf,
  HEADER_LENGTH,
  headerWordsOf,
  POSITION,
  RECORD_KIND,
  SENDER,
  settingsIn,
  UNIT,
  WAKE_BITS_OFFSET,
  WORD,
} from "./layout.ts";

/** The contents of a broadcast ring's header. */
export interface BroadcastInspection extends BroadcastSettings {
  readonly kind: "broadcast";
  readonly version: number;
  /** The length of the description of the messages' layout in bytes; 0 without a layout. */
  readonly layoutLength: number;
  /** The number of bytes that were written since the ring was created, with the records' heads. */
  readonly written: number;
  /** The number of messages that were published since the ring was created. */
  readonly sent: number;
  /** The beginning of the names of the receivers' wake events, to which `.reader.N` is added. */
  readonly wakeEvents: string;
  /** The receivers. Their places are unknown: a receiver writes nothing until it waits. */
  readonly readers: InspectedReaders;
  /** The sender. */
  readonly places: readonly InspectedPlace[];
}

/** Inspects a memory that begins with the magic of a broadcast ring. */
export function inspectBroadcast(
  memory: InspectedMemory,
  lookUp: OwnerLookup,
): BroadcastInspection | BrokenMemory<"broadcast"> {
  return inspectHeaderOf(
    memory,
    "broadcast",
    HEADER_LENGTH,
    (header) => inspectHeader(header, memory, lookUp),
  );
}

function inspectHeader(
  buffer: ArrayBuffer,
  memory: InspectedMemory,
  lookUp: OwnerLookup,
): BroadcastInspection | string {
  const header = headerWordsOf(buffer);
  const settings = settingsIn(header.words, memory.byteLength);
  if (typeof settings === "string") return settings;
  const newest = Number(header.owners[POSITION.newest]);
  if (newest > Number.MAX_SAFE_INTEGER) return `its position ${newest} is not less than 2⁵³`;
  const record = inspectRecord(memory, newest, settings);
  if (typeof record === "string") return record;
  return {
    kind: "broadcast",
    version: header.words[WORD.version]! >>> 0,
    ...settings,
    layoutLength: header.words[descriptionPlaceIn(settings).length / 4]! >>> 0,
    written: newest * UNIT + record.length,
    sent: record.number,
    wakeEvents: eventNameOf(buffer),
    readers: inspectReaders(buffer, WAKE_BITS_OFFSET),
    places: [inspectPlace(header, SENDER, "sender", lookUp)],
  };
}

/** Reads the head of the newest record, which the sender can overwrite at the same time. */
function inspectRecord(
  memory: InspectedMemory,
  newest: number,
  { capacity, maxMessageLength }: BroadcastSettings,
): { length: number; number: number } | string {
  const at = HEADER_LENGTH + (newest % (capacity / UNIT)) * UNIT;
  const words = new Uint32Array(memory.copy(at, UNIT));
  const [length, kind] = [words[0]!, words[1]!];
  const number = words[2]! + words[3]! * 2 ** 32;
  const announced = Number(new BigUint64Array(memory.copy(POSITION.announced * 8, 8))[0]);
  if (announced - newest > capacity / UNIT) return "its newest record was overwritten";
  const isRecord = kind === RECORD_KIND.message && length >= UNIT &&
    length - UNIT <= maxMessageLength && Number.isSafeInteger(number);
  return isRecord ? { length, number } : `its newest record, at ${newest}, is invalid`;
}
