/**
 * The layout of a latest value's memory; and the memory, mapped and checked.
 *
 * All of the memory is little-endian.
 *
 * | offset | content                                                                         |
 * | -----: | ------------------------------------------------------------------------------- |
 * |      0 | u32 magic, 0x564c4957 ("WILV")                                                  |
 * |      4 | u32 version, 2                                                                  |
 * |      8 | u64 hash of the layout                                                          |
 * |     16 | u32 the value's length in bytes                                                 |
 * |     20 | u32 the number of slots, 4                                                      |
 * |     64 | the writer's place: u64 owner, u32 state (see ../peer/place.ts)                 |
 * |    128 | u32, u32: the readers' wake flags, one bit each;                                |
 * |        | u32, u32: a bit for each wake event that is taken (see ../peer/wake.ts)         |
 * |    256 | u32 the number of the newest value; 0 if none was written                       |
 * |    384 | the slots, each a u32 number and the value, in multiples of 128 bytes           |
 *
 * The value with number n is in slot n mod 4. The wake event with bit 5 has the name
 * `NAME.reader.5`.
 *
 * slots.ts says how the slots are written and read.
 *
 * @module
 */

import { describeOther, labelFor, MAGICS, nameMemory } from "../peer/memory.ts";
import type { HeaderWords, Place } from "../peer/place.ts";
import type { Machine } from "../peer/machine.ts";
import { MACHINE } from "../peer/windows.ts";
import { WAKE_WORDS, WakeEvents } from "../peer/wake.ts";
import { LatestSlots, SLOTS } from "./slots.ts";
import type { OptionChecks } from "../../../ffi/arguments.ts";
import { assertSecurity, type Security } from "../../../ffi/security.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import type { ValueLayout } from "../../struct/consistent.ts";
import { struct } from "../../struct/mod.ts";

/** The first word of the memory. */
export const MAGIC: number = MAGICS.latestValue;
/** The version of this layout. In version 1 the writer had no place. */
export const VERSION = 2;
/** The writer's place. */
export const WRITER: Place = { owner: 8, state: 18 };
/** Offset in bytes of the bits of the readers' wake events. */
export const WAKE_BITS_OFFSET = 128;
/** Offset in bytes of the newest number, which the slots follow. */
export const SLOTS_OFFSET = 256;

/** The parts of a latest value's memory. */
export interface LatestParts {
  /** The words before the newest number. */
  readonly header: HeaderWords;
  /** The newest number and the slots. */
  readonly slots: LatestSlots;
  /** The wake events of all readers. */
  readonly wakeEvents: WakeEvents;
  /** The machine that the readers and the writer run on. */
  readonly machine: Machine;
}

/** Options of {@linkcode partsOf}. */
export interface PartsOptions {
  /** The full name of the latest value: the prefix of its events' names. */
  name: string;
  /** The value's length in 32-bit words. */
  length: number;
  /** The machine that the readers and the writer run on. @default the machine of this thread */
  machine?: Machine;
}

/** Returns the parts of a latest value's memory. */
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
 * Returns the size of the memory for a value, in bytes.
 *
 * @param length The value's length in 32-bit words.
 */
export function memoryLengthFor(length: number): number {
  return SLOTS_OFFSET + LatestSlots.byteLengthOf(length);
}

/** Options for a new latest value. */
export interface LatestValueOptions {
  /**
   * Who can open the latest value: `"user"`, which means this user and the system; `"everyone"` on
   * this machine; or a security descriptor in SDDL. `"everyone-full"` is for programs that ask for
   * all rights. With it, any program can deny all others the access.
   *
   * @default "user"
   */
  security?: Security;
}

/** The checks of {@linkcode LatestValueOptions}. */
export const LATEST_VALUE_CHECKS: OptionChecks<LatestValueOptions> = { security: assertSecurity };

const HEADER = struct({
  magic: "u32",
  version: "u32",
  layoutHash: "u64",
  valueLength: "u32",
  slots: "u32",
});

/** Returns the label of a latest value in error messages. */
export function latestLabel(name: string): string {
  return labelFor("latest value", name);
}

/** Returns the size in bytes of the memory for values of a layout. */
export function memoryLengthOf({ byteLength }: ValueLayout): number {
  return memoryLengthFor(wordsOf(byteLength));
}

/** Returns the number of 32-bit words that hold `byteLength` bytes. */
export function wordsOf(byteLength: number): number {
  return Math.ceil(byteLength / 4);
}

/** Writes the header of a new latest value. */
export function writeHeader(view: MappedView, layout: ValueLayout): void {
  HEADER.write(view.bytes, headerOf(layout));
}

/** The memory of a latest value, mapped. */
export class LatestMemory implements Disposable {
  /** The parts of the memory. */
  readonly parts: LatestParts;
  readonly #memory: SharedMemory;
  readonly #view: MappedView;

  /**
   * Maps a memory and checks its header. From now on this object owns the memory.
   *
   * @param layout The layout of the values that the memory must hold.
   * @throws {Deno.errors.InvalidData} If the memory does not hold values of this layout.
   */
  constructor(name: string, memory: SharedMemory, layout: ValueLayout) {
    this.#memory = memory;
    try {
      this.#view = mapChecked(name, memory, layout);
    } catch (error) {
      memory.close();
      throw error;
    }
    nameMemory(this.#view.buffer, latestLabel(name));
    this.parts = partsOf(this.#view.buffer, { name, length: wordsOf(layout.byteLength) });
  }

  /** Unmaps and closes the memory. */
  [Symbol.dispose](): void {
    this.#view.close();
    this.#memory.close();
  }
}

function mapChecked(name: string, memory: SharedMemory, layout: ValueLayout): MappedView {
  using stack = new DisposableStack();
  const view = stack.use(memory.map());
  const why = whyNot(view.bytes, layout);
  if (why !== undefined) {
    throw new Deno.errors.InvalidData(`Cannot open ${latestLabel(name)}: the memory is ${why}`);
  }
  stack.move();
  return view;
}

/** Returns why memory does not hold a latest value of a layout; `undefined` if it does. */
function whyNot(bytes: Uint8Array<ArrayBuffer>, layout: ValueLayout): string | undefined {
  const length = memoryLengthOf(layout);
  if (bytes.length < HEADER.byteLength) {
    return `not a latest value's, it has ${bytes.length} bytes`;
  }
  const found = HEADER.read(bytes);
  const expected = headerOf(layout);
  if (found.magic !== MAGIC) {
    return `not a latest value's, ${describeOther(found.magic)} (its magic is ${found.magic})`;
  }
  if (bytes.length < length) {
    return `of another layout, it has ${bytes.length} bytes and not ${length}`;
  }
  for (const name of ["version", "layoutHash", "valueLength", "slots"] as const) {
    if (found[name] === expected[name]) continue;
    return `of another layout, its ${name} is ${found[name]} and not ${expected[name]}`;
  }
}

function headerOf({ byteLength, layoutHash }: ValueLayout) {
  return { magic: MAGIC, version: VERSION, layoutHash, valueLength: byteLength, slots: SLOTS };
}
