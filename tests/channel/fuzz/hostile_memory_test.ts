// Task: test:faults

import { assert, assertInstanceOf, assertThrows } from "@std/assert";
import { MACHINE } from "../../../src/channel/peer/windows.ts";
import { takePlace } from "../../../src/channel/peer/place.ts";
import {
  HEADER_LENGTH,
  headerWordsOf,
  longestMessage,
  type Producers,
  readHeader,
  RECEIVER,
  type RingSettings,
  writeHeader,
} from "../../../src/channel/ring/layout.ts";
import { RingReader } from "../../../src/channel/ring/reader.ts";
import { RingWriter } from "../../../src/channel/ring/writer.ts";
import { fuzz } from "./run.ts";
import { type Kind, TARGETS } from "./targets.ts";
import { watchMemory } from "../model/watched_memory.ts";
import { HostileWrites } from "./hostile_writes.ts";
import { Random } from "../../support/random.ts";
import { advance, readAll as readMessages, write } from "../ring/bare_ends.ts";

const CAPACITY = 1024;
/** Maximum number of messages in a row, far more than a ring of this size can hold. */
const MAX_MESSAGES = 1000;

function settingsOf(producers: Producers): RingSettings {
  return {
    capacity: CAPACITY,
    maxMessageLength: longestMessage(CAPACITY),
    whenFull: "wait",
    producers,
    endsWithLastSender: true,
  };
}

Deno.test("readHeader() refuses headers that contradict themselves", () => {
  const random = new Random(1);
  const buffer = new ArrayBuffer(HEADER_LENGTH + CAPACITY);
  let taken = 0;
  for (let round = 0; round < 100_000; round++) {
    const words = new Int32Array(buffer).fill(0, 0, 8);
    writeHeader(buffer, settingsOf(random.below(2) === 0 ? "single" : "multiple"));
    for (let count = random.below(3); count > 0; count--) {
      words[random.below(8)] = [random.below(2 ** 32), random.below(4), 1 << random.below(32)][
        random.below(3)
      ]!;
    }
    try {
      const found = readHeader(buffer);
      if (found === undefined) continue;
      assert(HEADER_LENGTH + found.capacity <= buffer.byteLength);
      assert(found.maxMessageLength <= longestMessage(found.capacity));
      taken++;
    } catch (error) {
      assertInstanceOf(error, Deno.errors.InvalidData);
    }
  }
  assert(taken > 30_000 && taken < 70_000, `${taken}`);
});

Deno.test("RingReader and RingWriter stay safe if memory changes between two reads of the same word", () => {
  const settings = settingsOf("single");
  const buffer = new ArrayBuffer(HEADER_LENGTH + CAPACITY);
  const bytes = new Uint8Array(buffer);
  const hostile = new HostileWrites(buffer, { words: TARGETS.single.words, seed: 2 });
  const random = new Random(3);
  let [isOn, refused, read] = [false, 0, 0];
  using _ = watchMemory(buffer, (_, make) => {
    if (isOn && random.below(16) === 0) hostile.write();
    return make();
  });
  for (let round = 0; round < 10_000; round++) {
    isOn = false;
    bytes.fill(0);
    writeHeader(buffer, settings);
    const writer = new RingWriter(buffer, settings);
    const reader = new RingReader(buffer, settings);
    for (let count = 0; count < 12; count++) write(writer, new Uint8Array(random.below(60)));
    isOn = true;
    for (
      const attempt of [
        () => read += readAll(reader),
        () => writeAll(writer),
        () => read += readAll(new RingReader(buffer, settings)),
        () => writeAll(new RingWriter(buffer, settings)),
      ]
    ) {
      try {
        attempt();
      } catch (error) {
        assertInstanceOf(error, Deno.errors.InvalidData);
        refused++;
      }
    }
  }
  assert(refused > 10_000 && read > 10_000, `${refused} refused, ${read} read`);
});

/** Reads all messages, in two ways alternately. */
function readAll(reader: RingReader): number {
  reader.recover(() => true);
  let count = 0;
  const check = (_ring: Uint8Array, offset: number, length: number) => {
    assert(++count < MAX_MESSAGES, "The reader finds messages without end");
    assert(offset >= 0 && length >= 0 && offset + length <= CAPACITY, `${offset}, ${length}`);
    assert(length <= longestMessage(CAPACITY));
  };
  for (;;) {
    if (count % 2 === 0 && readMessages(reader, check) === 0) break;
    const offset = reader.next();
    if (offset < 0) break;
    check(reader.ring, offset, reader.length);
    advance(reader);
  }
  reader.publish();
  return count;
}

function writeAll(writer: RingWriter): void {
  for (let count = 0; write(writer, new Uint8Array(20)); count++) {
    assert(count < MAX_MESSAGES, "The writer finds room without end");
  }
}

Deno.test("takePlace() throws Busy for a place whose owner changes all the time", () => {
  const buffer = new ArrayBuffer(HEADER_LENGTH);
  const header = headerWordsOf(buffer);
  let next = 1n << 32n;
  using _ = watchMemory(buffer, ({ method }, make) => {
    // The id of no process that exists.
    if (method === "compareExchange") header.owners[RECEIVER.owner] = next += 1n << 32n;
    return make();
  });
  assertThrows(
    () => takePlace(headerWordsOf(buffer), RECEIVER, { who: "receiver", machine: MACHINE }),
    Deno.errors.Busy,
  );
});

/** Number of times that each kind of memory is opened. */
const ROUNDS = { single: 250, multiple: 250, broadcast: 250, latest: 150, frame: 150 };

for (const [kind, rounds] of Object.entries(ROUNDS) as [Kind, number][]) {
  for (const isLive of [false, true]) {
    const seed = 40 + kind.length;
    const whose = isLive ? "while a hostile process writes to it" : "with random contents";
    Deno.test(`A process survives the use of memory ${whose}: ${kind}, seed ${seed}`, async () => {
      const outcomes = await fuzz({ kind, isLive, seed, rounds });
      const { "a result": results = 0, ...errors } = outcomes;
      const refused = Object.values(errors).reduce((sum, count) => sum + count, 0);
      // How often the hostile process writes between two calls depends on the machine's load.
      const least = isLive ? 0 : 100;
      assert(results > least && refused > least, JSON.stringify(outcomes));
    });
  }
}
