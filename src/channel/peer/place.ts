/**
 * Who has which place of a ring.
 *
 * A process owns the places of its main thread, and of C programs, whose ends may change threads. A
 * Worker's places belong to its thread: the process lives on when the Worker ends.
 *
 * @module
 */

import { startOf } from "../../../ffi/process.ts";
import { currentThread } from "../../../ffi/thread.ts";
import { inWorker } from "../../../ffi/host.ts";
import { labelOf } from "./memory.ts";
import { OwnerWatch } from "./owner_watch.ts";
import { describeOwner, processOwner, threadOwner } from "./owner_word.ts";
import { CLOSED, HEADER_LENGTH, type Place } from "../ring/layout.ts";

const NOBODY = 0n;
/** Maximum attempts to take a place that others take first: they have it then. */
export const MAX_ATTEMPTS = 16;

/** It is the same for as long as the script runs. */
let self: bigint | undefined = undefined;

/** This script, as it is written down as the owner of a place. */
export function selfAsOwner(): bigint {
  return self ??= inWorker() ? threadOwner(currentThread()) : processOwner(Deno.pid, startOf());
}

/** Whether the owner of a place has ended, as far as this user may know. */
export function hasEnded(owner: bigint): boolean {
  if (owner === selfAsOwner()) return false;
  const found = OwnerWatch.open(owner);
  if (found instanceof OwnerWatch) found.close();
  return found === "ended";
}

/**
 * Takes a place that nobody has, or whose owner has ended.
 *
 * @param buffer The ring's memory.
 * @param place The place.
 * @param who What has that place, for messages: `"sender"`.
 * @throws {Deno.errors.Busy} If somebody has it.
 */
export function takePlace(buffer: ArrayBuffer, place: Place, who: string): void {
  const owners = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const owner = Atomics.load(owners, place.owner);
    if (owner !== NOBODY && !hasEnded(owner)) {
      throw new Deno.errors.Busy(
        `The ${labelOf(buffer)} has a ${who} already, in ${describeOwner(owner)}: close that one ` +
          "first",
      );
    }
    // Another process may have been quicker.
    if (Atomics.compareExchange(owners, place.owner, owner, selfAsOwner()) === owner) return;
  }
  throw new Deno.errors.Busy(
    `Others take the place of the ${labelOf(buffer)}'s ${who} again and again`,
  );
}

/**
 * Leaves a place, and says that this is on purpose.
 *
 * @param buffer The ring's memory.
 * @param place The place.
 */
export function leavePlace(buffer: ArrayBuffer, place: Place): void {
  const owners = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
  Atomics.store(new Int32Array(buffer, 0, HEADER_LENGTH / 4), place.state, CLOSED);
  Atomics.compareExchange(owners, place.owner, selfAsOwner(), NOBODY);
}
