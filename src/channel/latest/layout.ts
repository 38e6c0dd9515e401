/**
 * Where things are in the memory of a latest value. All of it is little-endian.
 *
 * | at  | what                                                                               |
 * | --- | ---------------------------------------------------------------------------------- |
 * | 0   | u32 0x564c4957, the letters WILV; u32 version, 2; u64 hash of the layout;          |
 * |     | u32 the value's length in bytes; u32 how many slots there are                      |
 * | 64  | the writer's place: u64 owner, u32 state (see ../peer/place.ts)                       |
 * | 128 | u32, u32: a bit for each reader that sleeps; the writer takes them, and sets the   |
 * |     | readers' events; u32, u32: a bit for each reader that has a wake event                   |
 * | 256 | u32 the number of the newest value, 0 for none; from 384 on the slots, each a u32  |
 * |     | number and the value, in multiples of 128 bytes                                    |
 *
 * The value with number n is in slot n mod 4. A reader that sleeps has made the event `NAME.reader.BIT`.
 *
 * @module
 */

import { MAGICS } from "../peer/memory.ts";
import type { HeaderWords, Place } from "../peer/place.ts";
import type { Machine } from "../peer/machine.ts";
import { MACHINE } from "../peer/windows.ts";
import { WAKE_WORDS, WakeEvents } from "../peer/wake_events.ts";
import { LatestSlots } from "./slots.ts";

/** The first word. */
export const MAGIC: number = MAGICS.latestValue;
/** The version of all this; in version 1 the writer had no place. */
export const VERSION = 2;
/** The writer's place. */
export const WRITER: Place = { owner: 8, state: 18 };
/** Where the bits of the readers' wake events are. */
export const WAKE_BITS_OFFSET = 128;
/** Where the newest number and the slots are. */
export const SLOTS_OFFSET = 256;

/** The parts of a latest value's memory. */
export interface LatestParts {
  /** The words before the values. */
  readonly header: HeaderWords;
  /** The values. */
  readonly slots: LatestSlots;
  /** Where readers sleep. */
  readonly wakeEvents: WakeEvents;
  /** The machine that its readers and its writer run on. */
  readonly machine: Machine;
}

/** What is in a memory. */
export interface PartsOptions {
  /** Its full name, with which the names of the events begin. */
  name: string;
  /** The value's length, in 32-bit words. */
  length: number;
  /** The machine that its readers and its writer run on. @default this one */
  machine?: Machine;
}

/** Finds the parts of a memory. */
export function partsOf(
  buffer: ArrayBuffer,
  { name, length, machine = MACHINE }: PartsOptions,
): LatestParts {
  const bits = new Int32Array(buffer, WAKE_BITS_OFFSET, WAKE_WORDS);
  const wakeEvents = new WakeEvents(bits, name, { machine });
  const header = {
    words: new Int32Array(buffer, 0, SLOTS_OFFSET / 4),
    owners: new BigUint64Array(buffer, 0, SLOTS_OFFSET / 8),
  };
  const slots = new LatestSlots(buffer, SLOTS_OFFSET, length);
  return { header, slots, wakeEvents, machine };
}

/**
 * Gives the size of the memory for a value, in bytes.
 *
 * @param length The value's length, in 32-bit words.
 */
export function memoryLengthFor(length: number): number {
  return SLOTS_OFFSET + LatestSlots.byteLengthOf(length);
}
