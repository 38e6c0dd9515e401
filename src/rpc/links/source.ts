/**
 * Links from a listener: one for each client that connects.
 *
 * @module
 */

import { assertFunction, assertObject } from "../../../ffi/arguments.ts";
import type { LinkSource, MessageLink } from "../link.ts";

/** A listener: of `listenRing` or `listenPipe`, or another source of connections. */
export interface ConnectionSource<Connection> extends AsyncIterable<Connection> {
  /** Stops listening, and ends the iteration. */
  close(): void;
  /** Makes the open listener keep the process alive. */
  ref?(): void;
  /** Lets the process end while the listener is open. */
  unref?(): void;
}

/**
 * Makes a link of each connection of a listener, for `serve()`. The service closes the listener.
 *
 * @example Serve all clients of a pipe
 * ```ts
 * import { connectPipe, listenPipe } from "@winipc/winipc/pipe";
 * import { client, linksOf, pipeLink, serve } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * const handlers = { add: ([a, b]: [number, number]) => a + b };
 * const listener = listenPipe({ name: "docs of linksOf", mode: "messages" });
 * await using _service = serve(linksOf(listener, pipeLink), handlers);
 *
 * // In practice, the client is another process.
 * const connection = await connectPipe("docs of linksOf", { mode: "messages", timeout: 5000 });
 * await using calculator = client<typeof handlers>(pipeLink(connection));
 * assertEquals(await calculator.call("add", [1, 2]), 3);
 * ```
 *
 * @param listener The listener, such as that of `listenRing` or `listenPipe`.
 * @param toLink Makes the link of a connection, such as `ringLink` or `pipeLink`.
 * @throws {TypeError} If an argument is of the wrong kind.
 */
export function linksOf<Connection>(
  listener: ConnectionSource<Connection>,
  toLink: (connection: Connection) => MessageLink,
): LinkSource {
  assertObject("the listener", listener);
  assertFunction("the listener's iterator", Reflect.get(listener, Symbol.asyncIterator));
  assertFunction("toLink", toLink);
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const connection of listener) yield toLink(connection);
      } finally {
        // Nobody accepts clients any more, also if the listener has failed.
        listener.close();
      }
    },
    close: () => listener.close(),
    ref: () => listener.ref?.(),
    unref: () => listener.unref?.(),
  };
}
