/**
 * Named pipes as targets.
 *
 * @module
 */

import { messageOf } from "../command_line/failure.ts";
import { Arrivals } from "./arrivals.ts";
import {
  connectPipe,
  listenPipe,
  type PipeConnection,
  type PipeListener,
  type PipeMode,
} from "../../pipe/mod.ts";
import { escapeText } from "../printing/escape.ts";
import { LineSplitter } from "../input/lines.ts";
import type { Output } from "../printing/output.ts";
import { pipeHasMessages } from "../../pipe/connection.ts";
import type { Sink, SinkOptions } from "./sink.ts";
import type { Source } from "./source.ts";

const LINE_BREAK = 10;
/** The number of bytes of a server's answers that are read at a time. */
const ANSWER_LENGTH = 4096;

/** Connects to a pipe. In a pipe of bytes, a line gets a line break after it. */
export async function openPipeSink(
  name: string,
  { wait }: Pick<SinkOptions, "wait">,
): Promise<Sink> {
  // The user has named the pipe, and asks this of winipc: no check of the server's user.
  const connection = await connectPipe(name, { ...wait, server: "anyone" });
  const isStream = !pipeHasMessages(connection);
  return {
    async send({ bytes, isLine }, wait) {
      await connection.write(isStream && isLine ? withLineBreak(bytes) : bytes, wait);
    },
    async whenGone(signal) {
      // The server's answers are left out.
      const answer = new Uint8Array(ANSWER_LENGTH);
      while (await connection.read(answer, { signal }) !== null);
      throw new Deno.errors.BrokenPipe(
        `The server of the pipe "${connection.path}" has closed it`,
      );
    },
    close: () => connection[Symbol.asyncDispose](),
  };
}

/**
 * Creates a pipe, and receives from all clients: in a pipe of messages each write, otherwise lines.
 *
 * @param splits Whether to split bytes into lines. Otherwise, bytes come as they arrive.
 * @throws {Deno.errors.AlreadyExists} If there is a pipe with this name.
 */
export function openPipeSource(
  name: string,
  { mode, splits, output }: { mode: PipeMode; splits: boolean; output: Output },
): Source {
  const listener = createPipe(name, mode);
  const arrivals = new Arrivals();
  const clients = new Set<PipeConnection>();
  const serve = async (connection: PipeConnection) => {
    clients.add(connection);
    const { pid } = connection.peer;
    try {
      const from = pid === 0 ? undefined : pid;
      for await (const bytes of splits ? linesOf(connection) : connection.readable) {
        if (!await arrivals.add({ bytes, from })) return;
      }
    } catch (error) {
      // A client that fails must not end the others.
      const words = messageOf(error);
      if (!(error instanceof Deno.errors.BadResource)) {
        output.note(escapeText(`Process ${pid}: ${words}`));
      }
    } finally {
      clients.delete(connection);
      connection.abort();
    }
  };
  const accept = async () => {
    for await (const connection of listener) void serve(connection);
  };
  accept().then(() => arrivals.close(), (error) => arrivals.close(error));
  return {
    next: (signal) => arrivals.next(signal),
    async close() {
      arrivals.close();
      listener.close();
      const open = [...clients];
      for (const client of open) client.abort();
      await Promise.all(open.map(({ closed }) => closed));
    },
  };
}

function withLineBreak(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const line = new Uint8Array(bytes.length + 1);
  line.set(bytes);
  line[bytes.length] = LINE_BREAK;
  return line;
}

function createPipe(name: string, mode: PipeMode): PipeListener {
  try {
    return listenPipe({ name, mode });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new Deno.errors.AlreadyExists(
      `Cannot listen on the pipe ${JSON.stringify(name)}: a process listens on it already, or ` +
        "Windows reserves the name",
    );
  }
}

async function* linesOf(connection: PipeConnection): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const splitter = new LineSplitter();
  for await (const bytes of connection.readable) yield* splitter.add(bytes);
  const rest = splitter.rest();
  if (rest !== undefined) yield rest;
}
