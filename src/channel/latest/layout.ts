/**
 * Where each word of a latest value's memory is; its slots, which one thread writes and any number read;
 * and the memory, mapped and checked.
 *
 * All of the memory is little-endian.
 *
 * | at  | what                                                                               |
 * | --- | ---------------------------------------------------------------------------------- |
 * | 0   | u32 0x564c4957, the letters WILV; u32 version, 2; u64 hash of the layout;          |
 * |     | u32 the value's length in bytes; u32 how many slots there are                      |
 * | 64  | the writer's place: u64 owner, u32 state (see ../peer/place.ts)                    |
 * | 128 | u32, u32: a bit for each reader that sleeps; the writer takes them, and sets the   |
 * |     | readers' events; u32, u32: a bit for each reader that has a wake event             |
 * | 256 | u32 the number of the newest value, 0 for none; from 384 on the slots, each a u32  |
 * |     | number and the value, in multiples of 128 bytes                                    |
 *
 * The value with number n is in slot n mod 4. A reader that sleeps has made the event `NAME.reader.BIT`.
 *
 * The writer puts each value into the slot after that of the last one, and then says, in one word, that
 * this is the newest. So a reader has time to copy the newest slot until the writer comes round to it
 * again. By the number in the slot the reader sees whether that happened, and begins anew. Nobody waits.
 *
 * Why it is sound on ARM64 as well: every access to what both sides touch is an `Atomics` one, word by
 * word, and those are sequentially consistent. Each thread's are seen by the others in the order in
 * which it makes them. The writer takes the number out of the slot, writes the words, puts the new
 * number in, and then the newest number. A reader that finds the same number in the slot before and
 * after it read the words cannot have read a word that was written in between, for the number was taken
 * out before that word was written. With plain accesses ARM64 may put a word's write before that, or a
 * word's read after the second look (a "seqlock" in C has fences for it, which JavaScript lacks).
 *
 * A writer that dies in the middle leaves a slot without a number; the newest one is whole.
 *
 * @see {@link https://tc39.es/ecma262/#sec-memory-model}
 * @see {@link https://www.hpl.hp.com/techreports/2012/HPL-2012-68.pdf}
 * @module
 */

import { describeOther, labelFor, labelOf, MAGICS, nameMemory } from "../peer/memory.ts";
import type { HeaderWords, Place } from "../peer/place.ts";
import type { Machine } from "../peer/machine.ts";
import { MACHINE } from "../peer/windows.ts";
import { WAKE_WORDS, WakeEvents } from "../peer/wake.ts";
import { assertObject, type OptionChecks, show } from "../../../ffi/arguments.ts";
import { assertSecurity, type Security } from "../../../ffi/security.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import { struct } from "../../struct/mod.ts";

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

/** How many slots there are: a power of 2. A reader has as long as it takes to write all but one. */
export const SLOTS = 4;
/** Where the newest number is, in 32-bit words from the beginning; alone on its cache lines. */
const NEWEST = 0;
/** Words that are never on one cache line with others. */
const LINE = 32;
/** How often a reader begins anew before it gives up. */
const MAX_TRIES = 10_000;

/** The slots of a value. */
export class LatestSlots {
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #length: number;
  readonly #stride: number;

  /**
   * Lays slots over memory that is zero at first.
   *
   * @param byteOffset Where in it they begin, a multiple of 128.
   * @param length How long the value is, in 32-bit words.
   */
  constructor(buffer: ArrayBuffer, byteOffset: number, length: number) {
    this.#words = new Int32Array(buffer, byteOffset, LatestSlots.byteLengthOf(length) / 4);
    this.#length = length;
    this.#stride = strideOf(length);
  }

  /** How much memory slots take, in bytes, for a value of so many 32-bit words. */
  static byteLengthOf(length: number): number {
    return (LINE + SLOTS * strideOf(length)) * 4;
  }

  /** The number of the newest value; 0 if there is none yet. */
  get newest(): number {
    return Atomics.load(this.#words, NEWEST);
  }

  /**
   * Puts a new value in place of the newest; for one thread only.
   */
  publish(value: Int32Array): void {
    const words = this.#words;
    const number = after(Atomics.load(words, NEWEST));
    const slot = this.#slotOf(number);
    Atomics.store(words, slot, 0);
    for (let i = 0; i < this.#length; i++) Atomics.store(words, slot + 1 + i, value[i]!);
    Atomics.store(words, slot, number);
    Atomics.store(words, NEWEST, number);
  }

  /**
   * Copies the newest value out.
   *
   * @returns Its number; 0 if there is none yet.
   * @throws {Deno.errors.Busy} If the writer came round each time before this was done.
   */
  copy(target: Int32Array): number {
    const words = this.#words;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const number = Atomics.load(words, NEWEST);
      if (number === 0) return 0;
      const slot = this.#slotOf(number);
      if (Atomics.load(words, slot) !== number) continue;
      for (let i = 0; i < this.#length; i++) target[i] = Atomics.load(words, slot + 1 + i);
      if (Atomics.load(words, slot) === number) return number;
    }
    throw new Deno.errors.Busy(
      `Cannot read the newest value of the ${labelOf(words.buffer)}: ${MAX_TRIES} times it was ` +
        "written over meanwhile",
    );
  }

  #slotOf(number: number): number {
    return LINE + (number & (SLOTS - 1)) * this.#stride;
  }
}

/** The number after another; never 0, which stands for none. */
function after(number: number): number {
  return (number + 1 | 0) || 1;
}

/** A slot's number and the value, on cache lines of their own, in words. */
function strideOf(length: number): number {
  return Math.ceil((1 + length) / LINE) * LINE;
}

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
   * Who may open it: `"user"`, this user and the system; `"everyone"` on the machine; or a descriptor in
   * SDDL. (`"everyone-full"`, for programs that ask for all rights, lets any program shut out all others.)
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

/** How messages call a latest value. */
export function latestLabel(name: string): string {
  return labelFor("latest value", name);
}

/**
 * Throws unless a value is a layout.
 *
 * @param what What the value is, for the message: `"layout"`.
 */
export function assertLayout(what: string, value: unknown): asserts value is ValueLayout {
  assertObject(what, value);
  const isLayout = "layoutHash" in value && typeof value.layoutHash === "bigint" &&
    "byteLength" in value && typeof value.byteLength === "number";
  if (!isLayout) {
    throw new TypeError(
      `Expected ${what} to be what struct() or union() gives, got ${show(value)}`,
    );
  }
}

/** How much memory a value takes, in bytes. */
export function memoryLengthOf({ byteLength }: ValueLayout): number {
  return memoryLengthFor(wordsOf(byteLength));
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
  /** What is in it. */
  readonly parts: LatestParts;
  readonly #memory: SharedMemory;
  readonly #view: MappedView;

  /**
   * Takes a memory over.
   *
   * @param layout What it should be of.
   * @throws {Deno.errors.InvalidData} If it is of something else.
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

  /** Lets go of it. */
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

/** Says what memory is that is not a latest value's of a layout. */
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
    return `not one of this layout, it has ${bytes.length} bytes and not ${length}`;
  }
  for (const name of ["version", "layoutHash", "valueLength", "slots"] as const) {
    if (found[name] === expected[name]) continue;
    return `not one of this layout, its ${name} is ${found[name]} and not ${expected[name]}`;
  }
}

function headerOf({ byteLength, layoutHash }: ValueLayout) {
  return { magic: MAGIC, version: VERSION, layoutHash, valueLength: byteLength, slots: SLOTS };
}
