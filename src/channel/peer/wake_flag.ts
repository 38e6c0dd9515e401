/**
 * How one end of a ring falls asleep, and the other one wakes it up.
 *
 * Who wants to sleep says so, and then looks a second time. Who has done something tells of it, and
 * then looks whether somebody sleeps. All of these are sequentially consistent, so that at least one
 * of the two sees what the other one has done: either nobody falls asleep, or the event is set. An
 * event that is set stays so until somebody waits for it, so that it does not matter which comes
 * first, the wait or the event.
 *
 * @module
 */

import type { Place } from "../ring/layout.ts";

/** A word that says that its end need not be woken. */
export const AWAKE = 0;
/** A word that says that its end has to be woken. */
export const ASLEEP = 1;

/** Somebody who may sleep. */
export interface WakeFlag {
  /** Says that it is going to; it then has to look a second time. */
  raise(): void;
  /** Says that it does not after all, or no longer. */
  lower(): void;
}

/**
 * An end of a ring, as somebody who may sleep.
 *
 * @param header The words of the header.
 * @param place The end's place.
 */
export function wakeFlagAt(header: Int32Array, place: Place): WakeFlag {
  return { raise: () => raiseWakeFlag(header, place), lower: () => lowerWakeFlag(header, place) };
}

/**
 * Says that an end is going to sleep; it then has to look a second time.
 *
 * @param header The words of the header.
 * @param place The end's place.
 */
export function raiseWakeFlag(header: Int32Array, place: Place): void {
  Atomics.store(header, place.sleeping, ASLEEP);
}

/**
 * Says that an end does not sleep after all, or no longer.
 *
 * @param header The words of the header.
 * @param place The end's place.
 */
export function lowerWakeFlag(header: Int32Array, place: Place): void {
  Atomics.store(header, place.sleeping, AWAKE);
}

/**
 * Finds out whether an end has to be woken, after it has been told of something.
 *
 * @param header The words of the header.
 * @param place The end's place.
 * @returns Whether its event has to be set, by whoever gets `true`.
 */
export function takeWakeFlag(header: Int32Array, place: Place): boolean {
  return Atomics.load(header, place.sleeping) !== AWAKE &&
    Atomics.exchange(header, place.sleeping, AWAKE) !== AWAKE;
}
