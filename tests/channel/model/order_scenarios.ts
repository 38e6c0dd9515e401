/**
 * Scenarios about the order of memory accesses on ARM64.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { readerPlace } from "../../../src/channel/frame/layout.ts";
import { HEADER_LENGTH, SENDERS, WORD } from "../../../src/channel/ring/layout.ts";
import { locker, reader, writer } from "../../sync/shared_lock/model/scripts.ts";
import type { Part, Scenario } from "./explore.ts";
import { constantsOf, frameReader, frameWriter, memoryOf, type Sizes } from "./frame_scripts.ts";
import {
  broadcastMemory,
  checkNumbered,
  latestMemory,
  lock,
  type OrderScenario,
  PLAIN,
  range,
  ringMemory,
  settingsOf,
} from "./order_memory.ts";
import {
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
} from "./order_scripts.ts";
import { PLACE_SCENARIOS } from "./place_scenarios.ts";

/** A ring that two messages of 8 bytes fill. */
const ONE = settingsOf("single");
const MANY = settingsOf("multiple");
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
  "a latest value: a reader of an old value, and a writer that uses its slot again": (library) => ({
    ...latestMemory(library, { published: 3, newest: 1 }),
    maxOvertaken: 1,
    mostSteps: 60,
    parts: [
      orderPublisher(library, { count: 2, newest: 3 }),
      orderCopier(library, { count: 1 }),
    ],
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
  "frames: a writer that publishes one frame, and a reader": () =>
    frames({ slots: 2, maxReaders: 1 }, (single) => [
      frameWriter({ ...single, count: 1 }),
      frameReader({ ...single, count: 1 }),
    ]),
  "a lock: two threads that take it at once if it is free": ({ locks }) =>
    lock([
      locker(locks, { ...PLAIN, isQuick: true }),
      locker(locks, { ...PLAIN, isQuick: true }),
    ]),
  "a lock: two threads that wait for it": ({ locks }) =>
    lock([locker(locks, PLAIN), locker(locks, PLAIN)]),
  "a reader-writer lock: a writer and a reader that give up": ({ locks }) =>
    lock([writer(locks, { ...PLAIN, isTry: true }), reader(locks, { ...PLAIN, isTry: true })]),
  "a reader-writer lock: two writers that give up": ({ locks }) =>
    lock([writer(locks, { ...PLAIN, isTry: true }), writer(locks, { ...PLAIN, isTry: true })]),
  "a reader-writer lock: a writer that waits until a reader leaves": ({ locks }) =>
    lock([reader(locks, { ...PLAIN, first: true }), writer(locks, PLAIN)]),
  "a reader-writer lock: a reader that waits until a writer leaves": ({ locks }) =>
    lock([writer(locks, { ...PLAIN, first: true }), reader(locks, PLAIN)]),
  ...PLACE_SCENARIOS,
} as const satisfies Record<string, OrderScenario>;

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
