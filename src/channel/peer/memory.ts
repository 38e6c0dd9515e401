/**
 * Memory that holds a channel, a broadcast ring, a latest value or a latest frame: its kind, its
 * label in error messages, and the size of its ring. Also the error for a name that another object
 * has already.
 *
 * And fences, which order plain accesses to shared memory. With a fence, many bytes can be copied at
 * once, without an `Atomics` access for each word.
 *
 * @module
 */

import { assertInteger, type OptionChecks } from "../../../ffi/arguments.ts";
import { nounOf } from "../../../ffi/kernel_object.ts";
import { IS_X64 } from "../../../ffi/platform.ts";
import { SharedMemory } from "../../memory/mod.ts";
import { assertMessageLayout, type MessageLayout } from "../../struct/tagged.ts";

const labels = new WeakMap<ArrayBufferLike, string>();

/**
 * Sets the label of a memory in error messages.
 *
 * @param label The text after an article: `channel "Local\\lines"`.
 */
export function nameMemory(buffer: ArrayBufferLike, label: string): void {
  labels.set(buffer, label);
}

/** Returns the label of a memory in error messages; `"channel"` if none was set. */
export function labelOf(buffer: ArrayBufferLike): string {
  return labels.get(buffer) ?? "channel";
}

/**
 * Returns the label of a named or anonymous object in error messages.
 *
 * @param noun The kind of object: `"channel"`.
 */
export function labelFor(noun: string, name: string | undefined): string {
  return name === undefined ? `anonymous ${noun}` : `${noun} "${name}"`;
}

/**
 * Returns the label of an inherited object in error messages.
 *
 * @param noun The kind of object: `"channel"`.
 * @param key The key under which the object was inherited.
 */
export function labelForKey(noun: string, key: string): string {
  return `${noun} inherited as "${key}"`;
}

/** The first word of each kind of memory: the letters WIRC, WIRB, WILV and WILF, little-endian. */
export const MAGICS = {
  channel: 0x4352_4957,
  broadcastRing: 0x4252_4957,
  latestValue: 0x564c_4957,
  latestFrame: 0x464c_4957,
} as const;

/** A kind of object that a memory can hold. */
export interface Resident {
  /** The memory's first word. */
  readonly magic: number;
  /** The kind's public name, with its article: `"a channel"`. */
  readonly noun: string;
  /** The function that opens the object, for error messages. */
  readonly opener: string;
}

const RESIDENTS: readonly Resident[] = [
  { magic: MAGICS.channel, noun: "a channel", opener: "RingChannel.open()" },
  { magic: MAGICS.broadcastRing, noun: "a broadcast ring", opener: "BroadcastRing.open()" },
  { magic: MAGICS.latestValue, noun: "a latest value", opener: "LatestValue.open()" },
  { magic: MAGICS.latestFrame, noun: "a latest frame", opener: "LatestFrame.open()" },
];

/**
 * Returns the kind of object that a memory holds.
 *
 * @param magic The memory's first word.
 * @returns `undefined` if the memory holds none of these kinds.
 */
export function residentOf(magic: number): Resident | undefined {
  return RESIDENTS.find((resident) => resident.magic === magic);
}

/**
 * Describes a memory of the wrong kind, for an error message.
 *
 * @param magic The memory's first word.
 */
export function describeOther(magic: number): string {
  const found = residentOf(magic);
  if (found !== undefined) return `it is ${found.noun}, which ${found.opener} opens`;
  return magic === 0 ? "it is plain memory" : "it begins with something else";
}

/**
 * Returns the bytes of a ring, after a check that a script has not transferred their buffer away.
 *
 * @throws {Deno.errors.Busy} If it has: the bytes cannot be read, and writes to them are lost.
 */
export function assertNotTransferred(ring: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (ring.length > 0) return ring;
  throw new Deno.errors.Busy(
    `Cannot use the ring of the ${labelOf(ring.buffer)} in place: its ArrayBuffer was ` +
      "transferred away. Transfer a copy instead (bytes.slice())",
  );
}

/** Minimum capacity of a ring, in bytes. */
export const MIN_CAPACITY = 1024;
/** Maximum capacity of a ring, in bytes. */
export const MAX_CAPACITY = 2 ** 30;
const DEFAULT_CAPACITY = 2 ** 20;

/** The size of a ring and of its messages. */
export interface RingSize {
  /** The capacity of the ring in bytes, a power of two from 1024 to 2³⁰. */
  readonly capacity: number;
  /** Maximum length of a message in bytes. */
  readonly maxMessageLength: number;
}

/** The layout of all messages of a ring, for the functions that create or open the ring. */
export interface MessageOption<Value, Input, View> {
  /**
   * The layout of each message, from `struct`, `union` or `tagged`. All processes give the same
   * layout. The ring's ends then write and read values of this layout.
   */
  message: MessageLayout<Value, Input, View>;
}

/** The option `message`, if it is given. */
export type AnyMessage = Partial<MessageOption<unknown, unknown, unknown>>;

/** The check of {@linkcode MessageOption}. */
export const MESSAGE_CHECKS: OptionChecks<AnyMessage> = { message: assertMessageLayout };

/**
 * Checks the size of a new ring and fills in its defaults.
 *
 * @param longestMessage Returns the maximum length of a message for a capacity, in bytes.
 * @throws {RangeError} If `capacity` or `maxMessageLength` is out of range, or the ring is too small
 *   for its messages.
 */
export function settleSize(
  { capacity = DEFAULT_CAPACITY, maxMessageLength, message }: Partial<RingSize> & AnyMessage,
  longestMessage: (capacity: number) => number,
): RingSize {
  assertInteger("capacity", capacity, MIN_CAPACITY, MAX_CAPACITY);
  if (!isPowerOfTwo(capacity)) {
    throw new RangeError(`Expected capacity to be a power of two, got ${capacity}`);
  }
  const most = longestMessage(capacity);
  const least = message?.byteLength ?? 0;
  if (least > most) {
    throw new RangeError(
      `Expected capacity to be enough for messages of ${least} bytes, got ${capacity}: it is ` +
        `enough for ${most} bytes`,
    );
  }
  const longest = maxMessageLength ?? message?.byteLength ?? most;
  assertInteger("maxMessageLength", longest, least, most);
  return { capacity, maxMessageLength: longest };
}

/**
 * Returns whether the size in a ring's header is valid.
 *
 * @param byteLength The size of the memory for the ring, in bytes.
 * @param longestMessage Returns the maximum length of a message for a capacity, in bytes.
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
 * Calls a function that creates a named memory. If the name is taken, the error says by which kind
 * of object.
 *
 * @param label The label of the new object: `channel "Local\\lines"`.
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
    // The name itself is free, but a name made from it is taken, which the error names.
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

/** Returns the first word of a memory; `undefined` if this user cannot read it. */
function firstWordOf(name: string): number | undefined {
  try {
    using memory = SharedMemory.open(name);
    using view = memory.map({ byteLength: 4 });
    return new DataView(view.buffer).getUint32(0, true);
  } catch {
    return undefined;
  }
}

/** The word of {@linkcode fence}. No other code reads it: only the store and the load count. */
const word = new Int32Array(1);

/**
 * Orders memory accesses: all accesses of this thread before the fence are done before all accesses
 * after it.
 *
 * JavaScript has no fence, and an atomic access orders only the accesses on one side of it. On
 * ARM64, a processor can do later accesses before an `Atomics.store` (STLR), and earlier accesses
 * after an `Atomics.load` (LDAR). A store and then a load, of any addresses, order both sides:
 *
 * 1. All accesses before the store are done before the store, because it is a release.
 * 2. The store is done before the load. All atomic accesses are sequentially consistent; ARM
 *    guarantees this order for an STLR and a later LDAR of any addresses.
 * 3. All accesses after the load are done after the load, because it is an acquire.
 *
 * So a thread that sees an effect of a later access also sees the effects of all earlier accesses.
 * On x64 the store is an XCHG, which is a full fence by itself.
 *
 * A compiler keeps this order as well. It must not leave out an atomic access, or reorder it with
 * another access, atomic or plain ("Atomics are carved in stone"). V8 keeps to this for every array
 * buffer. The memory model of the specification says nothing about plain accesses that race. So
 * this fence relies on the specification's rules for compilers, and on the two processor types that
 * Windows runs on.
 *
 * @see {@link https://tc39.es/ecma262/multipage/memory-model.html#sec-shared-memory-guidelines}
 * @see {@link https://developer.arm.com/documentation/102336/0100/Load-Acquire-and-Store-Release-instructions}
 */
export function fence(): void {
  Atomics.store(word, 0, 0);
  Atomics.load(word, 0);
}

/**
 * Orders loads: all loads of this thread before the fence are done before all loads after it.
 *
 * An x64 processor does all loads in the order of the program, so there this does nothing. As for
 * {@linkcode fence}, V8 keeps that order, too. A fence would take longer than a copy of 64 bytes.
 */
export const loadFence: () => void = IS_X64 ? () => {} : fence;

/**
 * Orders all accesses of this thread after its last `Atomics` store: the store is done before them.
 *
 * On x64 such a store is an XCHG, a full fence, so there this does nothing. On ARM64 an
 * `Atomics.load` is enough, as in steps 2 and 3 of {@linkcode fence}.
 */
export const afterStore: () => void = IS_X64 ? () => {} : () => void Atomics.load(word, 0);

/** Returns the number of 32-bit words that hold `byteLength` bytes. */
export function wordsOf(byteLength: number): number {
  return (byteLength + 3) >>> 2;
}
