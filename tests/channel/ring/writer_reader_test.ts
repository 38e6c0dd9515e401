import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  HEADER_LENGTH,
  longestMessage,
  readHeader,
  type RingSettings,
  writeHeader,
} from "../../../src/channel/ring/layout.ts";
import { RingReader } from "../../../src/channel/ring/reader.ts";
import { RingWriter } from "../../../src/channel/ring/writer.ts";
import { Random } from "../../support/random.ts";
import { advance, readAll as read, write } from "./bare_ends.ts";

function ringOf(capacity: number) {
  const buffer = new ArrayBuffer(HEADER_LENGTH + capacity);
  const settings: RingSettings = {
    capacity,
    maxMessageLength: longestMessage(capacity),
    whenFull: "wait",
    producers: "single",
    endsWithLastSender: true,
  };
  writeHeader(buffer, settings);
  return {
    buffer,
    settings,
    writer: new RingWriter(buffer, settings),
    reader: new RingReader(buffer, settings),
  };
}

Deno.test("RingWriter and RingReader pass messages of all lengths in order", () => {
  const { writer, reader } = ringOf(1024);
  const random = new Random(1);
  const source = new Uint8Array(2048).map(() => random.below(256));
  const sent: Uint8Array[] = [];
  let received = 0;
  for (let round = 0; round < 200_000; round++) {
    if (random.below(2) === 0) {
      const start = random.below(1024);
      const message = source.subarray(start, start + random.below(longestMessage(1024) + 1));
      if (write(writer, message)) sent.push(message);
      if (random.below(4) === 0) writer.publish();
      continue;
    }
    const check = (ring: Uint8Array, offset: number, length: number) => {
      const expected = sent[received++]!;
      assertEquals(length, expected.length);
      assert(ring.subarray(offset, offset + length).every((byte, at) => byte === expected[at]));
    };
    if (random.below(2) === 0 && read(reader, check) > 0) continue;
    const offset = reader.next();
    if (offset >= 0) {
      check(reader.ring, offset, reader.length);
      advance(reader);
      continue;
    }
    reader.publish();
    if (!writer.isPending) assertEquals(sent.length, received);
  }
  assert(received > 10_000);
  assertEquals([writer.count, reader.count], [sent.length, received]);
});

/** The arrays that hold a message, by their names: each is at an offset in its buffer. */
const sources: Record<string, (length: number) => Uint8Array> = {
  "at a multiple of 8": (length) => new Uint8Array(new ArrayBuffer(length + 16), 8, length),
  "at another offset": (length) => new Uint8Array(new ArrayBuffer(length + 16), 4, length),
  "in shared memory": (length) => new Uint8Array(new SharedArrayBuffer(length)),
  "in a buffer that can be resized": (length) =>
    new Uint8Array(new ArrayBuffer(length, { maxByteLength: 256 })),
};

for (const [where, sourceOf] of Object.entries(sources)) {
  Deno.test(`A message arrives as it was when an array ${where} was sent, at the second time and later, too`, () => {
    const { writer, reader } = ringOf(65_536);
    for (let length = 1; length <= 160; length++) {
      const source = sourceOf(length);
      const sent = Array.from({ length: 5 }, (_, time) => {
        source.forEach((_, index) => source[index] = time * 31 + index * 7 + length);
        assert(write(writer, source));
        return source.slice();
      });
      // No message changes the bytes after it.
      const next = new Uint8Array(32).fill(0xee);
      assert(write(writer, next));
      writer.publish();
      const received: Uint8Array[] = [];
      read(
        reader,
        (ring, offset, length) => void received.push(ring.slice(offset, offset + length)),
      );
      reader.publish();
      assertEquals(received, [...sent, next].map((bytes) => new Uint8Array(bytes)));
    }
  });
}

Deno.test("A message is as long as its array, after the array's buffer was resized between two sends", () => {
  const { writer, reader } = ringOf(65_536);
  const buffer = new ArrayBuffer(64, { maxByteLength: 128 });
  const source = new Uint8Array(buffer);
  const lengths = [64, 64, 64, 8, 8, 128, 128];
  for (const [index, length] of lengths.entries()) {
    buffer.resize(length);
    source.fill(index + 1);
    assert(write(writer, source));
  }
  writer.publish();
  const received: number[][] = [];
  read(
    reader,
    (ring, offset, length) => void received.push([...ring.slice(offset, offset + length)]),
  );
  assertEquals(received, lengths.map((length, index) => Array(length).fill(index + 1)));
});

Deno.test("RingWriter.write finds room for the longest message at each position of the ring", () => {
  const { writer, reader } = ringOf(1024);
  for (let size = 0; size < 2000; size++) {
    assert(write(writer, new Uint8Array(size % 97)));
    writer.publish();
    assert(reader.next() >= 0);
    advance(reader);
    reader.publish();
    assert(write(writer, new Uint8Array(longestMessage(1024))), `after ${size}`);
    writer.publish();
    assert(reader.next() >= 0);
    advance(reader);
    assertEquals(reader.next(), -1);
    reader.publish();
  }
});

Deno.test("RingWriter publishes after 32 KiB or an eighth of the ring, and when the ring is full", () => {
  for (const [capacity, length, before] of [[2 ** 20, 64, 455], [1024, 24, 3], [1024, 1, 7]]) {
    const { writer, reader } = ringOf(capacity!);
    const message = new Uint8Array(length!);
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < before!; count++) assert(write(writer, message));
      assertEquals(reader.next(), -1);
      assert(writer.isPending && write(writer, message) && !writer.isPending);
      assertEquals(read(reader, () => {}), before! + 1);
      reader.publish();
    }
    while (write(writer, message));
    assert(!writer.isPending);
  }
});

Deno.test("RingWriter.write publishes the message and all before it if `publishes` is true", () => {
  const { writer, reader } = ringOf(1024);
  write(writer, new Uint8Array(1));
  write(writer, new Uint8Array(1), { publishes: true });
  assertEquals(read(reader, () => {}), 2);
  writer.claim(1);
  writer.publish();
  writer.commit();
  assert(writer.isPending);
  writer.publish();
  assertEquals(read(reader, () => {}), 1);
});

Deno.test("A new RingWriter continues after padding of an aborted claim", () => {
  const { buffer, settings, writer, reader } = ringOf(1024);
  write(writer, new Uint8Array(400), { publishes: true });
  read(reader, () => {});
  reader.publish();
  write(writer, new Uint8Array(400), { publishes: true });
  assert(writer.claim(400) > 0);
  writer.abort();
  writer.publish();
  const next = new RingWriter(buffer, settings);
  write(next, Uint8Array.of(7), { publishes: true });
  const first: number[] = [];
  read(reader, (ring, offset) => first.push(ring[offset]!));
  assertEquals(first, [0, 7]);
});

Deno.test("The room of messages can be published while RingReader.read goes on", () => {
  const { writer, reader } = ringOf(1024);
  while (write(writer, new Uint8Array(24)));
  let refused = 0;
  const count = read(reader, () => refused += write(writer, new Uint8Array(24)) ? 0 : 1);
  // There is no room until the first eighth of the ring was read.
  assertEquals([count, refused], [32, 4]);
});

Deno.test("RingReader.read can be called again after a visitor throws, receives, reads or stops it", () => {
  const { writer, reader } = ringOf(1024);
  const seen: number[] = [];
  const see = (ring: Uint8Array, offset: number) => void seen.push(ring[offset]!);
  const send = (...values: number[]) => {
    for (const value of values) write(writer, Uint8Array.of(value), { publishes: true });
  };
  send(1, 2, 3);
  const refuse = (ring: Uint8Array, offset: number) => {
    see(ring, offset);
    if (seen.length === 2) throw new RangeError();
  };
  assertThrows(() => read(reader, refuse), RangeError);
  assertEquals([seen, reader.count], [[1, 2], 1]);
  assertEquals(read(reader, see), 2);
  assertEquals(seen.splice(0), [1, 2, 2, 3]);

  send(4, 5, 6, 7);
  const take = (ring: Uint8Array, offset: number) => {
    see(ring, offset);
    // The message that is visited, and the next one.
    for (let count = 0; count < 2; count++) {
      see(reader.ring, reader.next());
      advance(reader);
    }
  };
  assertEquals(read(reader, take), 2);
  assertEquals(seen.splice(0), [4, 4, 5, 6, 6, 7]);

  send(8, 9);
  const readAgain = (ring: Uint8Array, offset: number) => {
    see(ring, offset);
    read(reader, see);
  };
  assertEquals(read(reader, readAgain), 1);
  assertEquals(seen.splice(0), [8, 8, 9]);

  send(10, 11);
  const stop = (ring: Uint8Array, offset: number) => {
    see(ring, offset);
    reader.stop();
  };
  assertEquals(read(reader, stop), 1);
  assertEquals(seen, [10]);
});

Deno.test("RingReader.read visits each message once if a visitor receives the visited message", () => {
  const { writer, reader } = ringOf(1024);
  for (const value of [1, 2, 3, 4]) write(writer, Uint8Array.of(value), { publishes: true });
  const seen: number[] = [];
  const takeFirst = (ring: Uint8Array, offset: number) => {
    seen.push(ring[offset]!);
    assert(seen.length < 5, "a message is visited again and again");
    if (seen.length === 1 && reader.next() >= 0) advance(reader);
  };
  assertEquals(read(reader, takeFirst), 4);
  assertEquals(seen, [1, 2, 3, 4]);
});

Deno.test("RingWriter.claim replaces a claim that was not committed", () => {
  const { writer, reader } = ringOf(1024);
  writer.ring.fill(7, writer.claim(100), 100);
  write(writer, Uint8Array.of(1));
  writer.publish();
  assertEquals(reader.ring[reader.next()], 1);
  assertEquals(reader.length, 1);
});

Deno.test("A new RingWriter publishes the pending messages of a dead sender", () => {
  const { buffer, settings, writer, reader } = ringOf(1024);
  write(writer, Uint8Array.of(1));
  writer.claim(50);
  assertEquals(reader.next(), -1);
  write(new RingWriter(buffer, settings), Uint8Array.of(2));
  assertEquals(reader.ring[reader.next()], 1);
  advance(reader);
  assertEquals(reader.next(), -1);
});

Deno.test("RingReader.recover publishes the pending messages of a dead sender, unless another sender came", () => {
  const { writer, reader } = ringOf(1024);
  write(writer, Uint8Array.of(1));
  assert(!reader.recover(() => false));
  assert(reader.recover(() => true));
  assertEquals(reader.ring[reader.next()], 1);
  advance(reader);
  assert(!reader.recover(() => true));
  assertEquals(reader.next(), -1);
});

Deno.test("A new RingReader continues after the last message that a dead receiver has read", () => {
  const { buffer, settings, writer, reader } = ringOf(8192);
  write(writer, Uint8Array.of(1));
  write(writer, Uint8Array.of(2));
  writer.publish();
  reader.next();
  advance(reader);
  const other = new RingReader(buffer, settings);
  assertEquals(other.ring[other.next()], 2);
});

Deno.test("A new RingReader continues after padding of an aborted claim", () => {
  const { buffer, settings, writer, reader } = ringOf(1024);
  write(writer, new Uint8Array(400), { publishes: true });
  read(reader, () => {});
  reader.publish();
  write(writer, new Uint8Array(400), { publishes: true });
  writer.claim(400);
  writer.abort();
  // Publishes the padding before the claim. No message follows it.
  writer.publish();
  assertEquals(read(reader, () => {}), 1);
  assertEquals(reader.next(), -1);
  reader.publish();
  const next = new RingReader(buffer, settings);
  write(writer, Uint8Array.of(7), { publishes: true });
  assertEquals(next.ring[next.next()], 7);
});

Deno.test("Positions can overflow 32 bits", () => {
  const { buffer, settings } = ringOf(1024);
  new Int32Array(buffer).fill(-64, 32, 33).fill(-64, 64, 65).fill(-64, 96, 97).fill(-64, 192, 195);
  const writer = new RingWriter(buffer, settings);
  const reader = new RingReader(buffer, settings);
  for (let value = 0; value < 100; value++) {
    assert(write(writer, Uint8Array.of(value)));
    writer.publish();
    assertEquals(reader.ring[reader.next()], value);
    advance(reader);
    reader.publish();
  }
});

Deno.test("readHeader() refuses a header that is not a valid header of a channel", () => {
  const { buffer } = ringOf(1024);
  assertEquals(readHeader(buffer)?.capacity, 1024);
  assertEquals(readHeader(new ArrayBuffer(4096)), undefined);
  assertThrows(() => readHeader(new ArrayBuffer(100)), Deno.errors.InvalidData);
  for (
    const [word, value] of [[0, 5], [1, 1], [1, 3], [2, 9], [3, 1000], [3, 2048], [4, 505], [5, 3]]
  ) {
    const words = new Int32Array(buffer.slice());
    words[word!] = value!;
    assertThrows(() => readHeader(words.buffer), Deno.errors.InvalidData, "not a channel's");
  }
});

Deno.test("RingReader and RingWriter end or throw InvalidData for any bytes in header and ring", () => {
  const random = new Random(2);
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const { buffer, settings, writer, reader } = ringOf(1024);
    const words = new Int32Array(buffer);
    for (let count = 0; count < 20; count++) write(writer, new Uint8Array(random.below(60)));
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
        () => readAll(new RingReader(buffer, settings)),
        () => writeAll(writer),
        () => writeAll(new RingWriter(buffer, settings)),
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

/** Reads all messages: some by `read`, and some by `next` and `advance`. */
function readAll(reader: RingReader): void {
  reader.recover(() => true);
  let count = 0;
  const check = (ring: Uint8Array, offset: number, length: number) => {
    assert(offset >= 0 && length >= 0 && offset + length <= ring.length);
    assert(++count < 1024);
  };
  for (;;) {
    if (count % 2 === 0 && read(reader, check) === 0) break;
    const offset = reader.next();
    if (offset < 0) break;
    check(reader.ring, offset, reader.length);
    advance(reader);
  }
  reader.publish();
}

function writeAll(writer: RingWriter): void {
  for (let count = 0; write(writer, new Uint8Array(20)); count++) assert(count < 1024);
}
