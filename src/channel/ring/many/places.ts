/**
 * The places of a ring's senders.
 *
 * @module
 */

import { labelOf } from "../../peer/memory.ts";
import { leavePlace, takePlace } from "../../peer/place.ts";
import { HEADER_LENGTH, type Producers, SENDER, SENDERS, WORD } from "../layout.ts";

/** A place that was taken. */
export interface SenderPlace {
  /** Which one. */
  readonly index: number;
  /** Leaves it, and says that this is on purpose. */
  leave(): void;
}

/**
 * Takes one of the senders' places.
 *
 * @param buffer The ring's memory.
 * @param producers How many there are.
 * @throws {Deno.errors.Busy} If all are taken.
 */
export function takeSenderPlace(buffer: ArrayBuffer, producers: Producers): SenderPlace {
  if (producers === "single") {
    takePlace(buffer, SENDER, "sender");
    return { index: 0, leave: () => leavePlace(buffer, SENDER) };
  }
  const index = takeAny(buffer);
  countChange(buffer);
  return {
    index,
    leave: () => {
      leavePlace(buffer, SENDERS[index]!);
      countChange(buffer);
    },
  };
}

/** Has the receiver look who is there. */
function countChange(buffer: ArrayBuffer): void {
  Atomics.add(new Int32Array(buffer, 0, HEADER_LENGTH / 4), WORD.changes, 1);
}

function takeAny(buffer: ArrayBuffer): number {
  for (const [index, place] of SENDERS.entries()) {
    try {
      takePlace(buffer, place, "sender");
      return index;
    } catch (error) {
      if (!(error instanceof Deno.errors.Busy)) throw error;
    }
  }
  throw new Deno.errors.Busy(
    `The ${labelOf(buffer)} has ${SENDERS.length} senders already: close one first`,
  );
}
