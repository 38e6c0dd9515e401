import { assert, assertEquals, assertRejects } from "@std/assert";
import { FileReader, MAX_READ_SIZE, READ_SIZE } from "../../src/io/reader.ts";
import { FileWriter } from "../../src/io/writer.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { makePipe } from "./pipe_pair.ts";

/** A pipe with a reader at one end and a writer at the other. */
function makeEnds(bufferSize?: number) {
  const stack = new DisposableStack();
  const { client, server, label } = stack.use(makePipe(bufferSize));
  const options = { label, hasMessages: false };
  return {
    label,
    client,
    server,
    reader: stack.use(new FileReader(server, options)),
    writer: stack.use(new FileWriter(client, options)),
    [Symbol.dispose]: () => stack.dispose(),
  };
}

Deno.test("FileReader.next() returns the same bytes until skip() skips them", async () => {
  using ends = makeEnds();
  const { reader, writer } = ends;
  await writer.write(Uint8Array.of(1, 2, 3), soon);
  reader.skip(5);
  const seen = async () => [...(await reader.next(soon))?.bytes ?? []];
  assertEquals([await seen(), await seen()], [[1, 2, 3], [1, 2, 3]]);
  reader.skip(2);
  assertEquals(await seen(), [3]);
  reader.skip(0);
  assertEquals(await seen(), [3]);
  reader.skip(1);
  await writer.write(Uint8Array.of(4), soon);
  assertEquals(await seen(), [4]);
});

Deno.test("FileReader.next() loses no byte when its wait is stopped, at any moment", async () => {
  using ends = makeEnds();
  const { reader, writer } = ends;
  const reason = new Error("on purpose");
  let [read, stopped] = [0, 0];
  const writing = (async () => {
    for (let value = 0; value < 200; value++) {
      await writer.write(Uint8Array.of(value), soon);
      if (value % 3 === 0) await new Promise((resolve) => setTimeout(resolve, value % 7));
    }
  })();
  for (let attempt = 0; read < 200; attempt++) {
    const controller = new AbortController();
    const next = attempt % 2 === 0
      ? reader.next({ timeout: attempt % 5 })
      : reader.next({ ...soon, signal: controller.signal });
    if (attempt % 4 === 1) controller.abort(reason);
    if (attempt % 4 === 3) setTimeout(() => controller.abort(reason), 1);
    try {
      for (const byte of (await next)!.bytes) assertEquals(byte, read++);
      reader.skip(READ_SIZE);
    } catch (error) {
      assert(error === reason || error instanceof Deno.errors.TimedOut, `${error}`);
      stopped++;
    }
  }
  await writing;
  assert(stopped > 10, `${stopped}`);
});

Deno.test("FileReader.next() reads more at a time when a read has filled its memory", async () => {
  using ends = makeEnds(MAX_READ_SIZE);
  const { reader, writer } = ends;
  const sent = new Uint8Array(4 * MAX_READ_SIZE).map((_, index) => index >> 8);
  const writing = writer.write(sent, soon);
  const lengths: number[] = [];
  let read = 0;
  while (read < sent.length) {
    const { bytes } = (await reader.next(soon))!;
    assertEquals(bytes, sent.subarray(read, read + bytes.length));
    lengths.push(bytes.length);
    read += bytes.length;
    reader.skip(bytes.length);
  }
  await writing;
  assertEquals(lengths[0], READ_SIZE);
  assertEquals(Math.max(...lengths), MAX_READ_SIZE);
});

Deno.test("FileReader.next() throws TimedOut at once with a timeout of 0, unless bytes are there", async () => {
  using ends = makeEnds();
  const { reader, writer, label } = ends;
  await assertRejects(
    () => reader.next({ timeout: 0 }),
    Deno.errors.TimedOut,
    `Waited 0 ms to read from the ${label}: the peer has written too little`,
  );
  await writer.write(Uint8Array.of(1), soon);
  assertEquals((await reader.next({ timeout: 0 }))?.bytes.length, 1);
});

Deno.test("FileReader.next() returns the last bytes, and then undefined again and again", async () => {
  using ends = makeEnds();
  const { reader, writer, client } = ends;
  await writer.write(Uint8Array.of(1), soon);
  writer.close();
  client.close();
  assertEquals((await reader.next(soon))?.bytes.length, 1);
  reader.skip(1);
  for (let round = 0; round < 3; round++) assertEquals(await reader.next(soon), undefined);
});

Deno.test("FileReader.close() ends a wait with BadResource, and detaches the bytes", async () => {
  using ends = makeEnds();
  const { reader, writer } = ends;
  await writer.write(Uint8Array.of(1), soon);
  const { bytes } = (await reader.next(soon))!;
  reader.skip(1);
  const next = reader.next({});
  reader.close();
  reader.close();
  await assertRejects(() => within("the wait ends", next), Deno.errors.BadResource);
  await assertRejects(() => reader.next({}), Deno.errors.BadResource, "is closed");
  assertEquals(bytes.length, 0);
});

Deno.test("FileReader.next() begins again when a flush of the same file is given up", async () => {
  using ends = makeEnds();
  const { label, server, client, reader, writer } = ends;
  using answers = new FileWriter(server, { label, hasMessages: false });
  using questions = new FileReader(client, { label, hasMessages: false });
  for (let round = 0; round < 20; round++) {
    const next = reader.next(soon);
    await answers.write(Uint8Array.of(round), soon);
    // This cancels the read, too.
    await assertRejects(() => answers.flush({ timeout: round % 4 }), Deno.errors.TimedOut);
    await writer.write(Uint8Array.of(round), soon);
    assertEquals([...(await next)!.bytes], [round]);
    reader.skip(1);
    assertEquals([...(await questions.next(soon))!.bytes], [round]);
    questions.skip(1);
  }
});

Deno.test("FileReader lets the event loop run while the peer always has more bytes", async () => {
  using ends = makeEnds();
  const { reader, writer } = ends;
  let isOver = false;
  const writing = (async () => {
    while (!isOver) await writer.write(new Uint8Array(READ_SIZE), soon);
    writer.close();
  })().catch(() => {});
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const deadline = performance.now() + 200;
  while (performance.now() < deadline) {
    await reader.next(soon);
    reader.skip(READ_SIZE);
  }
  clearInterval(timer);
  isOver = true;
  assert(turns > 3, `${turns}`);
  reader.close();
  ends.server.close();
  await writing;
});
