// Task: test:faults

import { assert, assertInstanceOf } from "@std/assert";
import {
  type FrameSettings,
  FrameSlots,
  HEAD_WORDS,
  headWords,
  MAX_FRAME,
  memoryLengthOf,
  readHeader,
  slotSizesOf,
} from "../../../src/channel/frame/layout.ts";
import { FrameRoom } from "../../../src/channel/frame/latest.ts";
import { FramePin } from "../../../src/channel/frame/reader.ts";
import { MAGICS } from "../../../src/channel/peer/memory.ts";
import { MACHINE } from "../../../src/channel/peer/windows.ts";
import { Random } from "../../support/random.ts";
import { HostileWrites } from "../fuzz/hostile_writes.ts";
import { TARGETS } from "../fuzz/targets.ts";
import { watchMemory } from "../model/watched_memory.ts";

const SETTINGS: FrameSettings = { byteLength: 64, slots: 3, maxReaders: 2 };

Deno.test("readHeader() of a latest frame refuses headers that contradict themselves", () => {
  const random = new Random(1);
  const bytes = new Uint8Array(memoryLengthOf({ byteLength: 5000, slots: 4, maxReaders: 2 }));
  const words = new Uint32Array(bytes.buffer, 0, 5);
  let taken = 0;
  for (let round = 0; round < 50_000; round++) {
    words.set([MAGICS.latestFrame, 1, 5000, 4, 2]);
    for (let count = random.below(3); count > 0; count--) {
      words[random.below(5)] = [random.below(2 ** 32), random.below(70), 1 << random.below(32)][
        random.below(3)
      ]!;
    }
    try {
      const settings = readHeader(bytes, "latest frame");
      const { byteLength, slots, maxReaders } = settings;
      assert(memoryLengthOf(settings) <= bytes.length);
      assert(byteLength > 0 && byteLength <= MAX_FRAME && slots > 1 && slots <= 66);
      assert(maxReaders > 0 && maxReaders <= 64);
      taken++;
    } catch (error) {
      assertInstanceOf(error, Deno.errors.InvalidData);
    }
  }
  assert(taken > 15_000 && taken < 35_000, `${taken}`);
});

Deno.test("FramePin and FrameRoom stay safe if memory changes between two reads of the same word", () => {
  const buffer = new ArrayBuffer(memoryLengthOf(SETTINGS));
  const hostile = new HostileWrites(buffer, { words: TARGETS.frame.words, seed: 2 });
  const random = new Random(3);
  let [isOn, refused, read, written] = [false, 0, 0, 0];
  using _ = watchMemory(buffer, (_, make) => {
    if (isOn && random.below(4) === 0) hostile.write();
    return make();
  });
  const sizes = slotSizesOf(SETTINGS);
  const head = new Int32Array(HEAD_WORDS);
  for (let round = 0; round < 3000; round++) {
    isOn = false;
    hostile.restore();
    const slots = new FrameSlots({ buffer, shown: buffer, settings: SETTINGS, sizes });
    const room = new FrameRoom({ slots, machine: MACHINE });
    const pin = new FramePin({ slots, machine: MACHINE });
    const write = () => {
      const slot = room.claim();
      if (slot < 0) return;
      assert(slot < SETTINGS.slots && slots.bytesOf(slot).length === 64);
      headWords(head, { number: room.nextNumber, length: 64, metadataLength: 3 });
      room.publish(head);
      written++;
    };
    write();
    isOn = true;
    for (let act = 0; act < 8; act++) {
      try {
        if (act % 3 === 0) {
          write();
          continue;
        }
        const slot = pin.pin();
        if (slot < 0) continue;
        const { number, length, metadataLength } = slots.readHead(slot);
        assert(number > 0 && Number.isSafeInteger(number));
        assert(length <= 64 && metadataLength <= slots.metadataOf(slot).length);
        read++;
      } catch (error) {
        assertInstanceOf(error, Deno.errors.InvalidData);
        refused++;
      }
    }
  }
  assert(read > 500 && written > 500 && refused > 200, `${read} ${written} ${refused}`);
});
