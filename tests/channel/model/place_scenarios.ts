/**
 * Scenarios about the order of memory accesses on ARM64 in which a place or a lock has a next owner:
 * the one before has left, or was killed.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  HEADER_LENGTH as BROADCAST_HEADER,
  headerWordsOf as broadcastHeaderOf,
  POSITION,
} from "../../../src/channel/broadcast/layout.ts";
import {
  HEADER_LENGTH,
  headerWordsOf,
  RECEIVER,
  SENDER,
  WORD,
} from "../../../src/channel/ring/layout.ts";
import { locker, reader, writer } from "../../sync/shared_lock/model/scripts.ts";
import type { ArmLibrary } from "./order_library.ts";
import {
  broadcastMemory,
  checkNumbered,
  latestMemory,
  lock,
  type OrderScenario,
  PLAIN,
  ringMemory,
  settingsOf,
} from "./order_memory.ts";
import { BROADCAST, orderCopier } from "./order_scripts.ts";
import {
  DYING,
  endingReceiver,
  nextBroadcaster,
  nextPublisher,
  nextReceiver,
  nextSender,
  ownerOf,
} from "./place_scripts.ts";

const killable = "from its first note";
/** A ring that two messages of 8 bytes fill. */
const ONE = settingsOf("single");
/** A ring with room for several pending messages. */
const LONG = settingsOf("single", 256);
/** A broadcast ring with room for several pending messages. */
const LONG_BROADCAST = { ...BROADCAST, capacity: 512 };

/** The scenarios by their descriptions. */
export const PLACE_SCENARIOS = {
  "a place: a sender of a ring that leaves or is killed, and the next one": (library) => ({
    memory: ringMemory(ONE),
    wide: [SENDER.owner * 2],
    maxOvertaken: 1,
    parts: [
      nextSender(library, { settings: ONE, number: 1, first: true, killable }),
      nextSender(library, { settings: ONE, number: 2 }),
    ],
    check: (notes, _, memory) => {
      const sent = notes.flat().filter((note) => note.startsWith("sent "));
      const found = messagesIn(memory).map((number) => `sent ${number}`);
      // A sender can be killed after its message is committed, and before it notes that.
      if (!sent.includes("sent 1") && found[0] === "sent 1") found.shift();
      assertEquals(found, sent);
    },
  }),
  "a place: a receiver of a ring that leaves or is killed, and the next one": (library) => ({
    memory: ringMemory(ONE, library, 2),
    wide: [RECEIVER.owner * 2],
    maxOvertaken: 1,
    parts: [
      nextReceiver(library, { settings: ONE, first: true, killable }),
      nextReceiver(library, { settings: ONE }),
    ],
    check: ([one, other]) => {
      const number = one!.includes("advanced") ? 2 : 1;
      if (other!.length > 0) assertEquals(other, ["there", `received ${number}`, "advanced"]);
    },
  }),
  "a place: the next sender of a ring, and a receiver that publishes for a dead one": (
    library,
  ) => ({
    memory: pendingMemory(library),
    wide: [SENDER.owner * 2],
    maxOvertaken: 1,
    parts: [
      DYING,
      nextSender(library, { settings: LONG, number: 2, after: 1 }),
      endingReceiver(library, { settings: LONG, looks: 2, after: 1 }),
    ],
    check: ([_, sent, received], __, memory) => {
      if (sent!.length === 0) return;
      assertEquals(messagesIn(memory), [1, 2]);
      const messages = received!.filter((note) => note.startsWith("received"));
      assertEquals(messages, ["received 1", "received 2"].slice(0, messages.length));
    },
  }),
  "a place: a sender of a ring that leaves or is killed, and a receiver": (library) => ({
    memory: ringMemory(LONG),
    wide: [SENDER.owner * 2],
    maxOvertaken: 1,
    parts: [
      nextSender(library, { settings: LONG, number: 1, first: true, killable }),
      endingReceiver(library, { settings: LONG, looks: 2 }),
    ],
    check: ([sent, received]) => {
      const isOver = received!.includes("closed") || received!.includes("dead");
      if (isOver && sent!.includes("sent 1")) assertEquals(received![0], "received 1");
    },
  }),
  "a place: a sender of a broadcast ring that leaves or is killed, and the next one": (
    library,
  ) => ({
    ...broadcastMemory(library, LONG_BROADCAST),
    maxOvertaken: 1,
    parts: [
      nextBroadcaster(library, { settings: LONG_BROADCAST, first: true, killable }),
      nextBroadcaster(library, { settings: LONG_BROADCAST }),
    ],
    unread: [],
    check: ([one, other], _, memory) => {
      const numbers = broadcastIn(memory);
      assertEquals(numbers, [1, 2, 3].slice(0, numbers.length));
      const last = other!.length > 0 ? other : one;
      if (last!.length > 1) assertEquals(`sent ${numbers.length}`, last!.at(-1));
    },
  }),
  "a place: a writer of a latest value that is killed, the next one, and a reader": (library) => ({
    ...latestMemory(library, { published: 3 }),
    maxOvertaken: 1,
    mostSteps: 42,
    parts: [
      nextPublisher(library, { killable, first: true }),
      nextPublisher(library, { after: 1 }),
      orderCopier(library, { count: 1 }),
    ],
    check: ([_, __, read]) => checkNumbered(read!, "read"),
  }),
  "a place: a thread that is killed with a lock, and the next one": ({ locks }) =>
    lock([
      locker(locks, { ...PLAIN, isQuick: true, first: true, killable }),
      locker(locks, PLAIN),
    ]),
  "a place: a writer that is killed with a reader-writer lock, and a reader": ({ locks }) =>
    lock([
      writer(locks, { ...PLAIN, isTry: true, first: true, killable }),
      reader(locks, PLAIN),
    ]),
  "a place: a reader that is killed with a reader-writer lock, and a writer": ({ locks }) =>
    lock([
      reader(locks, { ...PLAIN, isTry: true, first: true, killable }),
      writer(locks, PLAIN),
    ]),
} as const satisfies Record<string, OrderScenario>;

/** Returns the memory of a ring in which the message 1 is pending, and script 1 is the sender. */
function pendingMemory(library: ArmLibrary): Int32Array<ArrayBuffer> {
  const memory = ringMemory(LONG);
  const writer = new library.RingWriter(memory.buffer, LONG);
  writer.claim(8);
  writer.write(new Uint8Array(8).fill(1));
  assertEquals(memory[WORD.tail], 0);
  headerWordsOf(memory.buffer).owners[SENDER.owner] = ownerOf(1);
  return memory;
}

/** Returns the numbers of the messages of a ring that are published. The ring has no padding. */
function messagesIn(memory: Int32Array<ArrayBuffer>): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < memory[WORD.tail]!; at += 16) {
    const bytes = new Uint8Array(memory.buffer, HEADER_LENGTH + at, 16);
    const [first] = bytes.slice(8);
    assertEquals(new Int32Array(bytes.slice().buffer)[0], 16);
    assertEquals([...new Set(bytes.slice(8))], [first]);
    numbers.push(first!);
  }
  return numbers;
}

/** Returns the numbers in the messages of a broadcast ring that are published. */
function broadcastIn(memory: Int32Array<ArrayBuffer>): number[] {
  const numbers: number[] = [];
  const newest = Number(broadcastHeaderOf(memory.buffer).owners[POSITION.newest]);
  // A record has two units of 16 bytes. The position of the first one is 1.
  for (let position = 1; position <= newest; position += 2) {
    const [length, _, number, __, message] = memory.slice(BROADCAST_HEADER / 4 + position * 4);
    assertEquals([length, number], [20, message]);
    numbers.push(number!);
  }
  return numbers;
}
