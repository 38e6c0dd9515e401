import { assert, assertEquals, assertRejects } from "@std/assert";
import { connectPipe, listenPipe } from "../../src/pipe/mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { bytesOf, patternOf, readMessageText } from "./bytes.ts";
import { expectAnswer, pathOf, readAnswer, writeOrder } from "./c_peers.ts";
import { openBoth } from "./open_both.ts";

const LENGTHS = [0, 1, 65_535, 65_536, 65_537, 131_072, 1 << 20];
const messages = { mode: "messages" } as const;
const ending = { mode: "messages", emptyMessage: "end" } as const;

for (const ours of ["server", "client"] as const) {
  Deno.test(`A message of each length arrives whole in a program in C, with this end as ${ours}`, async () => {
    await using both = await openBoth(ours, messages);
    for (const length of LENGTHS) {
      const bytes = patternOf(length, length);
      // The program reads more than the message has, and gets exactly the message.
      const [written, answer] = await Promise.all([
        both.connection.write(bytes),
        both.peer.ask(`read ${length + 100}`),
      ]);
      assertEquals([written, answer], [length, readAnswer(bytes)]);
      // A buffer of the exact size is full, and the next read does not wait for a rest.
      const [, exact] = await Promise.all([
        both.connection.write(bytes),
        both.peer.ask(`read ${length}`),
      ]);
      assertEquals(exact, readAnswer(bytes));
    }
  });

  Deno.test(`A message of each length arrives whole from a program in C, with this end as ${ours}`, async () => {
    await using both = await openBoth(ours, messages);
    for (const length of LENGTHS) {
      const isShort = length <= 65_536;
      const bytes = isShort ? patternOf(length, length) : new Uint8Array(length).fill(7);
      const order = isShort ? writeOrder(bytes) : `fill ${length} 7`;
      for (const read of ["readMessage", "read"] as const) {
        await both.peer.send(order);
        if (read === "readMessage") {
          assertEquals(await both.connection.readMessage(soon), bytes);
        } else {
          const buffer = new Uint8Array(length);
          assertEquals(await both.connection.read(buffer, soon), length);
          assertEquals(buffer, bytes);
        }
        assertEquals(await both.peer.nextLine(), `wrote ${length} 0`);
      }
    }
  });

  Deno.test(`Empty messages are messages like any other, with this end as ${ours}`, async () => {
    await using both = await openBoth(ours, messages);
    for (const text of ["abc", "", "", "de", ""]) {
      assertEquals(await both.peer.ask(writeOrder(bytesOf(text))), `wrote ${text.length} 0`);
    }
    const read: (string | null)[] = [];
    for (let index = 0; index < 5; index++) read.push(await readMessageText(both.connection));
    assertEquals(read, ["abc", "", "", "de", ""]);
    for (const text of ["abc", "", "", "de", ""]) await both.connection.write(bytesOf(text));
    for (const text of ["abc", "", "", "de", ""]) {
      assertEquals(await both.peer.ask("read 99"), readAnswer(bytesOf(text)));
    }
    assertEquals(await both.peer.ask("empty"), "wrote 0 0");
    assertEquals(await both.connection.read(new Uint8Array(), soon), 0);
  });

  Deno.test(`An empty message is the half close of .NET and go-winio with emptyMessage "end", with this end as ${ours}`, async () => {
    await using both = await openBoth(ours, ending);
    const { connection, peer } = both;
    assertEquals(await peer.ask("write 616263"), "wrote 3 0");
    assertEquals(await peer.ask("empty"), "wrote 0 0");
    assertEquals(await readMessageText(connection), "abc");
    for (let times = 0; times < 3; times++) {
      assertEquals(await connection.readMessage(soon), null);
      assertEquals(await connection.read(new Uint8Array(9), soon), null);
    }
    // The other direction is still open.
    await connection.write(bytesOf("answer"));
    assertEquals(await peer.ask("read 99"), readAnswer(bytesOf("answer")));
    // An empty write would be the end for the peer, so nothing is sent. go-winio does the same.
    assertEquals(await connection.write(new Uint8Array()), 0);
    await connection.write(bytesOf("more"));
    assertEquals(await peer.ask("read 99"), readAnswer(bytesOf("more")));
    await connection.closeWrite();
    await connection.closeWrite();
    assertEquals(await peer.ask("read 99"), readAnswer(new Uint8Array()));
    await assertRejects(
      () => connection.write(bytesOf("late")),
      Deno.errors.BrokenPipe,
      "closeWrite() was called",
    );
  });

  Deno.test(`PipeConnection.closeWrite() ends a program in C that reads until an empty message, with this end as ${ours}`, async () => {
    await using both = await openBoth(ours, ending);
    const { connection, peer } = both;
    // The end comes after all writes before it.
    const sent = [connection.write(patternOf(300_000)), connection.write(bytesOf("last"))];
    const closing = connection.closeWrite();
    assertEquals(await peer.ask("read 400000"), readAnswer(patternOf(300_000)));
    assertEquals(await peer.ask("read 99"), readAnswer(bytesOf("last")));
    assertEquals(await peer.ask("read 99"), readAnswer(new Uint8Array()));
    assertEquals(await Promise.all(sent), [300_000, 4]);
    await closing;
    // This end still reads, and the peer ends the connection.
    assertEquals(await peer.ask("write 6f6b"), "wrote 2 0");
    assertEquals(await readMessageText(connection), "ok");
    assertEquals(await peer.ask("close"), "0");
    assertEquals(await connection.readMessage(soon), null);
  });
}

Deno.test("PipeConnection.closeWrite() without emptyMessage throws NotSupported, and names the option", async () => {
  await using both = await openBoth("server", messages);
  const error = await assertRejects(
    () => both.connection.closeWrite(),
    Deno.errors.NotSupported,
  );
  assertEquals(
    error.message,
    `Cannot close only the writing half of the pipe "${pathOf(both.name)}": both ends must agree ` +
      'on { emptyMessage: "end" }',
  );
  // Nothing was sent.
  await both.connection.write(bytesOf("x"));
  assertEquals(await both.peer.ask("read 9"), readAnswer(bytesOf("x")));
});

Deno.test("PipeConnection.read() throws a RangeError for a message longer than the buffer, which can still be read", async () => {
  await using both = await openBoth("server", messages);
  const { connection, peer } = both;
  for (const length of [10, 65_536, 200_000]) {
    await peer.send(`fill ${length} 5`);
    for (const short of [0, 1, length - 1]) {
      const buffer = new Uint8Array(short);
      const error = await assertRejects(() => connection.read(buffer, soon), RangeError);
      assertEquals(
        error.message,
        `Expected a buffer of at least ${length} bytes for the next message from the pipe ` +
          `"${pathOf(both.name)}", got ${short}`,
      );
      assert(buffer.every((byte) => byte === 0));
    }
    const buffer = new Uint8Array(length + 1);
    assertEquals(await connection.read(buffer, soon), length);
    assertEquals(buffer.lastIndexOf(5), length - 1);
    assertEquals(await peer.nextLine(), `wrote ${length} 0`);
  }
});

Deno.test("PipeConnection.write() throws a RangeError for a message of 4 GiB, and sends nothing of it", async () => {
  await using both = await openBoth("server", messages);
  const { connection, peer } = both;
  const bytes = new Uint8Array(2 ** 32 + 3);
  const error = await assertRejects(() => connection.write(bytes, soon), RangeError);
  assertEquals(
    error.message,
    `Expected a message of at most 4294967295 bytes for the pipe "${pathOf(both.name)}", got ` +
      "4294967299",
  );
  assertEquals(await connection.write(bytesOf("next"), soon), 4);
  assertEquals(await peer.ask("read 9"), readAnswer(bytesOf("next")));
});

for (const ours of ["server", "client"] as const) {
  Deno.test(`A message over maxMessageLength ends the connection with InvalidData, with this end as ${ours}`, async () => {
    for (const limit of [10, 65_536, 100_000]) {
      for (const read of ["readMessage", "read"] as const) {
        await using both = await openBoth(ours, { ...messages, maxMessageLength: limit });
        const { connection, peer } = both;
        await peer.send(`fill ${limit} 1`);
        assertEquals((await connection.readMessage(soon))!.length, limit);
        assertEquals(await peer.nextLine(), `wrote ${limit} 0`);
        await peer.send(`fill ${limit + 1} 1`);
        const error = await assertRejects(
          () => read === "read" ? connection.read(new Uint8Array(9)) : connection.readMessage(),
          Deno.errors.InvalidData,
        );
        assertEquals(
          error.message,
          `Cannot read from the pipe "${pathOf(both.name)}": the peer has sent a message of more ` +
            `than ${limit} bytes, so the connection was closed; raise maxMessageLength if such ` +
            "messages are right",
        );
        await connection.closed;
        await assertRejects(() => connection.readMessage(), Deno.errors.BadResource);
        await peer.nextLine();
        const answer = await peer.ask("write 61");
        assert(/^wrote 0 (109|232|233)$/.test(answer), answer);
      }
    }
  });
}

Deno.test("A hostile peer cannot use up the memory: the default maxMessageLength is 64 MiB", async () => {
  await using both = await openBoth("server", messages);
  await both.peer.send("fill 400000000 1");
  const before = Deno.memoryUsage();
  await assertRejects(() => both.connection.readMessage(), Deno.errors.InvalidData, "67108864");
  const after = Deno.memoryUsage();
  assert(after.external - before.external < 200e6, `${after.external - before.external} bytes`);
  await both.peer.nextLine();
});

for (const ours of ["server", "client"] as const) {
  Deno.test(`A message that a killed peer has not sent whole is ConnectionReset, with this end as ${ours}`, async () => {
    // The delay of the kill is halved between one before the message and one after it, until the
    // kill comes in the middle of the message. A busy machine moves both, so the limits can widen.
    let cut = 0;
    let [before, after] = [0, 64];
    for (let round = 0; round < 150 && cut < 3; round++) {
      const delay = (before + after) / 2;
      await using both = await openBoth(ours, messages);
      const { connection, peer } = both;
      await peer.send("fill 60000000 1");
      const reading = connection.readMessage(soon);
      setTimeout(() => peer.kill(), delay);
      try {
        const message = await reading;
        assert(message === null || message.length === 60_000_000, `${message?.length} bytes`);
        if (message === null) before = delay;
        else after = delay;
        if (after - before < 2) {
          [before, after] = message === null ? [before, 4 * after] : [0, after];
        }
      } catch (error) {
        assert(error instanceof Deno.errors.ConnectionReset, String(error));
        assert(/the peer ended after \d+ bytes of a message$/.test(error.message), error.message);
        cut++;
      }
      await peer.gone();
      assertEquals(await connection.readMessage(soon), null);
    }
    assertEquals(cut, 3);
  });
}

Deno.test("Messages and their ends go both ways between two Deno processes", async () => {
  const name = randomName();
  const options = JSON.stringify(ending);
  await using server = await Peer.start("pipe/peers/end.ts");
  await expectAnswer(server, `listen ${name} ${options}`, "listening");
  await using connection = await connectPipe(name, { ...soon, ...ending });
  await expectAnswer(server, "accept", "connected");
  const reading = connection.readMessage(soon);
  await expectAnswer(server, "fill 1048576", "wrote 1048576");
  assertEquals(await reading, new Uint8Array(1 << 20));
  const writing = connection.write(bytesOf("a".repeat(1 << 20)), soon);
  await expectAnswer(server, "closeWrite", "done");
  assertEquals(await connection.readMessage(soon), null);
  assertEquals((await server.ask("message")).split(" ", 2), ["read", "1048576"]);
  assertEquals(await writing, 1 << 20);
  await connection.closeWrite();
  await expectAnswer(server, "message", "end");
});

Deno.test("listenPipe() gives each connection its own options, and keeps no state of the last client", async () => {
  const name = randomName();
  using listener = listenPipe({ name, ...ending });
  for (let round = 0; round < 3; round++) {
    await using client = await connectPipe(name, { ...soon, ...ending });
    await using connection = await listener.accept(soon);
    await client.write(bytesOf("unread"));
    if (round === 0) {
      await client.closeWrite();
      assertEquals(await readMessageText(connection), "unread");
      assertEquals(await connection.readMessage(soon), null);
    } else {
      assertEquals(await readMessageText(connection), "unread");
    }
  }
});
