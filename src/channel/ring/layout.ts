/**
 * The first 2048 bytes of a channel's memory, all of them little-endian.
 *
 * | offset | what                                                                        |
 * | -----: | --------------------------------------------------------------------------- |
 * |      0 | u32 magic, 0x43524957 ("WIRC"); written last, so that it says "ready"       |
 * |      4 | u32 version, 1                                                              |
 * |      8 | u32 layout, 1: one sender, 2: up to 64 of them; one receiver in both        |
 * |     12 | u32 capacity of the ring in bytes, a power of two                           |
 * |     16 | u32 the longest message in bytes                                            |
 * |     20 | u32 when the ring is full: 0 wait, 1 fail, 2 drop the message               |
 * |     24 | u32 when the last of many senders leaves: 0 the end comes, 1 others may come|
 * |    128 | i32 tail: what is written ends here, and the receiver may read up to it     |
 * |    256 | i32 head: what is read ends here, and the sender may write up to it         |
 * |    384 | i32 committed: the tail as the sender alone sees it, for when it has died   |
 * |    388 | u32 how many messages were dropped                                          |
 * |    512 | u32 a sender sleeps, and the event "space" has to be set                    |
 * |    516 | u32 the producer lock: in the lower 7 bits the number of its holder's       |
 * |        | place, from 1, or 0; in the others how often it changed hands               |
 * |    520 | u32 how often senders came and went                                         |
 * |    640 | u32 the receiver sleeps, and the event "data" has to be set                 |
 * |    768 | i32 consumed: the head as the receiver alone sees it, for when it has died  |
 * |    896 | the receiver's place                                                        |
 * |   1024 | 64 places of senders, of which layout 1 uses the first                      |
 * |   2048 | the ring                                                                    |
 *
 * A place has 16 bytes: `u64 owner`, 0 for nobody, else a process or a thread (../peer/owner.ts says how
 * they are written down); and `u32 state`, 1 if whoever had it last has closed it.
 *
 * Positions are bytes since the beginning, modulo 2³²; modulo the capacity they are places in the
 * ring. A record begins at a multiple of 8: `i32 length` of the record with these 8 bytes, 4 bytes that
 * are not used, and the message. Where the next message would not fit before the ring's end, there is
 * the length of the rest instead, as a negative number, and the message is at the ring's beginning.
 *
 * What each side writes all the time has a cache line of its own, and 128 bytes because processors
 * fetch lines in pairs.
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

/** Where the ring begins. */
export const HEADER_LENGTH = 2048;
/** The bytes before each message. */
export const RECORD_HEADER_LENGTH = 8;

/** Words of the header, by their place in an `Int32Array`. */
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
} as const;

/** Where an end's words stand in the header. */
export interface RingPlace extends Place {
  /** The end's wake flag, by its index in the header's `words`. */
  readonly sleeping: number;
}

/** The receiver's place. */
export const RECEIVER: RingPlace = { owner: 112, state: 226, sleeping: 160 };
/** How many senders a ring of many can have. */
export const MAX_SENDERS = 64;
/** The senders' places. */
export const SENDERS: readonly RingPlace[] = Array.from({ length: MAX_SENDERS }, (_, index) => ({
  owner: 128 + 2 * index,
  state: 258 + 4 * index,
  sleeping: 128,
}));
/** The place of the only sender. */
export const SENDER: RingPlace = SENDERS[0]!;

/** The first word of a ring that is ready. */
export const MAGIC: number = MAGICS.channel;
/** The version of all this. */
export const VERSION = 1;

/** What happens to a message that does not fit into the ring. */
export type WhenFull = "wait" | "fail" | "drop";

/** The words of {@linkcode WhenFull}, by their numbers in the header. */
export const WHEN_FULL = ["wait", "fail", "drop"] as const;

/** How many senders a ring can have at a time. */
export type Producers = "single" | "multiple";

/** The words of {@linkcode Producers}, by their numbers in the header. */
export const PRODUCERS = ["single", "multiple"] as const;

/** What is settled when a ring is made. */
export interface RingSettings extends RingSize {
  /** What happens to a message that does not fit. */
  readonly whenFull: WhenFull;
  /** How many senders there can be at a time. */
  readonly producers: Producers;
  /** Whether the receiver gets the end when the last of many senders leaves. */
  readonly endsWithLastSender: boolean;
}

/**
 * The longest message that a ring can take: with the padding before it, that is in any place.
 *
 * @param capacity How many bytes the ring holds.
 */
export function longestMessage(capacity: number): number {
  return capacity / 2 - RECORD_HEADER_LENGTH;
}

/** Lays words over the header. */
export function headerWordsOf(buffer: ArrayBuffer): HeaderWords {
  return {
    words: new Int32Array(buffer, 0, HEADER_LENGTH / 4),
    owners: new BigUint64Array(buffer, 0, HEADER_LENGTH / 8),
  };
}

/**
 * Writes the header of a new ring into memory that is all zero.
 *
 * @param settings What the ring is like.
 */
export function writeHeader(buffer: ArrayBuffer, settings: RingSettings): void {
  const words = new Int32Array(buffer, 0, HEADER_LENGTH / 4);
  words[WORD.version] = VERSION;
  words[WORD.layout] = PRODUCERS.indexOf(settings.producers) + 1;
  words[WORD.capacity] = settings.capacity;
  words[WORD.maxMessageLength] = settings.maxMessageLength;
  words[WORD.whenFull] = WHEN_FULL.indexOf(settings.whenFull);
  words[WORD.goesOn] = settings.endsWithLastSender ? 0 : 1;
  Atomics.store(words, WORD.magic, MAGIC);
}

/**
 * Reads the header of a ring.
 *
 * @returns `undefined` if whoever made the memory has not written it yet.
 * @throws {Deno.errors.InvalidData} If it is something else.
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
  const word = (index: number) => words[index]! >>> 0;
  const [version, layout] = [word(WORD.version), word(WORD.layout)];
  const producers = PRODUCERS[layout - 1];
  if (version !== VERSION || producers === undefined) {
    throw notAChannel(`it is of version ${version} and layout ${layout}`);
  }
  const size = { capacity: word(WORD.capacity), maxMessageLength: word(WORD.maxMessageLength) };
  const whenFull = WHEN_FULL[word(WORD.whenFull)];
  const goesOn = word(WORD.goesOn);
  const isPossible = isPossibleSize(size, buffer.byteLength - HEADER_LENGTH, longestMessage);
  if (!isPossible || whenFull === undefined || goesOn > 1) {
    throw notAChannel("its header contradicts itself");
  }
  return { ...size, whenFull, producers, endsWithLastSender: goesOn === 0 };
}

/**
 * Makes the error for memory that is not a channel's.
 *
 * @param label What was to be opened.
 * @param why What it is instead.
 */
export function notTheMemoryOfAChannel(label: string, why: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(
    `Cannot open ${label}: the memory is not a channel's, ${why}`,
  );
}

/**
 * Makes the error for memory whose contents contradict each other.
 */
export function corrupt(buffer: ArrayBufferLike, what: string): Deno.errors.InvalidData {
  return new Deno.errors.InvalidData(
    `The memory of the ${labelOf(buffer)} is corrupt: ${what}`,
  );
}
