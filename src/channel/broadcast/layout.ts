/**
 * Where each word of a broadcast ring's memory is, and the fence that orders accesses to it.
 *
 * All of the memory is little-endian. The header is its first 2048 bytes:
 *
 * | offset | what                                                                        |
 * | -----: | --------------------------------------------------------------------------- |
 * |      0 | u32 magic, 0x42524957 ("WIRB"); written last, so that it says "ready"       |
 * |      4 | u32 version, 2; in version 1 there were no bits of wake events              |
 * |      8 | u32 capacity of the ring in bytes, a power of two                           |
 * |     12 | u32 the longest message in bytes                                            |
 * |     16 | 16 random bytes, in the names of the events of receivers that sleep         |
 * |     32 | u32 where these names are: 0 `Local\`, 1 `Global\`                          |
 * |    128 | u64 newest: where the newest record begins that is published                |
 * |    256 | u64 announced: what the sender writes, or may be about to write, ends here  |
 * |    384 | u32 committed: where the newest record begins, as the sender alone sees it, |
 * |        | for when it has died; the lower half of it                                  |
 * |    512 | u32, u32: a bit for each receiver that sleeps; the sender takes them, and   |
 * |        | sets the receivers' events; u32, u32: a bit for each that has a wake event  |
 * |    640 | the sender's place: u64 owner, u32 state, as in a channel                   |
 * |   2048 | the ring                                                                    |
 *
 * The event of the receiver with bit 5 is `Local\winipc.RANDOM.reader.5`, where RANDOM are the 16 bytes
 * in hexadecimal.
 *
 * Positions count 16 bytes since the beginning. They end before 2⁵³, as the messages' numbers do, and no
 * ring lives to see that; a sender then refuses to send. Modulo the capacity they are places in the
 * ring. A record begins at each: `i32 length` of the record with these 16 bytes, `i32 kind` (1 message,
 * 2 padding up to the ring's end), `u64 number` of the message, then the message. The first message has
 * number 1; a new ring has an empty one with number 0, after which everything begins.
 *
 * What is written all the time has a cache line of its own, and 128 bytes because processors
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
/** What positions count, in bytes: the length of a record without a message. */
export const UNIT = 16;

/** Words of the header, by their place in an `Int32Array`. */
export const WORD = {
  magic: 0,
  version: 1,
  capacity: 2,
  maxMessageLength: 3,
  scope: 8,
  committed: 96,
} as const;

/** Positions in the header, by their place in a `BigUint64Array`. */
export const POSITION = { newest: 16, announced: 32 } as const;

/** Where the bits of the receivers' wake events are. */
export const WAKE_BITS_OFFSET = 512;

/** Where the random bytes are, and how many. */
const RANDOM = { offset: 16, length: 16 } as const;

/** The sender's place. */
export const SENDER: Place = { owner: 80, state: 162 };

/** Kinds of record. */
export const RECORD_KIND = { message: 1, padding: 2 } as const;

export const MAGIC: number = MAGICS.broadcastRing;
const VERSION = 2;
const SCOPES = ["Local", "Global"] as const;

/** What is settled when a broadcast ring is made. */
export type BroadcastSettings = RingSize;

/**
 * The longest message that a ring can take: an eighth of it, so that a receiver has some time to
 * read one before the sender comes round.
 *
 * @param capacity How many bytes the ring holds.
 */
export function longestMessage(capacity: number): number {
  return capacity / 8 - UNIT;
}

/** Lays words over the header. */
export function headerWordsOf(buffer: ArrayBuffer): HeaderWords {
  return {
    words: new Int32Array(buffer, 0, HEADER_LENGTH / 4),
    owners: new BigUint64Array(buffer, 0, HEADER_LENGTH / 8),
  };
}

/**
 * Writes the header of a new ring, and its first record, into memory that is all zero.
 *
 * @param settings What the ring is like.
 * @param name Its full name, if it has one.
 */
export function writeHeader(
  buffer: ArrayBuffer,
  { capacity, maxMessageLength }: BroadcastSettings,
  name?: string,
): void {
  const words = new Int32Array(buffer, 0, HEADER_LENGTH / 4 + 2);
  words[WORD.version] = VERSION;
  words[WORD.capacity] = capacity;
  words[WORD.maxMessageLength] = maxMessageLength;
  words[WORD.scope] = name?.startsWith("Global\\") ? 1 : 0;
  crypto.getRandomValues(new Uint8Array(buffer, RANDOM.offset, RANDOM.length));
  Atomics.store(new BigUint64Array(buffer), POSITION.announced, 1n);
  words[HEADER_LENGTH / 4] = UNIT;
  words[HEADER_LENGTH / 4 + 1] = RECORD_KIND.message;
  Atomics.store(words, WORD.magic, MAGIC);
}

/**
 * Reads the header of a ring.
 *
 * @returns `undefined` if whoever made the memory has not written it yet.
 * @throws {Deno.errors.InvalidData} If it is something else.
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
  const word = (index: number) => words[index]! >>> 0;
  const version = word(WORD.version);
  if (version !== VERSION) throw notARing(`it is of version ${version}`);
  const size = { capacity: word(WORD.capacity), maxMessageLength: word(WORD.maxMessageLength) };
  if (!isPossibleSize(size, buffer.byteLength - HEADER_LENGTH, longestMessage)) {
    throw notARing("its header contradicts itself");
  }
  return size;
}

/**
 * What the names of the events begin with by which receivers are woken.
 */
export function eventNameOf(buffer: ArrayBuffer): string {
  const scope = SCOPES[new Int32Array(buffer)[WORD.scope]!] ?? SCOPES[0];
  return `${scope}\\winipc.${new Uint8Array(buffer, RANDOM.offset, RANDOM.length).toHex()}`;
}

/**
 * Reads a position of the header.
 *
 * @throws {Deno.errors.InvalidData} If it can be none.
 */
export function readPosition(positions: BigUint64Array, index: number): number {
  const position = Number(Atomics.load(positions, index));
  if (position > Number.MAX_SAFE_INTEGER) {
    throw corrupt(positions.buffer, `it has a position of ${position}`);
  }
  return position;
}

/**
 * Makes the error for memory whose contents contradict each other.
 */
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

/** Nobody else looks at it: only that there is a store and a load counts. */
const word = new Int32Array(1);

/**
 * Has all accesses before it, in this thread, done before all that come after it.
 *
 * JavaScript has no fence, and an atomic access orders only one side of itself: on ARM64, what comes
 * after an `Atomics.store` (STLR) may be done before it, and what comes before an `Atomics.load`
 * (LDAR) after it. A store that is followed by a load orders both sides, wherever the two are:
 *
 * 1. What comes before the store is done before the store. (It is a release.)
 * 2. The store is done before the load. (All atomic accesses are sequentially consistent; ARM says
 *    so of an LDAR after an STLR, of whatever addresses.)
 * 3. What comes after the load is done after the load. (It is an acquire.)
 *
 * So whoever sees an effect of what comes after also sees all that came before. On x64 the store is
 * an XCHG, which is a full fence by itself.
 *
 * A compiler keeps that order as well: it must not reorder atomic accesses with plain ones or with each
 * other, nor leave one out ("Atomics are carved in stone"). V8 holds to this for any array buffer.
 * The specification's model itself says nothing of plain accesses that race: this rests on
 * what it asks of compilers, and on the two processors that Windows runs on.
 *
 * @see {@link https://tc39.es/ecma262/multipage/memory-model.html#sec-shared-memory-guidelines}
 * @see {@link https://developer.arm.com/documentation/102336/0100/Load-Acquire-and-Store-Release-instructions}
 */
export function fence(): void {
  Atomics.store(word, 0, 0);
  Atomics.load(word, 0);
}
