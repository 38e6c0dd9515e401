import { assert, assertEquals, assertRejects } from "@std/assert";
import { listenPipe } from "../../src/pipe/mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { bytesOf, patternOf, readAll, readMessageText, readText } from "./bytes.ts";
import { expectAnswer, pathOf, readAnswer, writeOrder } from "./c_peers.ts";
import { openBoth } from "./open_both.ts";

/** More bytes than the buffers of a pipe have room for. */
const PLENTY = 1_000_000;

for (const mode of ["bytes", "messages"] as const) {
  for (const ours of ["server", "client"] as const) {
    Deno.test(`PipeConnection.read() that is stopped loses no byte and writes nothing afterwards, as ${ours} with ${mode}`, async () => {
      await using both = await openBoth(ours, { mode });
      const { connection, peer } = both;
      const buffer = new Uint8Array(9);
      for (let round = 0; round < 10; round++) {
        const timedOut = await assertRejects(
          () => connection.read(buffer, { timeout: round }),
          Deno.errors.TimedOut,
        );
        assertEquals(
          timedOut.message,
          `Waited ${round} ms to read from the pipe "${pathOf(both.name)}": the peer has written ` +
            "too little",
        );
        const controller = new AbortController();
        const reading = connection.read(buffer, { signal: controller.signal });
        const reason = new Error("enough");
        controller.abort(reason);
        assertEquals(await reading.catch((error) => error), reason);
        assertEquals(await peer.ask("write 616263"), "wrote 3 0");
        assertEquals([...buffer], [0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assertEquals(await readText(connection), "abc");
        assertEquals([...buffer], [0, 0, 0, 0, 0, 0, 0, 0, 0]);
      }
    });
  }
}

Deno.test("PipeConnection.readMessage() that is stopped at any moment loses no message", async () => {
  await using both = await openBoth("server", { mode: "messages" });
  const { connection, peer } = both;
  let stopped = 0;
  for (let round = 0; round < 200; round++) {
    const bytes = round % 3 === 0 ? new Uint8Array(200_000).fill(5) : bytesOf(`message ${round}`);
    await peer.send(round % 3 === 0 ? "fill 200000 5" : writeOrder(bytes));
    let message: Uint8Array | null | undefined;
    while (message === undefined) {
      try {
        message = await connection.readMessage({ timeout: round % 2 });
      } catch (error) {
        if (!(error instanceof Deno.errors.TimedOut)) throw error;
        stopped++;
      }
    }
    assertEquals(message, bytes);
    assertEquals(await peer.nextLine(), `wrote ${bytes.length} 0`);
  }
  assert(stopped > 0);
});

Deno.test("A timeout of 0 reads only bytes that are already there", async () => {
  await using both = await openBoth("server");
  const { connection, peer } = both;
  const buffer = new Uint8Array(9);
  await assertRejects(() => connection.read(buffer, { timeout: 0 }), Deno.errors.TimedOut);
  assertEquals(await peer.ask("write 6162"), "wrote 2 0");
  assertEquals(await connection.read(buffer, { timeout: 0 }), 2);
});

Deno.test("An aborted signal stops a call before it reads, writes or flushes", async () => {
  await using both = await openBoth("server");
  const { connection, peer } = both;
  const reason = new Error("enough");
  const options = { signal: AbortSignal.abort(reason) };
  assertEquals(await peer.ask("write 6162"), "wrote 2 0");
  for (
    const call of [
      () => connection.read(new Uint8Array(9), options),
      () => connection.write(bytesOf("lost"), options),
      () => connection.flushed(options),
    ]
  ) {
    assertEquals(await call().catch((error: unknown) => error), reason);
  }
  assertEquals(await readText(connection), "ab");
  await connection.write(bytesOf("sent"));
  assertEquals(await peer.ask("read 9"), readAnswer(bytesOf("sent")));
});

Deno.test("A second read at a time is Busy, and the first one goes on", async () => {
  for (const mode of ["bytes", "messages"] as const) {
    await using both = await openBoth("server", { mode });
    const { connection, peer } = both;
    const reading = readText(connection);
    const reads = [() => connection.read(new Uint8Array(9))];
    for (const read of reads) {
      await assertRejects(read, Deno.errors.Busy, "another read is not over; await it first");
    }
    if (mode === "messages") {
      await assertRejects(() => connection.readMessage(), Deno.errors.Busy);
    }
    assertEquals(await peer.ask("write 6162"), "wrote 2 0");
    assertEquals(await reading, "ab");
  }
});

Deno.test("PipeConnection.read() while readable is locked is a TypeError, and works after the lock", async () => {
  for (const mode of ["bytes", "messages"] as const) {
    await using both = await openBoth("server", { mode });
    const { connection, peer } = both;
    const reader = connection.readable.getReader();
    await assertRejects(() => connection.read(new Uint8Array(9)), TypeError, "has locked it");
    if (mode === "messages") {
      await assertRejects(() => connection.readMessage(), TypeError, "has locked it");
    }
    assertEquals(await peer.ask("write 6162"), "wrote 2 0");
    assertEquals(new TextDecoder().decode((await reader.read()).value), "ab");
    reader.releaseLock();
    assertEquals(await peer.ask("write 6364"), "wrote 2 0");
    assertEquals(await readText(connection), "cd");
  }
});

Deno.test("PipeConnection.readable waits for a read that is not over, and the connection stays open", async () => {
  for (const mode of ["bytes", "messages"] as const) {
    await using both = await openBoth("server", { mode });
    const { connection, peer } = both;
    const reading = readText(connection);
    const reader = connection.readable.getReader();
    const chunk = reader.read();
    assertEquals(await peer.ask("write 6162"), "wrote 2 0");
    assertEquals(await reading, "ab");
    assertEquals(await peer.ask("write 6364"), "wrote 2 0");
    assertEquals(new TextDecoder().decode((await chunk).value), "cd");

    reader.releaseLock();
    const stopped = connection.read(new Uint8Array(9), soon).catch((error) => error);
    const cancelled = connection.readable.getReader();
    const end = cancelled.read();
    await cancelled.cancel();
    assertEquals((await end).done, true);
    assertEquals((await stopped).name, "BadResource");
    await connection.closed;
  }
});

Deno.test("PipeConnection.write() keeps the order of all writes", async () => {
  for (const mode of ["bytes", "messages"] as const) {
    await using both = await openBoth("server", { mode });
    const { connection, peer } = both;
    const parts = Array.from({ length: 50 }, (_, index) => patternOf(1 + index * 997, index));
    const writing = parts.map((part) => connection.write(part));
    for (const part of parts) {
      assertEquals(await peer.ask(`take ${part.length}`), readAnswer(part));
    }
    assertEquals(await Promise.all(writing), parts.map(({ length }) => length));
  }
});

for (const mode of ["bytes", "messages"] as const) {
  Deno.test(`A write that is stopped while it queues is not sent; one that has begun is sent whole, with ${mode}`, async () => {
    await using both = await openBoth("server", { mode });
    const { connection, peer } = both;
    const begun = patternOf(PLENTY, 1);
    const controller = new AbortController();
    const first = connection.write(begun, { timeout: 20 }).catch((error) => error);
    const second = connection.write(bytesOf("second"), { timeout: 20 }).catch((error) => error);
    const third = connection.write(bytesOf("third"), { signal: controller.signal })
      .catch((error) => error);
    const fourth = connection.write(bytesOf("fourth"), soon);
    const reason = new Error("enough");
    controller.abort(reason);
    assertEquals(await third, reason);
    for (const late of [await first, await second]) {
      assert(late instanceof Deno.errors.TimedOut, String(late));
      assertEquals(
        late.message,
        `Waited 20 ms to write to the pipe "${pathOf(both.name)}": the peer does not read`,
      );
    }
    assertEquals(await peer.ask(`take ${PLENTY}`), readAnswer(begun));
    assertEquals(await peer.ask("take 6"), readAnswer(bytesOf("fourth")));
    assertEquals(await fourth, 6);
  });
}

Deno.test("A write that its signal stops after it has begun is still sent whole", async () => {
  await using both = await openBoth("client");
  const { connection, peer } = both;
  const begun = patternOf(PLENTY * 3, 1);
  const controller = new AbortController();
  const writing = connection.write(begun, { signal: controller.signal }).catch((error) => error);
  assertEquals(await peer.ask("take 65536"), readAnswer(begun.subarray(0, 65_536)));
  const reason = new Error("enough");
  controller.abort(reason);
  assertEquals(await writing, reason);
  const rest = begun.subarray(65_536);
  assertEquals(await peer.ask(`take ${rest.length}`), readAnswer(rest));
});

Deno.test("PipeConnection.flushed() resolves when the peer has read everything, and later writes wait", async () => {
  for (const mode of ["bytes", "messages"] as const) {
    await using both = await openBoth("server", { mode });
    const { connection, peer } = both;
    await connection.flushed(soon);
    await connection.write(bytesOf("abc"));
    let isFlushed = false;
    const flushing = connection.flushed(soon).then(() => isFlushed = true);
    const later = connection.write(bytesOf("de"), soon);
    // The peer answers, so the flush had time, but the bytes are unread.
    assertEquals(await peer.ask("write 61"), "wrote 1 0");
    assertEquals(await readText(connection), "a");
    assertEquals(isFlushed, false);
    assertEquals(await peer.ask("read 3"), readAnswer(bytesOf("abc")));
    await within("the bytes are flushed", flushing);
    assertEquals(await later, 2);
    assertEquals(await peer.ask("read 3"), readAnswer(bytesOf("de")));
  }
});

Deno.test("PipeConnection.flushed() rejects with BrokenPipe if the peer ends before it has read everything", async () => {
  for (const end of ["close", "kill"] as const) {
    // The peer ends before the flush begins, at about the same time, and later.
    for (const delay of [-1, 0, 100]) {
      await using both = await openBoth(delay === 0 ? "client" : "server");
      const { connection, peer } = both;
      await connection.write(bytesOf("abc"));
      const finish = async () => {
        if (end === "close") return assertEquals(await peer.ask("close"), "0");
        peer.kill();
        await peer.gone();
      };
      if (delay < 0) await finish();
      const flushing = connection.flushed(soon).catch((error) => error);
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      if (delay >= 0) await finish();
      const error = await within("the flush ends", flushing);
      // Nobody knows which of the two came first.
      if (delay === 0 && error === undefined) continue;
      assert(error instanceof Deno.errors.BrokenPipe, `${end} after ${delay} ms: ${error}`);
      assert(error.message.endsWith("the peer has closed it"), error.message);
    }
  }
});

Deno.test("PipeConnection.flushed() that is stopped leaves reads and writes as they were", async () => {
  await using both = await openBoth("server");
  const { connection, peer } = both;
  const reading = readText(connection);
  await connection.write(bytesOf("abc"));
  const error = await assertRejects(
    () => connection.flushed({ timeout: 20 }),
    Deno.errors.TimedOut,
  );
  assertEquals(
    error.message,
    `Waited 20 ms until the peer has read everything from the pipe "${pathOf(both.name)}"`,
  );
  const controller = new AbortController();
  const flushing = connection.flushed({ signal: controller.signal }).catch((error) => error);
  const reason = new Error("enough");
  controller.abort(reason);
  assertEquals(await flushing, reason);
  assertEquals(await peer.ask("write 6465"), "wrote 2 0");
  assertEquals(await reading, "de");
  await connection.write(bytesOf("fgh"));
  assertEquals(await peer.ask("take 6"), readAnswer(bytesOf("abcfgh")));
  await connection.flushed(soon);
});

Deno.test("A read and a write are in flight at the same time", async () => {
  await using both = await openBoth("client");
  const { connection, peer } = both;
  const reading = readAll(connection, 5);
  const writing = connection.write(patternOf(PLENTY));
  assertEquals(await peer.ask("write 6162636465"), "wrote 5 0");
  assertEquals(await within("the read ends", reading), bytesOf("abcde"));
  assertEquals(await peer.ask(`take ${PLENTY}`), readAnswer(patternOf(PLENTY)));
  assertEquals(await writing, PLENTY);
});

Deno.test("A flood of messages does not keep the event loop from running", async () => {
  const name = randomName();
  using listener = listenPipe({ name, mode: "messages" });
  await using peer = await Peer.start("pipe/peers/end.ts");
  await expectAnswer(peer, `connect ${name} {"mode":"messages"}`, "connected");
  await using connection = await listener.accept(soon);
  const count = 50_000;
  await expectAnswer(peer, `flood ${count}`, "flooding");
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  let index = 0;
  try {
    // A loop that held the event loop would read all messages before the first tick.
    for (; index < count && ticks < 5; index++) {
      assertEquals(await readMessageText(connection), `${index}`);
    }
  } finally {
    clearInterval(timer);
  }
  assert(ticks >= 5, `${ticks} ticks in ${index} messages`);
});
