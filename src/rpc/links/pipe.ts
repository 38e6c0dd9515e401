/**
 * Links over named pipes.
 *
 * @module
 */

import { assertOptions } from "../../../ffi/arguments.ts";
import { PipeConnection, takeChunk } from "../../pipe/connection.ts";
import type { MessageLink } from "../link.ts";
import { LINK_CHECKS, type LinkOptions } from "./content.ts";
import { FramedTransport } from "./framed.ts";
import { linkOver } from "./transport.ts";

/**
 * Makes a link of a connection over a named pipe, with either `mode`. The link closes the
 * connection, and the script must not read from it or write to it.
 *
 * A value is one frame, described in docs/wire_formats.md. So the peer can be another program.
 *
 * A `send()` that is stopped while the pipe takes its value is never cut: the peer still gets the
 * whole value.
 *
 * @example Serve one client of a pipe
 * ```ts
 * import { connectPipe, listenPipe } from "@winipc/winipc/pipe";
 * import { client, pipeLink, serve } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = listenPipe({ name: "docs of pipeLink" });
 * const accepted = listener.accept({ timeout: 5000 });
 * const handlers = { add: ([a, b]: [number, number]) => a + b };
 * // In practice, the client is another process.
 * const connection = await connectPipe("docs of pipeLink", { timeout: 5000 });
 * await using _service = serve(pipeLink(await accepted), handlers);
 * await using calculator = client<typeof handlers>(pipeLink(connection));
 * assertEquals(await calculator.call("add", [1, 2]), 3);
 * ```
 *
 * @throws {TypeError} If the connection is not a `PipeConnection`, or an option is invalid.
 * @throws {RangeError} If an option is out of range.
 */
export function pipeLink(connection: PipeConnection, options: LinkOptions = {}): MessageLink {
  if (!(connection instanceof PipeConnection)) {
    throw new TypeError("Expected the connection to be a PipeConnection");
  }
  assertOptions(options, LINK_CHECKS);
  const { path, peer } = connection;
  const stream = {
    label: `link over the pipe "${path}"`,
    peer,
    hint: "both ends of the pipe must use pipeLink()",
    read: async () => await takeChunk(connection) ?? undefined,
    write: connection.write.bind(connection),
    close: async () => await connection[Symbol.asyncDispose](),
    abort: async () => {
      connection.abort();
      await connection.closed;
    },
    hold: (isHeld: boolean) => isHeld ? connection.ref() : connection.unref(),
  };
  return linkOver(new FramedTransport(stream, options));
}
