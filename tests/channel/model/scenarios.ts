/**
 * Scenarios with channels: senders and receivers that open, work, close, and are killed.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import {
  HEADER_LENGTH,
  type Producers,
  type RingSettings,
  SENDERS,
  writeHeader,
} from "../../../src/channel/ring/layout.ts";
import { RingReader } from "../../../src/channel/ring/reader.ts";
import type { Part, Scenario } from "./explore.ts";
import { claimingSender, peeker, readingReceiver, receiver, sender } from "./scripts.ts";

/** A ring that two messages of 24 bytes fill. Each message is published by itself. */
const NARROW = settingsOf(64, "single");
/** A ring in which two messages of one byte are published together. */
const WIDE = settingsOf(256, "single");
const SHARED = settingsOf(64, "multiple");
/** The words of places that no sender takes, because no scenario has more than two senders. */
const FREE_PLACES = SENDERS.slice(2).flatMap(({ owner, state }) => [owner * 2, state]);
const narrow = { settings: NARROW, byteLength: 24 } as const;
const wide = { settings: WIDE, byteLength: 1 } as const;
const shared = { settings: SHARED, byteLength: 24 } as const;

/** The scenarios by their descriptions. */
export const SCENARIOS = {
  "sendSync() into a full ring, receiveSync()": living(
    NARROW,
    [
      sender({ ...narrow, way: "Sync", first: true, numbers: [1, 2, 3], stays: true }),
      receiver({ settings: NARROW, way: "Sync", first: true, most: 3 }),
    ],
    [1, 2, 3],
  ),
  "sendSync() into a full ring, one message of which is received": {
    memory: memoryOf(NARROW),
    parts: [
      sender({ ...narrow, way: "Sync", first: true, numbers: [1, 2, 3] }),
      receiver({ settings: NARROW, way: "Sync", first: true, most: 1, stays: true }),
    ],
    check: ([sent]) => assertEquals(numbersIn(sent, "sent"), [1, 2, 3]),
  },
  "send() into a full ring, receiveSync()": living(
    NARROW,
    [
      sender({ ...narrow, way: "await", first: true, numbers: [1, 2, 3] }),
      receiver({ settings: NARROW, way: "Sync", first: true }),
    ],
    [1, 2, 3],
  ),
  "sendSync(), receive()": living(
    NARROW,
    [
      sender({ ...narrow, way: "Sync", first: true, numbers: [1, 2] }),
      receiver({ settings: NARROW, way: "await", first: true }),
    ],
    [1, 2],
  ),
  "sendSync() of one message, receive()": living(
    NARROW,
    [
      sender({ ...narrow, way: "Sync", first: true, numbers: [1] }),
      receiver({ settings: NARROW, way: "await", first: true }),
    ],
    [1],
  ),
  "send() of messages that are published together, receive()": living(
    WIDE,
    [
      sender({ ...wide, way: "await", first: true, numbers: [1, 2, 3], stays: true }),
      receiver({ settings: WIDE, way: "await", first: true, most: 3 }),
    ],
    [1, 2, 3],
  ),
  "claimAt(), abort(), commit() and flush(), receiveSync()": living(
    NARROW,
    [
      claimingSender({ ...narrow, way: "Sync", numbers: [1, 2] }),
      receiver({ settings: NARROW, way: "Sync" }),
    ],
    [1, 2],
  ),
  "a receiver that leaves after one message, sendSync()": {
    memory: memoryOf(NARROW),
    parts: [
      sender({ ...narrow, way: "Sync", first: true, numbers: [1, 2, 3, 4] }),
      receiver({ settings: NARROW, way: "Sync", first: true, most: 1 }),
    ],
    check: checkReceiverGone,
  },
  "a sender that is killed, receiveSync()": {
    memory: memoryOf(NARROW),
    parts: [
      sender({ ...narrow, way: "Sync", numbers: [1, 2], killable: "from its first note" }),
      receiver({ settings: NARROW, way: "Sync" }),
    ],
    check: checkSenderEnded,
  },
  "a sender that is killed, receive()": {
    memory: memoryOf(WIDE),
    parts: [
      sender({ ...wide, way: "await", numbers: [1, 2], killable: "from its first note" }),
      receiver({ settings: WIDE, way: "await" }),
    ],
    check: checkSenderEnded,
  },
  "a receiver that is killed, sendSync()": {
    memory: memoryOf(NARROW),
    parts: [
      sender({ ...narrow, way: "Sync", first: true, numbers: [1, 2, 3] }),
      receiver({ settings: NARROW, way: "Sync", killable: "from its first note" }),
    ],
    check: checkReceiverGone,
  },
  "a receiver that is killed, send()": {
    memory: memoryOf(NARROW),
    parts: [
      sender({ ...narrow, way: "await", first: true, numbers: [1, 2, 3] }),
      receiver({ settings: NARROW, way: "Sync", first: true, killable: "from its first note" }),
    ],
    check: checkReceiverGone,
  },
  "a sender in the place of one that is killed, and a receiver": {
    memory: memoryOf(NARROW),
    parts: [
      sender({
        ...narrow,
        way: "Sync",
        first: true,
        numbers: [1],
        killable: "from its first note",
      }),
      receiver({ settings: NARROW, way: "Sync", first: true, most: 1 }),
      sender({ ...narrow, way: "Sync", numbers: [], after: 1 }),
    ],
    check: checkArrived,
  },
  "a sender in the place of one that is killed, which may never have opened": {
    memory: memoryOf(NARROW),
    parts: [
      sender({ ...narrow, way: "Sync", numbers: [], killable: "from the start" }),
      receiver({ settings: NARROW, way: "Sync", first: true }),
      sender({ ...narrow, way: "Sync", numbers: [], after: 1 }),
    ],
    check: checkArrived,
  },
  "a sender in the place of one that is killed": {
    memory: memoryOf(WIDE),
    parts: [
      sender({ ...wide, way: "await", numbers: [1, 2], killable: "from its first note" }),
      sender({ ...wide, way: "await", numbers: [9], after: 1 }),
    ],
    check: checkNextSender,
  },
  "a receiver in the place of one that is killed": {
    memory: memoryOf(NARROW),
    parts: [
      sender({ ...narrow, way: "Sync", first: true, numbers: [1, 2] }),
      receiver({ settings: NARROW, way: "Sync", first: true, killable: "from its first note" }),
      receiver({ settings: NARROW, way: "Sync", after: 2 }),
    ],
    // A message that the first receiver had taken and not yet noted is lost.
    check: nextBeginsAfter(1),
  },
  "a reader in the place of one that is killed": {
    memory: memoryOf(WIDE),
    parts: [
      sender({ ...wide, way: "Sync", first: true, numbers: [1, 2] }),
      readingReceiver({ settings: WIDE, killable: "from its first note" }),
      readingReceiver({ settings: WIDE, after: 2 }),
    ],
    // The message that the first reader was reading is read again.
    check: nextBeginsAfter(0),
  },
  "a peeking receiver in the place of one that is killed": {
    memory: memoryOf(NARROW),
    parts: [
      sender({ ...narrow, way: "Sync", first: true, numbers: [1, 2] }),
      peeker({ settings: NARROW, way: "Sync", first: true, killable: "from its first note" }),
      peeker({ settings: NARROW, way: "Sync", after: 2 }),
    ],
    check: checkPeeked,
  },
  "a peeking receiver that releases nothing, sendSync() into a full ring": {
    memory: memoryOf(NARROW),
    parts: [
      sender({ ...narrow, way: "Sync", first: true, numbers: [1, 2, 3] }),
      peeker({ settings: NARROW, way: "Sync", first: true, ahead: 9 }),
    ],
    check: ([_, received]) =>
      assertEquals(received, ["there", "received 1 #0", "received 2 #1", "stuck"]),
  },
  "the last of many senders is killed": {
    memory: memoryOf(SHARED),
    constant: FREE_PLACES,
    parts: [
      sender({ ...shared, way: "Sync", numbers: [1, 2], killable: "from its first note" }),
      receiver({ settings: SHARED, way: "Sync" }),
    ],
    check: checkSenderEnded,
  },
  "two senders share the producer lock": {
    memory: memoryOf(SHARED),
    constant: FREE_PLACES,
    parts: [
      sender({ ...shared, way: "Sync", first: true, numbers: [1] }),
      sender({ ...shared, way: "Sync", first: true, numbers: [2] }),
    ],
    check: checkTurns,
  },
  "two senders share the producer lock, and one of them is killed": {
    memory: memoryOf(SHARED),
    constant: FREE_PLACES,
    parts: [
      sender({
        ...shared,
        way: "Sync",
        first: true,
        numbers: [1],
        killable: "from its first note",
      }),
      sender({ ...shared, way: "Sync", first: true, numbers: [2] }),
    ],
    check: checkTurns,
  },
} as const satisfies Record<string, Scenario>;

type Notes = readonly string[] | undefined;

function settingsOf(capacity: number, producers: Producers): RingSettings {
  const maxMessageLength = capacity / 2 - 8;
  return { capacity, maxMessageLength, whenFull: "wait", producers, endsWithLastSender: true };
}

function memoryOf(settings: RingSettings): Int32Array<ArrayBuffer> {
  const buffer = new ArrayBuffer(HEADER_LENGTH + settings.capacity);
  writeHeader(buffer, settings);
  return new Int32Array(buffer);
}

/** Returns a scenario in which no process is killed and all messages must arrive. */
function living(
  settings: RingSettings,
  parts: readonly Part[],
  numbers: readonly number[],
): Scenario {
  const check: Scenario["check"] = ([_, received]) => {
    assertEquals(numbersIn(received, "received"), numbers);
  };
  return { memory: memoryOf(settings), parts, check };
}

function numbersIn(notes: Notes, what: "sent" | "received"): number[] {
  return notes!.filter((note) => note.startsWith(what)).map((note) => Number(note.split(" ")[1]));
}

/** Asserts that messages are complete and in order from the first one on. */
function assertFromFirst(numbers: readonly number[]): void {
  assertEquals(numbers, numbers.map((_, index) => index + 1));
}

/** Asserts that all messages have arrived that the sender noted as sent. More can have arrived. */
function checkArrived([sent, received]: readonly Notes[]): void {
  const numbers = numbersIn(received, "received");
  assertFromFirst(numbers);
  assertGreaterOrEqual(numbers.length, numbersIn(sent, "sent").length);
}

/** Asserts the same, and that the stream has ended properly if the sender was not killed. */
function checkSenderEnded(notes: readonly Notes[], ended: ReadonlySet<number>): void {
  checkArrived(notes);
  if (ended.size === 0) assertEquals(notes[1]!.at(-1), "end");
}

/**
 * Asserts the order of messages, and that the sender has sent all or knows that the receiver is
 * gone.
 */
function checkReceiverGone([sent, received]: readonly Notes[]): void {
  assertFromFirst(numbersIn(received, "received"));
  const numbers = numbersIn(sent, "sent");
  assertFromFirst(numbers);
  assert(numbers.length >= 3 || sent!.at(-1) === "nobody");
}

/**
 * Asserts that the ring holds at least the noted messages of the first sender, and then the next's.
 */
function checkNextSender(
  [first, next]: readonly Notes[],
  ended: ReadonlySet<number>,
  memory: Int32Array<ArrayBuffer>,
): void {
  const numbers = numbersInRing(memory, WIDE);
  if (ended.size > 0) assertEquals([numbers.pop(), next!.at(-1)], [9, "sent 9"]);
  assertFromFirst(numbers);
  assertGreaterOrEqual(numbers.length, numbersIn(first, "sent").length);
}

/**
 * Returns a check of the next receiver. It must begin `distance` or `distance + 1` messages after
 * the messages that the first receiver noted. It must get all further messages and the end.
 */
function nextBeginsAfter(distance: number): Scenario["check"] {
  return ([sent, first, next], ended) => {
    const before = numbersIn(first, "received");
    assertFromFirst(before);
    if (ended.size === 0) return assertEquals(first!.at(-1), "end");
    const after = numbersIn(next, "received");
    const last = numbersIn(sent, "sent").length;
    const from = after[0] ?? last + 1;
    const least = before.length + distance;
    assert(from === least || from === least + 1, `${before}; ${after}`);
    assertEquals(after, after.map((_, index) => from + index));
    assertEquals(next!.at(-1), "end");
    if (after.length > 0) assertEquals(after.at(-1), last);
  };
}

/**
 * Asserts that the two receivers got each message, and that each message had its number. The second
 * receiver gets the last message of the first one again, unless that was released.
 */
function checkPeeked([sent, first, next]: readonly Notes[], ended: ReadonlySet<number>): void {
  for (const note of [...first!, ...next!].filter((note) => note.startsWith("received"))) {
    const [number, index] = note.slice("received ".length).split(" #").map(Number);
    assertEquals(index, number! - 1);
  }
  const before = numbersIn(first, "received");
  assertFromFirst(before);
  if (ended.size === 0) return assertEquals(first!.at(-1), "end");
  const after = numbersIn(next, "received");
  const last = numbersIn(sent, "sent").length;
  const from = after[0] ?? before.length + 1;
  assert(from >= before.length && from <= before.length + 1, `${before}; ${after}`);
  assertEquals(after, after.map((_, index) => from + index));
  assertGreaterOrEqual(Math.max(before.length, after.at(-1) ?? 0), last);
  assertEquals(next!.at(-1), "end");
}

/** Asserts that the message of each sender is in the ring once; of a killed sender at most once. */
function checkTurns(
  notes: readonly Notes[],
  ended: ReadonlySet<number>,
  memory: Int32Array<ArrayBuffer>,
): void {
  const numbers = numbersInRing(memory, SHARED);
  assertEquals(numbers.length, new Set(numbers).size);
  for (const [part, noted] of notes.entries()) {
    const isSent = ended.has(part + 1) ? numbersIn(noted, "sent").length > 0 : true;
    if (isSent) assert(numbers.includes(part + 1), `${numbers}`);
  }
}

/** Returns the numbers of the messages in a ring, and asserts that the messages are whole. */
function numbersInRing(memory: Int32Array<ArrayBuffer>, settings: RingSettings): number[] {
  const numbers: number[] = [];
  // A copy, because a reader writes to the memory.
  const reader = new RingReader(memory.slice().buffer, settings);
  for (let offset = reader.next(); offset >= 0; offset = reader.next()) {
    const message = reader.ring.slice(offset, offset + reader.length);
    assertEquals(message, new Uint8Array(message.length).fill(message[0]!));
    numbers.push(message[0]!);
    reader.advance();
  }
  return numbers;
}
