import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { LatestValue } from "../../../src/channel/mod.ts";
import { MACHINE } from "../../../src/channel/peer/windows.ts";
import { array, SharedEvent, SharedMemory, struct, tagged, utf16 } from "../../../mod.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { Peer } from "../../support/peer.ts";
import { SLOWNESS } from "../../support/slowness.ts";
import { Large, Marked } from "./marked_value.ts";
import { randomName } from "../../support/random_name.ts";
import { runPeer } from "../../support/run_peer.ts";

const Telemetry = struct({ speed: "f64", lap: "u8", track: utf16(8) });
const soon = () => AbortSignal.timeout(20_000 * SLOWNESS);

Deno.test("LatestReader.read() returns the newest value whole, for each reader", () => {
  const name = randomName();
  using writerValue = LatestValue.openOrCreate(name, Telemetry);
  using writer = writerValue.writer();
  using readerValue = LatestValue.open(name, Telemetry);
  using reader = readerValue.reader();
  assertEquals(reader.read(), undefined);
  const target = new Int32Array(Math.ceil(Telemetry.byteLength / 4));
  assertEquals(reader.readInto(target), false);
  writer.write({ speed: 1.5, track: "Spa" });
  assertEquals(reader.read(), { speed: 1.5, lap: 0, track: "Spa" });
  writer.value.lap = 3;
  assertEquals(reader.read()?.lap, 0);
  writer.publish();
  assertEquals(reader.readInto(target), true);
  assertEquals(Telemetry.view(target).lap, 3);
  using lateValue = LatestValue.open(name, Telemetry);
  using late = lateValue.reader();
  assertEquals(late.read(), { speed: 1.5, lap: 3, track: "Spa" });
  assertThrows(() => writer.write({ speed: 2, lap: 256 }), RangeError, "lap");
  assertEquals(reader.read()?.speed, 1.5);
  assertThrows(() => reader.readInto(new Int32Array(1)), RangeError, "the target to have");
});

Deno.test("LatestWriter.write() publishes nothing if a getter of the values closes the writer", () => {
  using value = LatestValue.create(randomName(), Telemetry);
  using reader = value.reader();
  const closing = (closed: Disposable) => ({
    get lap() {
      closed[Symbol.dispose]();
      return 1;
    },
  });
  const first = value.writer();
  assertThrows(() => first.write(closing(first)), Deno.errors.BadResource, "is closed");
  // Another writer can be open as soon as this one is closed.
  const second = value.writer();
  assertEquals(reader.read(), undefined);
  assertThrows(() => second.write(closing(value)), Deno.errors.BadResource, "is closed");
});

Deno.test("LatestReader.readInto() copies new values whole while another process writes as fast as it can", async () => {
  const name = randomName();
  await using writer = await Peer.start("channel/latest/peers/writer.ts", name);
  using readerValue = LatestValue.open(name, Marked);
  using reader = readerValue.reader();
  assertEquals(await writer.ask("spin"), "spinning");
  const target = new Int32Array(Marked.marks);
  const seen = new Set<number>();
  let reads = 0;
  const start = performance.now();
  // At least 2 seconds, and longer on a busy machine, where the writer seldom runs.
  for (let time = 0; time < 2000 || (seen.size <= 100 && time < 30_000);) {
    time = performance.now() - start;
    if (!reader.readInto(target)) continue;
    reads++;
    const [first] = target;
    assert(target.every((mark) => mark === first), `torn: ${[...new Set(target)]}`);
    seen.add(first!);
  }
  assertGreater(reads, 1000);
  assertGreater(seen.size, 100);
});

Deno.test("LatestReader copies large values whole while another process writes, and is killed", async () => {
  const name = randomName();
  using value = LatestValue.openOrCreate(name, Large);
  using reader = value.reader();
  const target = new Int32Array(Large.marks);
  const isWhole = (marks: ArrayLike<number>) => {
    for (let at = 1; at < marks.length; at++) if (marks[at] !== marks[0]) return false;
    return true;
  };
  for (let round = 0; round < 3; round++) {
    const seen = new Set<number>();
    {
      await using _writer = await Peer.start("channel/latest/peers/large_writer.ts", name);
      // At least half a second, and longer on a busy machine, where the writer seldom runs.
      const start = performance.now();
      for (let time = 0; time < 500 || (seen.size <= 50 && time < 30_000);) {
        time = performance.now() - start;
        if (!reader.readInto(target)) continue;
        assert(isWhole(target), "torn");
        seen.add(target[0]!);
        assert(isWhole(reader.read()!.marks), "torn");
      }
    }
    assertGreater(seen.size, 50);
    // The writer was killed, perhaps while it wrote.
    assert(reader.readInto(target) && isWhole(target), "torn");
  }
});

Deno.test("LatestValue.writer() replaces a writer that was killed and left a whole value", async () => {
  const name = randomName();
  using keeper = await (async () => {
    await using writer = await Peer.start("channel/latest/peers/writer.ts", name);
    const readerValue = LatestValue.open(name, Marked);
    const reader = readerValue.reader();
    assertThrows(() => readerValue.writer(), Deno.errors.Busy, "has a writer already");
    await writer.ask("spin");
    while (reader.read() === undefined);
    return reader;
  })();
  const last = keeper.read()!.marks;
  assertEquals(new Set(last).size, 1);
  using writerValue = LatestValue.openOrCreate(name, Marked);
  using writer = writerValue.writer();
  assertEquals(writer.value.marks.values(), last);
  writer.value.marks.set(0, 7);
  writer.publish();
  assertEquals(keeper.read()!.marks.slice(0, 2), Uint32Array.of(7, last[1]!));
});

Deno.test("LatestReader.changes() wakes all readers for each value of a writer in another process", async () => {
  const name = randomName();
  await using writer = await Peer.start("channel/latest/peers/writer.ts", name);
  using opened = LatestValue.open(name, Marked);
  const readers = Array.from({ length: 3 }, () => opened.reader());
  const iterators = readers.map((reader) => reader.changes({ signal: soon() }));
  for (let mark = 1; mark <= 200; mark++) {
    const next = Promise.all(iterators.map((iterator) => iterator.next()));
    if (mark % 2 === 0) await Promise.resolve();
    await writer.ask(`write ${mark}`);
    for (const { value } of await next) assertEquals(value?.marks[99], mark);
  }
  for (const iterator of iterators) await iterator.return();
  for (const reader of readers) reader.close();
});

Deno.test("LatestReader.changes() misses no value that is written while it falls asleep", async () => {
  const [name, reply] = [randomName(), randomName()];
  const rounds = 20_000;
  using writerValue = LatestValue.openOrCreate(name, Marked);
  using writer = writerValue.writer();
  await using peer = await Peer.start("channel/latest/peers/writer.ts", reply);
  using readerValue = LatestValue.open(reply, Marked);
  using reader = readerValue.reader();
  assertEquals(await peer.ask(`echo ${name}`), "echoing");
  writer.write({ marks: new Array<number>(Marked.marks).fill(1) });
  // Both processes spin. On a busy machine a round can take a scheduler tick, so time limits them
  // too.
  const end = performance.now() + 4000;
  // If one value is missed, no more values follow.
  const giveUp = () => setTimeout(() => reader.close(), 30_000);
  let timer = giveUp();
  let last = 0;
  let isOver = false;
  for await (const { marks } of reader.changes()) {
    last = marks[0]!;
    isOver = last >= 2 * rounds || performance.now() > end;
    if (isOver) break;
    if (last % 1000 === 0) {
      clearTimeout(timer);
      timer = giveUp();
    }
    writer.value.marks.set(0, last + 1);
    writer.publish();
  }
  clearTimeout(timer);
  assert(isOver, `nothing after ${last}`);
});

Deno.test("LatestReader.changes() ends by its signal and when the reader is closed, also during a wait", async () => {
  const name = randomName();
  using writerValue = LatestValue.openOrCreate(name, Telemetry);
  using writer = writerValue.writer();
  writer.write({ lap: 1 });
  const readerValue = LatestValue.open(name, Telemetry);
  const reader = readerValue.reader();
  const controller = new AbortController();
  const stopped = reader.changes({ signal: controller.signal });
  const ended = reader.changes();
  for (const iterator of [stopped, ended]) {
    assertEquals((await iterator.next()).value?.lap, 1);
  }
  const waits = [stopped.next(), ended.next()] as const;
  controller.abort(new Error("on purpose"));
  await assertRejects(() => waits[0], Error, "on purpose");
  reader.close();
  assertEquals(await waits[1], { value: undefined, done: true });
  for (const call of [() => reader.read(), () => reader.ref(), () => reader.unref()]) {
    assertThrows(call, Deno.errors.BadResource, "is closed");
  }
  await assertRejects(() => reader.changes().next(), Deno.errors.BadResource, "is closed");
  using late = readerValue.reader();
  await assertRejects(() => late.changes({ signal: controller.signal }).next());
});

Deno.test("LatestReader.changes() throws Busy if 64 readers wait already", async () => {
  const name = randomName();
  using writerValue = LatestValue.openOrCreate(name, Telemetry);
  using _writer = writerValue.writer();
  const wakeEvents = Array.from(
    { length: 64 },
    (_, wakeEvent) => SharedEvent.create(`${name}.reader.${wakeEvent}`),
  );
  using readerValue = LatestValue.open(name, Telemetry);
  using reader = readerValue.reader();
  await assertRejects(() => reader.changes().next(), Deno.errors.Busy, "64 readers wait");
  for (const wakeEvent of wakeEvents) wakeEvent.close();
});

Deno.test("LatestValue.open() refuses memory that holds no latest value, or one of another layout", () => {
  const { NotFound, InvalidData, BadResource } = Deno.errors;
  assertThrows(() => LatestValue.open(randomName(), Telemetry), NotFound);
  const name = randomName();
  using writerValue = LatestValue.openOrCreate(name, Telemetry);
  using writer = writerValue.writer();
  const Other = struct({ speed: "f64", lap: "i8", track: utf16(8) });
  const Large = struct({ bytes: array("u8", 100_000) });
  const refused = (open: () => unknown, difference: string) =>
    assertThrows(
      open,
      InvalidData,
      `Cannot open latest value "Local\\${name}": its values have another layout: ${difference}`,
    );
  const lap = 'its field "lap" is a u8 at offset 8, and not an i8 at offset 8';
  refused(() => LatestValue.open(name, Other), lap);
  refused(() => LatestValue.openOrCreate(name, Other), lap);
  refused(
    () => LatestValue.open(name, Large),
    'its field 1 is "speed" (an f64 at offset 0), and not "bytes" (a u8[100000] at offset 0)',
  );
  const plain = randomName();
  using _memory = SharedMemory.create(plain, 65_536);
  assertThrows(() => LatestValue.open(plain, Telemetry), InvalidData, "magic");
  assertThrows(() => LatestValue.openOrCreate(plain, Telemetry), InvalidData, "magic");
  writer.close();
  writer.close();
  assertThrows(() => writer.publish(), BadResource, "is closed");
  assertThrows(() => writer.write({}), BadResource, "is closed");
});

Deno.test("LatestValue.open() throws only InvalidData for any bytes in the header and the description", () => {
  const name = randomName();
  using _value = LatestValue.create(name, Telemetry);
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  const whole = view.bytes.slice();
  const text = whole.findLastIndex((byte) => byte !== 0) + 1 - Telemetry.signature.length;
  assertEquals(
    new TextDecoder().decode(whole.subarray(text)).replaceAll("\0", ""),
    Telemetry.signature,
  );
  const Other = struct({ speed: "f32" });
  const refusals: string[] = [];
  for (let round = 0; round < 400; round++) {
    view.bytes.set(whole);
    const at = round % 2 === 0 ? round % 28 : text + (round * 7) % Telemetry.signature.length;
    crypto.getRandomValues(view.bytes.subarray(at, at + 1 + round % 5));
    for (const layout of [Telemetry, Other]) {
      try {
        LatestValue.open(name, layout).close();
      } catch (error) {
        assert(error instanceof Deno.errors.InvalidData, `${error}`);
        // deno-lint-ignore no-control-regex -- there must be none
        assert(!/[\0-\x1f\x7f]/.test(error.message), error.message);
        refusals.push(error.message);
      }
    }
  }
  for (const reason of ["begins with something else", "of version", "slots", "is corrupt"]) {
    assert(refusals.some((refusal) => refusal.includes(reason)), reason);
  }
  // The slots have the same size for both lengths, so the description is at its place.
  view.bytes.set(whole);
  new DataView(view.buffer).setUint32(16, Telemetry.byteLength - 4, true);
  assertThrows(
    () => LatestValue.open(name, Telemetry),
    Deno.errors.InvalidData,
    "is corrupt: its values have 28 bytes, and those of its layout 32",
  );
});

Deno.test("LatestValue.create() refuses a layout whose description is too long, and tagged()", () => {
  const names = Array.from({ length: 5000 }, (_, at) => [`field_${at}`, "u8"]);
  const Long = struct(Object.fromEntries(names));
  assertThrows(() => LatestValue.create(randomName(), Long), RangeError, "at most 65536 bytes");
  const values = [randomName(), tagged({ telemetry: Telemetry })];
  for (const open of [LatestValue.create, LatestValue.open, LatestValue.openOrCreate]) {
    assertThrows(
      () => Reflect.apply(open, LatestValue, values),
      TypeError,
      "Expected layout to be",
    );
  }
});

Deno.test("LatestReader.read() throws no error except Busy if the memory has random bytes", async () => {
  const name = randomName();
  using writerValue = LatestValue.openOrCreate(name, Telemetry);
  using writer = writerValue.writer();
  writer.write({ lap: 1 });
  using readerValue = LatestValue.open(name, Telemetry);
  using reader = readerValue.reader();
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  for (let round = 0; round < 300; round++) {
    crypto.getRandomValues(view.bytes.subarray(128, 1500));
    try {
      reader.read();
    } catch (error) {
      assert(error instanceof Deno.errors.Busy, `${error}`);
    }
  }
  // No reader sleeps, though wake flags are raised. The next value repairs the rest.
  writer.write({ lap: 2 });
  assertEquals(reader.read()?.lap, 2);
  assertEquals((await reader.changes({ signal: soon() }).next()).value?.lap, 2);
});

Deno.test("LatestValue.writer() leaves no handle open if the memory names a value that it does not hold", async () => {
  const name = randomName();
  using writerValue = LatestValue.openOrCreate(name, Telemetry);
  using writer = writerValue.writer();
  using readerValue = LatestValue.open(name, Telemetry);
  using _reader = readerValue.reader();
  writer.close();
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  // The number of the newest value: see latest/layout.ts.
  new Uint32Array(view.buffer)[64] = 5;
  await assertLeavesNoHandle(30, () => {
    assertThrows(() => writerValue.writer(), Deno.errors.Busy, "it was overwritten");
  });
});

const GONE = { close: "closed", kill: "dead" } as const;

for (const how of ["close", "kill"] as const) {
  for (const whenWriterGone of [undefined, "end", "throw"] as const) {
    const word = whenWriterGone ?? "the default";
    Deno.test(`LatestReader.changes() with ${word} ends soon after its writer is ${GONE[how]}`, async () => {
      const name = randomName();
      await using writer = await Peer.start("channel/latest/peers/writer.ts", name);
      using readerValue = LatestValue.open(name, Marked);
      using reader = readerValue.reader();
      assertEquals(reader.writer, "alive");
      const changes = reader.changes({
        signal: soon(),
        ...(whenWriterGone && { whenWriterGone }),
      });
      await writer.ask("write 1");
      assertEquals((await changes.next()).value?.marks[0], 1);
      const next = changes.next();
      // An iteration yields the last value before it ends, also if it begins after the writer's
      // end.
      const late = reader.changes({ ...(whenWriterGone && { whenWriterGone }) });
      const start = performance.now();
      await go(writer, how);
      if (how === "kill" && whenWriterGone === "throw") {
        await assertRejects(() => next, Deno.errors.ConnectionReset, name);
      } else {
        assertEquals(await next, { value: undefined, done: true });
      }
      assertLess(performance.now() - start, 5000);
      assertEquals(reader.writer, GONE[how]);
      assertEquals((await late.next()).value?.marks[0], 1);
      if (how === "kill" && whenWriterGone === "throw") {
        await assertRejects(() => late.next(), Deno.errors.ConnectionReset);
      } else {
        assertEquals((await late.next()).done, true);
      }
    });
  }

  Deno.test(`LatestReader.changes() with wait goes on with the next writer after one is ${GONE[how]}`, async () => {
    const name = randomName();
    await using writer = await Peer.start("channel/latest/peers/writer.ts", name);
    using readerValue = LatestValue.open(name, Marked);
    using reader = readerValue.reader();
    const changes = reader.changes({ signal: soon(), whenWriterGone: "wait" });
    await writer.ask("write 1");
    assertEquals((await changes.next()).value?.marks[0], 1);
    const next = changes.next();
    await go(writer, how);
    await writer.gone();
    assertEquals(reader.writer, GONE[how]);
    await using other = await Peer.start("channel/latest/peers/writer.ts", name);
    assertEquals(reader.writer, "alive");
    await other.ask("write 2");
    assertEquals((await next).value?.marks[0], 2);
    await changes.return();
  });
}

/** Closes or kills a writer. */
async function go(writer: Peer, how: "close" | "kill"): Promise<void> {
  if (how === "kill") writer.kill();
  else assertEquals(await writer.ask("close"), "closed");
}

Deno.test('LatestReader.changes() waits for the first writer while LatestReader.writer is "none"', async () => {
  const name = randomName();
  const writerValue = LatestValue.openOrCreate(name, Telemetry);
  const writer = writerValue.writer();
  using readerValue = LatestValue.open(name, Telemetry);
  using reader = readerValue.reader();
  writer.close();
  {
    using memory = SharedMemory.open(name, { access: "readwrite" });
    using view = memory.map();
    // The state of the writer's place: see latest/layout.ts.
    new Uint32Array(view.buffer)[18] = 0;
  }
  assertEquals(reader.writer, "none");
  const next = reader.changes({ signal: soon() }).next();
  using firstValue = LatestValue.openOrCreate(name, Telemetry);
  using first = firstValue.writer();
  assertEquals(reader.writer, "alive");
  first.write({ lap: 5 });
  assertEquals((await next).value?.lap, 5);
  reader.close();
  assertThrows(() => reader.writer, Deno.errors.BadResource, "is closed");
});

Deno.test("LatestValue.writer() replaces a dead writer, though another process seems to have its id", () => {
  const name = randomName();
  using writerValue = LatestValue.openOrCreate(name, Telemetry);
  using writer = writerValue.writer();
  using readerValue = LatestValue.open(name, Telemetry);
  using _reader = readerValue.reader();
  writer.close();
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  // This process becomes the owner, but it holds the mutex no more: see latest/layout.ts.
  new BigUint64Array(view.buffer)[8] = MACHINE.self;
  using nextValue = LatestValue.openOrCreate(name, Telemetry);
  using next = nextValue.writer();
  assertEquals(next.closed, false);
});

Deno.test("LatestReader.changes() throws TimedOut without a change in time, and refuses invalid options", async () => {
  const name = randomName();
  using writerValue = LatestValue.openOrCreate(name, Telemetry);
  using writer = writerValue.writer();
  using readerValue = LatestValue.open(name, Telemetry);
  using reader = readerValue.reader();
  writer.write({ lap: 1 });
  for (const timeout of [0, 30]) {
    const changes = reader.changes({ timeout });
    assertEquals((await changes.next()).value?.lap, 1);
    const error = await assertRejects(() => changes.next(), Deno.errors.TimedOut, `${timeout} ms`);
    assertMatch(error.message, new RegExp(name));
  }
  // The timeout is for each change, and not for all changes together.
  const changes = reader.changes({ timeout: 2000 });
  await changes.next();
  for (let lap = 2; lap < 6; lap++) {
    const next = changes.next();
    await new Promise((resolve) => setTimeout(resolve, 600));
    writer.write({ lap });
    assertEquals((await next).value?.lap, lap);
  }
  await changes.return();
  const reason = new Deno.errors.TimedOut("by its signal");
  const stopped = reader.changes({ signal: AbortSignal.abort(reason) });
  await assertRejects(() => stopped.next(), Deno.errors.TimedOut, "by its signal");
  const controller = new AbortController();
  const waiting = reader.changes({ signal: controller.signal });
  await waiting.next();
  const next = waiting.next();
  controller.abort(reason);
  await assertRejects(() => next, Deno.errors.TimedOut, "by its signal");
  await assertRejects(() => reader.changes({ timeout: -1 }).next(), RangeError, "timeout");
  // @ts-expect-error: there is no such word.
  await assertRejects(() => reader.changes({ whenWriterGone: "stop" }).next(), TypeError, "stop");
});

Deno.test("LatestReader.unref() lets a process end during a wait for changes, and ref() keeps it alive", async () => {
  const name = randomName();
  using writerValue = LatestValue.openOrCreate(name, Marked);
  using writer = writerValue.writer();
  assertEquals(
    await runPeer("channel/latest/peers/wait_for_change.ts", ["unref", name]),
    ["waits"],
  );
  assertEquals(
    await runPeer("channel/latest/peers/wait_for_change.ts", ["unref while it waits", name]),
    ["waits"],
  );
  await using peer = await Peer.start("channel/latest/peers/wait_for_change.ts", "ref", name);
  assertEquals(await peer.nextLine(), "waits");
  writer.write({ marks: new Array<number>(Marked.marks).fill(4) });
  assertEquals(await peer.nextLine(), "got 4");
  assertEquals((await peer.gone()).code, 0);
});

Deno.test("LatestValue and its ends leave no handle open", async () => {
  const name = randomName();
  await assertLeavesNoHandle(30, async () => {
    using writerValue = LatestValue.openOrCreate(name, Telemetry);
    using writer = writerValue.writer();
    assertThrows(() => LatestValue.create(name, Telemetry), Deno.errors.AlreadyExists);
    assertThrows(() => LatestValue.open(name, Marked), Deno.errors.InvalidData);
    writer.write({ lap: 1 });
    using readerValue = await LatestValue.waitFor(name, Telemetry, { timeout: 1000 });
    using reader = readerValue.reader();
    const changes = reader.changes();
    await changes.next();
    const next = changes.next();
    writer.write({ lap: 2 });
    assertEquals((await next).value?.lap, 2);
    await changes.return();
  });
});

Deno.test("LatestValue.create() takes the longest name whose readers can wait for changes", async () => {
  const name = randomName().padEnd(250 - "Local\\".length, "x");
  using value = LatestValue.create(name, struct({ lap: "u32" }));
  using writer = value.writer();
  using reader = value.reader();
  const changes = reader.changes({ timeout: 10_000 });
  const change = changes.next();
  writer.write({ lap: 3 });
  assertEquals((await change).value, { lap: 3 });
  await changes.return();
});
