import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  HEADER_LENGTH,
  longestMessage,
  readHeader,
  type RingSettings,
  writeHeader,
} from "../../src/channel/ring/ring_header.ts";
import { RingReader } from "../../src/channel/ring/ring_reader.ts";
import { RingWriter, type WriterCalls } from "../../src/channel/ring/ring_writer.ts";
import { Random } from "./random.ts";

const CALLS: WriterCalls = { begin: () => {}, told: () => {} };

function ringOf(capacity: number) {
  const buffer = new ArrayBuffer(HEADER_LENGTH + capacity);
  const settings: RingSettings = {
    capacity,
    maxMessageLength: longestMessage(capacity),
    whenFull: "wait",
    producers: "single",
  };
  writeHeader(buffer, settings);
  return {
    buffer,
    settings,
    writer: new RingWriter(buffer, settings, CALLS),
    reader: new RingReader(buffer, settings, () => {}),
  };
}

Deno.test("RingWriter and RingReader pass on messages of all lengths in order", () => {
  const { writer, reader } = ringOf(1024);
  const random = new Random(1);
  const source = new Uint8Array(2048).map(() => random.below(256));
  const sent: Uint8Array[] = [];
  let received = 0;
  for (let round = 0; round < 200_000; round++) {
    if (random.below(2) === 0) {
      const start = random.below(1024);
      const message = source.subarray(start, start + random.below(longestMessage(1024) + 1));
      if (writer.write(message)) sent.push(message);
      if (random.below(4) === 0) writer.publish();
      continue;
    }
    const offset = reader.next();
    if (offset < 0) {
      reader.release();
      if (!writer.isPending) assertEquals(sent.length, received);
      continue;
    }
    const expected = sent[received]!;
    received++;
    const { length } = reader;
    assertEquals(length, expected.length);
    assert(
      reader.ring.subarray(offset, offset + length).every((byte, at) => byte === expected[at]),
    );
    reader.advance();
  }
  assert(received > 10_000);
});

Deno.test("RingWriter.write finds room for the longest message wherever the ring stands", () => {
  const { writer, reader } = ringOf(1024);
  for (let size = 0; size < 2000; size++) {
    assert(writer.write(new Uint8Array(size % 97)));
    writer.publish();
    assert(reader.next() >= 0);
    reader.advance();
    reader.release();
    assert(writer.write(new Uint8Array(longestMessage(1024))), `after ${size}`);
    writer.publish();
    assert(reader.next() >= 0);
    reader.advance();
    assertEquals(reader.next(), -1);
    reader.release();
  }
});

Deno.test("RingWriter tells the receiver when 4096 bytes are committed, and when the ring is full", () => {
  const { writer, reader } = ringOf(32_768);
  for (let count = 0; count < 56; count++) writer.write(new Uint8Array(64));
  assertEquals(reader.next(), -1);
  writer.write(new Uint8Array(64));
  assert(reader.next() > 0);
  assert(!writer.isPending);
  while (writer.write(new Uint8Array(60)));
  assert(!writer.isPending);
});

Deno.test("RingWriter forgets a claim that is not committed", () => {
  const { writer, reader } = ringOf(1024);
  writer.ring.fill(7, writer.claim(100), 100);
  writer.write(Uint8Array.of(1));
  writer.publish();
  assertEquals(reader.ring[reader.next()], 1);
  assertEquals(reader.length, 1);
});

Deno.test("A writer that follows one that died publishes what that one had committed", () => {
  const { buffer, settings, writer, reader } = ringOf(1024);
  writer.write(Uint8Array.of(1));
  writer.claim(50);
  assertEquals(reader.next(), -1);
  new RingWriter(buffer, settings, CALLS).write(Uint8Array.of(2));
  assertEquals(reader.ring[reader.next()], 1);
  reader.advance();
  assertEquals(reader.next(), -1);
});

Deno.test("RingReader.recover takes what a writer that died had committed, unless another came", () => {
  const { writer, reader } = ringOf(1024);
  writer.write(Uint8Array.of(1));
  assert(!reader.recover(() => false));
  assert(reader.recover(() => true));
  assertEquals(reader.ring[reader.next()], 1);
  reader.advance();
  assert(!reader.recover(() => true));
  assertEquals(reader.next(), -1);
});

Deno.test("A reader that follows one that died goes on after what that one had read", () => {
  const { buffer, settings, writer, reader } = ringOf(8192);
  writer.write(Uint8Array.of(1));
  writer.write(Uint8Array.of(2));
  writer.publish();
  reader.next();
  reader.advance();
  const other = new RingReader(buffer, settings, () => {});
  assertEquals(other.ring[other.next()], 2);
});

Deno.test("Positions run over the end of 32 bits", () => {
  const { buffer, settings } = ringOf(1024);
  new Int32Array(buffer).fill(-64, 32, 33).fill(-64, 64, 65).fill(-64, 96, 97).fill(-64, 192, 193);
  const writer = new RingWriter(buffer, settings, CALLS);
  const reader = new RingReader(buffer, settings, () => {});
  for (let value = 0; value < 100; value++) {
    assert(writer.write(Uint8Array.of(value)));
    writer.publish();
    assertEquals(reader.ring[reader.next()], value);
    reader.advance();
    reader.release();
  }
});

Deno.test("readHeader refuses what is no channel's header", () => {
  const { buffer } = ringOf(1024);
  assertEquals(readHeader(buffer)?.capacity, 1024);
  assertEquals(readHeader(new ArrayBuffer(4096)), undefined);
  assertThrows(() => readHeader(new ArrayBuffer(100)), Deno.errors.InvalidData);
  for (const [word, value] of [[0, 5], [1, 2], [2, 9], [3, 1000], [3, 2048], [4, 505], [5, 3]]) {
    const words = new Int32Array(buffer.slice());
    words[word!] = value!;
    assertThrows(() => readHeader(words.buffer), Deno.errors.InvalidData, "not a channel's");
  }
});

Deno.test("Whatever bytes are in header and ring, reading and writing end, with InvalidData at worst", () => {
  const random = new Random(2);
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const { buffer, settings, writer, reader } = ringOf(1024);
    const words = new Int32Array(buffer);
    for (let count = 0; count < 20; count++) writer.write(new Uint8Array(random.below(60)));
    const strange = () => {
      const kinds = [random.below(2 ** 32), random.below(2048) & ~7, random.below(4), -8];
      return kinds[random.below(kinds.length)]!;
    };
    for (let count = random.below(20); count >= 0; count--) {
      const places = [32, 64, 96, 192, 256 + random.below(256)];
      words[places[random.below(places.length)]!] = strange();
    }
    for (
      const attempt of [
        () => readAll(reader),
        () => readAll(new RingReader(buffer, settings, () => {})),
        () => writeAll(writer),
        () => writeAll(new RingWriter(buffer, settings, CALLS)),
        () => readAll(reader),
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
  assert(refused > 20_000);
});

function readAll(reader: RingReader): void {
  reader.recover(() => true);
  for (let count = 0;; count++) {
    const offset = reader.next();
    if (offset < 0) break;
    assert(offset >= 0 && reader.length >= 0 && offset + reader.length <= reader.ring.length);
    assert(count < 1024);
    reader.advance();
  }
  reader.release();
}

function writeAll(writer: RingWriter): void {
  for (let count = 0; writer.write(new Uint8Array(20)); count++) assert(count < 1024);
}
