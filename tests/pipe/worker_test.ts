// Task: test:peers

import { assert, assertEquals } from "@std/assert";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { ENDS, PipeWorker } from "./pipe_worker.ts";

/** Reads until the end, and returns the number of bytes. */
async function readToEnd(connection: PipeConnection): Promise<number> {
  const into = new Uint8Array(65_536);
  let sum = 0;
  for (let length; (length = await connection.read(into, soon)) !== null;) sum += length;
  return sum;
}

Deno.test("listenPipe() serves the clients of other threads in a Worker, and flushed() throws NotSupported there", async () => {
  for (const kind of ["web", "node"] as const) {
    const name = randomName();
    using _worker = await PipeWorker.start("echo", name, kind);
    await Promise.all(Array.from({ length: 8 }, async (_, index) => {
      await using client = await connectPipe(name, soon);
      const hello = new Uint8Array(12);
      for (let at = 0; at < hello.length;) at += await client.read(hello.subarray(at), soon) ?? 99;
      assertEquals(new TextDecoder().decode(hello), "NotSupported");
      const bytes = new Uint8Array(300_000).fill(index);
      const writing = client.write(bytes, soon);
      const into = new Uint8Array(100_000);
      for (let sum = 0; sum < bytes.length;) {
        const length = await client.read(into, soon) ?? 0;
        assert(length > 0 && into.subarray(0, length).every((byte) => byte === index));
        sum += length;
      }
      await writing;
    }));
  }
});

for (const kind of ["web", "node"] as const) {
  for (const how of kind === "web" ? ENDS : ["terminate"] as const) {
    Deno.test(`A Worker that ends closes its pipes, and their peers see the end: ${kind}, ${how}`, async () => {
      const name = randomName();
      using listener = listenPipe({ name: `${name}-server` });
      // The Workers start one after the other: each start takes a second.
      using listening = await PipeWorker.start("listen", name, kind);
      const connecting = PipeWorker.start("read and write, connect", `${name}-server`, kind);
      await using client = await connectPipe(name, soon);
      const reading = client.read(new Uint8Array(1), soon);
      await using server = await listener.accept(soon);
      using using_ = await connecting;
      listening.end(how);
      using_.end(how);
      assertEquals(await reading, null);
      assert(await readToEnd(server) <= 3_000_000);
      await server.write(new Uint8Array(1), soon).then(
        () => assert(false, "The write has succeeded"),
        (error) => assertEquals(error.name, "BrokenPipe"),
      );
      client.close();
      await client.closed;
      // The Worker's listener held the name.
      const listen = async () => {
        for (;;) {
          try {
            return listenPipe({ name });
          } catch (error) {
            if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
        }
      };
      (await within("the name is free", listen())).close();
    });
  }
}

Deno.test("A Worker that ends at any moment of its reads and writes does not harm the process or its peer", async () => {
  for (let round = 0; round < 3; round++) {
    const name = randomName();
    using listener = listenPipe({ name });
    const starting = PipeWorker.start("busy loop", name);
    await using server = await listener.accept(soon);
    using worker = await starting;
    const write = async () => {
      const bytes = new Uint8Array(90_000).fill(round);
      for (;;) await server.write(bytes, soon);
    };
    const writing = write().catch((error) => error.name);
    setTimeout(() => worker.end(), 15 * round);
    const into = new Uint8Array(65_536);
    for (let length; (length = await server.read(into, soon)) !== null;) {
      assert(into.subarray(0, length).every((byte) => byte === round));
    }
    assertEquals(await within("the writes end", writing), "BrokenPipe");
  }
});
