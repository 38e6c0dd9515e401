/**
 * What went through a ring or a value between two looks, from the counters in its memory.
 *
 * @module
 */

import type { InspectedPlace, ValidInspection } from "../../channel/inspection.ts";

/** Messages and bytes that went through between two looks. */
export interface Activity {
  readonly messages: number;
  readonly bytes: number;
}

/** A difference of two 32-bit counters that is at least this is one of two objects. */
const IMPLAUSIBLE = 2 ** 31;

/**
 * Returns what went through between two looks.
 *
 * - Of a ring, these are the messages that the receiver gave back, and the bytes that senders wrote.
 * - Of a broadcast ring, these are the messages and the bytes that the sender published. The bytes
 *   of both kinds of rings have the headers of the records.
 * - Of a latest value, these are the values and their bytes.
 * - Of a latest frame, these are the frames. Each counts with the length of the newest frame.
 *
 * Counters of 32 bits wrap. The difference is exact if less than 4 GiB went through.
 *
 * @param before The first look; `undefined` if the object did not exist then.
 * @returns `undefined` if the looks were at two objects, one after the other, of the same name.
 */
export function activityBetween(
  before: ValidInspection | undefined,
  now: ValidInspection,
): Activity | undefined {
  if (before !== undefined && !isSame(before, now)) return undefined;
  const messages = difference(now.kind, before && messagesOf(before), messagesOf(now));
  if (messages < 0) return undefined;
  switch (now.kind) {
    case "ring": {
      const tail = before?.kind === "ring" ? before.tail : 0;
      return { messages, bytes: (now.tail - tail) >>> 0 };
    }
    case "broadcast": {
      const bytes = now.written - (before?.kind === "broadcast" ? before.written : 0);
      return bytes < 0 ? undefined : { messages, bytes };
    }
    case "latest":
      return messages >= IMPLAUSIBLE ? undefined : { messages, bytes: messages * now.valueLength };
    case "frame":
      return { messages, bytes: messages * now.frameLength };
  }
}

/** The number of values of a latest value is modulo 2³². Other counts have 53 bits. */
function difference(kind: ValidInspection["kind"], from: number = 0, to: number): number {
  return kind === "latest" ? (to - from) >>> 0 : to - from;
}

function messagesOf(found: ValidInspection): number {
  if (found.kind === "ring") return found.received;
  return found.kind === "broadcast" ? found.sent : found.published;
}

/** Returns whether two looks can be at the same object. */
function isSame(before: ValidInspection, now: ValidInspection): boolean {
  if (before.kind !== now.kind || sizeOf(before) !== sizeOf(now)) return false;
  if (before.kind === "broadcast" && now.kind === "broadcast") {
    return before.wakeEvents === now.wakeEvents;
  }
  // A ring whose ends have all changed is another ring.
  if (now.kind !== "ring") return true;
  const [old, fresh] = [processesOf(before.places), processesOf(now.places)];
  return old.length === 0 || fresh.length === 0 || old.some((process) => fresh.includes(process));
}

function sizeOf(found: ValidInspection): number {
  if (found.kind === "latest") return found.valueLength;
  return found.kind === "frame" ? found.byteLength : found.capacity;
}

function processesOf(places: readonly InspectedPlace[]): number[] {
  return places.flatMap(({ process }) => process === undefined ? [] : [process]);
}
