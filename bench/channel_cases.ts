/**
 * What is measured of channels, and what it may cost beside C.
 *
 * @module
 */

import type { Program, Task } from "./channel_pair.ts";

/** One way to do what its group is about. */
export interface Case {
  /** What both ends are. */
  readonly program: Program;
  /** How the messages go. */
  readonly way: string;
  /** The most that it may take, in times of others, by their names. */
  readonly atMost?: Readonly<Record<string, number>>;
}

/** What can be compared. */
export interface Group extends Omit<Task, "way"> {
  /** What it is. */
  readonly name: string;
  /** How many messages, or measurements, there are in a round. */
  readonly count: number;
  /** Whether it is about how much goes through, rather than how soon it is there. */
  readonly isRate: boolean;
  /** The cases by their names. The first one, in C, is what all are compared to. */
  readonly cases: Readonly<Record<string, Case>>;
}

/** C's rate is reached to this part. */
const part = (rate: number) => 1 / rate;

/** All that is measured. */
export const GROUPS: readonly Group[] = [
  {
    name: "64 bytes there and back, both spinning",
    byteLength: 64,
    processors: 2,
    count: 400,
    isRate: false,
    cases: {
      "C ring": { program: "ring_end.c", way: "spin" },
      "claimAt(), readAt()": {
        program: "ring_end.ts",
        way: "spin",
        atMost: { "C ring": 1.5 },
      },
      "sendSync(), receiveSync()": { program: "ring_end.ts", way: "copied" },
    },
  },
  {
    name: "64 bytes there and back, both sleeping",
    byteLength: 64,
    processors: 1,
    count: 200,
    isRate: false,
    cases: {
      "C events": { program: "event_end.c", way: "sleep" },
      "C ring": { program: "ring_end.c", way: "sleep" },
      "sendSync(), receiveSync()": {
        program: "ring_end.ts",
        way: "sleep",
        atMost: { "C events": 1.5 },
      },
      "await send(), await receive()": {
        program: "ring_end.ts",
        way: "promise",
        atMost: { "C events": 3 },
      },
    },
  },
  {
    name: "messages of 64 bytes one way",
    byteLength: 64,
    processors: 2,
    count: 1_000_000,
    isRate: true,
    cases: {
      "C ring": { program: "ring_end.c", way: "stream" },
      "C ring that publishes every message": { program: "plain_ring.c", way: "stream" },
      "Boost spsc_queue": { program: "boost_queue.cpp", way: "stream" },
      "claimAt(), readAt()": {
        program: "ring_end.ts",
        way: "stream",
        atMost: {
          "C ring": part(0.8),
          "C ring that publishes every message": 1,
          "Boost spsc_queue": 1,
        },
      },
      "send(), readAt()": {
        program: "ring_end.ts",
        way: "send",
        atMost: { "C ring": part(0.8 / 3) },
      },
      "await send(), read()": { program: "ring_end.ts", way: "awaited" },
    },
  },
  {
    name: "messages of 64 KiB one way",
    byteLength: 65_536,
    processors: 2,
    count: 1000,
    isRate: true,
    cases: {
      "C memcpy": { program: "ring_end.c", way: "memcpy" },
      "C ring": { program: "ring_end.c", way: "copies" },
      "sendSync(), read()": {
        program: "ring_end.ts",
        way: "copies",
        atMost: { "C memcpy": part(0.8) },
      },
    },
  },
];
