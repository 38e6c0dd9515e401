/**
 * The layout of a broadcast ring's memory.
 *
 * All of the memory is little-endian. The header is its first 2048 bytes:
 *
 * | offset | content                                                                     |
 * | -----: | --------------------------------------------------------------------------- |
 * |      0 | u32 magic, 0x42524957 ("WIRB"); written last: the ring is ready             |
 * |      4 | u32 version, 3; version 2 had no layout of messages, and version 1 no bits  |
 * |        | of wake events                                                              |
 * |      8 | u32 capacity of the ring in bytes, a power of two                           |
 * |     12 | u32 maximum length of a message in bytes                                    |
 * |     16 | 16 random bytes, used in the names of the receivers' wake events            |
 * |     32 | u32 the prefix of these names: 0 for `Local\`, 1 for `Global\`              |
 * |     48 | u64 hash of the layout of messages; 0 without a layout                      |
 * |     56 | u32 the length of its description in bytes; 0 without a layout              |
 * |    128 | u64 newest: the position of the newest record that is published             |
 * |    256 | u64 announced: the sender writes only before this position                  |
 * |    384 | u32 committed: the position of the newest record that is committed, its     |
 * |        | lower half; it counts only after the sender's death                         |
 * |    512 | u32, u32: the receivers' wake flags, one bit each;                          |
 * |        | u32, u32: a bit for each wake event that is taken                           |
 * |    640 | the sender's place: u64 owner, u32 state, as in a channel                   |
 * |   2048 | the ring                                                                    |
 *
 * The description of the layout (see ../../struct/description.ts) follows the ring.
 *
 * The wake event with bit 5 has the name `Local\winipc.RANDOM.reader.5`, where RANDOM is the 16
 * random bytes in hexadecimal.
 *
 * A position counts units of 16 bytes since the ring was made. Positions and the numbers of
 * messages end before 2⁵³, which no ring reaches in practice; a sender then refuses to send. A
 * position modulo the capacity (in units) is an offset in the ring. Each record begins at a
 * position. It has a head of 16 bytes, and then its message:
 *
 * - `i32 length`: the length of the record with its head, in bytes
 * - `i32 kind`: 1 for a message, 2 for padding up to the ring's end
 * - `u64 number`: the number of the message
 *
 * The first message has number 1. A new ring holds an empty message with number 0, after which the
 * first sender and the first receivers begin.
 *
 * Each word that changes all the time has 128 bytes for itself: processors fetch cache lines of 64
 * bytes in pairs.
 *
 * @module
 */

import {
  describeOther,
  isPossibleSize,
  labelOf,
  MAGICS,
  MIN_CAPACITY,
  type RingSize,
} from "../peer/memory.ts";
import type { HeaderWords, Place } from "../peer/place.ts";
import {
  type DescribedLayout,
  descriptionLengthOf,
  type DescriptionPlace,
  writeDescription,
} from "../../struct/description.ts";

/** Length of the header in bytes; the ring follows it. */
export const HEADER_LENGTH = 2048;
/** The unit of positions in bytes, and the length of a record's head. */
export const UNIT = 16;

/** Words of the header, by their index in an `Int32Array`. */
export const WORD = {
  magic: 0,
  version: 1,
  capacity: 2,
  maxMessageLength: 3,
  scope: 8,
  committed: 96,
} as const;

/** Positions in the header, by their index in a `BigUint64Array`. */
export const POSITION = { newest: 16, announced: 32 } as const;

/** Offset in bytes of the bits of the receivers' wake events. */
export const WAKE_BITS_OFFSET = 512;

/** Offset and number of the random bytes. */
const RANDOM = { offset: 16, length: 16 } as const;

/** The sender's place. */
export const SENDER: Place = { owner: 80, state: 162 };

/** Kinds of record. */
export const RECORD_KIND = { message: 1, padding: 2 } as const;

export const MAGIC: number = MAGICS.broadcastRing;
export const VERSION = 3;
const SCOPES = ["Local", "Global"] as const;

/** The settings of a broadcast ring, which never change after its creation. */
export type BroadcastSettings = RingSize;

/**
 * Returns the maximum length of a message in bytes: an eighth of the ring, so that a receiver has
 * time to read a message before the sender overwrites it.
 *
 * @param capacity The capacity of the ring in bytes.
 */
export function longestMessage(capacity: number): number {
  return capacity / 8 - UNIT;
}

/** Returns the header as words. */
export function headerWordsOf(buffer: ArrayBuffer): HeaderWords {
  return {
    words: new Int32Array(buffer, 0, HEADER_LENGTH / 4),
    owners: new BigUint64Array(buffer, 0, HEADER_LENGTH / 8),
  };
}

/** Returns the size of a ring's memory in bytes. */
export function memoryLengthOf(capacity: number, layout: DescribedLayout | undefined): number {
  return HEADER_LENGTH + capacity + descriptionLengthOf(layout);
}

/** Returns the offsets of the description of the messages' layout. */
export function descriptionPlaceIn({ capacity }: BroadcastSettings): DescriptionPlace {
  return { hash: 48, length: 56, text: HEADER_LENGTH + capacity };
}

/** The parts of a new ring's header beside its settings. */
export interface HeaderOptions {
  /** The full name of the ring, if it has one. */
  readonly name?: string | undefined;
  /** The layout of the messages, if they have one. */
  readonly layout?: DescribedLayout | undefined;
}

/** Writes the header and the first record of a new ring into memory that is all zero. */
export function writeHeader(
  buffer: ArrayBuffer,
  settings: BroadcastSettings,
  { name, layout }: HeaderOptions = {},
): void {
  const { capacity, maxMessageLength } = settings;
  const words = new Int32Array(buffer, 0, HEADER_LENGTH / 4 + 2);
  words[WORD.version] = VERSION;
  words[WORD.capacity] = capacity;
  words[WORD.maxMessageLength] = maxMessageLength;
  words[WORD.scope] = name?.startsWith("Global\\") ? 1 : 0;
  crypto.getRandomValues(new Uint8Array(buffer, RANDOM.offset, RANDOM.length));
  Atomics.store(new BigUint64Array(buffer, 0, HEADER_LENGTH / 8), POSITION.announced, 1n);
  words[HEADER_LENGTH / 4] = UNIT;
  words[HEADER_LENGTH / 4 + 1] = RECORD_KIND.message;
  writeDescription(buffer, descriptionPlaceIn(settings), layout);
  Atomics.store(words, WORD.magic, MAGIC);
}

/**
 * Reads and checks the header of a ring.
 *
 * @returns `undefined` if the creator of the memory has not written the header yet.
 * @throws {Deno.errors.InvalidData} If the memory does not hold a broadcast ring of this version.
 */
export function readHeader(buffer: ArrayBuffer): BroadcastSettings | undefined {
  const notARing = (why: string) => notTheMemoryOfARing(labelOf(buffer), why);
  if (buffer.byteLength < HEADER_LENGTH + MIN_CAPACITY) {
    throw notARing(`it has only ${buffer.byteLength} bytes`);
  }
  const words = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
  const magic = Atomics.load(words, WORD.magic);
  if (magic === 0) return undefined;
  if (magic !== MAGIC) throw notARing(describeOther(magic));
  const settings = settingsIn(words, buffer.byteLength);
  if (typeof settings === "string") throw notARing(settings);
  return settings;
}

/**
 * Checks the settings in a complete header.
 *
 * @param words The words of the header, or a copy of them.
 * @param byteLength The size of the memory in bytes.
 * @returns The settings, or the reason why there are none, as a clause: "it is of version 9".
 */
export function settingsIn(words: Int32Array, byteLength: number): BroadcastSettings | string {
  const word = (index: number) => words[index]! >>> 0;
  const version = word(WORD.version);
  if (version !== VERSION) return `it is of version ${version}`;
  const size = { capacity: word(WORD.capacity), maxMessageLength: word(WORD.maxMessageLength) };
  const isPossible = isPossibleSize(size, byteLength - HEADER_LENGTH, longestMessage);
  return isPossible ? size : "its header contradicts itself";
}

/** Returns the prefix of the names of the receivers' wake events. */
export function eventNameOf(buffer: ArrayBuffer): string {
  const scope = SCOPES[new Int32Array(buffer)[WORD.scope]!] ?? SCOPES[0];
  return `${scope}\\winipc.${new Uint8Array(buffer, RANDOM.offset, RANDOM.length).toHex()}`;
}

/**
 * Reads a position of the header.
 *
 * @throws {Deno.errors.InvalidData} If it is not less than 2⁵³.
 */
export function readPosition(positions: BigUint64Array, index: number): number {
  const position = Number(Atomics.load(positions, index));
  if (position > Number.MAX_SAFE_INTEGER) {
    throw corrupt(positions.buffer, `its position ${position} is not less than 2⁵³`);
  }
  return position;
}

/** Returns the error for a ring whose memory is corrupt. */
export function corrupt(buffer: ArrayBufferLike, what: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(
    `The memory of the ${labelOf(buffer)} is corrupt: ${what}`,
  );
}

function notTheMemoryOfARing(label: string, why: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(
    `Cannot open ${label}: the memory is not a broadcast ring's, ${why}`,
  );
}
