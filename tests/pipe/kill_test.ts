// Task: test:faults

/**
 * Ends that are killed at any moment, on either side.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { bytesOf, patternOf } from "./bytes.ts";
import { connectCClient, expectAnswer, readAnswer, startCClient, startCServer } from "./c_peers.ts";

/** Each round starts a process of Deno. */
const ROUNDS = 5;
/** Each round kills the process this much later, in milliseconds. */
const LATER = 5;

/**
 * Reads until the peer is gone, and writes at the same time.
 *
 * @returns The number of bytes that were read.
 */
async function useUntilEnd(connection: PipeConnection): Promise<number> {
  const writing = (async () => {
    try {
      for (;;) await connection.write(patternOf(10_000));
    } catch (error) {
      assert(error instanceof Deno.errors.BrokenPipe, String(error));
    }
  })();
  const buffer = new Uint8Array(100_000);
  let read = 0;
  try {
    for (let got; (got = await connection.read(buffer)) !== null;) read += got;
  } catch (error) {
    // A message can be cut by the end.
    assert(error instanceof Deno.errors.ConnectionReset, String(error));
  }
  await writing;
  return read;
}

for (const mode of ["bytes", "messages"] as const) {
  Deno.test(`A server sees the end of clients that are killed at any moment, and serves the next, with ${mode}`, async () => {
    const name = randomName();
    using listener = listenPipe({ name, mode });
    for (let round = 0; round < ROUNDS; round++) {
      await using client = await Peer.start("pipe/peers/end.ts");
      await expectAnswer(client, `connect ${name} ${JSON.stringify({ mode })}`, "connected");
      await using connection = await listener.accept(soon);
      await expectAnswer(client, "echo", "echoing");
      setTimeout(() => client.kill(), round * LATER);
      await within(`the end of round ${round} is seen`, useUntilEnd(connection));
      await client.gone();
    }
    await using last = await connectCClient(name);
    await using connection = await listener.accept(soon);
    await connection.write(bytesOf("still here"));
    assertEquals(await last.ask("read 99"), readAnswer(bytesOf("still here")));
  });

  Deno.test(`A client sees the end of servers that are killed at any moment, and their name is free, with ${mode}`, async () => {
    const name = randomName();
    for (let round = 0; round < ROUNDS; round++) {
      await using server = await Peer.start("pipe/peers/end.ts");
      await expectAnswer(server, `listen ${name} ${JSON.stringify({ mode })}`, "listening");
      await using connection = await connectPipe(name, { ...soon, mode });
      if (round % 2 === 0) {
        await expectAnswer(server, "accept", "connected");
        await expectAnswer(server, "echo", "echoing");
      }
      setTimeout(() => server.kill(), round * LATER);
      await within(`the end of round ${round} is seen`, useUntilEnd(connection));
      await server.gone();
    }
    listenPipe({ name, mode }).close();
  });
}

Deno.test("A client that is killed while it connects does not stop the listener", async () => {
  const name = randomName();
  using listener = listenPipe({ name, backlog: ROUNDS + 1 });
  for (let round = 0; round < ROUNDS; round++) {
    await using client = await startCClient(name);
    await client.send("open rw");
    if (round % 2 === 0) assertEquals(await client.nextLine(), "0");
    client.kill();
    await client.gone();
  }
  // Each client that got in is a connection, whose end is there.
  await using last = await connectCClient(name);
  for (;;) {
    await using connection = await listener.accept(soon);
    if (connection.peer.pid === last.pid) {
      await connection.write(bytesOf("here"));
      break;
    }
    assertEquals(await connection.read(new Uint8Array(9), soon), null);
  }
  assertEquals(await last.ask("read 9"), readAnswer(bytesOf("here")));
});

Deno.test("A server that is killed while clients wait lets them fail, and the next server serves", async () => {
  const name = randomName();
  const server = await startCServer(name, { instances: 1 });
  await using first = await connectPipe(name, { ...soon, server: "anyone" });
  const waiting = connectPipe(name, { ...soon, server: "anyone" }).catch((error) => error);
  const patient = connectPipe(name, { ...soon, server: "anyone", waitForServer: true });
  await server[Symbol.asyncDispose]();
  assertEquals(await first.read(new Uint8Array(9), soon), null);
  first.close();
  const error = await within("the wait ends", waiting);
  assert(error instanceof Deno.errors.NotFound, String(error));
  using listener = listenPipe({ name });
  await using client = await within("the patient client is let in", patient);
  await using connection = await listener.accept(soon);
  await connection.write(bytesOf("ok"));
  assertEquals(await client.read(new Uint8Array(9), soon), 2);
});

Deno.test("A killed listener leaves its name, and its clients see the end", async () => {
  const name = randomName();
  await using peer = await Peer.start("pipe/peers/end.ts");
  await expectAnswer(peer, `listen ${name}`, "listening");
  await using waiting = await connectPipe(name, soon);
  peer.kill();
  await peer.gone();
  assertEquals(await waiting.read(new Uint8Array(9), soon), null);
  await waiting[Symbol.asyncDispose]();
  using listener = listenPipe({ name });
  await using _ = await connectPipe(name, soon);
  (await listener.accept(soon)).close();
});
