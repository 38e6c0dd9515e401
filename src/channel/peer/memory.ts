/**
 * Memory that holds a channel, a broadcast ring or a latest value: its kind, and its name in messages.
 *
 * @module
 */

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
