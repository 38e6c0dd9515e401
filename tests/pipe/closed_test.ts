import { assertEquals } from "@std/assert";
import { connectPipe, listenPipe } from "../../src/pipe/mod.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

for (const how of ["close", "abort"] as const) {
  Deno.test(`PipeConnection.closed resolves when no thread waits for it any more, after ${how}()`, async () => {
    const name = randomName();
    using listener = listenPipe({ name });
    const client = await connectPipe(name, soon);
    await using _server = await listener.accept(soon);
    // A thread of Deno's pool waits for these bytes.
    let isReading = true;
    client.read(new Uint8Array(1)).catch(() => {}).finally(() => isReading = false);
    await new Promise((resolve) => setTimeout(resolve, 0));
    client[how]();
    await client.closed;
    // The read rejects without another turn of the event loop, as the thread has left already.
    for (let microtask = 0; microtask < 50; microtask++) await Promise.resolve();
    assertEquals(isReading, false);
  });
}

Deno.test("PipeConnection.closed resolves when a flush has ended", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  const client = await connectPipe(name, soon);
  await using _server = await listener.accept(soon);
  await client.write(Uint8Array.of(1));
  const flushing = client.flushed().catch((error) => error);
  client.abort();
  await client.closed;
  assertEquals((await flushing) instanceof Deno.errors.BadResource, true);
});
