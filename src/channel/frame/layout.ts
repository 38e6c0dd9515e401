/**
 * The layout of a latest frame's memory; the memory, mapped and checked; and its slots, which one
 * thread writes in place and any number of threads read in place.
 *
 * All of the memory is little-endian.
 *
 * | offset | content                                                                         |
 * | -----: | ------------------------------------------------------------------------------- |
 * |      0 | u32 magic, 0x464c4957 ("WILF")                                                  |
 * |      4 | u32 version, 1                                                                  |
 * |      8 | u32 the maximum length of a frame in bytes                                      |
 * |     12 | u32 the number of slots                                                         |
 * |     16 | u32 the number of readers' places                                               |
 * |     64 | the writer's place: u64 owner, u32 state (see ../peer/place.ts)                 |
 * |    128 | u32, u32: the readers' wake flags, one bit each;                                |
 * |        | u32, u32: a bit for each wake event that is taken (see ../peer/wake.ts)         |
 * |    256 | u32 the newest frame's slot, plus 1; 0 if no frame was published                |
 * |    512 | the readers' places, 128 bytes each: u64 owner, u32 state, u32 pin              |
 *
 * The slots follow the places, at the next multiple of 4096. A slot has a head of 4096 bytes, and
 * then the frame, which also takes a multiple of 4096:
 *
 * | offset | content                                                                         |
 * | -----: | ------------------------------------------------------------------------------- |
 * |      0 | u64 the number of the frame, from 1                                             |
 * |      8 | u32 the length of the frame in bytes                                            |
 * |     12 | u32 the length of its metadata in bytes                                         |
 * |     64 | the metadata                                                                    |
 * |   4096 | the bytes of the frame                                                          |
 *
 * The pin of a reader names the slot that the reader uses: its index plus 1, or 0. The writer never
 * writes to the newest slot, or to a slot that is pinned.
 *
 * | writer of a frame                             | reader                                       |
 * | --------------------------------------------- | -------------------------------------------- |
 * | 1. loads each pin once                        | 1. loads the newest slot, s                  |
 * | 2. chooses a slot s that is not the newest,   | 2. stores s as its pin                       |
 * |    and that no pin named                      | 3. loads the newest slot again: if it is not |
 * | 3. writes the frame and its head              |    s, it begins again                        |
 * | 4. stores s as the newest slot                | 4. reads the head and the frame in place     |
 * |                                               | 5. stores 0 as its pin                       |
 *
 * Head, metadata and frame are written and read by plain accesses. All other steps are `Atomics`
 * accesses, which have one order that all threads agree on, also on ARM64. Still no reader sees a
 * byte of a frame that is not the one in the head:
 *
 * Let the writer choose s. Before its step 1, it stored or loaded another slot as the newest one, or
 * no slot was the newest. It stores s as the newest slot only in step 4. So s is not the newest slot
 * from step 1 to step 4. Now consider step 3 of a reader that finds s there.
 *
 * Case 1: it comes after step 4 of the writer. Step 4 is a release, which step 3 of the reader
 * acquires. So all that the writer wrote in its step 3 is visible.
 *
 * Case 2: it comes before the writer's step 1. Then step 2 of the reader comes before it, too, and
 * the writer's step 1 finds the pin, or a later value. The pin would keep the writer from s. A later
 * value is stored in step 5 or after it. Step 5 is a release, which the writer's step 1 acquires. So
 * the reader has read everything before the writer writes.
 *
 * tests/channel/model/order_scenarios.ts checks both cases with the memory order of ARM64.
 *
 * This holds however often the slot was used between steps 1 and 3 of the reader: only the last
 * look counts. So the newest slot needs no number beside it.
 *
 * With at least two slots more than readers, a slot is always free: each pin that the writer loads
 * names one at most, and one is the newest. With fewer slots there can be none. Then the frame is
 * dropped. No end waits.
 *
 * Only the owner of a place stores its pin. So the pin of a reader that was killed stays until
 * another reader takes the place, and stores 0. If the writer finds no free slot, it looks whether
 * the owners of the pins have ended, and from then on ignores those pins for as long as the places
 * have these owners. It does not store 0 itself: another reader could have taken the place by then,
 * and pinned a slot. A reader that takes the place after that look does not see s as the newest slot
 * before the writer's step 4. So if it pins s before that, it begins again.
 *
 * A reader clears its pin before it leaves its place, or the next owner's pin would be cleared.
 *
 * A writer that dies leaves the newest frame whole. What it has written to another slot is seen by
 * nobody.
 *
 * @see {@link https://www.research.ibm.com/people/m/michael/ieeetpds-2004.pdf}
 * @see {@link https://tc39.es/ecma262/#sec-memory-model}
 * @module
 */

import { integerFrom, type OptionChecks } from "../../../ffi/arguments.ts";
import { assertSecurity, type Security } from "../../../ffi/security.ts";
import { privateBufferOf } from "../../memory/mapped_view.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import { struct } from "../../struct/mod.ts";
import type { Machine } from "../peer/machine.ts";
import { describeOther, labelFor, labelOf, MAGICS, nameMemory } from "../peer/memory.ts";
import type { HeaderWords, Place } from "../peer/place.ts";
import { WAKE_WORDS, WakeEvents } from "../peer/wake.ts";
import { MACHINE } from "../peer/windows.ts";

/** The first word of the memory. */
export const MAGIC: number = MAGICS.latestFrame;
/** The version of this layout. */
export const VERSION = 1;
/** Offset in bytes of the bits of the readers' wake events. */
export const WAKE_BITS_OFFSET = 128;
/** Index of the newest slot in the words of the header. It has its cache lines for itself. */
export const NEWEST = 64;
/** Offset in bytes of the readers' places. */
export const READERS_OFFSET = 512;
/** Length of a reader's place in bytes: two cache lines, which processors fetch in pairs. */
export const READER_LENGTH = 128;
/** Offset in bytes of the metadata in a slot. */
export const METADATA_OFFSET = 64;
/** The unit of the slots' parts in bytes: a page of memory. */
export const PAGE = 4096;
/** Maximum length of encoded metadata in bytes: the rest of a slot's first page. */
export const MAX_METADATA: number = PAGE - METADATA_OFFSET;
/** Maximum length of a frame in bytes. */
export const MAX_FRAME = 2 ** 30;
/** Maximum number of readers: as many as can wait for changes. */
export const MAX_READERS = 64;
/** Number of slots beside those that the readers pin: for the newest frame, and for the next. */
export const SPARE_SLOTS = 2;
const DEFAULT_READERS = 4;

/** The settings of a latest frame, which never change after its creation. */
export interface FrameSettings {
  /** Maximum length of a frame in bytes. */
  readonly byteLength: number;
  /** Number of slots. Each holds one frame. */
  readonly slots: number;
  /** Maximum number of readers that can be open at a time. */
  readonly maxReaders: number;
}

/** Options for a new latest frame. */
export interface LatestFrameOptions {
  /** Maximum length of a frame in bytes, from 1 to 2³⁰. */
  byteLength: number;
  /**
   * Number of slots, from 2 to 66. Each holds one frame. With two more than `maxReaders`, no frame
   * is ever dropped. With fewer, a frame is dropped if the readers hold all other slots.
   *
   * @default two more than `maxReaders`
   */
  slots?: number;
  /** Maximum number of readers that can be open at a time, from 1 to 64. @default 4 */
  maxReaders?: number;
  /**
   * Who can open the latest frame: `"user"`, which means this user and the system; `"everyone"` on
   * this machine; or a security descriptor in SDDL. `"everyone-full"` is for programs that ask for
   * all rights. With it, any program can deny all others the access.
   *
   * @default "user"
   */
  security?: Security;
}

/** The checks of {@linkcode LatestFrameOptions}. */
export const LATEST_FRAME_CHECKS: OptionChecks<LatestFrameOptions> = {
  byteLength: integerFrom(1, MAX_FRAME),
  slots: integerFrom(SPARE_SLOTS, MAX_READERS + SPARE_SLOTS),
  maxReaders: integerFrom(1, MAX_READERS),
  security: assertSecurity,
};

/** Fills in the defaults of a new latest frame's settings. */
export function settle({ byteLength, slots, maxReaders }: LatestFrameOptions): FrameSettings {
  const readers = maxReaders ?? DEFAULT_READERS;
  return { byteLength, slots: slots ?? readers + SPARE_SLOTS, maxReaders: readers };
}

/** The writer's place. */
export const WRITER: Place = { owner: 8, state: 18 };

/** The place of a reader, and its pin. */
export interface ReaderPlace extends Place {
  /** Index of the pin in the header's `words`. */
  readonly pin: number;
}

/** Returns the place of a reader in the header, by its index from 0. */
export function readerPlace(index: number): ReaderPlace {
  const word = (READERS_OFFSET + index * READER_LENGTH) / 4;
  return { owner: word / 2, state: word + 2, pin: word + 3 };
}

/** The sizes of slots, in bytes. */
export interface SlotSizes {
  /** The offset of the first slot in the memory. */
  readonly first: number;
  /** The length of a slot. */
  readonly stride: number;
  /** The offset of the frame in a slot. */
  readonly head: number;
}

/** Returns the sizes of the slots in the memory of a latest frame. */
export function slotSizesOf({ byteLength, maxReaders }: FrameSettings): SlotSizes {
  const first = toPages(READERS_OFFSET + maxReaders * READER_LENGTH);
  return { first, stride: PAGE + toPages(byteLength), head: PAGE };
}

/** Returns the size in bytes of the memory for a latest frame. */
export function memoryLengthOf(settings: FrameSettings): number {
  const { first, stride } = slotSizesOf(settings);
  return first + settings.slots * stride;
}

function toPages(byteLength: number): number {
  return Math.ceil(byteLength / PAGE) * PAGE;
}

/** Number of 32-bit words in the head of a slot. */
export const HEAD_WORDS = 4;

/** The head of a slot that has been checked. */
export interface FrameHead {
  /** The number of the frame, at least 1. */
  readonly number: number;
  /** The length of the frame in bytes. */
  readonly length: number;
  /** The length of the metadata in bytes. */
  readonly metadataLength: number;
}

/** Where a latest frame's slots are. */
export interface FrameSlotsOptions {
  /** The memory. No script can transfer this buffer away. */
  readonly buffer: ArrayBuffer;
  /** The same memory, for the arrays that scripts get. */
  readonly shown: ArrayBuffer;
  readonly settings: FrameSettings;
  readonly sizes: SlotSizes;
}

/** The slots of a latest frame. Everything that peers write is checked here. */
export class FrameSlots {
  readonly settings: FrameSettings;
  /** The header in words of two sizes. */
  readonly header: HeaderWords;
  readonly #heads: readonly Int32Array<ArrayBuffer>[];
  readonly #metadata: readonly Uint8Array<ArrayBuffer>[];
  readonly #frames: readonly Uint8Array<ArrayBuffer>[];

  constructor({ buffer, shown, settings, sizes: { first, stride, head } }: FrameSlotsOptions) {
    const { slots, byteLength } = settings;
    const all = <T>(make: (offset: number) => T): T[] =>
      Array.from({ length: slots }, (_, slot) => make(first + slot * stride));
    this.settings = settings;
    this.header = {
      words: new Int32Array(buffer, 0, first / 4),
      owners: new BigUint64Array(buffer, 0, first / 8),
    };
    const longest = head - METADATA_OFFSET;
    this.#heads = all((offset) => new Int32Array(buffer, offset, HEAD_WORDS));
    this.#metadata = all((offset) => new Uint8Array(buffer, offset + METADATA_OFFSET, longest));
    this.#frames = all((offset) => new Uint8Array(shown, offset + head, byteLength));
  }

  /**
   * The newest slot; below 0 if no frame was published.
   *
   * @throws {Deno.errors.InvalidData} If the memory names a slot that it does not have.
   */
  get newest(): number {
    const slot = Atomics.load(this.header.words, NEWEST) - 1;
    if (slot >= this.settings.slots || slot < -1) throw this.#corrupt(`it has no slot ${slot}`);
    return slot;
  }

  /**
   * The number of the newest frame, or of one that was the newest a moment ago; 0 if there is none.
   *
   * @throws {Deno.errors.InvalidData} If the memory names a slot that it does not have.
   */
  get newestNumber(): number {
    const slot = this.newest;
    return slot < 0 ? 0 : numberIn(this.#heads[slot]!);
  }

  /**
   * Reads the head of a slot that is pinned or that this thread writes.
   *
   * @throws {Deno.errors.InvalidData} If it is no head of a frame.
   */
  readHead(slot: number): FrameHead {
    const words = this.#heads[slot]!;
    // Each word is loaded once, because a hostile peer can change it after the check.
    const [number, length, metadataLength] = [numberIn(words), words[2]! >>> 0, words[3]! >>> 0];
    if (number < 1 || number >= Number.MAX_SAFE_INTEGER) {
      throw this.#corrupt(`a frame has the number ${number}`);
    }
    if (length > this.settings.byteLength) throw this.#corrupt(`a frame has ${length} bytes`);
    if (metadataLength > this.#metadata[slot]!.length) {
      throw this.#corrupt(`the metadata of a frame has ${metadataLength} bytes`);
    }
    return { number, length, metadataLength };
  }

  /** Writes the head of a slot: the words of {@linkcode headWords}. */
  writeHead(slot: number, words: Int32Array): void {
    this.#heads[slot]!.set(words);
  }

  /** Returns the bytes for metadata in a slot. */
  metadataOf(slot: number): Uint8Array<ArrayBuffer> {
    return this.#metadata[slot]!;
  }

  /**
   * Returns the bytes for the frame in a slot, always the same array.
   *
   * @throws {Deno.errors.Busy} If a script has transferred their buffer away.
   */
  bytesOf(slot: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#frames[slot]!;
    if (bytes.length > 0) return bytes;
    throw new Deno.errors.Busy(
      `Cannot use the frames of the ${this.#label} in place: their ArrayBuffer was transferred ` +
        "away. Transfer a copy instead (bytes.slice())",
    );
  }

  get #label(): string {
    return labelOf(this.header.words.buffer);
  }

  #corrupt(what: string): Deno.errors.InvalidData {
    return new Deno.errors.InvalidData(`The memory of the ${this.#label} is corrupt: ${what}`);
  }
}

/** Encodes the head of a slot into words. */
export function headWords(words: Int32Array, { number, length, metadataLength }: FrameHead): void {
  words[0] = number;
  words[1] = number / 2 ** 32;
  words[2] = length;
  words[3] = metadataLength;
}

function numberIn(words: Int32Array): number {
  return (words[0]! >>> 0) + (words[1]! >>> 0) * 2 ** 32;
}

/** The parts of a latest frame's memory. */
export interface FrameParts {
  readonly slots: FrameSlots;
  /** The wake events of all readers. */
  readonly wakeEvents: WakeEvents;
  /** The machine that the readers and the writer run on. */
  readonly machine: Machine;
}

const HEADER = struct({
  magic: "u32",
  version: "u32",
  byteLength: "u32",
  slots: "u32",
  maxReaders: "u32",
});

/** Returns the label of a latest frame in error messages. */
export function frameLabel(name: string): string {
  return labelFor("latest frame", name);
}

/** Writes the header of a new latest frame. */
export function writeHeader(view: MappedView, settings: FrameSettings): void {
  HEADER.write(view.bytes, { magic: MAGIC, version: VERSION, ...settings });
}

/**
 * Reads and checks the header of a latest frame.
 *
 * @throws {Deno.errors.InvalidData} If the memory does not hold a latest frame of this version.
 */
export function readHeader(bytes: Uint8Array<ArrayBuffer>, label: string): FrameSettings {
  const not = (why: string) =>
    new Deno.errors.InvalidData(
      `Cannot open ${label}: the memory is not a latest frame's, ${why}`,
    );
  if (bytes.length < HEADER.byteLength) throw not(`it has ${bytes.length} bytes`);
  const { magic } = HEADER.read(bytes);
  if (magic !== MAGIC) throw not(describeOther(magic));
  const settings = settingsIn(bytes, bytes.length);
  if (typeof settings === "string") throw not(settings);
  return settings;
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
): FrameSettings | string {
  const { version, byteLength: most, slots, maxReaders } = HEADER.read(bytes);
  if (version !== VERSION) return `it is of version ${version}`;
  const settings = { byteLength: most, slots, maxReaders };
  const isPossible = most >= 1 && most <= MAX_FRAME &&
    slots >= SPARE_SLOTS && slots <= MAX_READERS + SPARE_SLOTS &&
    maxReaders >= 1 && maxReaders <= MAX_READERS && memoryLengthOf(settings) <= byteLength;
  return isPossible ? settings : "its header contradicts itself";
}

/** The memory of a latest frame, mapped. */
export class FrameMemory implements Disposable {
  readonly settings: FrameSettings;
  readonly parts: FrameParts;
  readonly #memory: SharedMemory;
  readonly #view: MappedView;

  /**
   * Maps a memory and checks its header. From now on this object owns the memory.
   *
   * @throws {Deno.errors.InvalidData} If the memory does not hold a latest frame.
   */
  constructor(name: string, memory: SharedMemory) {
    using stack = new DisposableStack();
    stack.use(memory);
    const view = stack.use(memory.map());
    const label = frameLabel(name);
    const settings = readHeader(view.bytes, label);
    const [buffer, shown] = [privateBufferOf(view), view.buffer];
    for (const each of [buffer, shown]) nameMemory(each, label);
    const bits = new Int32Array(buffer, WAKE_BITS_OFFSET, WAKE_WORDS);
    this.parts = {
      slots: new FrameSlots({ buffer, shown, settings, sizes: slotSizesOf(settings) }),
      wakeEvents: new WakeEvents(bits, name),
      machine: MACHINE,
    };
    this.settings = settings;
    this.#memory = memory;
    this.#view = view;
    stack.move();
  }

  /** Unmaps and closes the memory. */
  [Symbol.dispose](): void {
    // Runs from the last line to the first, also if one of them throws.
    using stack = new DisposableStack();
    stack.use(this.#memory);
    stack.use(this.#view);
  }
}
