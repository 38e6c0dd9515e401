/**
 * The cases that pipes are measured by, and their limits compared to C and to `node:net`.
 *
 * @module
 */

import type { Ends } from "./pipe_pair.ts";

/** The compared pairs of ends, and the mode of their pipe. */
export const PAIRS = {
  "C": { near: "pipe_end.c", far: "pipe_end.c", mode: "bytes" },
  "C, messages": { near: "pipe_end.c", far: "pipe_end.c", mode: "messages" },
  "node:net": { near: "pipe_net_end.ts", far: "pipe_net_end.ts", mode: "bytes" },
  "winipc": { near: "pipe_end.ts", far: "pipe_end.ts", mode: "bytes" },
  "winipc, messages": { near: "pipe_end.ts", far: "pipe_end.ts", mode: "messages" },
  "winipc with a server in C": { near: "pipe_end.ts", far: "pipe_end.c", mode: "bytes" },
} as const satisfies Record<string, Omit<Ends, "processors">>;

/** A name of {@linkcode PAIRS}. */
export type PairName = keyof typeof PAIRS;

/** A pair in a group. */
export interface Case {
  /** The pair. */
  readonly pair: PairName;
  /** Limits: the maximum median time as a multiple of another pair's, by that pair's name. */
  readonly atMost?: Readonly<Partial<Record<PairName, number>>>;
}

/** A task, and the pairs that are compared by it. */
export interface Group {
  /** The task of the group. */
  readonly name: string;
  /** The task's name, for the ends. */
  readonly way: string;
  /** Whether both ends run on the same processor, so that no wake-up goes to another one. */
  readonly isOnOneProcessor?: boolean;
  /** Length of each message, in bytes. */
  readonly byteLength: number;
  /** Number of messages, or of connections, in a round. */
  readonly count: number;
  /** Number of rounds, if it is not the usual one. */
  readonly rounds?: number;
  /** The pairs. All are compared to the first. */
  readonly cases: readonly Case[];
}

/** Limits of a round trip of 64 bytes, compared to C and to `node:net`. */
const ROUND_TRIP = { inC: 2.3, byNet: 1.3 };
/** Limit of bytes in one direction: 0.8 of the rate of C. */
const STREAM = { inC: 1 / 0.8 };

const ALL: readonly PairName[] = [
  "C",
  "C, messages",
  "node:net",
  "winipc",
  "winipc, messages",
  "winipc with a server in C",
];

/** Returns the cases of pairs. A pair of this module has limits if both of its ends are. */
function casesOf(
  pairs: readonly PairName[],
  { inC, byNet }: { inC?: number; byNet?: number } = {},
): readonly Case[] {
  const net = byNet === undefined ? {} : { "node:net": byNet };
  return pairs.map((pair) => {
    if (inC === undefined) return { pair };
    if (pair === "winipc") return { pair, atMost: { "C": inC, ...net } };
    if (pair === "winipc, messages") return { pair, atMost: { "C, messages": inC, ...net } };
    return { pair };
  });
}

export const GROUPS: readonly Group[] = [
  {
    name: "64 bytes there and back",
    way: "echo",
    byteLength: 64,
    count: 200,
    cases: casesOf(ALL, ROUND_TRIP),
  },
  {
    name: "64 bytes there and back, on one processor",
    way: "echo",
    isOnOneProcessor: true,
    byteLength: 64,
    count: 200,
    cases: casesOf(ALL, ROUND_TRIP),
  },
  {
    name: "64 KiB there and back",
    way: "echo",
    byteLength: 65_536,
    count: 100,
    cases: casesOf(ALL),
  },
  {
    name: "64 KiB one way",
    way: "one-way",
    byteLength: 65_536,
    // The first messages of a round find the other end asleep, so a round has many.
    count: 1500,
    rounds: 9,
    cases: casesOf(ALL),
  },
  {
    name: "64 KiB one way, on one processor",
    way: "one-way",
    isOnOneProcessor: true,
    byteLength: 65_536,
    // The first messages of a round find the other end asleep, so a round has many.
    count: 1500,
    rounds: 9,
    cases: casesOf(ALL, STREAM),
  },
  {
    name: "64 bytes one way",
    way: "one-way",
    byteLength: 64,
    count: 2000,
    cases: casesOf(ALL),
  },
  {
    name: "A connection is opened, accepted and closed",
    way: "connect",
    byteLength: 1,
    count: 50,
    cases: casesOf(["C", "winipc"]),
  },
  {
    name: "Processor time of a second without pipes",
    way: "idle-processor",
    byteLength: 1,
    count: 0,
    rounds: 3,
    cases: casesOf(["winipc"]),
  },
  {
    name: "Processor time of a second with 40 idle pipes",
    way: "idle-processor",
    byteLength: 1,
    count: 40,
    rounds: 3,
    cases: casesOf(["winipc"]),
  },
  {
    name: "Deno.stat() without pipes",
    way: "idle-stat",
    byteLength: 1,
    count: 0,
    rounds: 3,
    cases: casesOf(["winipc"]),
  },
  {
    name: "Deno.stat() with 40 idle pipes",
    way: "idle-stat",
    byteLength: 1,
    count: 40,
    rounds: 3,
    cases: casesOf(["winipc"]),
  },
];
