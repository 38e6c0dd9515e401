/**
 * Sends bytes through a named pipe. The server sends the bytes of each client back, for any number
 * of clients at a time. A client sends a file, and compares the bytes that return.
 *
 *     deno run --allow-ffi examples/pipe_echo.ts serve --name echo
 *     deno run --allow-ffi --allow-read examples/pipe_echo.ts send --name echo --file README.md
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { connectPipe, listenPipe, type PipeConnection, type PipeListener } from "@winipc/winipc";

/**
 * Sends the bytes of each client back, until the listener is closed.
 *
 * @param clients Number of clients after which the server takes no more.
 */
export async function serve(listener: PipeListener, clients: number = Infinity): Promise<void> {
  let count = 0;
  for await (const connection of listener) {
    count++;
    console.log(`Client ${count} is process ${connection.peer.pid}`);
    // Not awaited, so that the next client does not wait for this one.
    void serveClient(count, connection);
    // The connections outlive the listener.
    if (count === clients) listener.close();
  }
}

async function serveClient(number: number, connection: PipeConnection): Promise<void> {
  try {
    console.log(`Client ${number} has left after ${await echo(connection)} bytes`);
  } catch (error) {
    // A client that dies must not end the server.
    console.log(`Client ${number} has failed: ${error}`);
  }
}

/** Sends bytes back until the client closes its end. Returns the number of bytes. */
export async function echo(connection: PipeConnection): Promise<number> {
  let length = 0;
  // While the pipe to the client is full, this loop reads no more, and so the client waits, too.
  for await (const bytes of connection.readable) length += await connection.write(bytes);
  return length;
}

/** Sends bytes to the server, and returns as many bytes as they come back. */
export async function sendBytes(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  await using connection = await connectPipe(name, { waitForServer: true, signal });
  const back = new Uint8Array(bytes.length);
  // If this end read only after its last byte, both ends could wait for ever, with full buffers.
  await Promise.all([connection.write(bytes, { signal }), receiveAll()]);
  return back;

  async function receiveAll(): Promise<void> {
    for (let filled = 0; filled < back.length;) {
      const count = await connection.read(back.subarray(filled), { signal });
      if (count === null) {
        throw new Deno.errors.UnexpectedEof(
          `Expected ${back.length} bytes from the server, but it left after ${filled} bytes`,
        );
      }
      filled += count;
    }
  }
}

if (import.meta.main) {
  const { _: [role], name, file, clients, timeout } = parseArgs(Deno.args, {
    string: ["name", "file", "clients", "timeout"],
    default: { name: "winipc-echo", file: "README.md", clients: "Infinity", timeout: "30000" },
  });
  if (role === "serve") {
    using listener = listenPipe({ name });
    console.log(`Process ${Deno.pid} listens on ${listener.path}`);
    await serve(listener, Number(clients));
  } else if (role === "send") {
    const bytes = await Deno.readFile(file);
    const started = performance.now();
    const back = await sendBytes(name, bytes, AbortSignal.timeout(Number(timeout)));
    const milliseconds = Math.round(performance.now() - started);
    const wrong = bytes.filter((byte, index) => byte !== back[index]).length;
    console.log(`${back.length} bytes came back in ${milliseconds} ms, ${wrong} were wrong`);
  } else {
    console.error(
      "Usage: pipe_echo.ts serve [--name NAME] [--clients N]\n" +
        "       pipe_echo.ts send [--name NAME] [--file FILE] [--timeout MS]",
    );
    Deno.exit(2);
  }
}
