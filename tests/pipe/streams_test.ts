import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { connectPipe, listenPipe } from "../../src/pipe/mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { bytesOf, patternOf, readText } from "./bytes.ts";
import { expectAnswer, readAnswer, writeOrder } from "./c_peers.ts";
import { openBoth } from "./open_both.ts";

/** More bytes than the buffers of a pipe have room for. */
const PLENTY = 1_000_000;
const ending = { mode: "messages", emptyMessage: "end" } as const;

for (const mode of ["bytes", "messages"] as const) {
  Deno.test(`readable and writable echo to a program in C, with ${mode}`, async () => {
    await using both = await openBoth("server", { mode });
    const { connection, peer } = both;
    const echoing = connection.readable.pipeTo(connection.writable);
    for (const length of [1, 9, 65_536]) {
      const bytes = patternOf(length, length);
      assertEquals(await peer.ask(writeOrder(bytes)), `wrote ${length} 0`);
      assertEquals(await peer.ask(`take ${length}`), readAnswer(bytes));
    }
    assertEquals(await peer.ask("close"), "0");
    await within("the echo ends", echoing);
    await within("the connection is closed", connection.closed);
  });

  Deno.test(`readable and writable echo 3 MB between two processes, with ${mode}`, async () => {
    const name = randomName();
    await using peer = await Peer.start("pipe/peers/end.ts");
    await expectAnswer(peer, `listen ${name} ${JSON.stringify({ mode })}`, "listening");
    await using connection = await connectPipe(name, { ...soon, mode });
    await expectAnswer(peer, "accept", "connected");
    await expectAnswer(peer, "echo", "echoing");
    const chunks = Array.from({ length: 30 }, (_, index) => patternOf(100_000, index));
    const sending = (async () => {
      const writer = connection.writable.getWriter();
      for (const chunk of chunks) await writer.write(chunk);
      writer.releaseLock();
    })();
    const got: number[] = [];
    let at = 0;
    const all = new Uint8Array(3_000_000);
    for await (const chunk of connection.readable) {
      all.set(chunk, at);
      at += chunk.length;
      got.push(chunk.length);
      if (at === all.length) break;
    }
    await sending;
    chunks.forEach((chunk, index) =>
      assertEquals(all.subarray(index * 100_000, (index + 1) * 100_000), chunk)
    );
    if (mode === "messages") assertEquals(got, chunks.map(({ length }) => length));
    // The loop has cancelled the stream, which closes the connection.
    await within("the connection is closed", connection.closed);
  });

  Deno.test(`readable ends and closes the connection when the peer has closed its end, with ${mode}`, async () => {
    await using both = await openBoth("client", { mode });
    const { connection, peer } = both;
    assertEquals(await peer.ask("write 616263"), "wrote 3 0");
    assertEquals(await peer.ask("close"), "0");
    const text = await within("the stream ends", new Response(connection.readable).text());
    assertEquals(text, "abc");
    await within("the connection is closed", connection.closed);
  });
}

Deno.test("readable and writable are always the same streams", async () => {
  await using both = await openBoth("server");
  const { connection } = both;
  assertStrictEquals(connection.readable, connection.readable);
  assertStrictEquals(connection.writable, connection.writable);
});

Deno.test("readable reads nothing before the script reads", async () => {
  await using both = await openBoth("server");
  const { connection, peer } = both;
  assert(connection.readable instanceof ReadableStream);
  assertEquals(await peer.ask("write 6162"), "wrote 2 0");
  assertEquals(await readText(connection), "ab");
});

Deno.test("readable gives each message as one chunk, also empty ones", async () => {
  await using both = await openBoth("server", { mode: "messages" });
  const { connection, peer } = both;
  await peer.send("fill 200000 1");
  const reader = connection.readable.getReader();
  assertEquals((await reader.read()).value!.length, 200_000);
  assertEquals(await peer.nextLine(), "wrote 200000 0");
  for (const text of ["", "ab", ""]) {
    assertEquals(await peer.ask(writeOrder(bytesOf(text))), `wrote ${text.length} 0`);
  }
  for (const length of [0, 2, 0]) assertEquals((await reader.read()).value!.length, length);
});

Deno.test("A cancel of readable closes the connection", async () => {
  for (const isReading of [false, true]) {
    await using both = await openBoth("server");
    const { connection, peer } = both;
    const reader = connection.readable.getReader();
    const reading = isReading ? reader.read() : undefined;
    await reader.cancel(new Error("enough"));
    if (reading !== undefined) assertEquals((await reading).done, true);
    await within("the connection is closed", connection.closed);
    assertEquals(await peer.ask("read 9"), readAnswer(new Uint8Array(), 109));
  }
});

Deno.test("A close of writable delivers all chunks, and closes the connection", async () => {
  await using both = await openBoth("server");
  const { connection, peer } = both;
  const writer = connection.writable.getWriter();
  const writing = writer.write(patternOf(PLENTY));
  const closing = writer.close();
  assertEquals(await peer.ask(`take ${PLENTY}`), readAnswer(patternOf(PLENTY)));
  await within("the stream is closed", Promise.all([writing, closing]));
  await within("the connection is closed", connection.closed);
  assertEquals(await peer.ask("read 9"), readAnswer(new Uint8Array(), 109));
});

Deno.test('A close of writable with emptyMessage "end" closes only this half', async () => {
  for (const ours of ["server", "client"] as const) {
    await using both = await openBoth(ours, ending);
    const { connection, peer } = both;
    const writer = connection.writable.getWriter();
    await writer.write(bytesOf("question"));
    await writer.close();
    assertEquals(await peer.ask("read 99"), readAnswer(bytesOf("question")));
    assertEquals(await peer.ask("read 99"), readAnswer(new Uint8Array()));
    assertEquals(await peer.ask("write 616263"), "wrote 3 0");
    assertEquals(await peer.ask("empty"), "wrote 0 0");
    assertEquals(await new Response(connection.readable).text(), "abc");
    // Both halves are over now.
    await within("the connection is closed", connection.closed);
  }
});

Deno.test('An echo by pipeTo() with emptyMessage "end" answers a half close with all bytes and a half close', async () => {
  await using both = await openBoth("server", ending);
  const { connection, peer } = both;
  const echoing = connection.readable.pipeTo(connection.writable);
  assertEquals(await peer.ask("write 616263"), "wrote 3 0");
  assertEquals(await peer.ask("empty"), "wrote 0 0");
  assertEquals(await peer.ask("read 9"), readAnswer(bytesOf("abc")));
  assertEquals(await peer.ask("read 9"), readAnswer(new Uint8Array()));
  await within("the echo ends", echoing);
  await within("the connection is closed", connection.closed);
});

Deno.test("An abort of writable cancels a pending write, and closes the connection", async () => {
  await using both = await openBoth("server");
  const { connection, peer } = both;
  const writer = connection.writable.getWriter();
  const writing = assertRejects(() => writer.write(new Uint8Array(PLENTY * 3)));
  await new Promise((resolve) => setTimeout(resolve));
  const reason = new Error("enough");
  await within("the stream is aborted", writer.abort(reason));
  await writing;
  assertEquals(await writer.closed.catch((error) => error), reason);
  await within("the connection is closed", connection.closed);
  assert((await peer.ask(`take ${PLENTY * 3}`)).includes(" 109 "));
});

Deno.test("writable errors on a chunk that is not bytes, and the peer sees the end", async () => {
  await using both = await openBoth("server");
  const { connection, peer } = both;
  const writer = connection.writable.getWriter();
  await writer.write(bytesOf("before"));
  // @ts-expect-error: a value that the type checker refuses is refused at run time too
  await assertRejects(() => writer.write("text"), TypeError, "a chunk for a pipe");
  await assertRejects(() => writer.closed, TypeError);
  await within("the connection is closed", connection.closed);
  assertEquals(await peer.ask("read 9"), readAnswer(bytesOf("before")));
  assertEquals(await peer.ask("read 9"), readAnswer(new Uint8Array(), 109));
});

Deno.test("writable errors with BrokenPipe when the peer is gone", async () => {
  await using both = await openBoth("server");
  const { connection, peer } = both;
  peer.kill();
  await peer.gone();
  const writer = connection.writable.getWriter();
  await assertRejects(() => writer.write(bytesOf("x")), Deno.errors.BrokenPipe);
  await assertRejects(() => writer.closed, Deno.errors.BrokenPipe);
  await within("the connection is closed", connection.closed);
});

Deno.test("readable errors with InvalidData on a message over maxMessageLength", async () => {
  await using both = await openBoth("server", { mode: "messages", maxMessageLength: 5 });
  const { connection, peer } = both;
  assertEquals(await peer.ask("write 616263646566"), "wrote 6 0");
  const reader = connection.readable.getReader();
  await assertRejects(() => reader.read(), Deno.errors.InvalidData);
  await within("the connection is closed", connection.closed);
});

Deno.test("readable and writable throw NotSupported if the direction does not allow them", async () => {
  for (const direction of ["inbound", "outbound"] as const) {
    const name = randomName();
    using listener = listenPipe({ name, direction });
    await using client = await connectPipe(name, soon);
    await using connection = await listener.accept(soon);
    const [writing, reading] = direction === "inbound"
      ? [client, connection]
      : [connection, client];
    for (const wrong of [() => writing.readable, () => reading.writable]) {
      await assertRejects(async () => await wrong(), Deno.errors.NotSupported);
    }
    const text = new Response(reading.readable).text();
    const writer = writing.writable.getWriter();
    await writer.write(bytesOf(direction));
    await writer.close();
    assertEquals(await within("the stream ends", text), direction);
  }
});
