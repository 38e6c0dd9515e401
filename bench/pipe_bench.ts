/**
 * Measures calls of named pipes whose two ends are in one process.
 *
 * `deno task report:pipe` measures two processes, beside C.
 *
 * @module
 */

import { connectPipe, listenPipe, type PipeConnection, type PipeMode } from "../mod.ts";

const name = () => `winipc-bench-${crypto.randomUUID()}`;
const KIBIBYTE = 1024;

/** Opens both ends of a pipe. */
async function open(mode: PipeMode): Promise<{ client: PipeConnection; server: PipeConnection }> {
  const path = name();
  using listener = listenPipe({ name: path, mode });
  const client = await connectPipe(path, { mode });
  return { client, server: await listener.accept() };
}

Deno.bench("listenPipe() and close()", { group: "open" }, () => {
  listenPipe({ name: name() }).close();
});

const path = name();
const listener = listenPipe({ name: path });
Deno.bench("connectPipe(), accept() and close()", { group: "open" }, async () => {
  const client = await connectPipe(path);
  const server = await listener.accept();
  client.close();
  server.close();
});

const bytes = await open("bytes");
const messages = await open("messages");
globalThis.addEventListener("unload", () => {
  listener.close();
  for (const { client, server } of [bytes, messages]) {
    client.close();
    server.close();
  }
});

for (const length of [64, 64 * KIBIBYTE]) {
  const group = `${length} bytes`;
  const source = new Uint8Array(length);
  const target = new Uint8Array(length);

  Deno.bench(`write() and read(), ${group}`, { group, baseline: true }, async () => {
    await bytes.client.write(source);
    await bytes.server.read(target);
  });

  Deno.bench(`write() and readMessage(), ${group}`, { group }, async () => {
    await messages.client.write(source);
    await messages.server.readMessage();
  });

  Deno.bench(`read() that waits, and write(), ${group}`, { group }, async () => {
    const read = bytes.server.read(target);
    await bytes.client.write(source);
    await read;
  });
}
