/**
 * Memory that holds a channel, a broadcast ring or a latest value: its kind, its name in messages, how much
 * it holds, and what else has the name that something new was to have.
 *
 * @module
 */

import { assertInteger } from "../../../ffi/arguments.ts";
import { nounOf } from "../../../ffi/kernel_object.ts";
import { SharedMemory } from "../../memory/mod.ts";

const labels = new WeakMap<ArrayBufferLike, string>();

/**
 * Says how messages call what lives in a memory.
 *
 * @param label What follows an article: `channel "Local\\lines"`.
 */
export function nameMemory(buffer: ArrayBufferLike, label: string): void {
  labels.set(buffer, label);
}

/** How messages call what lives in a memory; `"channel"` where nobody has said it. */
export function labelOf(buffer: ArrayBufferLike): string {
  return labels.get(buffer) ?? "channel";
}

/**
 * How messages call what has a name, or none.
 *
 * @param noun What it is: `"channel"`.
 */
export function labelFor(noun: string, name: string | undefined): string {
  return name === undefined ? `anonymous ${noun}` : `${noun} "${name}"`;
}

/**
 * How messages call what was inherited.
 *
 * @param noun What it is: `"channel"`.
 * @param key The key under which it was inherited.
 */
export function labelForKey(noun: string, key: string): string {
  return `${noun} inherited as "${key}"`;
}

/** The first word of each kind's memory: the letters WIRC, WIRB and WILV, little-endian. */
export const MAGICS = {
  channel: 0x4352_4957,
  broadcastRing: 0x4252_4957,
  latestValue: 0x564c_4957,
} as const;

/** What lives in a memory. */
export interface Resident {
  /** The memory's first word. */
  readonly magic: number;
  /** What users call it, with its article. */
  readonly noun: string;
  /** The function that opens it. */
  readonly opener: string;
}

const RESIDENTS: readonly Resident[] = [
  { magic: MAGICS.channel, noun: "a channel", opener: "RingChannel.open()" },
  { magic: MAGICS.broadcastRing, noun: "a broadcast ring", opener: "BroadcastRing.open()" },
  { magic: MAGICS.latestValue, noun: "a latest value", opener: "LatestValue.open()" },
];

/**
 * Tells what lives in a memory.
 *
 * @param magic The memory's first word.
 * @returns `undefined` if it is none of this module's.
 */
export function residentOf(magic: number): Resident | undefined {
  return RESIDENTS.find((resident) => resident.magic === magic);
}

/** Says of a memory with another first word what it is instead. */
export function describeOther(magic: number): string {
  const found = residentOf(magic);
  if (found !== undefined) return `it is ${found.noun}, which ${found.opener} opens`;
  return magic === 0 ? "it is plain memory" : "it begins with something else";
}

/**
 * Gives the bytes of a ring, unless a script has transferred their buffer away.
 *
 * @throws {Deno.errors.Busy} If it has: what is written to them is lost, and nothing can be read.
 */
export function assertNotTransferred(ring: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (ring.length > 0) return ring;
  throw new Deno.errors.Busy(
    `Cannot use the ring of the ${labelOf(ring.buffer)} in place: its ArrayBuffer was ` +
      "transferred away. Transfer a copy instead (bytes.slice())",
  );
}

/** The least that a ring can hold, in bytes. */
export const MIN_CAPACITY = 1024;
/** The most that a ring can hold, in bytes. */
export const MAX_CAPACITY = 2 ** 30;
const DEFAULT_CAPACITY = 2 ** 20;

/** How large a ring is. */
export interface RingSize {
  /** How many bytes it holds, a power of two from 1024 to 2³⁰. */
  readonly capacity: number;
  /** The longest message, in bytes. */
  readonly maxMessageLength: number;
}

/**
 * Settles how large a new ring is.
 *
 * @param options What was asked for.
 * @param longestMessage The longest message that a ring of a capacity can take.
 * @throws {RangeError} If it is out of range.
 */
export function settleSize(
  { capacity = DEFAULT_CAPACITY, maxMessageLength }: Partial<RingSize>,
  longestMessage: (capacity: number) => number,
): RingSize {
  assertInteger("capacity", capacity, MIN_CAPACITY, MAX_CAPACITY);
  if (!isPowerOfTwo(capacity)) {
    throw new RangeError(`Expected capacity to be a power of two, got ${capacity}`);
  }
  const most = longestMessage(capacity);
  const longest = maxMessageLength ?? most;
  assertInteger("maxMessageLength", longest, 0, most);
  return { capacity, maxMessageLength: longest };
}

/**
 * Whether a ring in memory can be as large as is written there.
 *
 * @param byteLength How much memory there is for the ring, in bytes.
 * @param longestMessage The longest message that a ring of a capacity can take.
 */
export function isPossibleSize(
  { capacity, maxMessageLength }: RingSize,
  byteLength: number,
  longestMessage: (capacity: number) => number,
): boolean {
  return capacity >= MIN_CAPACITY && capacity <= MAX_CAPACITY && isPowerOfTwo(capacity) &&
    capacity <= byteLength && maxMessageLength <= longestMessage(capacity);
}

function isPowerOfTwo(number: number): boolean {
  return (number & (number - 1)) === 0;
}

/**
 * Calls a function that makes something under a name, and says what exists where the name is taken.
 *
 * @param label What is made: `channel "Local\\lines"`.
 * @param magic The first word of its memory.
 * @throws {Deno.errors.AlreadyExists} If the name is taken.
 */
export function createUnder<T>(
  { label, name, magic }: { label: string; name: string; magic: number },
  create: () => T,
): T {
  try {
    return create();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    const kind = nounOf(name);
    // The name is free, and one that is made of it is taken: the error says which.
    if (kind === undefined) throw error;
    const found = kind === "shared memory" ? firstWordOf(name) : undefined;
    const noun = (found !== undefined && residentOf(found)?.noun) || kind;
    const advice = found === magic ? "open it, or take another name" : "take another name";
    throw new Deno.errors.AlreadyExists(
      `Cannot create ${label}: ${noun} of this name exists already; ${advice}`,
      { cause: error.cause },
    );
  }
}

/** The first word of a memory, if this user may read it. */
function firstWordOf(name: string): number | undefined {
  try {
    using memory = SharedMemory.open(name);
    using view = memory.map({ byteLength: 4 });
    return new DataView(view.buffer).getUint32(0, true);
  } catch {
    return undefined;
  }
}
