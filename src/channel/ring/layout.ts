/**
 * The header of a channel: the first 2048 bytes of its memory. All words are little-endian.
 *
 * | offset | what                                                                        |
 * | -----: | --------------------------------------------------------------------------- |
 * |      0 | u32 magic, 0x43524957 ("WIRC"); stored last, when the header is complete    |
 * |      4 | u32 version, 2                                                              |
 * |      8 | u32 layout: 1 for one sender, 2 for up to 64 senders; one receiver in both  |
 * |     12 | u32 capacity of the ring in bytes, a power of two                           |
 * |     16 | u32 maximum length of a message in bytes                                    |
 * |     20 | u32 action when the ring is full: 0 wait, 1 fail, 2 drop the message        |
 * |     24 | u32 after the last of many senders: 0 the channel ends, 1 it goes on        |
 * |     32 | u64 hash of the layout of messages; 0 without a layout                      |
 * |     40 | u32 the length of its description in bytes; 0 without a layout              |
 * |     48 | u64 the channel's identity, a random number; 0 until a process asks for it  |
 * |    128 | i32 tail: the end of the written messages, as the receiver sees it          |
 * |    256 | i32 head: the end of the read messages, as the sender sees it               |
 * |    384 | i32 committed: the sender's own tail, which is used if the sender dies      |
 * |    388 | u32 number of dropped messages                                              |
 * |    512 | u32 the senders' wake flag: 1 if the event "space" must be set              |
 * |    516 | u32 the producer lock: in the lower 7 bits the number of its holder's       |
 * |        | place, from 1, or 0; in the upper bits the number of changes                |
 * |    520 | u32 how often a sender has taken or left a place                            |
 * |    640 | u32 the receiver's wake flag: 1 if the event "data" must be set             |
 * |    768 | i32 consumed: the receiver's own head, which is used if the receiver dies   |
 * |    776 | two numbers of messages, of 12 bytes each: see below                        |
 * |    896 | the receiver's place                                                        |
 * |   1024 | the places of 64 senders; layout 1 uses only the first                      |
 * |   2048 | the ring                                                                    |
 *
 * The description of the layout (see ../../struct/description.ts) follows the ring.
 *
 * A place has 16 bytes. `u64 owner` is a process or a thread in the form of ../peer/place.ts, or 0
 * if the place is free. `u32 state` is 1 if the last owner has closed its end.
 *
 * A number says how many messages came before the message at a position: `i32 position`, `u32 low`
 * and `u32 high`. One of the two positions is the head. The receiver writes the other one before it
 * stores a new head. So messages are counted only where they are read, and a sender that dies can
 * confuse no count.
 *
 * Positions count the bytes since the channel was created, modulo 2³². A position modulo the
 * capacity is an offset in the ring. A record begins at a multiple of 8. It begins with its length
 * as an `i32`, which includes this header of 8 bytes. 4 unused bytes and the message follow. No
 * record crosses the ring's end: if the rest is too short, the negated length of the rest is there
 * instead. The record is then at the ring's beginning.
 *
 * Words that different ends write often are in different cache lines. They are 128 bytes apart,
 * because processors fetch lines in pairs.
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

/** Length of the header in bytes; the ring begins here. */
export const HEADER_LENGTH = 2048;
/** Length of the header of a record in bytes; the message follows it. */
export const RECORD_HEADER_LENGTH = 8;

/** The words of the header, by their index in an `Int32Array`. */
export const WORD = {
  magic: 0,
  version: 1,
  layout: 2,
  capacity: 3,
  maxMessageLength: 4,
  whenFull: 5,
  goesOn: 6,
  tail: 32,
  head: 64,
  committed: 96,
  dropped: 97,
  producerLock: 129,
  changes: 130,
  consumed: 192,
  numbers: 194,
} as const;

/** The two numbers in the header: the index of the first of three words. */
export const MESSAGE_NUMBERS: readonly number[] = [WORD.numbers, WORD.numbers + 3];

/** The number of the message at a position: how many messages of the ring came before it. */
export interface NumberedPosition {
  /** A position that was published as the head. */
  readonly position: number;
  /** The number of messages before that position. */
  readonly number: number;
}

/** Loads one of the two {@linkcode MESSAGE_NUMBERS}. */
export function loadNumber(words: Int32Array<ArrayBuffer>, slot: number): NumberedPosition {
  const at = MESSAGE_NUMBERS[slot]!;
  const number = (words[at + 2]! >>> 0) * 2 ** 32 + (words[at + 1]! >>> 0);
  return { position: words[at]!, number };
}

/** Stores one of the two {@linkcode MESSAGE_NUMBERS}. */
export function storeNumber(
  words: Int32Array<ArrayBuffer>,
  slot: number,
  { position, number }: NumberedPosition,
): void {
  const at = MESSAGE_NUMBERS[slot]!;
  words[at] = position;
  words[at + 1] = number | 0;
  words[at + 2] = Math.floor(number / 2 ** 32);
}

/** The offsets of the hash and of the length of the description, in bytes. */
export const DESCRIPTION = { hash: 32, length: 40 } as const;

/** Index of the identity in 64-bit words. */
const IDENTITY = 6;

/**
 * Returns the identity of a ring: a random number, which is not 0. The first call stores it, so that
 * all processes get the same. A ring of the same name that is created later has another identity.
 */
export function identityIn(buffer: ArrayBuffer): bigint {
  const { owners } = headerWordsOf(buffer);
  const made = crypto.getRandomValues(new BigUint64Array(1))[0]! || 1n;
  return Atomics.compareExchange(owners, IDENTITY, 0n, made) || made;
}

/** The words of an end in the header. */
export interface RingPlace extends Place {
  /** The end's wake flag, by its index in the header's `words`. */
  readonly sleeping: number;
}

/** The receiver's place. */
export const RECEIVER: RingPlace = { owner: 112, state: 226, sleeping: 160 };
/** Maximum number of senders at a time, in a ring with `"multiple"` producers. */
export const MAX_SENDERS = 64;
/** The senders' places. */
export const SENDERS: readonly RingPlace[] = Array.from({ length: MAX_SENDERS }, (_, index) => ({
  owner: 128 + 2 * index,
  state: 258 + 4 * index,
  sleeping: 128,
}));
/** The sender's place in a ring with a single producer. */
export const SENDER: RingPlace = SENDERS[0]!;

/** The first word of a complete header. */
export const MAGIC: number = MAGICS.channel;
/** The version of this layout. */
export const VERSION = 2;

/**
 * The action of a send if the ring is full: wait for room, throw `WouldBlock`, or drop the message.
 */
export type WhenFull = "wait" | "fail" | "drop";

/** The values of {@linkcode WhenFull}, in the order of their numbers in the header. */
export const WHEN_FULL = ["wait", "fail", "drop"] as const;

/** The number of senders that a ring can have at a time: one, or up to 64. */
export type Producers = "single" | "multiple";

/** The values of {@linkcode Producers}; the number in the header is the index plus 1. */
export const PRODUCERS = ["single", "multiple"] as const;

/** The settings of a ring, fixed when it is created. */
export interface RingSettings extends RingSize {
  /** The action of a send if the ring is full. */
  readonly whenFull: WhenFull;
  /** The number of senders that the ring can have at a time. */
  readonly producers: Producers;
  /** Whether the receiver gets the end when the last of many senders leaves. */
  readonly endsWithLastSender: boolean;
}

/**
 * Returns the maximum length of a message in bytes. A record of that length fits together with the
 * padding before it, at any position.
 *
 * @param capacity The size of the ring in bytes.
 */
export function longestMessage(capacity: number): number {
  return capacity / 2 - RECORD_HEADER_LENGTH;
}

/** Returns the size of a channel's memory in bytes. */
export function memoryLengthOf(capacity: number, layout: DescribedLayout | undefined): number {
  return HEADER_LENGTH + capacity + descriptionLengthOf(layout);
}

/** Returns the offsets of the description of the messages' layout. */
export function descriptionPlaceIn({ capacity }: RingSize): DescriptionPlace {
  return { hash: DESCRIPTION.hash, length: DESCRIPTION.length, text: HEADER_LENGTH + capacity };
}

/** Returns the header as words of 32 and of 64 bits. */
export function headerWordsOf(buffer: ArrayBuffer): HeaderWords {
  return {
    words: new Int32Array(buffer, 0, HEADER_LENGTH / 4),
    owners: new BigUint64Array(buffer, 0, HEADER_LENGTH / 8),
  };
}

/**
 * Writes the header of a new ring into memory that is all zero. The magic is stored last, so that
 * other processes see only a complete header.
 */
export function writeHeader(
  buffer: ArrayBuffer,
  settings: RingSettings,
  layout?: DescribedLayout,
): void {
  const words = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
  words[WORD.version] = VERSION;
  words[WORD.layout] = PRODUCERS.indexOf(settings.producers) + 1;
  words[WORD.capacity] = settings.capacity;
  words[WORD.maxMessageLength] = settings.maxMessageLength;
  words[WORD.whenFull] = WHEN_FULL.indexOf(settings.whenFull);
  words[WORD.goesOn] = settings.endsWithLastSender ? 0 : 1;
  writeDescription(buffer, descriptionPlaceIn(settings), layout);
  Atomics.store(words, WORD.magic, MAGIC);
}

/**
 * Reads and checks the header of a ring.
 *
 * @returns The settings, or `undefined` if the creator has not written the header yet.
 * @throws {Deno.errors.InvalidData} If the memory holds something else.
 */
export function readHeader(buffer: ArrayBuffer): RingSettings | undefined {
  const notAChannel = (why: string) => notTheMemoryOfAChannel(labelOf(buffer), why);
  if (buffer.byteLength < HEADER_LENGTH + MIN_CAPACITY) {
    throw notAChannel(`it has only ${buffer.byteLength} bytes`);
  }
  const words = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
  const magic = Atomics.load(words, WORD.magic);
  if (magic === 0) return undefined;
  if (magic !== MAGIC) throw notAChannel(describeOther(magic));
  const settings = settingsIn(words, buffer.byteLength);
  if (typeof settings === "string") throw notAChannel(settings);
  return settings;
}

/**
 * Checks the settings in a complete header.
 *
 * @param words The words of the header, or a copy of them.
 * @param byteLength The size of the memory in bytes.
 * @returns The settings, or the reason why there are none, as a clause: "it is of version 9".
 */
export function settingsIn(words: Int32Array, byteLength: number): RingSettings | string {
  const word = (index: number) => words[index]! >>> 0;
  const [version, layout] = [word(WORD.version), word(WORD.layout)];
  const producers = PRODUCERS[layout - 1];
  if (version !== VERSION || producers === undefined) {
    return `it is of version ${version} and layout ${layout}`;
  }
  const size = { capacity: word(WORD.capacity), maxMessageLength: word(WORD.maxMessageLength) };
  const whenFull = WHEN_FULL[word(WORD.whenFull)];
  const goesOn = word(WORD.goesOn);
  const isPossible = isPossibleSize(size, byteLength - HEADER_LENGTH, longestMessage);
  if (!isPossible || whenFull === undefined || goesOn > 1) return "its header contradicts itself";
  return { ...size, whenFull, producers, endsWithLastSender: goesOn === 0 };
}

/**
 * Creates the error for memory that does not hold a channel.
 *
 * @param label The channel's name in the error message.
 * @param why The reason, as a clause: "it is plain memory".
 */
export function notTheMemoryOfAChannel(label: string, why: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(
    `Cannot open ${label}: the memory is not a channel's, ${why}`,
  );
}

/**
 * Creates the error for corrupt memory. `what` is a clause that names the values in conflict.
 */
export function corrupt(buffer: ArrayBufferLike, what: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(
    `The memory of the ${labelOf(buffer)} is corrupt: ${what}`,
  );
}
