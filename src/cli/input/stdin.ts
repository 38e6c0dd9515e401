/**
 * Reads the standard input.
 *
 * @module
 */

import { LineSplitter } from "./lines.ts";

/**
 * Yields the lines of the standard input, each as soon as it is complete.
 *
 * @throws The reason of the signal, as soon as it aborts.
 */
export async function* stdinLines(signal: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const splitter = new LineSplitter();
  for await (const bytes of stdinChunks(signal)) yield* splitter.add(bytes);
  const rest = splitter.rest();
  if (rest !== undefined) yield rest;
}

/**
 * Returns all bytes of the standard input.
 *
 * @throws The reason of the signal, as soon as it aborts.
 */
export async function stdinBytes(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(ReadableStream.from(stdinChunks(signal))).bytes();
}

async function* stdinChunks(signal: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  signal.throwIfAborted();
  const reader = Deno.stdin.readable.getReader();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  aborted.catch(() => {});
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    for (;;) {
      // A read of a terminal cannot be cancelled. The end of the command ends it.
      const { value, done } = await Promise.race([reader.read(), aborted]);
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
