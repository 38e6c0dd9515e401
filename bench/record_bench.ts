/**
 * Measures what winipc record does for each message: it takes the message from a broadcast ring and
 * writes it to a file.
 *
 * @module
 */

import { openSource } from "../src/channel/tap/source.ts";
import { RecordingWriter } from "../src/cli/recording/writer.ts";
import { BroadcastRing } from "../mod.ts";

/** The number of messages that are sent before they are recorded. The ring holds them all. */
const CHUNK = 500;

for (const [byteLength, count] of [[64, 50_000], [4096, 5000]] as const) {
  const name = `record-bench-${crypto.randomUUID()}`;
  const ring = BroadcastRing.create(name, { capacity: 2 ** 24 });
  const sender = ring.sender();
  const source = openSource(name, { signal: new AbortController().signal });
  const message = new Uint8Array(byteLength).fill(7);
  const file = Deno.makeTempFileSync();
  globalThis.addEventListener("unload", () => {
    source[Symbol.dispose]();
    ring.close();
    Deno.removeSync(file);
  });
  const group = `${count} messages of ${byteLength} bytes`;

  const drain = async (visit: (message: ReturnType<typeof source.take>) => unknown) => {
    for (let sent = 0; sent < count; sent += CHUNK) {
      for (let index = 0; index < CHUNK; index++) sender.send(message);
      sender.flush();
      for (let taken; (taken = source.take()) !== undefined;) await visit(taken);
    }
  };

  Deno.bench(`send and take, ${group}`, { group, baseline: true }, async () => {
    await drain(() => {});
  });

  Deno.bench(`send and record, ${group}`, { group }, async () => {
    const { form } = source;
    await using writer = await RecordingWriter.create(file, { form, name, force: true });
    await drain((taken) => taken && writer.add(taken));
    await writer.end("stopped");
  });
}
