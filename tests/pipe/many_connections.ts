/**
 * Opens and closes connections in all ways, and checks that nothing of them remains.
 *
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { countOperations } from "./count_operations.ts";

/** The number of connections at a time. */
const BATCH = 10;
/**
 * Maximum growth of the process's memory in bytes, however many connections there were. V8's heap
 * grows by about 100 MB before the first large collection.
 */
const MAX_GROWTH = 2 ** 27;
const pass = () => {};

/** The ways of a connection. Each closes both ends. */
const WAYS: readonly ((server: PipeConnection, client: PipeConnection) => unknown)[] = [
  async (server, client) => {
    await client.write(Uint8Array.of(1), soon);
    assertEquals(await server.read(new Uint8Array(5), soon), 1);
    client.close();
    assertEquals(await server.read(new Uint8Array(5), soon), null);
    server.close();
  },
  async (server, client) => {
    const reading = server.read(new Uint8Array(5)).catch(pass);
    const writing = client.write(new Uint8Array(400_000)).catch(pass);
    client.abort();
    server.close();
    await Promise.all([reading, writing]);
  },
  async (server, client) => {
    await client.read(new Uint8Array(5), { timeout: 0 }).catch(pass);
    await server.read(new Uint8Array(5), { timeout: 1 }).catch(pass);
    await client.write(new Uint8Array(400_000), { timeout: 1 }).catch(pass);
    server.abort();
    client.close();
  },
  async (server, client) => {
    await client.write(new Uint8Array(10), soon);
    await client.flushed({ timeout: 1 }).catch(pass);
    const reading = new Response(server.readable).bytes();
    await client.writable.close();
    assertEquals((await reading).length, 10);
  },
  async (server, client) => {
    const signal = AbortSignal.timeout(2);
    await Promise.all(
      [client, server].map((end) => end.read(new Uint8Array(5), { signal }).catch(pass)),
    );
    await server.readable.cancel();
    await client.writable.abort();
  },
];

/**
 * Makes connections, and asserts that no handle, no memory of an operation and little other memory
 * remains.
 *
 * @param onBatch Called with the number of connections so far.
 */
export async function makeConnections(count: number, onBatch = (_: number) => {}): Promise<void> {
  const name = randomName();
  let made = 0;
  const round = async (index: number) => {
    using listener = listenPipe({ name });
    const pairs: [PipeConnection, PipeConnection][] = [];
    for (let pair = 0; pair < BATCH; pair++) {
      const client = await connectPipe(name, soon);
      pairs.push([await listener.accept(soon), client]);
    }
    await Promise.all(pairs.map(async ([server, client], pair) => {
      await WAYS[(index + pair) % WAYS.length]!(server, client);
      await Promise.all([server.closed, client.closed]);
    }));
    made += BATCH;
    onBatch(made);
  };
  await round(0);
  const operations = countOperations();
  const { rss } = Deno.memoryUsage();
  await assertLeavesNoHandle(Math.ceil(count / BATCH), round);
  assertEquals(countOperations(), operations);
  assertLess(Deno.memoryUsage().rss - rss, MAX_GROWTH);
}
