/**
 * The memory of a latest value.
 *
 * | at  | what                                                                               |
 * | --- | ---------------------------------------------------------------------------------- |
 * | 0   | u32 0x564c4957, the letters WILV; u32 version, 1; u64 hash of the layout;          |
 * |     | u32 the value's length in bytes; u32 how many slots there are                      |
 * | 128 | u32, u32: a bit for each reader that sleeps; the writer takes them, and sets the   |
 * |     | readers' events                                                                    |
 * | 256 | u32 the number of the newest value, 0 for none; from 384 on the slots, each a u32  |
 * |     | number and the value, in multiples of 128 bytes                                    |
 *
 * The value with number n is in slot n mod 4. The writer holds the mutex `NAME.writer`; a reader
 * that sleeps has made the event `NAME.reader.BIT`.
 *
 * @module
 */

import type { Security } from "../../../ffi/security.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import { struct } from "../../memory/mod.ts";
import { LatestSlots, SLOTS } from "./latest_slots.ts";
import { SEAT_WORDS, Seats } from "../end/seats.ts";

/** Where a value's bytes are, and how many there are. */
export interface ValueLayout {
  /** The size in bytes. */
  readonly byteLength: number;
  /** What tells it from others. */
  readonly layoutHash: bigint;
}

/** How to make a latest value. */
export interface LatestValueOptions {
  /**
   * Who may open it: `"user"`, this user and the system; `"everyone"` on the machine; or a descriptor
   * in SDDL. @default "user"
   */
  security?: Security;
}

const HEADER = struct({
  magic: "u32",
  version: "u32",
  layoutHash: "u64",
  valueLength: "u32",
  slots: "u32",
});
const MAGIC = 0x564c_4957;
const VERSION = 1;
const SLEEPERS = 128;
const SLOTS_AT = 256;

/** How much memory a value takes, in bytes. */
export function memoryLengthOf({ byteLength }: ValueLayout): number {
  return SLOTS_AT + LatestSlots.byteLengthOf(wordsOf(byteLength));
}

/** How many 32-bit words bytes take. */
export function wordsOf(byteLength: number): number {
  return Math.ceil(byteLength / 4);
}

/** Writes what a reader looks at first. */
export function writeHeader(view: MappedView, layout: ValueLayout): void {
  HEADER.write(view.bytes, headerOf(layout));
}

/** The memory of a latest value, mapped. */
export class LatestMemory implements Disposable {
  /** The values. */
  readonly slots: LatestSlots;
  /** Where readers sleep. */
  readonly seats: Seats;
  readonly #memory: SharedMemory;
  readonly #view: MappedView;

  /**
   * Takes a memory over.
   *
   * @param name Its full name.
   * @param memory The memory.
   * @param layout What it should be of.
   * @throws {Deno.errors.InvalidData} If it is of something else.
   */
  constructor(name: string, memory: SharedMemory, layout: ValueLayout) {
    this.#memory = memory;
    try {
      this.#view = mapChecked(memory, layout);
    } catch (error) {
      memory.close();
      throw error;
    }
    const { buffer } = this.#view;
    this.seats = new Seats(new Int32Array(buffer, SLEEPERS, SEAT_WORDS), name);
    this.slots = new LatestSlots(buffer, SLOTS_AT, wordsOf(layout.byteLength));
  }

  /**
   * Puts a new value in place of the newest, and wakes the readers that sleep; for the writer only.
   *
   * @param words The value.
   */
  publish(words: Int32Array<ArrayBuffer>): void {
    this.slots.publish(words);
    this.seats.wakeAll();
  }

  /** Lets go of it. */
  [Symbol.dispose](): void {
    this.#view.close();
    this.#memory.close();
  }
}

function mapChecked(memory: SharedMemory, layout: ValueLayout): MappedView {
  const label = `Expected shared memory "${memory.name}" to be a latest value of this layout`;
  if (memory.byteLength < memoryLengthOf(layout)) {
    throw new Deno.errors.InvalidData(`${label}, it has ${memory.byteLength} bytes`);
  }
  const view = memory.map();
  const found = HEADER.read(view.bytes);
  const expected = headerOf(layout);
  for (const name of ["magic", "version", "layoutHash", "valueLength", "slots"] as const) {
    if (found[name] === expected[name]) continue;
    view.close();
    throw new Deno.errors.InvalidData(
      `${label}, its ${name} is ${found[name]} rather than ${expected[name]}`,
    );
  }
  return view;
}

function headerOf({ byteLength, layoutHash }: ValueLayout) {
  return { magic: MAGIC, version: VERSION, layoutHash, valueLength: byteLength, slots: SLOTS };
}
