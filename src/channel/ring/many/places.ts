/**
 * The places of a ring's senders.
 *
 * @module
 */

import { labelOf } from "../../peer/memory.ts";
import type { Machine } from "../../peer/machine.ts";
import {
  type HeaderWords,
  leavePlace,
  takePlace,
  type TakePlaceOptions,
} from "../../peer/place.ts";
import { type Producers, SENDER, SENDERS, WORD } from "../layout.ts";

/** A place that was taken. */
export interface SenderPlace {
  /** Which one. */
  readonly index: number;
  /** Leaves it, and says that this is on purpose. */
  leave(): void;
}

/** How a sender's place is taken. */
export interface SenderPlaceOptions {
  /** How many senders there can be. */
  producers: Producers;
  /** The machine that the sender runs on. */
  machine: Machine;
}

/**
 * Takes one of the senders' places.
 *
 * @throws {Deno.errors.Busy} If all are taken.
 */
export function takeSenderPlace(
  header: HeaderWords,
  { producers, machine }: SenderPlaceOptions,
): SenderPlace {
  const options = { who: "sender", machine };
  if (producers === "single") {
    takePlace(header, SENDER, options);
    return { index: 0, leave: () => leavePlace(header, SENDER, options) };
  }
  const index = takeAny(header, options);
  countChange(header);
  return {
    index,
    leave: () => {
      leavePlace(header, SENDERS[index]!, options);
      countChange(header);
    },
  };
}

/** Has the receiver look who is there. */
function countChange({ words }: HeaderWords): void {
  Atomics.add(words, WORD.changes, 1);
}

function takeAny(header: HeaderWords, options: TakePlaceOptions): number {
  for (const [index, place] of SENDERS.entries()) {
    try {
      takePlace(header, place, options);
      return index;
    } catch (error) {
      if (!(error instanceof Deno.errors.Busy)) throw error;
    }
  }
  throw new Deno.errors.Busy(
    `The ${labelOf(header.words.buffer)} has ${SENDERS.length} senders already: close one first`,
  );
}
