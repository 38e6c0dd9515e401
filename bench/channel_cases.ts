/**
 * The cases that channels are measured by, and their limits compared to C.
 *
 * @module
 */

import type { Program, Task } from "./channel_pair.ts";

/** One of the compared ways to do the task of a group. */
export interface Case {
  /** The program that is both ends. */
  readonly program: Program;
  /** How messages are sent and received: a way that the program knows. */
  readonly way: string;
  /** Limits: the maximum median time as a multiple of another case, by that case's name. */
  readonly atMost?: Readonly<Record<string, number>>;
}

/** A task, and the cases that are compared by it. */
export interface Group extends Omit<Task, "way"> {
  /** The task of the group. */
  readonly name: string;
  /** Number of messages, or of measurements, in a round. */
  readonly count: number;
  /** Whether the group compares throughput, and not latency. */
  readonly isRate: boolean;
  /** The cases by their names. All cases are compared to the first, which is in C. */
  readonly cases: Readonly<Record<string, Case>>;
}

/** Returns the limit of a case that must reach this part of C's rate. */
const part = (rate: number) => 1 / rate;

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
      // Each message that is received needs a new array, which C does not make: 180 to 290 ns at each
      // end, while C's whole round trip takes 105 ns. So the aim of 1.5 is out of reach, and the
      // limit only notices a change for the worse. A script that needs more speed reads in place.
      "sendSync(), receiveSync()": {
        program: "ring_end.ts",
        way: "copied",
        atMost: { "C ring": 6 },
      },
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
      // The aim is 0.6, which is 6 ns for a message. V8 takes 8 to 11 ns for `set()` alone.
      "send(), readAt()": {
        program: "ring_end.ts",
        way: "send",
        atMost: { "C ring": part(0.18) },
      },
      // The aim is 0.4, which is 9.5 ns for a message. V8 takes 12 ns or more for `await` alone.
      "await send(), read()": {
        program: "ring_end.ts",
        way: "awaited",
        atMost: { "C ring": part(0.1) },
      },
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
