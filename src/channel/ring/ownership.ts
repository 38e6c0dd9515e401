/**
 * Who has which place of a ring.
 *
 * @module
 */

import { startOf } from "../../../ffi/process.ts";
import { ProcessWatch } from "../../sync/mod.ts";
import { CLOSED, HEADER_LENGTH, type Place } from "./ring_header.ts";

const NOBODY = 0n;
/** FILETIME counts in units of 100 nanoseconds. */
const UNITS_PER_MILLISECOND = 10_000n;
const LOW_HALF = 0xffff_ffffn;
/** How often a place is tried for that others are quicker to take: they then have it. */
const MOST_ATTEMPTS = 16;

/** This process, as it is written down as the owner of a place. */
export function selfAsOwner(): bigint {
  return ownerWord(Deno.pid, startOf());
}

/** A process as it is written down: its id, and when it was started. */
export function ownerWord(pid: number, startTime: bigint): bigint {
  return ((startTime / UNITS_PER_MILLISECOND) & LOW_HALF) << 32n | BigInt(pid);
}

/** The process id of an owner. */
export function pidOf(owner: bigint): number {
  return Number(owner & LOW_HALF);
}

/**
 * Opens the process that owns a place, to wait for its end.
 *
 * @param owner What is written down.
 * @returns `"ended"` if it is not there any more, `"hidden"` if this user may not wait for it.
 */
export function watchOwner(owner: bigint): ProcessWatch | "ended" | "hidden" {
  let watch: ProcessWatch;
  try {
    watch = ProcessWatch.open(pidOf(owner));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "ended";
    if (error instanceof Deno.errors.PermissionDenied) return "hidden";
    throw error;
  }
  if (ownerWord(watch.pid, watch.startTime) === owner && watch.exitCode === undefined) return watch;
  watch.close();
  return "ended";
}

/** Whether the process that owns a place has ended, as far as this user may know. */
export function hasEnded(owner: bigint): boolean {
  if (owner === selfAsOwner()) return false;
  const found = watchOwner(owner);
  if (found instanceof ProcessWatch) found.close();
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
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const owner = Atomics.load(owners, place.owner);
    if (owner !== NOBODY) assertEnded(owner, who);
    // Another process may have been quicker.
    if (Atomics.compareExchange(owners, place.owner, owner, selfAsOwner()) === owner) return;
  }
  throw new Deno.errors.Busy(`Others take the place of the channel's ${who} again and again`);
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

function assertEnded(owner: bigint, who: string): void {
  if (hasEnded(owner)) return;
  throw new Deno.errors.Busy(`The channel has a ${who} already, in process ${pidOf(owner)}`);
}
