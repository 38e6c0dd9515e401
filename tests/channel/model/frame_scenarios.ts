/**
 * Scenarios with latest frames: writers and readers that use the slots, leave, and are killed.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { readerPlace } from "../../../src/channel/frame/layout.ts";
import type { Part, Scenario } from "./explore.ts";
import { constantsOf, frameReader, frameWriter, memoryOf, type Sizes } from "./frame_scripts.ts";

const killable = "from its first note";
const single = { sizes: { slots: 2, maxReaders: 1 } } as const;
const spare = { sizes: { slots: 3, maxReaders: 1 } } as const;
const two = { sizes: { slots: 2, maxReaders: 2 } } as const;

/** The scenarios by their descriptions. */
export const FRAME_SCENARIOS = {
  "a writer that reuses two slots, and a reader": frames(single, [
    frameWriter({ ...single, count: 4 }),
    frameReader({ ...single, count: 3 }),
  ]),
  "a writer with a spare slot, which drops nothing, and a reader": {
    ...frames(spare, [
      frameWriter({ ...spare, count: 4 }),
      frameReader({ ...spare, count: 2 }),
    ]),
    check: (notes) => {
      checkWhole(notes);
      assertEquals(notes[0]!.includes("dropped"), false);
    },
  },
  "a writer, and two readers that hold both slots": frames(two, [
    frameWriter({ ...two, count: 2 }),
    frameReader({ ...two, count: 1, stays: true }),
    frameReader({ ...two, count: 1 }),
  ]),
  "a writer, a reader that leaves, and one that takes its place": frames(single, [
    frameWriter({ ...single, count: 3 }),
    frameReader({ ...single, count: 1, mayBeBusy: true }),
    frameReader({ ...single, count: 1, mayBeBusy: true }),
  ]),
  "a writer, a reader that is killed, and one that takes its place": frames(single, [
    frameWriter({ ...single, count: 3 }),
    frameReader({ ...single, count: 1, stays: true, killable }),
    frameReader({ ...single, count: 1, after: 2 }),
  ]),
  "a reader that is killed, and one that takes its place and acquires nothing": {
    ...frames(single, [
      frameReader({ ...single, count: 1, stays: true, killable }),
      frameReader({ ...single, count: 0, stays: true, after: 1 }),
    ]),
    check: ([_, next], __, memory) => {
      if (next!.includes("there")) assertEquals(memory[readerPlace(0).pin], 0);
    },
  },
  "a writer that is killed, the next one, and a reader": frames(single, [
    frameWriter({ ...single, count: 2, killable }),
    frameReader({ ...single, count: 2 }),
    frameWriter({ ...single, count: 2, after: 1 }),
  ]),
} as const satisfies Record<string, Scenario>;

function frames({ sizes }: { sizes: Sizes }, parts: readonly Part[]): Scenario {
  const memory = memoryOf(sizes);
  // Also the accesses to the frames are steps, because a reader can notice when they happen.
  const { lengths, zeros } = constantsOf(sizes);
  const constant = [...lengths, ...zeros];
  return { memory, parts, body: memory.length, constant, check: checkWhole };
}

/** Asserts that each frame that was read is whole, and that no reader read an older one later. */
function checkWhole(notes: readonly (readonly string[])[]): void {
  for (const noted of notes) {
    let before = 0;
    for (const note of noted) {
      const [word, ...numbers] = note.split(" ");
      if (word !== "read") continue;
      assertEquals(new Set(numbers).size, 1, note);
      assertGreater(Number(numbers[0]) + 1, before);
      before = Number(numbers[0]);
    }
  }
}
