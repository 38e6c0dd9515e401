/**
 * Uses a channel as Web Streams. One process reads a file, and another process compresses it.
 *
 *     deno run --allow-ffi --allow-read --allow-write examples/channel_stream.ts compress --file x.gz
 *     deno run --allow-ffi --allow-read examples/channel_stream.ts feed --file README.md
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { RingChannel } from "@winipc/winipc";

/** Creates a channel, and pipes its messages through gzip until the sender is closed. */
export async function compress(
  name: string,
  target: WritableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): Promise<void> {
  using channel = RingChannel.create(name);
  await channel.readable.pipeThrough(new CompressionStream("gzip")).pipeTo(target, { signal });
}

/** Pipes a stream into the channel. Waits while the ring is full. */
export async function feed(
  name: string,
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): Promise<void> {
  using channel = await RingChannel.waitFor(name, { signal });
  await source.pipeTo(channel.writable, { signal });
}

if (import.meta.main) {
  const { _: [role], name, file, timeout } = parseArgs(Deno.args, {
    string: ["name", "file", "timeout"],
    default: { name: "winipc-stream", timeout: "30000" },
  });
  const signal = AbortSignal.timeout(Number(timeout));
  if (role === "compress" && file !== undefined) {
    const { writable } = await Deno.open(file, { write: true, create: true, truncate: true });
    await compress(name, writable, signal);
    console.log(`Wrote ${(await Deno.stat(file)).size} bytes to ${file}`);
  } else if (role === "feed" && file !== undefined) {
    await feed(name, (await Deno.open(file)).readable, signal);
  } else {
    console.error(
      "Usage: channel_stream.ts compress|feed --file FILE [--name NAME] [--timeout MS]",
    );
    Deno.exit(2);
  }
}
