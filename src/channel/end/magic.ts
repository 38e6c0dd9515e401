/**
 * What can live in a memory; each kind is known by the memory's first word.
 *
 * @module
 */

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
