import { assertEquals, assertRejects } from "@std/assert";
import { byteSources, lostSources, notBytes } from "../support/byte_sources.ts";
import { soon } from "../support/soon.ts";
import { bytesOf, patternOf, readAll, readText } from "./bytes.ts";
import { pathOf, readAnswer, writeOrder } from "./c_peers.ts";
import { openBoth } from "./open_both.ts";

const LENGTHS = [1, 65_535, 65_536, 65_537, 1 << 20, 3_000_001];

for (const ours of ["server", "client"] as const) {
  Deno.test(`PipeConnection.write() as ${ours} sends bytes of each length to a program in C`, async () => {
    await using both = await openBoth(ours);
    for (const length of LENGTHS) {
      const bytes = patternOf(length, length);
      const [written, answer] = await Promise.all([
        both.connection.write(bytes),
        both.peer.ask(`take ${length}`),
      ]);
      assertEquals([written, answer], [length, readAnswer(bytes)]);
    }
  });

  Deno.test(`PipeConnection.read() as ${ours} reads bytes of each length from a program in C`, async () => {
    await using both = await openBoth(ours);
    for (const length of LENGTHS) {
      const isShort = length <= 65_536;
      const bytes = isShort ? patternOf(length, length) : new Uint8Array(length).fill(7);
      await both.peer.send(isShort ? writeOrder(bytes) : `fill ${length} 7`);
      assertEquals(await readAll(both.connection, length), bytes);
      assertEquals(await both.peer.nextLine(), `wrote ${length} 0`);
    }
  });

  Deno.test(`PipeConnection as ${ours} sends and receives 1 MiB at the same time`, async () => {
    await using both = await openBoth(ours);
    const bytes = patternOf(1 << 20, 3);
    const writing = both.connection.write(bytes);
    assertEquals(await both.peer.ask(`take ${bytes.length}`), readAnswer(bytes));
    await both.peer.send(`fill ${1 << 20} 9`);
    assertEquals(await readAll(both.connection, 1 << 20), new Uint8Array(1 << 20).fill(9));
    assertEquals([await both.peer.nextLine(), await writing], [`wrote ${1 << 20} 0`, 1 << 20]);
  });
}

Deno.test("PipeConnection.read() returns the bytes that are there, and keeps the rest for the next read", async () => {
  await using both = await openBoth("server");
  assertEquals(await both.peer.ask(writeOrder(bytesOf("abcdef"))), "wrote 6 0");
  assertEquals(await readText(both.connection, 4), "abcd");
  assertEquals(await readText(both.connection, 4), "ef");
  assertEquals(await both.peer.ask(writeOrder(bytesOf("gh"))), "wrote 2 0");
  const target = new Uint8Array(4);
  assertEquals(await both.connection.read(target.subarray(1, 2), soon), 1);
  assertEquals([...target], [0, 0x67, 0, 0]);
  assertEquals(await readText(both.connection), "h");
});

Deno.test("PipeConnection.read() with an empty buffer waits for bytes, and takes none", async () => {
  await using both = await openBoth("server");
  const reading = both.connection.read(new Uint8Array(), soon);
  assertEquals(await both.peer.ask(writeOrder(bytesOf("ab"))), "wrote 2 0");
  assertEquals(await reading, 0);
  assertEquals(await readText(both.connection), "ab");
});

Deno.test("PipeConnection.write() of no bytes sends nothing through a pipe of bytes", async () => {
  await using both = await openBoth("server");
  assertEquals(await both.connection.write(new Uint8Array()), 0);
  await both.connection.write(bytesOf("x"));
  assertEquals(await both.peer.ask("read 9"), readAnswer(bytesOf("x")));
  // An empty write of the peer is nothing, too.
  assertEquals(await both.peer.ask("empty"), "wrote 0 0");
  assertEquals(await both.peer.ask(writeOrder(bytesOf("y"))), "wrote 1 0");
  assertEquals(await readText(both.connection), "y");
});

Deno.test("PipeConnection.readMessage() throws a TypeError on a pipe of bytes", async () => {
  await using both = await openBoth("server");
  await assertRejects(
    () => both.connection.readMessage(),
    TypeError,
    'it carries bytes; use { mode: "messages" } at both ends',
  );
});

Deno.test("PipeConnection.closeWrite() throws NotSupported on a pipe of bytes, and says why", async () => {
  await using both = await openBoth("server");
  const error = await assertRejects(
    () => both.connection.closeWrite(),
    Deno.errors.NotSupported,
  );
  assertEquals(
    error.message,
    `Cannot close only the writing half of the pipe "${pathOf(both.name)}": a pipe of bytes has ` +
      'no such half; use { mode: "messages", emptyMessage: "end" } at both ends, or close()',
  );
});

Deno.test("PipeConnection.write() takes bytes of all kinds, and nothing else", async () => {
  await using both = await openBoth("server");
  for (const { name, source, bytes } of byteSources()) {
    await both.connection.write(source);
    const answer = await both.peer.ask(`take ${bytes.length}`);
    assertEquals([name, answer], [name, readAnswer(bytes)]);
  }
  for (const { value, got } of [...notBytes(), ...lostSources()]) {
    // @ts-expect-error: values that the type checker refuses are refused at run time too
    await assertRejects(() => both.connection.write(value), TypeError, got);
    // @ts-expect-error: values that the type checker refuses are refused at run time too
    await assertRejects(() => both.connection.read(value), TypeError, got);
  }
});

Deno.test("PipeConnection.write() copies its bytes before it returns its promise", async () => {
  for (const length of [3, 100_000, 2_000_000]) {
    await using both = await openBoth("server");
    const bytes = patternOf(length);
    const expected = readAnswer(bytes);
    const writing = both.connection.write(bytes);
    bytes.fill(0xff);
    assertEquals(await both.peer.ask(`take ${length}`), expected);
    assertEquals(await writing, length);
  }
});

Deno.test("PipeConnection.write() copies its bytes also while an earlier write is in flight", async () => {
  await using both = await openBoth("server");
  const first = patternOf(1_000_000);
  const bytes = bytesOf("second");
  const writing = [both.connection.write(first), both.connection.write(bytes)];
  bytes.fill(0xff);
  assertEquals(await both.peer.ask("take 1000000"), readAnswer(first));
  assertEquals(await both.peer.ask("take 6"), readAnswer(bytesOf("second")));
  assertEquals(await Promise.all(writing), [1_000_000, 6]);
});

Deno.test("PipeConnection.write() returns the number of bytes also if the script transfers them away", async () => {
  await using both = await openBoth("server");
  const [first, second] = [patternOf(300_000), patternOf(100_000)];
  const expected = [readAnswer(first), readAnswer(second)];
  const writing = [both.connection.write(first), both.connection.write(second)];
  first.buffer.transfer();
  second.buffer.transfer();
  const answers = [await both.peer.ask("take 300000"), await both.peer.ask("take 100000")];
  assertEquals(answers, expected);
  assertEquals(await Promise.all(writing), [300_000, 100_000]);
});

Deno.test("PipeConnection.read() whose buffer the script takes away is a TypeError, and loses no byte", async () => {
  for (const mode of ["bytes", "messages"] as const) {
    await using both = await openBoth("server", { mode });
    const { connection, peer } = both;
    const transferred = new Uint8Array(10);
    const shrunk = new Uint8Array(new ArrayBuffer(10, { maxByteLength: 10 }), 5, 5);
    for (const [into, got] of [[transferred, "transferred away"], [shrunk, "resized"]] as const) {
      const reading = connection.read(into, soon);
      const failing = assertRejects(() => reading, TypeError, got);
      if (into === transferred) transferred.buffer.transfer();
      else shrunk.buffer.resize(3);
      assertEquals(await peer.ask(writeOrder(bytesOf("abc"))), "wrote 3 0");
      await failing;
      assertEquals(await readText(connection), "abc");
    }
  }
});
