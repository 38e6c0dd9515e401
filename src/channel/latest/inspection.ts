/**
 * Inspects the memory of a latest value: see ../peer/inspection.ts.
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
  type LatestSettings,
  placeOfText,
  settingsIn,
  SLOTS_OFFSET,
  WAKE_BITS_OFFSET,
  WRITER,
} from "./layout.ts";

/** The contents of a latest value's header. */
export interface LatestInspection extends LatestSettings {
  readonly kind: "latest";
  readonly version: number;
  /** The length of the description of the value's layout in bytes. */
  readonly layoutLength: number;
  /** The number of values that were published, modulo 2³². */
  readonly published: number;
  readonly readers: InspectedReaders;
  /** The writer. */
  readonly places: readonly InspectedPlace[];
}

/** Inspects a memory that begins with the magic of a latest value. */
export function inspectLatest(
  memory: InspectedMemory,
  lookUp: OwnerLookup,
): LatestInspection | BrokenMemory<"latest"> {
  // The newest number follows the rest of the header.
  return inspectHeaderOf(
    memory,
    "latest",
    SLOTS_OFFSET + 8,
    (header) => inspectHeader(header, memory.byteLength, lookUp),
  );
}

function inspectHeader(
  header: ArrayBuffer,
  byteLength: number,
  lookUp: OwnerLookup,
): LatestInspection | string {
  const settings = settingsIn(new Uint8Array(header), byteLength);
  if (typeof settings === "string") return settings;
  const words = new Int32Array(header);
  const owners = new BigUint64Array(header);
  return {
    kind: "latest",
    version: words[1]! >>> 0,
    ...settings,
    layoutLength: words[placeOfText(settings.valueLength).length / 4]! >>> 0,
    published: words[SLOTS_OFFSET / 4]! >>> 0,
    readers: inspectReaders(header, WAKE_BITS_OFFSET),
    places: [inspectPlace({ words, owners }, WRITER, "writer", lookUp)],
  };
}
