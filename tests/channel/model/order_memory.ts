/**
 * The memory of scenarios about the order of memory accesses, and checks that several of them share.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import {
  type BroadcastSettings,
  HEADER_LENGTH as BROADCAST_HEADER,
  headerWordsOf,
  POSITION,
  SENDER as BROADCAST_SENDER,
  WORD as BROADCAST_WORD,
  writeHeader as writeBroadcastHeader,
} from "../../../src/channel/broadcast/layout.ts";
import {
  HEADER_LENGTH,
  type Producers,
  type RingSettings,
  writeHeader,
} from "../../../src/channel/ring/layout.ts";
import { COUNTS, MEMORY_LENGTH } from "../../sync/shared_lock/model/scripts.ts";
import type { Part, Scenario } from "./explore.ts";
import type { ArmLibrary } from "./order_library.ts";
import { BROADCAST, NEWEST, SLOTS_AT, VALUE_WORDS } from "./order_scripts.ts";

/** Makes a scenario with the modules of a library. */
export type OrderScenario = (library: ArmLibrary) => Scenario;

/** Options of a script that blocks until it has a lock, and uses plain words. */
export const PLAIN = { way: "Sync", isPlain: true } as const;

/** Returns the settings of a ring for messages of 8 bytes. */
export function settingsOf(producers: Producers, capacity = 32): RingSettings {
  const size = { capacity, maxMessageLength: 8 };
  return { ...size, whenFull: "wait", producers, endsWithLastSender: true };
}

/** Returns the memory of a ring. With a library, the ring has the messages from 1 to `count`. */
export function ringMemory(
  settings: RingSettings,
  library?: ArmLibrary,
  count = 1,
): Int32Array<ArrayBuffer> {
  const buffer = new ArrayBuffer(HEADER_LENGTH + settings.capacity);
  writeHeader(buffer, settings);
  if (library !== undefined) {
    const writer = new library.RingWriter(buffer, settings);
    for (let number = 1; number <= count; number++) {
      writer.claim(8);
      writer.write(new Uint8Array(8).fill(number), true);
    }
  }
  return new Int32Array(buffer);
}

/** Returns a broadcast ring in which one message was sent. */
export function broadcastMemory(
  library: ArmLibrary,
  settings: BroadcastSettings = BROADCAST,
): Pick<Scenario, "memory" | "wide" | "unread" | "maxOvertaken" | "mostSteps"> {
  const memory = new Int32Array((BROADCAST_HEADER + settings.capacity) / 4);
  writeBroadcastHeader(memory.buffer, settings);
  const writer = new library.BroadcastWriter(memory.buffer, settings);
  writer.write(Uint8Array.of(1, 0, 0, 0));
  writer.publish();
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

/**
 * Returns the memory of a latest value.
 *
 * @param options `published`: how many values were published. `newest`: an older number that is still
 *   visible as the newest one.
 */
export function latestMemory(
  library: ArmLibrary,
  { published, newest = published }: { published: number; newest?: number },
): Pick<Scenario, "memory" | "maxOvertaken" | "mostSteps"> {
  const byteLength = library.LatestSlots.byteLengthOf(VALUE_WORDS);
  const memory = new Int32Array((SLOTS_AT + byteLength) / 4);
  const slots = new library.LatestSlots(memory.buffer, SLOTS_AT, VALUE_WORDS);
  for (let number = 1; number <= published; number++) {
    slots.publish(new Int32Array(VALUE_WORDS).fill(number));
  }
  memory[NEWEST] = newest;
  return { memory, maxOvertaken: 2, mostSteps: 100 };
}

/** Returns a scenario in which each script that takes a lock adds 1 to two words. */
export function lock(parts: readonly Part[]): Scenario {
  const memory = new Int32Array(MEMORY_LENGTH);
  const event = range(4, 4);
  for (const word of event) memory[word] = 1;
  return {
    memory,
    // The scenarios use one reader's place of 32.
    constant: [...event, ...range(12 + 3, 31 * 3)],
    maxOvertaken: 1,
    parts,
    check: (notes, ended, memory) => {
      const all = notes.flat();
      const [most, least] = ["taken", "added"].map((what) =>
        all.filter((note) => note === what).length
      );
      const [one, other] = COUNTS.map((at) => memory[at]!);
      assertGreaterOrEqual(one!, least!);
      assertLessOrEqual(one!, most!);
      // The last writer can have been killed between its two stores.
      if (ended.size === 0 || notes.at(-1)!.includes("added")) assertEquals(one, other);
    },
  };
}

/**
 * Asserts that all numbers of a note are the same: of a message or a value, and of its bytes. And
 * that no note has a lower number than the one before.
 */
export function checkNumbered(notes: readonly string[], what: string): void {
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

/** Returns consecutive numbers. */
export function range(first: number, length: number): number[] {
  return Array.from({ length }, (_, index) => first + index);
}
