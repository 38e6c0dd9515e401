// Alone: counts the handles of this process, whose threads end late on a busy machine.
// Task: test:faults

import { assert, assertEquals } from "@std/assert";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { makeConnections } from "./many_connections.ts";
import { fuzz } from "./fuzz/run.ts";
import { countOperations } from "./count_operations.ts";
import { PipeWorker } from "./pipe_worker.ts";

/** The task test:pipe makes 10,000. */
const CONNECTIONS = 500;

Deno.test(`${CONNECTIONS} connections that end in all ways leave no handle and no memory behind`, async () => {
  await makeConnections(CONNECTIONS);
});

Deno.test("Random connections leave no handle and no memory behind", async () => {
  const operations = countOperations();
  await assertLeavesNoHandle(10, async (index) => {
    await fuzz({ seed: 100 + index, steps: 200, isFar: false });
  });
  assertEquals(countOperations(), operations);
});

Deno.test("Workers that end with reads, writes and connects in flight leave no handle and no memory behind", async () => {
  const operations = countOperations();
  await assertLeavesNoHandle(3, async () => {
    const name = randomName();
    using listener = listenPipe({ name: `${name}-server` });
    const starting = PipeWorker.start("listen", name);
    const connecting = PipeWorker.start("read and write, connect", `${name}-server`);
    await using server = await listener.accept(soon);
    using listening = await starting;
    using connected = await connecting;
    await using client = await connectPipe(name, soon);
    await server.write(Uint8Array.of(1), soon);
    listening.end();
    connected.end();
    const into = new Uint8Array(100_000);
    assertEquals(await client.read(into, soon), null);
    while (await server.read(into, soon) !== null);
  });
  assertEquals(countOperations(), operations);
});

Deno.test("A forgotten connection is closed by the garbage collector, but never while Windows uses its memory", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  const starting = Peer.startProgram(
    Deno.execPath(),
    "run",
    "--no-prompt",
    "--allow-ffi",
    "--allow-read",
    "--v8-flags=--expose-gc",
    peerUrl("pipe/peers/forgotten_connections.ts").href,
    name,
  );
  await using stack = new AsyncDisposableStack();
  const [none, read, write] = await Promise.all(
    [1, 2, 3].map(async () => stack.use(await listener.accept(soon))),
  );
  await using peer = await starting;
  const into = new Uint8Array(400_000);
  const text = async (end: PipeConnection) =>
    new TextDecoder().decode(into.subarray(0, await end.read(into, soon) ?? 0));
  // Nothing was in flight, so the collector has closed this connection.
  assertEquals([await text(none!), await none!.read(into, soon)], ["none", null]);

  // Windows has written these bytes into the memory of the read.
  assertEquals(await text(read!), "read");
  await read!.write(new Uint8Array(60_000).fill(7), soon);
  // The write goes on, and all of its bytes arrive.
  let length = 0;
  while (length < "write".length + 400_000) length += await write!.read(into, soon) ?? NaN;
  assert(length === "write".length + 400_000, `${length}`);
  for (let round = 0; round < 3; round++) assertEquals(await peer.ask("collect"), "still alive");
});
