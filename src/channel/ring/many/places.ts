/**
 * The places of a ring's senders.
 *
 * @module
 */

import { labelOf } from "../../peer/memory.ts";
import { type HeaderWords, leavePlace, takePlace } from "../../peer/place.ts";
import { type Producers, SENDER, SENDERS, WORD } from "../layout.ts";

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
 * @param producers How many there can be.
 * @throws {Deno.errors.Busy} If all are taken.
 */
export function takeSenderPlace(header: HeaderWords, producers: Producers): SenderPlace {
  if (producers === "single") {
    takePlace(header, SENDER, "sender");
    return { index: 0, leave: () => leavePlace(header, SENDER) };
  }
  const index = takeAny(header);
  countChange(header);
  return {
    index,
    leave: () => {
      leavePlace(header, SENDERS[index]!);
      countChange(header);
    },
  };
}

/** Has the receiver look who is there. */
function countChange({ words }: HeaderWords): void {
  Atomics.add(words, WORD.changes, 1);
}

function takeAny(header: HeaderWords): number {
  for (const [index, place] of SENDERS.entries()) {
    try {
      takePlace(header, place, "sender");
      return index;
    } catch (error) {
      if (!(error instanceof Deno.errors.Busy)) throw error;
    }
  }
  throw new Deno.errors.Busy(
    `The ${labelOf(header.words.buffer)} has ${SENDERS.length} senders already: close one first`,
  );
}
