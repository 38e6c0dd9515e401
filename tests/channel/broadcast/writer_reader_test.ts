import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  type BroadcastSettings,
  HEADER_LENGTH,
  longestMessage,
  POSITION,
  readHeader,
  writeHeader,
} from "../../../src/channel/broadcast/layout.ts";
import { BroadcastReader } from "../../../src/channel/broadcast/receiver.ts";
import { BroadcastWriter } from "../../../src/channel/broadcast/sender.ts";
import { Random } from "../../support/random.ts";

function ringOf(capacity: number, maxMessageLength: number = longestMessage(capacity)) {
  const buffer = new ArrayBuffer(HEADER_LENGTH + capacity);
  const settings: BroadcastSettings = { capacity, maxMessageLength };
  writeHeader(buffer, settings);
  return {
    buffer,
    settings,
    writer: new BroadcastWriter(buffer, settings),
    reader: new BroadcastReader(buffer, settings),
  };
}

/** Sets the position of a ring's newest record, in units, and the number of its message. */
function moveTo(buffer: ArrayBuffer, position: number, number: number): void {
  const positions = new BigUint64Array(buffer);
  const capacity = (buffer.byteLength - HEADER_LENGTH) / 16;
  positions[16] = BigInt(position);
  positions[32] = BigInt(position + 1);
  new Int32Array(buffer)[96] = position;
  const at = HEADER_LENGTH / 4 + (position % capacity) * 4;
  new Int32Array(buffer).set([16, 1, number, number / 2 ** 32], at);
}

Deno.test("BroadcastWriter and BroadcastReader pass on messages of all lengths, and count missed messages", () => {
  const { writer, reader } = ringOf(1024);
  const random = new Random(1);
  const source = new Uint8Array(2048).map(() => random.below(256));
  const sent: Uint8Array[] = [];
  let [received, missed, overtaken] = [0, 0, 0];
  for (let round = 0; round < 200_000; round++) {
    if (random.below(100) < 55) {
      const start = random.below(1024);
      const message = source.subarray(start, start + random.below(longestMessage(1024) + 1));
      writer.write(message);
      sent.push(message);
      if (random.below(4) === 0) writer.publish();
      continue;
    }
    const message = reader.take();
    if (message === undefined) {
      if (!writer.isPending) assertEquals(received + missed, sent.length);
      continue;
    }
    missed += message.missed;
    if (message.missed > 0) overtaken++;
    const expected = sent[received + missed]!;
    assertEquals(message.bytes.length, expected.length);
    assert(message.bytes.every((byte, at) => byte === expected[at]));
    received++;
    assertEquals(reader.missed, missed);
  }
  assert(
    received > 10_000 && overtaken > 100,
    `${received} received, overtaken ${overtaken} times`,
  );
});

Deno.test("BroadcastReader begins with the first message that is sent after it was made", () => {
  const { buffer, settings, writer } = ringOf(1024);
  writer.write(Uint8Array.of(1));
  writer.publish();
  const reader = new BroadcastReader(buffer, settings);
  assertEquals([reader.take(), reader.missed], [undefined, 0]);
  writer.write(Uint8Array.of(2));
  assertEquals(reader.take(), undefined);
  writer.publish();
  assertEquals(reader.take(), { bytes: Uint8Array.of(2), missed: 0 });
});

Deno.test("BroadcastReader goes on with the newest message if the next one was overwritten", () => {
  const { writer, reader } = ringOf(1024);
  for (let value = 0; value < 200; value++) writer.write(Uint8Array.of(value));
  writer.publish();
  assertEquals(reader.take(), { bytes: Uint8Array.of(199), missed: 199 });
  assertEquals(reader.take(), undefined);
  // Messages of half a ring are all still in the ring.
  for (let value = 0; value < 16; value++) writer.write(Uint8Array.of(value));
  writer.publish();
  for (let value = 0; value < 16; value++) {
    assertEquals(reader.take(), { bytes: Uint8Array.of(value), missed: 0 });
  }
  assertEquals(reader.missed, 199);
});

Deno.test("BroadcastReader notices that a message is overwritten while it is copied", () => {
  // The sender overwrites the message after the copy, and before the look at the announced
  // position.
  const { buffer, settings, writer } = ringOf(1024);
  const load = Atomics.load;
  let interrupt = false;
  const reader = new BroadcastReader(buffer, settings);
  for (let value = 0; value < 3; value++) writer.write(new Uint8Array(64).fill(value));
  writer.publish();
  try {
    Atomics.load = ((array: BigUint64Array, index: number) => {
      if (interrupt && array instanceof BigUint64Array && index === POSITION.announced) {
        interrupt = false;
        for (let value = 3; value < 100; value++) writer.write(new Uint8Array(64).fill(value));
        writer.publish();
      }
      return load(array, index);
    }) as typeof Atomics.load;
    interrupt = true;
    assertEquals(reader.take(), { bytes: new Uint8Array(64).fill(99), missed: 99 });
  } finally {
    Atomics.load = load;
  }
});

Deno.test("BroadcastWriter.claim() never overwrites the newest message, with which slow readers go on", () => {
  const random = new Random(3);
  for (let round = 0; round < 5000; round++) {
    const { writer, reader } = ringOf(1024);
    const count = 1 + random.below(40);
    for (let value = 0; value < count; value++) {
      const message = new Uint8Array(1 + random.below(longestMessage(1024)));
      writer.write(message.fill(value));
    }
    // Claims that are not committed take no room.
    for (let claims = random.below(20); claims > 0; claims--) {
      const length = random.below(longestMessage(1024) + 1);
      const offset = writer.claim(length);
      writer.ring.fill(0xee, offset, offset + length);
    }
    writer.publish();
    let [received, last] = [0, -1];
    for (let message = reader.take(); message !== undefined; message = reader.take()) {
      received++;
      last = message.bytes[0]!;
      assert(message.bytes.every((byte) => byte === last));
    }
    assertEquals([last, received + reader.missed], [count - 1, count]);
  }
});

Deno.test("BroadcastWriter publishes when 512 bytes are committed", () => {
  const { writer, reader } = ringOf(8192);
  for (let count = 0; count < 6; count++) writer.write(new Uint8Array(64));
  assertEquals(reader.take(), undefined);
  writer.write(new Uint8Array(64));
  assert(reader.take() !== undefined);
  assert(!writer.isPending);
});

Deno.test("BroadcastWriter publishes the messages that a dead writer had committed, and continues their numbers", () => {
  const { buffer, settings, writer, reader } = ringOf(1024);
  writer.write(Uint8Array.of(1));
  writer.ring.fill(9, writer.claim(50), 50);
  assertEquals(reader.take(), undefined);
  const next = new BroadcastWriter(buffer, settings);
  next.write(Uint8Array.of(2));
  next.publish();
  assertEquals(reader.take(), { bytes: Uint8Array.of(1), missed: 0 });
  assertEquals(reader.take(), { bytes: Uint8Array.of(2), missed: 0 });
});

Deno.test("BroadcastReader.recover() takes committed messages of a dead writer, unless a new writer has come", () => {
  const { writer, reader } = ringOf(1024);
  writer.write(Uint8Array.of(1));
  assert(!reader.recover(() => false));
  assert(reader.recover(() => true));
  assertEquals(reader.take()?.bytes, Uint8Array.of(1));
  assert(!reader.recover(() => true));
  assertEquals(reader.take(), undefined);
});

Deno.test("BroadcastWriter and BroadcastReader go on after positions and numbers pass 2³²", () => {
  const ring = ringOf(1024);
  moveTo(ring.buffer, 2 ** 32 - 20, 2 ** 32 - 5);
  const writer = new BroadcastWriter(ring.buffer, ring.settings);
  const slow = new BroadcastReader(ring.buffer, ring.settings);
  const reader = new BroadcastReader(ring.buffer, ring.settings);
  for (let value = 0; value < 100; value++) {
    writer.write(Uint8Array.of(value));
    if (value % 2 === 0) assert(reader.recover(() => true));
    writer.publish();
    assertEquals(reader.take(), { bytes: Uint8Array.of(value), missed: 0 });
  }
  assertEquals(slow.take(), { bytes: Uint8Array.of(99), missed: 99 });
});

Deno.test("BroadcastWriter refuses a message that ends after position 2⁵³ - 1; all earlier messages arrive", () => {
  const { buffer, settings } = ringOf(1024);
  moveTo(buffer, Number.MAX_SAFE_INTEGER - 10, 5);
  const reader = new BroadcastReader(buffer, settings);
  const writer = new BroadcastWriter(buffer, settings);
  // Nine positions are left, and each of these messages takes two.
  for (let value = 0; value < 4; value++) writer.write(Uint8Array.of(value));
  for (const length of [1, 100]) {
    assertThrows(
      () => writer.write(new Uint8Array(length)),
      Deno.errors.InvalidData,
      "from 2⁵³ on",
    );
  }
  writer.write(new Uint8Array(0));
  assertThrows(() => writer.write(new Uint8Array(0)), Deno.errors.InvalidData, "from 2⁵³ on");
  writer.publish();
  const received = Array.from({ length: 5 }, () => [...reader.take()?.bytes ?? [-1]]);
  assertEquals([received, reader.take()], [[[0], [1], [2], [3], []], undefined]);
  const next = new BroadcastWriter(buffer, settings);
  assertThrows(() => next.claim(0), Deno.errors.InvalidData, "from 2⁵³ on");
});

Deno.test("BroadcastWriter refuses a message whose number is 2⁵³ or more", () => {
  const { buffer, settings } = ringOf(1024);
  moveTo(buffer, 1000, Number.MAX_SAFE_INTEGER - 4);
  const reader = new BroadcastReader(buffer, settings);
  const writer = new BroadcastWriter(buffer, settings);
  for (let value = 0; value < 3; value++) writer.write(new Uint8Array(0));
  assertThrows(() => writer.write(new Uint8Array(0)), Deno.errors.InvalidData, "from 2⁵³ on");
  writer.publish();
  for (let count = 0; count < 3; count++) assertEquals(reader.take()?.missed, 0);
  assertEquals(reader.take(), undefined);
});

Deno.test("BroadcastReader counts the missed messages after 64 GiB, or after 2³² messages", () => {
  const { buffer, settings, reader } = ringOf(1024);
  const number = 3 * 2 ** 32;
  moveTo(buffer, 2 ** 32, number - 1);
  const writer = new BroadcastWriter(buffer, settings);
  writer.write(Uint8Array.of(7));
  writer.publish();
  // The reader expects the same lower halves of position and number.
  assertEquals(reader.take(), { bytes: Uint8Array.of(7), missed: number - 1 });
});

Deno.test("readHeader() refuses a header that is not of a broadcast ring", () => {
  const { buffer } = ringOf(1024);
  assertEquals(readHeader(buffer)?.capacity, 1024);
  assertEquals(readHeader(new ArrayBuffer(4096)), undefined);
  assertThrows(() => readHeader(new ArrayBuffer(100)), Deno.errors.InvalidData);
  for (
    const [word, value] of [[0, 5], [1, 1], [1, 4], [2, 1000], [2, 2048], [2, -1], [3, 113], [
      3,
      -1,
    ]]
  ) {
    const words = new Int32Array(buffer.slice());
    words[word!] = value!;
    assertThrows(() => readHeader(words.buffer), Deno.errors.InvalidData, "not a broadcast ring's");
  }
});

Deno.test("BroadcastReader and BroadcastWriter throw no error except InvalidData for any bytes in memory", () => {
  const random = new Random(2);
  let [refused, read] = [0, 0];
  const attempt = (action: () => void) => {
    try {
      action();
    } catch (error) {
      assertInstanceOf(error, Deno.errors.InvalidData);
      refused++;
    }
  };
  for (let round = 0; round < 20_000; round++) {
    const { buffer, settings, writer, reader } = ringOf(1024, 100);
    const words = new Int32Array(buffer);
    for (let count = random.below(20); count >= 0; count--) writer.write(new Uint8Array(20));
    writer.publish();
    const strange = () => {
      const kinds = [random.below(2 ** 32), random.below(2048), random.below(4), -random.below(64)];
      return kinds[random.below(kinds.length)]!;
    };
    for (let count = random.below(20); count >= 0; count--) {
      const places = [32, 33, 64, 65, 96, 512 + random.below(256), 512 + random.below(256)];
      words[places[random.below(places.length)]!] = strange();
    }
    const readAll = (reader: BroadcastReader) => {
      reader.recover(() => true);
      for (let count = 0;; count++) {
        const message = reader.take();
        if (message === undefined) return;
        read++;
        assert(message.bytes.length <= settings.maxMessageLength);
        assert(Number.isSafeInteger(message.missed) && message.missed >= 0);
        assert(count < 1024);
      }
    };
    const writeAll = (writer: BroadcastWriter) => {
      for (let count = 0; count < 100; count++) writer.write(new Uint8Array(20));
    };
    attempt(() => readAll(reader));
    attempt(() => readAll(new BroadcastReader(buffer, settings)));
    attempt(() => writeAll(new BroadcastWriter(buffer, settings)));
    attempt(() => writeAll(writer));
    attempt(() => readAll(reader));
  }
  assert(refused > 20_000 && read > 20_000, `${refused} refused, ${read} read`);
});
