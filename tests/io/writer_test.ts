import { assertEquals, assertRejects } from "@std/assert";
import { FileReader } from "../../src/io/reader.ts";
import { FileWriter } from "../../src/io/writer.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { runPeer } from "../support/run_peer.ts";
import { BUFFER_SIZE, makePipe } from "./pipe_pair.ts";

/** A pipe with a writer at one end and a reader at the other. */
function makeEnds() {
  const stack = new DisposableStack();
  const { client, server, label } = stack.use(makePipe());
  const options = { label, hasMessages: false };
  return {
    label,
    client,
    server,
    writer: stack.use(new FileWriter(client, options)),
    reader: stack.use(new FileReader(server, options)),
    [Symbol.dispose]: () => stack.dispose(),
  };
}

/** Reads a number of bytes. */
async function read(reader: FileReader, length: number): Promise<Uint8Array> {
  const all = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const piece = await reader.next(soon);
    if (piece === undefined) throw new Error(`The file ended after ${at} bytes`);
    const part = piece.bytes.subarray(0, length - at);
    all.set(part, at);
    at += part.length;
    reader.skip(part.length);
  }
  return all;
}

Deno.test("FileWriter.write() copies the bytes before it returns its promise", async () => {
  using ends = makeEnds();
  const bytes = new Uint8Array(5);
  const writes = [1, 2, 3].map((value) => {
    bytes.fill(value);
    return ends.writer.write(bytes, soon);
  });
  // The third part of this write begins when the reader has read the first ones.
  const long = new Uint8Array(2_500_000).fill(4);
  writes.push(ends.writer.write(long, soon));
  bytes.fill(9);
  long.fill(9);
  assertEquals(
    await read(ends.reader, 15),
    Uint8Array.of(1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3),
  );
  assertEquals(new Set(await read(ends.reader, long.length)), new Set([4]));
  await Promise.all(writes);
});

Deno.test("FileWriter.write() writes all bytes of a stopped write, or none", async () => {
  using ends = makeEnds();
  const full = new Uint8Array(3 * BUFFER_SIZE).fill(1);
  // Windows has a part of this write, so the write goes on.
  await assertRejects(
    () => ends.writer.write(full, { timeout: 20 }),
    Deno.errors.TimedOut,
    `Waited 20 ms to write to the ${ends.label}: the peer does not read`,
  );
  // These writes wait for it and are not written.
  const controller = new AbortController();
  const aborted = ends.writer.write(Uint8Array.of(2), { signal: controller.signal });
  controller.abort(new Error("on purpose"));
  await assertRejects(() => aborted, Error, "on purpose");
  await assertRejects(
    () => ends.writer.write(Uint8Array.of(3), { timeout: 0 }),
    Deno.errors.TimedOut,
  );
  const last = ends.writer.write(Uint8Array.of(4), soon);
  const bytes = await read(ends.reader, full.length + 1);
  assertEquals([new Set(bytes.subarray(0, -1)), bytes.at(-1)], [new Set([1]), 4]);
  await last;
});

Deno.test("FileWriter.write() and flush() stop if their signal is aborted just when their turn comes", async () => {
  for (const what of ["write", "flush"] as const) {
    using ends = makeEnds();
    const { writer, reader } = ends;
    const full = new Uint8Array(3 * BUFFER_SIZE);
    const controller = new AbortController();
    const { signal } = controller;
    const first = writer.write(full, soon);
    const drained = writer.drain(soon).then(() => controller.abort(new Error("on purpose")));
    const second = what === "write" ? writer.write(full, { signal }) : writer.flush({ signal });
    second.catch(() => {});
    await read(reader, full.length - 10);
    await Promise.all([first, drained]);
    await assertRejects(() => within("the wait ends", second, 5000), Error, "on purpose");
    await writer.write(Uint8Array.of(7), soon);
    assertEquals((await read(reader, 11)).at(-1), 7);
  }
});

Deno.test("FileWriter.write() stops in time between the parts of a long write, and writes them all", async () => {
  using ends = makeEnds();
  const { reader, writer } = ends;
  const long = new Uint8Array(3 * 2 ** 20).fill(1);
  const write = writer.write(long, { timeout: 100 });
  // The assertion is below.
  write.catch(() => {});
  // The first part is over before its writer waits for the second.
  await read(reader, 2 ** 20 + 1);
  await assertRejects(() => write, Deno.errors.TimedOut);
  assertEquals((await read(reader, long.length - 2 ** 20 - 1)).every((byte) => byte === 1), true);
  await writer.drain(soon);
  assertEquals(writer.isIdle, true);
});

Deno.test("FileWriter.flush() can be called again before it is over", async () => {
  using ends = makeEnds();
  await ends.writer.write(new Uint8Array(100), soon);
  const flushes = [1, 2, 3].map(() => ends.writer.flush(soon));
  const write = ends.writer.write(new Uint8Array(1), soon);
  await read(ends.reader, 100);
  await Promise.all(flushes);
  await write;
});

Deno.test("FileWriter.flush() that is stopped lets later writes and flushes succeed", async () => {
  using ends = makeEnds();
  const { reader, writer } = ends;
  for (let round = 1; round < 30; round++) {
    await writer.write(new Uint8Array(round), soon);
    const controller = new AbortController();
    const flush = writer.flush({ timeout: round, signal: controller.signal });
    if (round % 3 === 0) controller.abort(new Error("on purpose"));
    await assertRejects(() => flush, round % 3 === 0 ? Error : Deno.errors.TimedOut);
    const write = writer.write(new Uint8Array(1), soon);
    const flushed = writer.flush(soon);
    await read(reader, round + 1);
    await Promise.all([write, flushed]);
  }
});

Deno.test("FileWriter.close() ends all waits with BadResource", async () => {
  const ends = makeEnds();
  const { writer } = ends;
  const full = new Uint8Array(3 * BUFFER_SIZE);
  const waits = [
    writer.write(full, {}),
    writer.write(full, {}),
    writer.flush({}),
    writer.drain({}),
  ];
  writer.close();
  const results = await within("all waits end", Promise.allSettled(waits));
  assertEquals(
    results.map((result) => result.status === "rejected" && result.reason.name),
    ["BadResource", "BadResource", "BadResource", false],
  );
  writer.close();
  await assertRejects(() => writer.write(full, {}), Deno.errors.BadResource, "is closed");
  ends[Symbol.dispose]();
});

Deno.test("FileWriter.close() ends a flush with BadResource", async () => {
  using ends = makeEnds();
  await ends.writer.write(new Uint8Array(1), soon);
  const flush = ends.writer.flush({});
  // From then on a thread of the pool waits.
  await new Promise((resolve) => setTimeout(resolve, 20));
  ends.writer.close();
  await assertRejects(() => within("the flush ends", flush), Deno.errors.BadResource, "is closed");
});

Deno.test("FileWriter.flush() throws BrokenPipe if the peer closes its end before it has read everything", async () => {
  using ends = makeEnds();
  await ends.writer.write(new Uint8Array(1), soon);
  const flush = ends.writer.flush(soon);
  setTimeout(() => {
    ends.reader.close();
    ends.server.close();
  }, 20);
  await assertRejects(() => flush, Deno.errors.BrokenPipe, "the peer has closed it");
  await assertRejects(
    () => ends.writer.write(new Uint8Array(1), soon),
    Deno.errors.BrokenPipe,
    "the peer has closed it or has ended",
  );
  // Windows itself says now that everything was read.
  await assertRejects(() => ends.writer.flush(soon), Deno.errors.BrokenPipe);
});

Deno.test("FileWriter.write() leaves alone the memory of a write whose wait has failed", async () => {
  assertEquals(await runPeer("io/peers/failed_waits.ts", [], { timeout: 20_000 }), [
    "Error",
    "0 wrong",
  ]);
});
