import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { type FrameReader, LatestFrame } from "../../../src/channel/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { SLOWNESS } from "../../support/slowness.ts";
import { killReaders } from "./kill_readers.ts";
import { BYTE_LENGTH, markOf, publishMarked } from "./marked_frame.ts";

const { Busy } = Deno.errors;
const byteLength = BYTE_LENGTH;
const soon = () => AbortSignal.timeout(20_000 * SLOWNESS);

const startReader = (name: string) => Peer.start("channel/frame/peers/reader.ts", name);
const startWriter = (name: string, slots: number, maxReaders: number) =>
  Peer.start("channel/frame/peers/writer.ts", name, `${slots}`, `${maxReaders}`);

/** Returns the mark of the newest frame, which must be whole. */
function newestOf(reader: FrameReader): number | undefined {
  using frame = reader.acquire();
  return frame && markOf(frame);
}

Deno.test("Readers in two processes see each frame whole, and hold one while the writer goes on", async () => {
  const name = randomName();
  using frames = LatestFrame.create(name, { byteLength, maxReaders: 2 });
  using writer = frames.writer();
  await using other = await startReader(name);
  using reader = frames.reader();
  assertEquals(await other.ask("acquire"), "none");
  publishMarked(writer, 1);
  assertEquals(await other.ask("acquire"), "1");
  publishMarked(writer, 2);
  using held = reader.acquire()!;
  for (let mark = 3; mark <= 50; mark++) assert(publishMarked(writer, mark));
  assertEquals([await other.ask("look"), markOf(held)], ["1", 2]);
  assertEquals(await other.ask("release"), "released");
  assertEquals(await other.ask("acquire"), "50");
  assertThrows(() => frames.reader(), Busy, "has 2 readers already");
});

Deno.test("FrameWriter.claim() drops frames while a process holds the last slot, and gets it back when that process is killed", async () => {
  const name = randomName();
  using frames = LatestFrame.create(name, { byteLength, slots: 2, maxReaders: 1 });
  using writer = frames.writer();
  await using holder = await startReader(name);
  assert(publishMarked(writer, 1));
  assertEquals(await holder.ask("acquire"), "1");
  assert(publishMarked(writer, 2));
  for (let count = 1; count <= 10; count++) {
    assertEquals([publishMarked(writer, 3), writer.dropped], [false, count]);
  }
  assertEquals(await holder.ask("look"), "1");
  holder.kill();
  await holder.gone();
  const start = performance.now();
  while (!publishMarked(writer, 4)) {
    assertLess(performance.now() - start, 5000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const { dropped } = writer;
  for (let count = 0; count < 10; count++) assert(publishMarked(writer, 5));
  assertEquals(writer.dropped, dropped);
  // The place is free again, too.
  using reader = frames.reader();
  assertEquals(newestOf(reader), 5);
});

Deno.test("The slots and places of readers come back that are killed at random moments", async () => {
  await killReaders({ rounds: 1, seed: 7 });
});

Deno.test("The newest frame stays whole when the writer is killed between claim() and publish()", async () => {
  const name = randomName();
  await using first = await startWriter(name, 3, 1);
  using frames = LatestFrame.open(name);
  using reader = frames.reader();
  for (let mark = 1; mark <= 3; mark++) {
    assertEquals(await first.ask(`publish ${mark}`), "published");
  }
  assertEquals(await first.ask("claim"), "claimed");
  using frame = reader.acquire()!;
  assertEquals([frame.number, markOf(frame)], [3, 3]);
  first.kill();
  await first.gone();
  assertEquals([markOf(frame), reader.writer], [3, "dead"]);
  const changes = reader.changes({ signal: soon(), whenWriterGone: "wait" });
  frame.release();
  assertEquals((await changes.next()).value?.number, 3);
  const next = changes.next();
  // The next writer goes on with the numbers.
  using second = frames.writer();
  publishMarked(second, 9);
  const { value } = await next;
  assertEquals([value!.number, markOf(value!)], [4, 9]);
  second.close();
  assertEquals(reader.writer, "closed");
  await changes.return();
});

Deno.test("A writer that is killed while it publishes leaves a whole frame, and the next one goes on", async () => {
  const name = randomName();
  using frames = LatestFrame.create(name, { byteLength, slots: 3, maxReaders: 1 });
  using reader = frames.reader();
  await using killed = await startWriter(name, 3, 1);
  await killed.ask("spin");
  let last = 0;
  const start = performance.now();
  const least = 100 + 100 * Math.random();
  // For longer on a busy machine, where the writer seldom runs.
  for (let time = 0; time < least || (last < 10 && time < 20_000);) {
    time = performance.now() - start;
    using frame = reader.acquire();
    if (frame === undefined) continue;
    markOf(frame);
    assert(frame.number >= last);
    last = frame.number;
  }
  assertGreater(last, 9);
  killed.kill();
  await killed.gone();
  {
    using frame = reader.acquire()!;
    markOf(frame);
    last = frame.number;
  }
  using writer = frames.writer();
  publishMarked(writer, 1);
  using frame = reader.acquire()!;
  assertEquals(frame.number, last + 1);
});

Deno.test("FrameReader.changes() wakes two processes for a frame, skips frames and yields the last", async () => {
  const name = randomName();
  using frames = LatestFrame.create(name, { byteLength, maxReaders: 2 });
  using writer = frames.writer();
  await using stack = new AsyncDisposableStack();
  const peers = await Promise.all([startReader(name), startReader(name)]);
  for (const peer of peers) {
    stack.use(peer);
    await peer.send("changes 1000");
  }
  for (let mark = 1; mark <= 20; mark++) {
    publishMarked(writer, mark);
    // Each reader sees each frame if the writer waits.
    for (const peer of peers) assertEquals(await peer.nextLine(), `${mark}`);
  }
  for (let mark = 21; mark <= 1000; mark++) publishMarked(writer, mark);
  for (const peer of peers) {
    let [before, count] = [20, 0];
    while (before < 1000) {
      const mark = Number(await peer.nextLine());
      assertGreater(mark, before);
      before = mark;
      count++;
    }
    assertLess(count, 980);
  }
  assertEquals(writer.dropped, 0);
});
