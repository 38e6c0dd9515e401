// Task: test:peers

import { assertEquals } from "@std/assert";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";

const script = "pipe/peers/unreferenced_pipe.ts";

/** Reads until the end, and returns all bytes. */
async function readToEnd(connection: PipeConnection): Promise<number[]> {
  const all: number[] = [];
  const into = new Uint8Array(100_000);
  for (let length; (length = await connection.read(into, soon)) !== null;) {
    for (const byte of into.subarray(0, length)) all.push(byte);
  }
  return all;
}

for (const what of ["read", "registered", "signal", "write"]) {
  Deno.test(`PipeConnection.unref() lets the process end, and ref() keeps it alive: ${what}`, async () => {
    for (const when of ["before", "during"]) {
      const name = randomName();
      using listener = listenPipe({ name });
      await using peer = await Peer.start(script, what, when, name);
      await using server = await listener.accept(soon);
      const { code } = await within("the process ends", peer.gone());
      assertEquals(code, 0, when);
      await readToEnd(server);
    }
    const name = randomName();
    using listener = listenPipe({ name });
    await using peer = await Peer.start(script, what, "ref", name);
    await using server = await listener.accept(soon);
    await server.write(Uint8Array.of(1));
    if (what === "write") assertEquals((await readToEnd(server)).length, 400_000);
    assertEquals(await peer.nextLine(), "over");
    assertEquals((await within("the process ends", peer.gone())).code, 0);
  });
}

Deno.test("PipeListener.unref() lets the process end during accept(), and ref() keeps it alive", async () => {
  for (const when of ["before", "during"]) {
    await using peer = await Peer.start(script, "accept", when, randomName());
    assertEquals((await within("the process ends", peer.gone())).code, 0, when);
  }
  const name = randomName();
  await using peer = await Peer.start(script, "accept", "ref", name);
  await using _client = await connectPipe(name, soon);
  assertEquals(await peer.nextLine(), "over");
  assertEquals((await within("the process ends", peer.gone())).code, 0);
});

Deno.test("PipeListener.accept() keeps the process alive while all connections are in use", async () => {
  const name = randomName();
  await using peer = await Peer.start("pipe/peers/full_listener.ts", name);
  await using client = await connectPipe(name, soon);
  assertEquals(await peer.nextLine(), "full");
  client.close();
  await using _next = await connectPipe(name, soon);
  assertEquals(await peer.nextLine(), "next");
  assertEquals((await within("the process ends", peer.gone())).code, 0);
});

Deno.test("PipeConnection.close() keeps the process alive until the peer has all bytes, even after unref()", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  await using peer = await Peer.start("pipe/peers/closing_writer.ts", name);
  await using server = await listener.accept(soon);
  const bytes = await readToEnd(server);
  assertEquals([bytes.length, bytes.slice(-4)], [700_003, [7, 1, 2, 3]]);
  assertEquals((await within("the process ends", peer.gone())).code, 0);
});
