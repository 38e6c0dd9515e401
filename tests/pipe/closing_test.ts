import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { bytesOf, patternOf, readText } from "./bytes.ts";
import { pathOf, readAnswer } from "./c_peers.ts";
import { openBoth } from "./open_both.ts";

/** More bytes than the buffers of a pipe have room for. */
const PLENTY = 1_000_000;

for (const mode of ["bytes", "messages"] as const) {
  for (const ours of ["server", "client"] as const) {
    Deno.test(`PipeConnection.close() delivers earlier writes to a slow reader, as ${ours} with ${mode}`, async () => {
      // With 3 bytes, Windows has taken all of them; with many, the write is still in flight.
      for (const length of [3, PLENTY]) {
        await using both = await openBoth(ours, { mode });
        const { connection, peer } = both;
        const bytes = patternOf(length);
        const writing = connection.write(bytes);
        const last = connection.write(bytesOf("last"));
        connection.close();
        assertEquals(await peer.ask(`take ${length}`), readAnswer(bytes));
        assertEquals(await peer.ask("take 4"), readAnswer(bytesOf("last")));
        assertEquals(await Promise.all([writing, last]), [length, 4]);
        await within("the connection is closed", connection.closed);
        assertEquals(await peer.ask("read 9"), readAnswer(new Uint8Array(), 109));
      }
    });

    Deno.test(`PipeConnection reads the rest after its peer has closed, and then null, as ${ours} with ${mode}`, async () => {
      await using both = await openBoth(ours, { mode });
      const { connection, peer } = both;
      assertEquals(await peer.ask("write 6162636465"), "wrote 5 0");
      assertEquals(await peer.ask("close"), "0");
      assertEquals(await readText(connection), "abcde");
      for (let times = 0; times < 2; times++) assertEquals(await readText(connection), null);
      const error = await assertRejects(
        () => connection.write(bytesOf("x")),
        Deno.errors.BrokenPipe,
      );
      const { message } = error;
      assert(message.startsWith(`Cannot write to the pipe "${pathOf(both.name)}": `), message);
      assert(message.endsWith("the peer has closed it or has ended"), message);
      await assertRejects(() => connection.flushed(), Deno.errors.BrokenPipe);
    });

    Deno.test(`PipeConnection reads null and cannot write after its peer was killed, as ${ours} with ${mode}`, async () => {
      await using both = await openBoth(ours, { mode });
      const { connection, peer } = both;
      const reading = connection.read(new Uint8Array(9), soon);
      const full = connection.write(new Uint8Array(PLENTY)).catch((error) => error);
      peer.kill();
      assertEquals(await reading, null);
      assert((await within("the write ends", full)) instanceof Deno.errors.BrokenPipe);
      await assertRejects(() => connection.write(bytesOf("x")), Deno.errors.BrokenPipe);
      assertEquals(await connection.read(new Uint8Array(9), soon), null);
    });
  }

  Deno.test(`PipeConnection ends when a server in C disconnects, and unread bytes are lost, with ${mode}`, async () => {
    await using both = await openBoth("client", { mode });
    const { connection, peer } = both;
    assertEquals(await peer.ask("write 616263"), "wrote 3 0");
    assertEquals(await peer.ask("disconnect"), "0");
    // ERROR_PIPE_NOT_CONNECTED
    assertEquals(await readText(connection), null);
    await assertRejects(() => connection.write(bytesOf("x")), Deno.errors.BrokenPipe);
  });
}

Deno.test("PipeConnection.close() waits at most 5 seconds for a peer that never reads, and then lets the process end", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  await using process = await Peer.start("pipe/peers/closing_writer.ts", name);
  await using _server = await listener.accept(soon);
  await using both = await openBoth("server");
  const { connection, peer } = both;
  const writing = connection.write(new Uint8Array(PLENTY)).catch((error) => error);
  const before = performance.now();
  connection.close();
  await within("the connection is closed", connection.closed, 15_000);
  const took = performance.now() - before;
  assert(took > 4000 && took < 12_000, `${took} ms`);
  assert((await writing) instanceof Deno.errors.BadResource);
  // The peer still finds the bytes that Windows had taken, or the end. It does not hang.
  assert((await peer.ask(`take ${PLENTY}`)).includes(" 109 "));
  assertEquals((await within("the process ends", process.gone())).code, 0);
});

Deno.test("PipeConnection.abort() ends at once, also while close() still delivers", async () => {
  for (const isClosing of [false, true]) {
    await using both = await openBoth("server");
    const { connection, peer } = both;
    const writing = connection.write(new Uint8Array(PLENTY)).catch((error) => error);
    if (isClosing) connection.close();
    const before = performance.now();
    connection.abort();
    await within("the connection is closed", connection.closed);
    // close() would wait for 5 seconds.
    assertLess(performance.now() - before, 4000);
    assert((await writing) instanceof Deno.errors.BadResource);
    assert((await peer.ask(`take ${PLENTY}`)).includes(" 109 "));
    connection.abort();
    connection.close();
  }
});

/** Calls each method of a closed connection, and asserts that it says so. */
async function assertClosed(connection: PipeConnection): Promise<void> {
  const calls: (() => Promise<unknown>)[] = [
    () => connection.read(new Uint8Array(1)),
    () => connection.write(bytesOf("x")),
    () => connection.flushed(),
    () => connection.closeWrite(),
    () => connection.peerUser(),
  ];
  for (const call of calls) {
    const error = await assertRejects(call, Deno.errors.BadResource);
    assertEquals(error.message, `The pipe "${connection.path}" is closed`);
  }
}

Deno.test("PipeConnection.close() ends a read, a read with a timeout, and later calls with BadResource", async () => {
  for (const end of ["close", "abort"] as const) {
    await using both = await openBoth("server");
    const { connection } = both;
    const reading = connection.read(new Uint8Array(9)).catch((error) => error);
    connection[end]();
    connection[end]();
    await within("the connection is closed", connection.closed);
    assert((await reading) instanceof Deno.errors.BadResource);
    await assertClosed(connection);
  }
  await using both = await openBoth("client", { mode: "messages" });
  const reading = both.connection.readMessage(soon).catch((error) => error);
  both.connection.close();
  assert((await reading) instanceof Deno.errors.BadResource);
});

Deno.test("PipeConnection.close() during flushed() ends it with BadResource, and the peer still reads the bytes", async () => {
  await using both = await openBoth("server");
  const { connection, peer } = both;
  await connection.write(bytesOf("abc"));
  const flushing = connection.flushed().catch((error) => error);
  connection.abort();
  const error = await within("flushed() ends", flushing);
  assert(error instanceof Error, String(error));
  assertEquals(error.name, "BadResource");
  assertEquals(await peer.ask("read 9"), readAnswer(bytesOf("abc")));
});

Deno.test("PipeConnection.closed stays pending while the peer has closed and this end has not", async () => {
  await using both = await openBoth("server");
  const { connection, peer } = both;
  let isClosed = false;
  connection.closed.then(() => isClosed = true);
  assertEquals(await peer.ask("close"), "0");
  assertEquals(await readText(connection), null);
  assertEquals(isClosed, false);
  connection.close();
  await connection.closed;
  assert(isClosed);
});

Deno.test("await using delivers what was written before the block ends", async () => {
  await using both = await openBoth("server");
  const { connection, peer } = both;
  const asking = peer.ask(`take ${PLENTY}`);
  {
    await using own = connection;
    own.write(new Uint8Array(PLENTY)).catch(() => {});
  }
  assertEquals(await asking, readAnswer(new Uint8Array(PLENTY)));
});

Deno.test("PipeConnection keeps no handle open after each kind of end", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  await assertLeavesNoHandle(12, async (index) => {
    const client = await connectPipe(name, soon);
    const connection = await listener.accept(soon);
    const reading = client.read(new Uint8Array(9)).catch(() => {});
    const writing = connection.write(new Uint8Array(PLENTY)).catch(() => {});
    if (index % 3 === 0) client.abort();
    if (index % 3 === 1) connection.abort();
    if (index % 3 === 2) connection.close();
    client.abort();
    connection.abort();
    await Promise.all([reading, writing, client.closed, connection.closed]);
  });
});
