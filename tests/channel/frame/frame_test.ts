import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { type Frame, LatestFrame } from "../../../src/channel/mod.ts";
import { SharedEvent, SharedMemory } from "../../../mod.ts";
import { randomName } from "../../support/random_name.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { SLOWNESS } from "../../support/slowness.ts";

const { AlreadyExists, BadResource, Busy, InvalidData, NotFound, TimedOut } = Deno.errors;
const soon = () => AbortSignal.timeout(20_000 * SLOWNESS);

Deno.test("FrameReader.acquire() gives the newest frame with its number, length and metadata, in place", () => {
  const name = randomName();
  using frames = LatestFrame.create(name, { byteLength: 10_000 });
  assertEquals(frames.settings, { byteLength: 10_000, slots: 6, maxReaders: 4 });
  using same = LatestFrame.open(name);
  assertEquals(same.settings, frames.settings);
  using reader = same.reader();
  assertEquals(reader.acquire(), undefined);
  using writer = frames.writer();
  const bytes = writer.claim()!;
  assertEquals(bytes.length, 10_000);
  assertStrictEquals(writer.claim(), bytes);
  bytes.fill(7);
  writer.publish({ width: 100, height: 100, at: new Date(5) });
  const first = reader.acquire()!;
  assertEquals([first.number, first.bytes.length, first.released], [1, 10_000, false]);
  assertEquals(first.metadata, { width: 100, height: 100, at: new Date(5) });
  assert(first.bytes.every((byte) => byte === 7));
  // It is the memory itself.
  bytes[0] = 8;
  assertEquals(first.bytes[0], 8);
  assertStrictEquals(first.bytes, first.bytes);
  for (const length of [0, 1, 9999]) {
    writer.claim()!.fill(length);
    writer.publish(undefined, { length });
  }
  assertEquals(first.bytes[1], 7);
  first.release();
  first.release();
  using last = reader.acquire()!;
  assertEquals([last.number, last.bytes.length, last.metadata], [4, 9999, undefined]);
  assertEquals([writer.dropped, first.released], [0, true]);
});

Deno.test("Frame.bytes and Frame.metadata throw BadResource after the frame was released", () => {
  const name = randomName();
  const frames = LatestFrame.create(name, { byteLength: 8 });
  const label = `latest frame "Local\\${name}"`;
  using writer = frames.writer();
  writer.claim()!.fill(1);
  writer.publish("text");
  const reader = frames.reader();
  const frame = reader.acquire()!;
  const kept = frame.bytes;
  assertThrows(
    () => reader.acquire(),
    Busy,
    `The reader of ${label} holds frame 1 already: release that frame first, or open another ` +
      "reader",
  );
  frame[Symbol.dispose]();
  for (const use of [() => frame.bytes, () => frame.metadata]) {
    assertThrows(use, BadResource, `Frame 1 of the ${label} is released`);
  }
  const again = reader.acquire()!;
  assertEquals([again.number, again.metadata], [1, "text"]);
  reader.close();
  assertThrows(() => again.bytes, BadResource, "is released");
  // The array is still the memory, and later frames come into it.
  assertEquals(kept[0], 1);
  frames.close();
  assertEquals(kept.length, 0);
});

Deno.test("FrameWriter.publish() refuses a frame that is not claimed, and wrong lengths and metadata", () => {
  using frames = LatestFrame.create(randomName(), { byteLength: 8 });
  using writer = frames.writer();
  using reader = frames.reader();
  assertThrows(() => writer.publish(), TypeError, "call claim() first");
  writer.claim()!.fill(1);
  assertThrows(() => writer.publish(undefined, { length: 9 }), RangeError, "length");
  assertThrows(() => writer.publish(new Uint8Array(4100)), RangeError, "at most 4032 bytes");
  assertThrows(() => writer.publish(() => {}), DOMException, "could not be cloned");
  assertEquals(reader.acquire(), undefined);
  // The frame is still claimed.
  writer.publish(new Uint8Array(4000));
  using frame = reader.acquire()!;
  assertEquals([frame.number, frame.metadata], [1, new Uint8Array(4000)]);
  writer.close();
  assertThrows(() => writer.claim(), BadResource, "is closed");
  assertThrows(() => writer.publish(), BadResource, "is closed");
});

Deno.test("A getter of the metadata that uses the writer tears no frame, and publishes nothing after close()", () => {
  using frames = LatestFrame.create(randomName(), { byteLength: 8 });
  const writer = frames.writer();
  using reader = frames.reader();
  const read = () => {
    using frame = reader.acquire()!;
    return [frame.number, frame.metadata, frame.bytes[0]];
  };
  const withGetter = (get: () => unknown) =>
    Object.defineProperty({}, "x", { get, enumerable: true });
  writer.claim()!.fill(1);
  const publishes = withGetter(() => writer.publish("inner"));
  assertThrows(() => writer.publish(publishes), TypeError, "call claim() first");
  assertEquals(read(), [1, "inner", 1]);
  writer.claim();
  const claims = withGetter(() => {
    writer.publish("inner");
    return writer.claim()!.fill(3)[0];
  });
  writer.publish(claims);
  assertEquals(read(), [3, { x: 3 }, 3]);
  writer.claim();
  // Another writer can write to the slot as soon as this one is closed.
  const closes = withGetter(() => writer.close());
  assertThrows(() => writer.publish(closes), BadResource, "is closed");
  const next = frames.writer();
  next.claim();
  const options = {
    get length() {
      next.close();
      return 1;
    },
  };
  assertThrows(() => next.publish("later", options), BadResource, "is closed");
  const last = frames.writer();
  last.claim();
  assertEquals(read(), [3, { x: 3 }, 3]);
  const closesAll = withGetter(() => frames.close());
  assertThrows(() => last.publish(closesAll), BadResource, "is closed");
});

Deno.test("FrameWriter.claim() drops and counts frames while readers hold all other slots", () => {
  using frames = LatestFrame.create(randomName(), { byteLength: 8, slots: 3, maxReaders: 3 });
  using writer = frames.writer();
  const readers = [frames.reader(), frames.reader(), frames.reader()];
  const held: Frame[] = [];
  const publish = () => {
    const bytes = writer.claim();
    if (bytes === undefined) return false;
    bytes.fill(1);
    writer.publish();
    return true;
  };
  for (const reader of readers) {
    assertEquals(publish(), true);
    held.push(reader.acquire()!);
  }
  assertEquals(held.map(({ number }) => number), [1, 2, 3]);
  for (let count = 1; count <= 5; count++) {
    assertEquals([publish(), writer.dropped], [false, count]);
  }
  held[0]!.release();
  assertEquals([publish(), publish(), writer.dropped], [true, false, 6]);
  for (const frame of held) frame.release();
  for (let count = 0; count < 20; count++) assertEquals([publish(), writer.dropped], [true, 6]);
  using newest = readers[0]!.acquire()!;
  assertEquals(newest.number, 24);
});

Deno.test("FrameWriter.claim() never drops a frame with two more slots than readers", () => {
  for (const maxReaders of [1, 2, 64]) {
    using frames = LatestFrame.create(randomName(), { byteLength: 1, maxReaders });
    using writer = frames.writer();
    const readers = Array.from({ length: maxReaders }, () => frames.reader());
    const held: (Frame | undefined)[] = [];
    for (let step = 0; step < 1000; step++) {
      const bytes = writer.claim();
      assert(bytes !== undefined);
      writer.publish();
      const at = (step * 7) % maxReaders;
      held[at]?.release();
      held[at] = readers[at]!.acquire();
    }
    assertEquals(writer.dropped, 0);
  }
});

Deno.test("LatestFrame.reader() throws Busy if the latest frame has maxReaders readers already", () => {
  const name = randomName();
  using frames = LatestFrame.create(name, { byteLength: 8, maxReaders: 2 });
  const first = frames.reader();
  using _second = frames.reader();
  assertThrows(
    () => frames.reader(),
    Busy,
    `The latest frame "Local\\${name}" has 2 readers already: close one first, or create it with ` +
      "more maxReaders",
  );
  first.close();
  first.close();
  using third = frames.reader();
  assertEquals([first.closed, third.closed], [true, false]);
  assertThrows(() => first.acquire(), BadResource, "is closed");
  using _writer = frames.writer();
  assertThrows(() => frames.writer(), Busy, "has a writer already");
});

Deno.test("FrameReader.changes() releases each frame, yields the last one and ends when the writer closes", async () => {
  using frames = LatestFrame.create(randomName(), { byteLength: 8, slots: 3, maxReaders: 1 });
  const writer = frames.writer();
  using reader = frames.reader();
  assertEquals(reader.writer, "alive");
  const publish = () => {
    assert(writer.claim() !== undefined);
    writer.publish();
  };
  publish();
  const seen: number[] = [];
  let before: Frame | undefined;
  for await (const frame of reader.changes({ signal: soon() })) {
    assertEquals([before?.released ?? true, frame.released], [true, false]);
    before = frame;
    seen.push(frame.number);
    if (frame.number < 5) { for (let count = 0; count < 2; count++) publish(); }
    else writer.close();
  }
  assertEquals([seen, before?.released, reader.writer], [[1, 3, 5], true, "closed"]);
  using next = frames.writer();
  next.claim();
  next.publish();
  for await (const frame of reader.changes({ signal: soon() })) {
    before = frame;
    break;
  }
  assertEquals([before?.number, before?.released], [6, true]);
  const late = reader.changes({ timeout: 10 });
  await late.next();
  await assertRejects(() => late.next(), TimedOut, "10 ms");
  using _held = reader.acquire();
  await assertRejects(() => reader.changes().next(), Busy, "holds frame 6 already");
});

Deno.test("FrameReader.changes() ends by its signal and when the reader is closed, also during a wait", async () => {
  using frames = LatestFrame.create(randomName(), { byteLength: 8 });
  using writer = frames.writer();
  writer.claim();
  writer.publish();
  const readers = [frames.reader(), frames.reader()] as const;
  const controller = new AbortController();
  const stopped = readers[0].changes({ signal: controller.signal });
  const ended = readers[1].changes();
  for (const each of [stopped, ended]) assertEquals((await each.next()).value?.number, 1);
  const waits = [stopped.next(), ended.next()] as const;
  controller.abort(new Error("on purpose"));
  await assertRejects(() => waits[0], Error, "on purpose");
  readers[1].close();
  assertEquals(await waits[1], { value: undefined, done: true });
  await assertRejects(() => readers[1].changes().next(), BadResource, "is closed");
  for (const call of [() => readers[1].ref(), () => readers[1].unref(), () => readers[1].writer]) {
    assertThrows(call, BadResource, "is closed");
  }
});

Deno.test("LatestFrame.open() and openOrCreate() refuse other memory and other settings", async () => {
  const name = randomName();
  assertThrows(() => LatestFrame.open(name), NotFound);
  await assertRejects(() => LatestFrame.waitFor(name, { timeout: 0 }), TimedOut);
  {
    using _memory = SharedMemory.create(name, 65_536);
    assertThrows(() => LatestFrame.open(name), InvalidData, "it is plain memory");
    assertThrows(() => LatestFrame.openOrCreate(name, { byteLength: 8 }), InvalidData, "plain");
    const create = () => LatestFrame.create(name, { byteLength: 8 });
    assertThrows(create, AlreadyExists, "shared memory of this name exists already");
  }
  {
    using _event = SharedEvent.create(name);
    assertThrows(() => LatestFrame.open(name), InvalidData, "an event");
  }
  using frames = LatestFrame.openOrCreate(name, { byteLength: 8, maxReaders: 2 });
  using _same = LatestFrame.openOrCreate(name, { byteLength: 8, slots: 4, maxReaders: 2 });
  const other = () => LatestFrame.openOrCreate(name, { byteLength: 9, maxReaders: 2 });
  assertThrows(other, InvalidData, "its byteLength is 8 and not 9");
  assertThrows(() => LatestFrame.create(name, { byteLength: 8 }), AlreadyExists, "a latest frame");
  using opened = await LatestFrame.waitFor(name, { timeout: 1000 });
  assertEquals([frames.closed, opened.name], [false, `Local\\${name}`]);
  for (const wrong of [{ byteLength: 0 }, { byteLength: 8, slots: 1 }, { byteLength: 2 ** 31 }]) {
    assertThrows(() => LatestFrame.create(randomName(), wrong), RangeError);
  }
});

Deno.test("A latest frame whose ArrayBuffer was transferred away says so, and the readers' places are left", () => {
  const name = randomName();
  using frames = LatestFrame.create(name, { byteLength: 8, maxReaders: 1 });
  using writer = frames.writer();
  writer.claim();
  writer.publish();
  const other = LatestFrame.open(name);
  const reader = other.reader();
  const frame = reader.acquire()!;
  structuredClone(frame.bytes, { transfer: [frame.bytes.buffer] });
  frame.release();
  using again = reader.acquire()!;
  assertThrows(() => again.bytes, Busy, "was transferred away");
  assertThrows(() => other.close(), Busy, "was transferred away");
  using next = frames.reader();
  assertEquals(next.acquire()?.bytes.length, 8);
});

Deno.test("A latest frame that is closed leaves no handle, also while a frame is held", async () => {
  await assertLeavesNoHandle(30, async () => {
    using frames = LatestFrame.create(randomName(), { byteLength: 8 });
    using writer = frames.writer();
    writer.claim();
    writer.publish();
    const reader = frames.reader();
    reader.acquire();
    const next = frames.reader().changes();
    await next.next();
    const wait = next.next();
    frames.close();
    assertEquals((await wait).done, true);
  });
});
