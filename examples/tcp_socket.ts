/**
 * Sends messages over TCP. The server prints its port, and sends each line back. The client sends
 * the lines of a text to this port.
 *
 *     deno run --allow-net=127.0.0.1 examples/tcp_socket.ts echo
 *     deno run --allow-net=127.0.0.1 --allow-read examples/tcp_socket.ts send --port PORT --file README.md
 *
 * This is Deno's own API, and needs no module of winipc. A socket is right for another machine, and
 * for a program that cannot use shared memory, windows or pipes. On one machine, a channel is many
 * times faster. Any user of this machine can connect to the port, and a socket does not name the
 * user at the other end.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

/** The result of sending a text. */
export interface Echo {
  /** The number of lines that came back. */
  lines: number;
  /** The number of lines that came back changed. */
  wrong: number;
  /** The time since the first message, in milliseconds. */
  milliseconds: number;
}

/** No other machine can connect to this address. */
const hostname = "127.0.0.1";

// TCP carries a stream of bytes and no messages: one write may arrive in two reads, and two writes
// in one. So each message is a frame: its length as a little-endian Uint32, and then its bytes.
const LENGTH_BYTES = 4;

/** Maximum length of a message in bytes. It bounds the memory that the other end can make us use. */
const MAX_LENGTH = 1_048_576;

/** Listens on a port that the system chooses. */
export function listen(): Deno.TcpListener {
  return Deno.listen({ hostname, port: 0 });
}

/** Connects to a server, sends lines, and compares them with the lines that return. */
export async function sendLines(
  port: number,
  lines: readonly string[],
  signal: AbortSignal,
): Promise<Echo> {
  using connection = await Deno.connect({ hostname, port, signal });
  const started = performance.now();
  const echo: Echo = { lines: 0, wrong: 0, milliseconds: 0 };
  // If this end read only after its last line, both ends could wait for ever, with full buffers.
  await unlessAborted(Promise.all([sendAll(), receiveAll()]), signal);
  echo.milliseconds = performance.now() - started;
  return echo;

  async function sendAll(): Promise<void> {
    const encoder = new TextEncoder();
    for (const line of lines) await send(connection, encoder.encode(line));
    await connection.closeWrite();
  }

  async function receiveAll(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const message of messagesOf(connection)) {
      if (decoder.decode(message) !== lines[echo.lines]) echo.wrong++;
      echo.lines++;
    }
  }
}

/** Accepts one client, and sends each message back until the client has sent its last one. */
export async function echoLines(
  listener: Deno.TcpListener,
  signal: AbortSignal,
): Promise<number> {
  using connection = await unlessAborted(listener.accept(), signal);
  return await unlessAborted(echoAll(), signal);

  async function echoAll(): Promise<number> {
    let count = 0;
    for await (const message of messagesOf(connection)) {
      await send(connection, message);
      count++;
    }
    return count;
  }
}

/** Sends a message as a frame. One write() need not take all bytes. */
async function send(connection: Deno.Conn, message: Uint8Array): Promise<void> {
  const frame = new Uint8Array(LENGTH_BYTES + message.length);
  new DataView(frame.buffer).setUint32(0, message.length, true);
  frame.set(message, LENGTH_BYTES);
  for (let sent = 0; sent < frame.length;) sent += await connection.write(frame.subarray(sent));
}

/** Yields each message that arrives, until the other end closes its direction. */
async function* messagesOf(connection: Deno.Conn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(LENGTH_BYTES + MAX_LENGTH);
  const view = new DataView(buffer.buffer);
  let filled = 0;
  for (let count; (count = await connection.read(buffer.subarray(filled))) !== null;) {
    filled += count;
    let start = 0;
    while (filled - start >= LENGTH_BYTES) {
      const length = view.getUint32(start, true);
      if (length > MAX_LENGTH) {
        throw new Deno.errors.InvalidData(
          `Expected a message of at most ${MAX_LENGTH} bytes, but its length is ${length} bytes`,
        );
      }
      const end = start + LENGTH_BYTES + length;
      if (end > filled) break;
      yield buffer.slice(start + LENGTH_BYTES, end);
      start = end;
    }
    // The next read completes the message that has arrived in part.
    buffer.copyWithin(0, start, filled);
    filled -= start;
  }
  if (filled > 0) {
    throw new Deno.errors.UnexpectedEof(
      `Expected the rest of a message, but the connection ended after ${filled} bytes of it`,
    );
  }
}

/** Waits for calls of a socket, which take no signal. If it aborts, the caller closes the socket. */
async function unlessAborted<T>(calls: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([calls, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

if (import.meta.main) {
  const { _: [role], port, file, times, timeout } = parseArgs(Deno.args, {
    string: ["port", "file", "times", "timeout"],
    default: { file: "README.md", times: "1", timeout: "30000" },
  });
  const signal = AbortSignal.timeout(Number(timeout));
  if (role === "echo") {
    using listener = listen();
    console.log(`Listening on port ${listener.addr.port}`);
    console.log(`Sent ${await echoLines(listener, signal)} lines back`);
  } else if (role === "send" && port !== undefined) {
    const text = (await Deno.readTextFile(file)).repeat(Number(times));
    const { lines, wrong, milliseconds } = await sendLines(Number(port), text.split("\n"), signal);
    const rate = Math.round(2 * lines / milliseconds);
    console.log(
      `${lines} lines came back, ${wrong} were wrong, ${rate} thousand messages per second`,
    );
  } else {
    console.error(
      "Usage: tcp_socket.ts echo [--timeout MS]\n" +
        "       tcp_socket.ts send --port PORT [--file FILE] [--times N] [--timeout MS]",
    );
    Deno.exit(2);
  }
}
