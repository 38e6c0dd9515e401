/**
 * Serves a protocol of lines through a named pipe. The server keeps texts by their names, for all
 * clients. A client sends one line for each request, and gets one line for each answer.
 *
 *     deno run --allow-ffi examples/pipe_lines.ts serve --name notes
 *     deno run --allow-ffi examples/pipe_lines.ts ask --name notes "set color red" "get color"
 *
 * Any program that opens the file `\\.\pipe\notes` can be a client.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { TextLineStream } from "@std/streams/text-line-stream";
import { connectPipe, listenPipe, type PipeConnection, type PipeListener } from "@winipc/winipc";

/** Answers the lines of all clients, until the listener is closed. */
export async function serve(listener: PipeListener): Promise<void> {
  const notes = new Map<string, string>();
  for await (const connection of listener) {
    // Not awaited, so that the next client does not wait for this one.
    void answerLines(connection, (line) => answerTo(line, notes)).catch((error) => {
      // A client that dies must not end the server.
      console.error(`Process ${connection.peer.pid}: ${error}`);
    });
  }
}

/** Returns the answer to one request: `set NAME TEXT`, `get NAME` or `list`. */
export function answerTo(line: string, notes: Map<string, string>): string {
  const [verb, name = "", ...words] = line.split(" ");
  switch (verb) {
    case "set":
      notes.set(name, words.join(" "));
      return "ok";
    case "get":
      return notes.get(name) ?? `error: there is no "${name}"`;
    case "list":
      return [...notes.keys()].join(" ");
    default:
      return `error: "${verb}" is not a request; use set, get or list`;
  }
}

/** Answers each line of a client, until the client closes its end. */
async function answerLines(
  connection: PipeConnection,
  answer: (line: string) => string,
): Promise<void> {
  const encoder = new TextEncoder();
  for await (const line of linesOf(connection)) {
    await connection.write(encoder.encode(`${answer(line)}\n`));
  }
}

/** Sends requests to the server, and yields the answer to each of them. */
export async function* ask(
  name: string,
  requests: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<string> {
  await using connection = await connectPipe(name, { waitForServer: true, signal });
  // A read of a stream takes no signal, but it ends when the connection does.
  const abort = () => connection.abort();
  signal.addEventListener("abort", abort);
  const encoder = new TextEncoder();
  const answers = linesOf(connection)[Symbol.asyncIterator]();
  try {
    for (const request of requests) {
      await connection.write(encoder.encode(`${request}\n`), { signal });
      const { value, done } = await answers.next();
      if (done) {
        throw new Deno.errors.UnexpectedEof(`The server left before it answered ${request}`);
      }
      yield value;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * Returns the lines that the peer writes. A pipe of bytes has no boundaries: one read can return
 * half a line, half a character, or many lines.
 */
function linesOf(connection: PipeConnection): ReadableStream<string> {
  return connection.readable
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
}

if (import.meta.main) {
  const { _: [role, ...requests], name, timeout } = parseArgs(Deno.args, {
    string: ["_", "name", "timeout"],
    default: { name: "winipc-notes", timeout: "30000" },
  });
  if (role === "serve") {
    using listener = listenPipe({ name });
    console.log(`Process ${Deno.pid} listens on ${listener.path}`);
    await serve(listener);
  } else if (role === "ask" && requests.length > 0) {
    const signal = AbortSignal.timeout(Number(timeout));
    for await (const answer of ask(name, requests, signal)) console.log(answer);
  } else {
    console.error(
      "Usage: pipe_lines.ts serve [--name NAME]\n" +
        "       pipe_lines.ts ask [--name NAME] [--timeout MS] REQUEST…\n" +
        'A request is "set NAME TEXT", "get NAME" or "list"',
    );
    Deno.exit(2);
  }
}
