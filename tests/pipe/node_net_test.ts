import { assertEquals, assertRejects } from "@std/assert";
import { connectPipe, listenPipe } from "../../src/pipe/mod.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { bytesOf, patternOf, readAll, readText } from "./bytes.ts";
import { expectAnswer, pathOf } from "./c_peers.ts";

/** Starts a process that uses node:net. */
async function startNode(): Promise<Peer> {
  const script = peerUrl("pipe/peers/node_net.ts").href;
  return await Peer.startProgram(Deno.execPath(), "run", "--no-prompt", "--allow-all", script);
}

function sumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte, 0);
}

Deno.test("listenPipe() serves a client by node:net, in both directions", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  await using node = await startNode();
  await expectAnswer(node, `connect ${pathOf(name)}`, "connected");
  await using connection = await listener.accept(soon);
  assertEquals(connection.peer.pid, node.pid);
  await expectAnswer(node, "write hello", "wrote");
  assertEquals(await readText(connection), "hello");
  const bytes = patternOf(300_000);
  const writing = connection.write(bytes, soon);
  await expectAnswer(node, "take 300000", `read 300000 ${sumOf(bytes)}`);
  assertEquals(await writing, 300_000);
  const reading = readAll(connection, 300_000);
  await expectAnswer(node, "fill 300000", "wrote");
  assertEquals(await reading, new Uint8Array(300_000).fill(7));
  await expectAnswer(node, "destroy", "closed");
  assertEquals(await readText(connection), null);
});

Deno.test("PipeConnection.close() ends a client by node:net, which gets all bytes before", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  await using node = await startNode();
  await expectAnswer(node, `connect ${pathOf(name)}`, "connected");
  const connection = await listener.accept(soon);
  const bytes = patternOf(300_000, 5);
  connection.write(bytes).catch(() => {});
  connection.close();
  await expectAnswer(node, "take 300000", `read 300000 ${sumOf(bytes)}`);
  await expectAnswer(node, "until-closed", "closed");
  await connection.closed;
});

Deno.test("connectPipe() uses a server by node:net", async () => {
  const name = randomName();
  await using node = await startNode();
  await expectAnswer(node, `listen ${pathOf(name)}`, "listening");
  const trusted = { ...soon, server: { pid: node.pid } };
  // node:net's server takes up to four clients.
  for (let round = 0; round < 3; round++) {
    await using connection = await connectPipe(name, trusted);
    assertEquals(connection.peer.pid, node.pid);
    await connection.write(bytesOf("hello"));
    assertEquals(await readText(connection), "hello");
    const bytes = patternOf(200_000, round);
    const writing = connection.write(bytes, soon);
    assertEquals(await readAll(connection, bytes.length), bytes);
    await writing;
  }
  await using connection = await connectPipe(name, trusted);
  const reading = readText(connection);
  node.kill();
  assertEquals(await reading, null);
  await assertRejects(() => connection.write(bytesOf("x")), Deno.errors.BrokenPipe);
});

Deno.test("listenPipe() throws AlreadyExists if node:net has the name", async () => {
  const name = randomName();
  await using node = await startNode();
  await expectAnswer(node, `listen ${pathOf(name)}`, "listening");
  const error = await assertRejects(
    async () => await listenPipe({ name }),
    Deno.errors.AlreadyExists,
  );
  assertEquals(error.name, "AlreadyExists");
});
