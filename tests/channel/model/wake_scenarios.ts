/**
 * Scenarios with wake events: writers and readers of latest values, and senders and receivers of
 * broadcast rings.
 *
 * @module
 */

import { assertEquals, assertGreater, assertGreaterOrEqual } from "@std/assert";
import {
  HEADER_LENGTH as BROADCAST_HEADER_LENGTH,
  SENDER,
  WAKE_BITS_OFFSET,
  writeHeader,
} from "../../../src/channel/broadcast/layout.ts";
import {
  memoryLengthFor,
  SLOTS_OFFSET,
  WAKE_BITS_OFFSET as LATEST_WAKE_BITS_OFFSET,
  WRITER,
} from "../../../src/channel/latest/layout.ts";
import type { Place } from "../../../src/channel/peer/place.ts";
import type { Part, Scenario } from "./explore.ts";
import {
  bareWakeEvent,
  broadcastReceiver,
  broadcastSender,
  publisher,
  reader,
  SETTINGS,
  writer,
} from "./wake_scripts.ts";

/** Readers must be woken: no timeout ends in which they could look by themselves. */
const atOnce = { mostLongWaits: 0 } as const;
/**
 * A writer can be killed while it opens. Readers that watch no process see this after one timeout.
 */
const soon = { mostLongWaits: 1 } as const;
const killable = "from its first note";
const always = "from the start";
const asleep = "until it sleeps";

/** The scenarios by their descriptions. */
export const WAKE_SCENARIOS = {
  "a writer that closes, and a reader": latest(atOnce, [
    writer({ numbers: [1, 2] }),
    reader({ first: true }),
  ]),
  "a writer that stays open, and a reader that opens as another one leaves": latest(atOnce, [
    writer({ numbers: [1, 2], first: true, stays: true }),
    reader({ whole: true, until: 1 }),
    reader({ until: 2 }),
  ]),
  "a writer that is killed, and a reader": latest(atOnce, [
    writer({ numbers: [1], killable }),
    reader({ first: true }),
  ]),
  "a writer that is killed, and a reader that throws": latest(atOnce, [
    writer({ numbers: [1], killable }),
    reader({ first: true, whenWriterGone: "throw" }),
  ]),
  "a writer that may be killed while it opens, and a reader": latest(soon, [
    writer({ numbers: [1], killable: always }),
    reader({ first: true }),
  ]),
  "a writer that may be killed while it opens, the next one, and a reader that waits": latest(
    atOnce,
    [
      writer({ numbers: [], killable: always }),
      reader({ first: asleep, until: 9, whenWriterGone: "wait", after: 1 }),
      writer({ numbers: [9], after: 1, stays: true }),
    ],
  ),
  "a writer that is killed, and two readers": latest(atOnce, [
    writer({ numbers: [1], killable }),
    ...[1, 2].map(() => reader({ whole: true })),
  ]),
  "a writer that is killed, and three readers": latest(atOnce, [
    writer({ numbers: [1], first: true, killable }),
    ...[1, 2, 3].map(() => reader({ whole: true })),
  ]),
  "numbers that are published, and readers that open and close": {
    memory: new Int32Array(memoryLengthFor(1) / 4),
    constant: highBits(LATEST_WAKE_BITS_OFFSET),
    parts: [
      publisher({ numbers: [1, 2] }),
      bareWakeEvent({ until: 1, first: asleep }),
      bareWakeEvent({ until: 2 }),
    ],
    check: (notes) => assertEquals(notes.slice(1), [["left"], ["left"]]),
  },
  "a sender that is killed, and a receiver": broadcast(atOnce, [
    broadcastSender({ numbers: [1], killable }),
    broadcastReceiver({ way: "await", first: true }),
  ]),
  "a sender that may be killed while it opens, and a receiver": broadcast(soon, [
    broadcastSender({ numbers: [1], killable: always }),
    broadcastReceiver({ way: "Sync", first: true }),
  ]),
  "a sender that may be killed while it opens, the next one, and a receiver": broadcast(atOnce, [
    broadcastSender({ numbers: [], killable: always }),
    broadcastReceiver({ way: "Sync", first: asleep }),
    broadcastSender({ numbers: [9], after: 1 }),
  ]),
  "a sender that is killed, and two receivers": broadcast(atOnce, [
    broadcastSender({ numbers: [1], killable }),
    broadcastReceiver({ way: "Sync", whole: true }),
    broadcastReceiver({ way: "await", whole: true }),
  ]),
} as const satisfies Record<string, Scenario>;

type Options = Pick<Scenario, "mostLongWaits">;

function latest(options: Options, parts: readonly Part[]): Scenario {
  const memory = new Int32Array(memoryLengthFor(1) / 4);
  // The writer never writes to a slot that a reader can be reading.
  const body = SLOTS_OFFSET / 4 + 1;
  const constant = highBits(LATEST_WAKE_BITS_OFFSET);
  return { ...options, memory, parts, body, constant, mayWait: hasNobody(WRITER), check };
}

function broadcast(options: Options, parts: readonly Part[]): Scenario {
  const buffer = new ArrayBuffer(BROADCAST_HEADER_LENGTH + SETTINGS.capacity);
  writeHeader(buffer, SETTINGS);
  const memory = new Int32Array(buffer);
  const constant = highBits(WAKE_BITS_OFFSET);
  return { ...options, memory, parts, constant, mayWait: hasNobody(SENDER), check };
}

/** Returns the words with the bits of readers 32 to 63, which no scenario has. */
function highBits(offset: number): number[] {
  return [offset / 4 + 1, offset / 4 + 3];
}

/** Returns a check whether no writer has ever opened: then readers may wait for ever. */
function hasNobody({ owner, state }: Place): (memory: Int32Array<ArrayBuffer>) => boolean {
  return (memory) => memory[owner * 2] === 0 && memory[state] === 0;
}

/**
 * Asserts that no reader receives an older number after a newer one. A reader that notices the
 * writer's end must have received all numbers that the first writer noted as sent.
 */
function check(notes: readonly (readonly string[])[], ended: ReadonlySet<number>): void {
  const sent = Math.max(0, ...numbersIn(notes[0]!, "sent"));
  for (const noted of notes) {
    const received = numbersIn(noted, "received");
    assertEquals(received, received.toSorted((one, other) => one - other));
    const knowsEnd = noted.includes("end") || noted.includes("reset");
    if (knowsEnd) assertGreaterOrEqual(Math.max(0, ...received), sent);
    if (noted.includes("reset")) assertGreater(ended.size, 0);
  }
}

function numbersIn(notes: readonly string[], what: "sent" | "received"): number[] {
  return notes.filter((note) => note.startsWith(what)).map((note) => Number(note.split(" ")[1]));
}
