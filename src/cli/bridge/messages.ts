/**
 * The messages of the targets that only the command knows: pipes with many clients, mailslots and
 * windows.
 *
 * @module
 */

import type { Source } from "../targets/source.ts";
import type { OpenEnd } from "./ends.ts";

/**
 * Returns the messages of a source as an end of a route. They end when the signal aborts.
 *
 * @param source The source, which is closed with the end.
 */
export function messagesOf(
  source: Source,
  signal: AbortSignal,
): OpenEnd<AsyncGenerator<Uint8Array>> {
  return { end: take(source, signal), close: () => source.close() };
}

async function* take(source: Source, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  while (!signal.aborted) {
    const received = await source.next(signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
    if (received?.bytes === undefined) return;
    // The route has the message from now on.
    received.confirm?.();
    yield received.bytes;
  }
}
