/**
 * The layout of a latest value's memory; the memory, mapped and checked; and its slots, which one
 * thread writes and any number of threads read.
 *
 * All of the memory is little-endian.
 *
 * | offset | content                                                                         |
 * | -----: | ------------------------------------------------------------------------------- |
 * |      0 | u32 magic, 0x564c4957 ("WILV")                                                  |
 * |      4 | u32 version, 3                                                                  |
 * |      8 | u64 hash of the layout                                                          |
 * |     16 | u32 the value's length in bytes                                                 |
 * |     20 | u32 the number of slots, 4                                                      |
 * |     24 | u32 the length of the layout's description in bytes                             |
 * |     64 | the writer's place: u64 owner, u32 state (see ../peer/place.ts)                 |
 * |    128 | u32, u32: the readers' wake flags, one bit each;                                |
 * |        | u32, u32: a bit for each wake event that is taken (see ../peer/wake.ts)         |
 * |    256 | u32 the number of the newest value; 0 if none was written                       |
 * |    384 | the slots, each a u32 number and the value, in multiples of 128 bytes           |
 *
 * The description of the layout (see ../../struct/description.ts) follows the slots.
 *
 * The value with number n is in slot n mod 4. The wake event with bit 5 has the name
 * `NAME.reader.5`.
 *
 * The writer puts each value into the next slot, and then stores its number as the newest one. So a
 * reader has time to copy the newest slot before the writer uses that slot again. The number in the
 * slot shows the reader whether the writer did so; then the reader tries again. Neither end waits.
 *
 * | writer of the value n                        | reader                                      |
 * | -------------------------------------------- | ------------------------------------------- |
 * | 1. makes sure that the number of slot n is 0 | 1. loads the newest number, n               |
 * | 2. writes the value into slot n              | 2. copies the value from slot n             |
 * | 3. stores 0 as the number of slot n + 1      | 3. fence                                    |
 * | 4. stores n as the number of slot n          | 4. loads the number of slot n: if it is n,  |
 * | 5. stores n as the newest number             |    the copy is whole                        |
 * | 6. fence                                     |                                             |
 *
 * The value is written and copied by plain accesses, many bytes at once. Only step 5 of the writer
 * and steps 1 and 4 of the reader are `Atomics` accesses. Still no copy of the value n is torn,
 * also on ARM64:
 *
 * Case 1: the copy has a byte of a later value in the same slot, which is n + 4 or later. The writer
 * wrote this byte after it had stored 0 as the number of the slot, in step 3 of the value before.
 * Between the two are its step 5, a release, and its fence. So the 0 was stored before the byte. By
 * the reader's fence, the number is loaded after the byte. The reader finds 0 or a later number,
 * and tries again.
 *
 * Case 2: the copy has a byte that was there before the value n. Then step 2 of the value n was not
 * done when the reader copied. But step 5 is a release, which step 1 of the reader acquires.
 *
 * The writer's fence orders its step 5 and the look at the wake flags, too. On x64 the store of
 * step 5 is an XCHG, and needs no other fence. All stores before it are done before those after it,
 * also those of a long copy, which can be out of order among themselves.
 *
 * tests/channel/model/order_scenarios.ts checks both cases with the memory order of ARM64.
 *
 * In new memory all numbers are 0. Step 1 finds another number only after a writer that was killed
 * between two steps, or that does step 3 later. Then it stores 0, with a fence.
 *
 * A writer that dies while it writes leaves slots without a number. The newest value stays whole.
 *
 * @see {@link https://tc39.es/ecma262/#sec-memory-model}
 * @see {@link https://www.hpl.hp.com/techreports/2012/HPL-2012-68.pdf}
 * @module
 */

import {
  afterStore,
  describeOther,
  fence,
  labelFor,
  labelOf,
  loadFence,
  MAGICS,
  nameMemory,
  wordsOf,
} from "../peer/memory.ts";
import type { HeaderWords, Place } from "../peer/place.ts";
import type { Machine } from "../peer/machine.ts";
import { MACHINE } from "../peer/windows.ts";
import { WAKE_WORDS, WakeEvents } from "../peer/wake.ts";
import type { OptionChecks } from "../../../ffi/arguments.ts";
import { assertSecurity, type Security } from "../../../ffi/security.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import { assertLayout, type ValueLayout } from "../../struct/consistent.ts";
import {
  assertDescribable,
  checkDescription,
  descriptionLengthOf,
  type DescriptionPlace,
  writeDescription,
} from "../../struct/description.ts";
import { struct } from "../../struct/mod.ts";

/**
 * Number of slots, a power of 2. A reader can copy a slot while the writer writes the other three.
 */
export const SLOTS = 4;
/** Index of the newest number in 32-bit words. It has its cache lines for itself. */
const NEWEST = 0;
/** Length of two cache lines in 32-bit words: processors fetch cache lines of 64 bytes in pairs. */
const LINE = 32;
/** Maximum attempts to copy a value: a fast or hostile writer must not keep a reader in a loop. */
const MAX_TRIES = 10_000;

/** The newest number and the slots of a value. */
export class LatestSlots {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #stride: number;
  /** The value of each slot: `set()` of a whole array is faster than `set()` of a part. */
  readonly #values: readonly Int32Array<ArrayBuffer>[];

  /**
   * Uses memory, which is zero at first, for slots.
   *
   * @param byteOffset Offset of the newest number in bytes, a multiple of 128.
   * @param length The value's length in 32-bit words.
   */
  constructor(buffer: ArrayBuffer, byteOffset: number, length: number) {
    this.#words = new Int32Array(buffer, byteOffset, LatestSlots.byteLengthOf(length) / 4);
    this.#stride = strideOf(length);
    this.#values = Array.from({ length: SLOTS }, (_, slot) => {
      return new Int32Array(buffer, byteOffset + (this.#slotOf(slot) + 1) * 4, length);
    });
  }

  /** Returns the size of the slots in bytes, for a value of `length` 32-bit words. */
  static byteLengthOf(length: number): number {
    return (LINE + SLOTS * strideOf(length)) * 4;
  }

  /** The number of the newest value; 0 if none was written. */
  get newest(): number {
    return Atomics.load(this.#words, NEWEST);
  }

  /**
   * Publishes a new value. Only one thread can do so at a time.
   *
   * @param value As many words as the slots are for.
   */
  publish(value: Int32Array): void {
    const words = this.#words;
    // Only this thread writes it.
    const number = after(words[NEWEST]!);
    const slot = this.#slotOf(number);
    if (words[slot] !== 0) this.#clear(slot);
    this.#values[number & (SLOTS - 1)]!.set(value);
    words[this.#slotOf(after(number))] = 0;
    words[slot] = number;
    Atomics.store(words, NEWEST, number);
    afterStore();
  }

  /**
   * Copies the newest value into `target`.
   *
   * @returns The value's number; 0 if none was written.
   * @throws {Deno.errors.Busy} If the writer overwrote the value in each of 10,000 attempts.
   */
  copy(target: Int32Array): number {
    const words = this.#words;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const number = Atomics.load(words, NEWEST);
      if (number === 0) return 0;
      const slot = this.#slotOf(number);
      // Saves a copy that the second look would discard.
      if (words[slot] !== number) continue;
      target.set(this.#values[number & (SLOTS - 1)]!);
      loadFence();
      if (Atomics.load(words, slot) === number) return number;
    }
    throw new Deno.errors.Busy(
      `Cannot read the newest value of the ${labelOf(words.buffer)}: it was overwritten in each ` +
        `of ${MAX_TRIES} attempts`,
    );
  }

  /** Removes the number of a slot, before a later store can be seen. */
  #clear(slot: number): void {
    Atomics.store(this.#words, slot, 0);
    fence();
  }

  #slotOf(number: number): number {
    return LINE + (number & (SLOTS - 1)) * this.#stride;
  }
}

/** Returns the next number. It is never 0, which means that no value was written. */
function after(number: number): number {
  return (number + 1 | 0) || 1;
}

/** Returns the length of a slot in 32-bit words. Two slots never share a cache line. */
function strideOf(length: number): number {
  return Math.ceil((1 + length) / LINE) * LINE;
}

/** The first word of the memory. */
export const MAGIC: number = MAGICS.latestValue;
/** The version of this layout. Version 2 had no description; in version 1 the writer had no place. */
export const VERSION = 3;
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
  textLength: "u32",
});

/** Returns the label of a latest value in error messages. */
export function latestLabel(name: string): string {
  return labelFor("latest value", name);
}

/**
 * Throws unless a value is a layout for a latest value.
 *
 * @throws {TypeError} If the value is no layout, or has locks.
 * @throws {RangeError} If its description is too long.
 */
export function assertValueLayout(what: string, value: unknown): asserts value is ValueLayout {
  assertLayout(what, value);
  assertDescribable(what, value);
}

/** Returns the size in bytes of the memory for values of a layout. */
export function memoryLengthOf(layout: ValueLayout): number {
  return placeOfText(layout.byteLength).text + descriptionLengthOf(layout);
}

/** Returns the offsets of the description of a layout, for values of `byteLength` bytes. */
export function placeOfText(byteLength: number): DescriptionPlace {
  return {
    hash: HEADER.offsetOf("layoutHash"),
    length: HEADER.offsetOf("textLength"),
    text: memoryLengthFor(wordsOf(byteLength)),
  };
}

/** Writes the header and the description of a new latest value. */
export function writeHeader(view: MappedView, layout: ValueLayout): void {
  const { byteLength: valueLength } = layout;
  HEADER.write(view.bytes, { magic: MAGIC, version: VERSION, valueLength, slots: SLOTS });
  writeDescription(view.buffer, placeOfText(valueLength), layout);
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
  const label = latestLabel(name);
  const why = whyNot(view.bytes);
  if (why !== undefined) {
    throw new Deno.errors.InvalidData(`Cannot open ${label}: the memory is ${why}`);
  }
  const { valueLength } = HEADER.read(view.bytes);
  checkDescription(view.buffer, placeOfText(valueLength), { label, of: "values", layout });
  if (valueLength !== layout.byteLength) {
    throw new Deno.errors.InvalidData(
      `The memory of the ${label} is corrupt: its values have ${valueLength} bytes, and those of ` +
        `its layout ${layout.byteLength}`,
    );
  }
  stack.move();
  return view;
}

/** The settings of a latest value, which never change after its creation. */
export interface LatestSettings {
  /** The value's length in bytes. */
  readonly valueLength: number;
}

/**
 * Checks the settings in a header.
 *
 * @param bytes The bytes of the header, or a copy of them.
 * @param byteLength The size of the memory in bytes.
 * @returns The settings, or the reason why there are none, as a clause: "it is of version 9".
 */
export function settingsIn(
  bytes: Uint8Array<ArrayBuffer>,
  byteLength: number,
): LatestSettings | string {
  const { version, slots, valueLength } = HEADER.read(bytes);
  if (version !== VERSION) return `it is of version ${version}`;
  const isPossible = slots === SLOTS && valueLength <= byteLength &&
    placeOfText(valueLength).text <= byteLength;
  return isPossible ? { valueLength } : "its header contradicts itself";
}

/** Returns why memory does not hold a latest value of this version; `undefined` if it does. */
function whyNot(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  if (bytes.length < HEADER.byteLength) {
    return `not a latest value's, it has ${bytes.length} bytes`;
  }
  const { magic, version, slots } = HEADER.read(bytes);
  if (magic !== MAGIC) {
    return `not a latest value's, ${describeOther(magic)} (its magic is ${magic})`;
  }
  if (version !== VERSION) return `of version ${version}, and this module uses ${VERSION}`;
  return slots === SLOTS ? undefined : `not a latest value's, it has ${slots} slots`;
}
