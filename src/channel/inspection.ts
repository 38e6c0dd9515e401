/**
 * Looks at the memory of a ring or a latest value from outside: it takes no place, writes nothing,
 * and checks everything, because any process can have written the memory.
 *
 * @module
 */

import { type BroadcastInspection, inspectBroadcast } from "./broadcast/inspection.ts";
import { descriptionPlaceIn as placeInBroadcast } from "./broadcast/layout.ts";
import { type FrameInspection, inspectFrame } from "./frame/inspection.ts";
import { inspectLatest, type LatestInspection } from "./latest/inspection.ts";
import { placeOfText } from "./latest/layout.ts";
import type { BrokenMemory, InspectedMemory, OwnerLookup } from "./peer/inspection.ts";
import { lookUpOwner } from "./peer/inspection.ts";
import { MAGICS } from "./peer/memory.ts";
import { inspectRing, type RingInspection } from "./ring/inspection.ts";
import { descriptionPlaceIn as placeInRing } from "./ring/layout.ts";
import type { DescriptionPlace } from "../struct/description.ts";
import { copyDescription } from "../struct/description.ts";

export { lookUpOwner };
export type { BroadcastInspection, FrameInspection, LatestInspection, RingInspection };
export type {
  BrokenMemory,
  InspectedMemory,
  InspectedOwner,
  InspectedPlace,
  InspectedReaders,
  OwnerLookup,
  PlaceState,
} from "./peer/inspection.ts";

/** The kinds of memory that this library lays out. */
export type ChannelKind = "ring" | "broadcast" | "latest" | "frame";

/** A ring or a value whose header is valid. */
export type ValidInspection =
  | RingInspection
  | BroadcastInspection
  | LatestInspection
  | FrameInspection;

/** The contents of a ring's or a value's header, or the reason why they cannot be read. */
export type ChannelInspection = ValidInspection | BrokenMemory<ChannelKind>;

type Inspect = (memory: InspectedMemory, lookUp: OwnerLookup) => ChannelInspection;

const INSPECTIONS: ReadonlyMap<number, Inspect> = new Map<number, Inspect>([
  [MAGICS.channel, inspectRing],
  [MAGICS.broadcastRing, inspectBroadcast],
  [MAGICS.latestValue, inspectLatest],
  [MAGICS.latestFrame, inspectFrame],
]);

/** Length of the longest header in bytes: that of a latest frame with 64 readers. */
export const MAX_HEADER_LENGTH = 12_288;

/**
 * Inspects a memory.
 *
 * @param lookUp Finds out whether the owner of a place runs. A caller that inspects many memories
 *   can remember the owners. @default {@linkcode lookUpOwner}
 * @returns `undefined` if the memory holds none of this library's rings and values, or if its
 *   creator has not written the header yet. With the property `problem` the memory begins like one
 *   of them, but is of another version or corrupt.
 */
export function inspectChannel(
  memory: InspectedMemory,
  lookUp: OwnerLookup = lookUpOwner,
): ChannelInspection | undefined {
  if (memory.byteLength < 4) return undefined;
  const [magic] = new Uint32Array(memory.copy(0, 4));
  return INSPECTIONS.get(magic!)?.(memory, lookUp);
}

/**
 * Returns the description of the layout of a ring's messages or of a latest value, which
 * `parseDescription` reads.
 *
 * @returns `undefined` if there is no layout.
 * @throws {Deno.errors.InvalidData} If the description contradicts itself.
 */
export function inspectLayout(
  memory: InspectedMemory,
  found: ValidInspection,
): string | undefined {
  const place = descriptionPlaceOf(found);
  return place && copyDescription(memory, place, found.kind);
}

function descriptionPlaceOf(found: ValidInspection): DescriptionPlace | undefined {
  switch (found.kind) {
    case "ring":
      return placeInRing(found);
    case "broadcast":
      return placeInBroadcast(found);
    case "latest":
      return placeOfText(found.valueLength);
    case "frame":
      return undefined;
  }
}

/** Returns a memory for {@linkcode inspectChannel} over mapped bytes. */
export function memoryOf(bytes: Uint8Array<ArrayBuffer>): InspectedMemory {
  return {
    byteLength: bytes.length,
    copy: (offset, length) => bytes.slice(offset, offset + length).buffer,
  };
}
