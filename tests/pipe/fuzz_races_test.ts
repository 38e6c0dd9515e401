// Task: test:faults

import { assert, assertEquals } from "@std/assert";
import { connectPipe, listenPipe, type PipeConnection, type PipeMode } from "../../src/pipe/mod.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";

/** More than the number of promises between the arrival of bytes and the end of a read. */
const STEPS = 40;

for (const mode of ["bytes", "messages"] satisfies PipeMode[]) {
  for (const when of ["has arrived", "arrives"]) {
    Deno.test(`PipeConnection.read() returns the bytes, or throws BadResource, if close() comes at any moment when a write of ${mode} ${when}`, async () => {
      const outcomes = new Set<string>();
      for (let step = 0; step < STEPS; step++) {
        await using stack = new AsyncDisposableStack();
        const [client, server] = await connect(stack, mode);
        if (when === "has arrived") await client.write(Uint8Array.of(1, 2, 3));
        const into = new Uint8Array(5);
        const read = step % 2 === 0
          ? server.read(into).then((length) => into.slice(0, length ?? 5))
          : mode === "messages"
          ? server.readMessage()
          : server.readable.getReader().read().then(({ value }) => value);
        const outcome = read.then(
          (bytes) => bytes === undefined ? "BadResource" : `${bytes}`,
          (error) => error.name,
        );
        if (when === "arrives") {
          await new Promise((resolve) => setTimeout(resolve, 1));
          await client.write(Uint8Array.of(1, 2, 3));
        }
        for (let passed = 0; passed < step; passed++) await null;
        server.close();
        outcomes.add(await within("the read ends", outcome));
      }
      outcomes.delete("1,2,3");
      outcomes.delete("BadResource");
      assertEquals([...outcomes], []);
    });
  }
}

Deno.test("PipeConnection.write() is whole or absent if close() comes at any moment", async () => {
  for (let step = 0; step < STEPS; step++) {
    await using stack = new AsyncDisposableStack();
    const [client, server] = await connect(stack, "messages");
    const lengths = [70_000, 5, 400_000, 0];
    const writes = lengths.map((length) => client.write(new Uint8Array(length)));
    for (let passed = 0; passed < step; passed++) await null;
    client.close();
    for (const length of lengths) {
      const message = await server.readMessage(soon);
      assertEquals(message?.length, length);
    }
    assertEquals(await server.readMessage(soon), null);
    await Promise.all(writes);
    await within("the client is closed", client.closed);
  }
});

Deno.test("PipeConnection.abort() at any moment ends all of its reads, writes and flushes", async () => {
  for (let step = 0; step < STEPS; step++) {
    await using stack = new AsyncDisposableStack();
    const [client] = await connect(stack, "messages");
    const pending = Promise.allSettled([
      client.readMessage(),
      client.write(new Uint8Array(400_000)),
      client.write(new Uint8Array(400_000)),
      client.flushed(),
    ]);
    if (step % 4 === 3) await new Promise((resolve) => setTimeout(resolve, 2));
    for (let passed = 0; passed < step; passed++) await null;
    client.abort();
    client.close();
    client.abort();
    for (const result of await within("all operations end", pending)) {
      assert(result.status === "rejected");
      assertEquals(result.reason.name, "BadResource", `step ${step}: ${result.reason.stack}`);
    }
    await within("the client is closed", client.closed);
  }
});

Deno.test("PipeListener.close() at any moment leaves a connection that works, or none", async () => {
  for (let step = 0; step < STEPS; step++) {
    const name = randomName();
    await using stack = new AsyncDisposableStack();
    const listener = stack.use(listenPipe({ name }));
    const accepted = listener.accept().then((server) => server, (error) => error);
    const client = stack.use(await connectPipe(name));
    if (step % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    for (let passed = 0; passed < step; passed++) await null;
    listener.close();
    const server: PipeConnection | Error = await within("accept() ends", accepted);
    const into = new Uint8Array(1);
    if (server instanceof Error) {
      assertEquals(server.name, "BadResource");
      assertEquals(await client.read(into, soon), null);
    } else {
      stack.use(server);
      await server.write(Uint8Array.of(7));
      assertEquals([await client.read(into, soon), into[0]], [1, 7]);
    }
  }
});

/** Returns a client and its connection at the server. */
async function connect(
  stack: AsyncDisposableStack,
  mode: PipeMode,
): Promise<[client: PipeConnection, server: PipeConnection]> {
  const name = randomName();
  using listener = listenPipe({ name, mode });
  const client = stack.use(await connectPipe(name, { mode }));
  return [client, stack.use(await listener.accept(soon))];
}
