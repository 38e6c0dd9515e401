/**
 * Scenarios about the order of memory accesses on ARM64.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import {
  headerWordsOf,
  POSITION,
  SENDER as BROADCAST_SENDER,
  WORD as BROADCAST_WORD,
  writeHeader as writeBroadcastHeader,
} from "../../../src/channel/broadcast/layout.ts";
import { readerPlace } from "../../../src/channel/frame/layout.ts";
import {
  HEADER_LENGTH,
  type Producers,
  type RingSettings,
  SENDERS,
  WORD,
  writeHeader,
} from "../../../src/channel/ring/layout.ts";
import {
  COUNTS,
  locker,
  MEMORY_LENGTH,
  reader,
  writer,
} from "../../sync/shared_lock/model/scripts.ts";
import type { Part, Scenario } from "./explore.ts";
import { constantsOf, frameReader, frameWriter, memoryOf, type Sizes } from "./frame_scripts.ts";
import type { ArmLibrary } from "./order_library.ts";
import {
  BROADCAST,
  orderBroadcaster,
  orderBroadcastReader,
  orderCopier,
  orderPublisher,
  orderReceiver,
  orderSender,
  orderSharedSender,
  orderSleeper,
  orderWaker,
  SLOTS_AT,
  VALUE_WORDS,
} from "./order_scripts.ts";

/** Makes a scenario with the modules of a library. */
export type OrderScenario = (library: ArmLibrary) => Scenario;

/** A ring that two messages of 8 bytes fill. */
const ONE = settingsOf("single");
const MANY = settingsOf("multiple");
/** A script that blocks until it has a lock, and uses plain words. */
const plain = { way: "Sync", isPlain: true } as const;
/** Positions and numbers that count only after a death. */
const AFTER_DEATH = [WORD.committed, WORD.consumed, ...range(WORD.numbers, 6)];

/** The scenarios by their descriptions. */
export const ORDER_SCENARIOS = {
  "a ring: the third message takes the room of the first": (library) => ({
    memory: ringMemory(ONE, library),
    unread: AFTER_DEATH,
    maxOvertaken: 1,
    parts: [
      orderSender(library, { settings: ONE, numbers: [2, 3] }),
      orderReceiver(library, { settings: ONE, count: 3 }),
    ],
    check: ([_, received]) =>
      assertEquals(received, ["there", "received 1", "received 2", "received 3"]),
  }),
  "a ring for many senders: two senders": (library) => ({
    memory: ringMemory(MANY),
    unread: AFTER_DEATH,
    maxOvertaken: 2,
    wide: SENDERS.map(({ owner }) => owner * 2),
    parts: [
      orderSharedSender(library, { settings: MANY, numbers: [1], index: 0 }),
      orderSharedSender(library, { settings: MANY, numbers: [2], index: 1 }),
    ],
    check: (_, __, memory) => {
      const first = HEADER_LENGTH / 4;
      const messages = [memory.slice(first, first + 4), memory.slice(first + 4, first + 8)];
      const texts = messages.map(([length, _, ...bytes]) => `${length} ${bytes}`);
      assertEquals(
        texts.sort(),
        [16, 16].map((length, at) => {
          const word = (at + 1) * 0x01010101;
          return `${length} ${word},${word}`;
        }),
      );
    },
  }),
  "a broadcast ring: a receiver, and a sender that overwrites": (library) => ({
    ...broadcastMemory(library),
    parts: [orderBroadcaster(library, { count: 3 }), orderBroadcastReader(library, { takes: 2 })],
    check: ([_, received]) => checkNumbered(received!, "received"),
  }),
  "a latest value: a reader, and a writer that uses a slot again": (library) => ({
    ...latestMemory(library, { published: 1 }),
    maxOvertaken: 1,
    mostSteps: 42,
    parts: [orderPublisher(library, { count: 4 }), orderCopier(library, { count: 1 })],
    check: ([_, read]) => checkNumbered(read!, "read"),
  }),
  "a latest value: two copies": (library) => ({
    ...latestMemory(library, { published: 1 }),
    parts: [orderPublisher(library, { count: 2 }), orderCopier(library, { count: 2 })],
    check: ([_, read]) => checkNumbered(read!, "read"),
  }),
  "wake events: a reader that sleeps until the last value": (library) => ({
    memory: new Int32Array((SLOTS_AT + library.LatestSlots.byteLengthOf(1)) / 4),
    constant: [1, 3],
    branched: [0],
    maxOvertaken: 2,
    parts: [orderWaker(library, { count: 2 }), orderSleeper(library, { until: 2 })],
    check: ([_, read]) => {
      checkNumbered(read!, "read");
      assertEquals(read!.at(-1), "read 2 2");
    },
  }),
  "frames: a writer that uses two slots again, and a reader": () =>
    frames({ slots: 2, maxReaders: 1 }, (single) => [
      frameWriter({ ...single, count: 3 }),
      frameReader({ ...single, count: 1 }),
    ]),
  "a lock: two threads that take it at once if it is free": ({ locks }) =>
    lock([
      locker(locks, { ...plain, isQuick: true }),
      locker(locks, { ...plain, isQuick: true }),
    ]),
  "a lock: two threads that wait for it": ({ locks }) =>
    lock([locker(locks, plain), locker(locks, plain)]),
  "a reader-writer lock: a writer and a reader that give up": ({ locks }) =>
    lock([writer(locks, { ...plain, isTry: true }), reader(locks, { ...plain, isTry: true })]),
  "a reader-writer lock: two writers that give up": ({ locks }) =>
    lock([writer(locks, { ...plain, isTry: true }), writer(locks, { ...plain, isTry: true })]),
  "a reader-writer lock: a writer that waits until a reader leaves": ({ locks }) =>
    lock([reader(locks, { ...plain, first: true }), writer(locks, plain)]),
  "a reader-writer lock: a reader that waits until a writer leaves": ({ locks }) =>
    lock([writer(locks, { ...plain, first: true }), reader(locks, plain)]),
} as const satisfies Record<string, OrderScenario>;

function settingsOf(producers: Producers): RingSettings {
  const size = { capacity: 32, maxMessageLength: 8 };
  return { ...size, whenFull: "wait", producers, endsWithLastSender: true };
}

/** Returns the memory of a ring. With a library, the ring has the message 1. */
function ringMemory(settings: RingSettings, library?: ArmLibrary): Int32Array<ArrayBuffer> {
  const buffer = new ArrayBuffer(HEADER_LENGTH + settings.capacity);
  writeHeader(buffer, settings);
  if (library !== undefined) {
    const writer = new library.RingWriter(buffer, settings);
    writer.claim(8);
    writer.write(new Uint8Array(8).fill(1), true);
  }
  return new Int32Array(buffer);
}

/** Returns a broadcast ring in which one message was sent. */
function broadcastMemory(
  library: ArmLibrary,
): Pick<Scenario, "memory" | "wide" | "unread" | "maxOvertaken" | "mostSteps"> {
  const memory = new Int32Array((2048 + BROADCAST.capacity) / 4);
  writeBroadcastHeader(memory.buffer, BROADCAST);
  new library.BroadcastWriter(memory.buffer, BROADCAST).write(Uint8Array.of(1, 0, 0, 0));
  const { owners } = headerWordsOf(memory.buffer);
  assertEquals(owners[POSITION.newest], 1n);
  const wide = [POSITION.newest, POSITION.announced, BROADCAST_SENDER.owner];
  return {
    memory,
    wide: wide.map((index) => index * 2),
    maxOvertaken: 2,
    mostSteps: 120,
    unread: [BROADCAST_WORD.committed],
  };
}

/** Returns the memory of a latest value of which some values were published. */
function latestMemory(
  library: ArmLibrary,
  { published }: { published: number },
): Pick<Scenario, "memory" | "maxOvertaken" | "mostSteps"> {
  const byteLength = library.LatestSlots.byteLengthOf(VALUE_WORDS);
  const memory = new Int32Array((SLOTS_AT + byteLength) / 4);
  const slots = new library.LatestSlots(memory.buffer, SLOTS_AT, VALUE_WORDS);
  for (let number = 1; number <= published; number++) {
    slots.publish(new Int32Array(VALUE_WORDS).fill(number));
  }
  return { memory, maxOvertaken: 2, mostSteps: 100 };
}

function frames(
  sizes: Sizes,
  parts: (single: { sizes: Sizes }) => readonly Part[],
): Scenario {
  const { lengths, zeros } = constantsOf(sizes);
  return {
    memory: memoryOf(sizes),
    maxOvertaken: 1,
    constant: [...lengths, ...zeros],
    wide: range(0, sizes.maxReaders).map((index) => readerPlace(index).owner * 2),
    parts: parts({ sizes }),
    check: (notes) => {
      for (const noted of notes) {
        const read = noted.filter((note) => note.startsWith("read "));
        checkNumbered(read, "read");
      }
    },
  };
}

/** Returns a scenario in which each script that takes a lock adds 1 to two words. */
function lock(parts: readonly Part[]): Scenario {
  const memory = new Int32Array(MEMORY_LENGTH);
  const event = range(4, 4);
  for (const word of event) memory[word] = 1;
  return {
    memory,
    // The scenarios use one reader's place of 32.
    constant: [...event, ...range(12 + 3, 31 * 3)],
    maxOvertaken: 1,
    parts,
    check: (notes, _, memory) => {
      const sum = notes.flat().filter((note) => note === "taken").length;
      assertEquals(COUNTS.map((at) => memory[at]), [sum, sum]);
    },
  };
}

/**
 * Asserts that all numbers of a note are the same: of a message or a value, and of its bytes. And
 * that no note has a lower number than the one before.
 */
function checkNumbered(notes: readonly string[], what: string): void {
  let before = 0;
  for (const note of notes) {
    const [word, ...numbers] = note.split(" ");
    if (word !== what) continue;
    assertEquals(new Set(numbers).size, 1, note);
    assertGreaterOrEqual(Number(numbers[0]), before);
    before = Number(numbers[0]);
    assert(before > 0);
  }
}

function range(first: number, length: number): number[] {
  return Array.from({ length }, (_, index) => first + index);
}
