// Task: test:faults

import { assert, assertEquals, assertRejects } from "@std/assert";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { Peer } from "../support/peer.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";

const script = "pipe/peers/killed_end.ts";

/** Reads until the end, and returns the number of bytes. */
async function readToEnd(connection: PipeConnection): Promise<number> {
  const into = new Uint8Array(100_000);
  let sum = 0;
  for (let length; (length = await connection.read(into, soon)) !== null;) sum += length;
  return sum;
}

for (const side of ["server", "client"]) {
  Deno.test(`The end of a killed ${side} ends all operations of its peer, and leaves no handle open`, async () => {
    await assertLeavesNoHandle(2, async () => {
      const name = randomName();
      await using stack = new AsyncDisposableStack();
      const listener = side === "client" ? stack.use(listenPipe({ name })) : undefined;
      const peer = stack.use(await Peer.start(script, side, name));
      const connect = () => listener?.accept(soon) ?? connectPipe(name, soon);
      const ends = [stack.use(await connect()), stack.use(await connect())];
      const operations = ends.map(async (end, index) => {
        const first = new Uint8Array(1000);
        for (let at = 0; at < first.length;) {
          at += await end.read(first.subarray(at), soon) ?? NaN;
        }
        assert(first.every((byte) => byte === 7));
        // The second end has a read in flight.
        const reading = index === 1 ? end.read(first) : undefined;
        const settled = Promise.allSettled([
          end.write(new Uint8Array(500_000)),
          end.write(new Uint8Array(5)),
          end.flushed(),
        ]);
        return { reading, settled };
      });
      const started = await Promise.all(operations);
      await new Promise((resolve) => setTimeout(resolve, 20));
      peer.kill();
      await peer.gone();
      for (const [index, { reading, settled }] of started.entries()) {
        if (reading !== undefined) assertEquals(await within("the read ends", reading), null);
        for (const result of await within("the writes end", settled)) {
          assertEquals(result.status === "rejected" && result.reason.name, "BrokenPipe");
        }
        const end = ends[index]!;
        assert(await readToEnd(end) <= 500_000);
        await assertRejects(() => end.write(Uint8Array.of(1)), Deno.errors.BrokenPipe);
        assertEquals(await end.read(new Uint8Array(1)), null);
        end.close();
        await within("the end is closed", end.closed);
      }
    });
  });
}

Deno.test("A name is free when its server was killed, and a client that waits for it gets the next server", async () => {
  const name = randomName();
  await using peer = await Peer.start(script, "server", name);
  await using client = await connectPipe(name, soon);
  peer.kill();
  await peer.gone();
  assert(await readToEnd(client) <= 501_000);
  const waiting = connectPipe(name, { ...soon, waitForServer: true });
  client.close();
  using listener = listenPipe({ name });
  await using next = await waiting;
  await using server = await listener.accept(soon);
  await server.write(Uint8Array.of(5));
  const into = new Uint8Array(1);
  assertEquals([await next.read(into, soon), into[0]], [1, 5]);
});
