/**
 * The places of a ring of many senders.
 *
 * @module
 */

import { leavePlace, takePlace } from "./ownership.ts";
import { HEADER_LENGTH, SENDERS, WORD } from "./ring_header.ts";

/**
 * Takes one of the senders' places.
 *
 * @param buffer The ring's memory.
 * @returns Its index.
 * @throws {Deno.errors.Busy} If all are taken.
 */
export function takeSenderPlace(buffer: ArrayBuffer): number {
  for (const [index, place] of SENDERS.entries()) {
    try {
      takePlace(buffer, place, "sender");
    } catch (error) {
      if (error instanceof Deno.errors.Busy) continue;
      throw error;
    }
    countChange(buffer);
    return index;
  }
  throw new Deno.errors.Busy(`The channel has ${SENDERS.length} senders already`);
}

/**
 * Leaves a place, and says that this is on purpose.
 *
 * @param buffer The ring's memory.
 * @param index Which place.
 */
export function leaveSenderPlace(buffer: ArrayBuffer, index: number): void {
  leavePlace(buffer, SENDERS[index]!);
  countChange(buffer);
}

/** Has the receiver look who is there. */
export function countChange(buffer: ArrayBuffer): void {
  Atomics.add(new Int32Array(buffer, 0, HEADER_LENGTH / 4), WORD.changes, 1);
}
