/**
 * Asks a server for calculations, by messages through a named pipe. The server is the C program
 * pipe_rpc.c, or this script. A client can have many questions under way at a time.
 *
 *     deno run --allow-ffi examples/pipe_rpc.ts serve --name calculator
 *     deno run --allow-ffi examples/pipe_rpc.ts ask --name calculator divide 22 7
 *
 * If both sides are scripts, requests.ts does the same in fewer lines.
 *
 * The server in C: `gcc -O2 -o pipe_rpc.exe examples/pipe_rpc.c`, and `pipe_rpc.exe calculator`.
 * With `--pid PID`, the client trusts only the server with this process id.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  connectPipe,
  listenPipe,
  type PipeConnection,
  type PipeListener,
  type PipeServer,
  struct,
} from "@winipc/winipc";

/** A question: one message. pipe_rpc.c has the same struct. */
export const Question = struct({ id: "u32", operation: "u32", a: "f64", b: "f64" });
/** An answer: one message. `error` is 0, or a number of {@linkcode ERRORS}. */
export const Answer = struct({ id: "u32", error: "u32", result: "f64" });

/** The names of the operations. A question has the index. */
export const OPERATIONS = ["add", "subtract", "multiply", "divide"] as const;
/** The texts for the numbers of errors. */
const ERRORS = ["", "there is no such operation", "division by zero"];

/** The client's end of a connection to the server. */
export class Calculator implements AsyncDisposable {
  readonly #connection: PipeConnection;
  readonly #waiting = new Map<number, PromiseWithResolvers<number>>();
  readonly #receiving: Promise<void>;
  #lastId = 0;

  private constructor(connection: PipeConnection, signal: AbortSignal) {
    this.#connection = connection;
    this.#receiving = this.#receive(signal);
  }

  /** Connects to the server. The signal ends the connection, too. */
  static async connect(
    name: string,
    { signal, server = "sameUser" }: { signal: AbortSignal; server?: PipeServer },
  ): Promise<Calculator> {
    const options = { mode: "messages", waitForServer: true, signal, server } as const;
    return new Calculator(await connectPipe(name, options), signal);
  }

  /** Sends a question, and waits for the answer. Other questions can be under way. */
  async calculate(operation: number, a: number, b: number): Promise<number> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<number>();
    this.#waiting.set(id, answer);
    const message = new Uint8Array(Question.byteLength);
    Question.write(message, { id, operation, a, b });
    const [result] = await Promise.all([answer.promise, this.#connection.write(message)]);
    return result;
  }

  /** Closes the connection. Questions without an answer fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
    await this.#receiving;
  }

  /** Gives each answer to the question with its id. */
  async #receive(signal: AbortSignal): Promise<void> {
    let reason: unknown = new Deno.errors.ConnectionReset("The server has left");
    try {
      for (let message; (message = await this.#connection.readMessage({ signal })) !== null;) {
        const { id, error, result } = readAs(Answer, message);
        const answer = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (error === 0) answer?.resolve(result);
        else answer?.reject(new RangeError(ERRORS[error] ?? `Unknown error ${error}`));
      }
    } catch (error) {
      reason = error;
    }
    this.#connection.close();
    for (const answer of this.#waiting.values()) answer.reject(reason);
  }
}

/** Answers the questions of all clients, until the listener is closed. */
export async function serve(listener: PipeListener): Promise<void> {
  for await (const connection of listener) {
    // Not awaited, so that the next client does not wait for this one.
    void serveClient(connection).catch((error) => {
      // A client that dies or sends nonsense must not end the server.
      console.error(`Process ${connection.peer.pid}: ${error}`);
    });
  }
}

async function serveClient(connection: PipeConnection): Promise<void> {
  await using _ = connection;
  for (let message; (message = await connection.readMessage()) !== null;) {
    const { id, operation, a, b } = readAs(Question, message);
    const results = [a + b, a - b, a * b, a / b];
    const error = operation >= results.length ? 1 : operation === 3 && b === 0 ? 2 : 0;
    const answer = new Uint8Array(Answer.byteLength);
    Answer.write(answer, { id, error, result: error === 0 ? results[operation]! : 0 });
    await connection.write(answer);
  }
}

/** Reads a struct from a message, whose length the peer has chosen. */
function readAs<T>(
  layout: { byteLength: number; read(bytes: Uint8Array<ArrayBuffer>): T },
  message: Uint8Array<ArrayBuffer>,
): T {
  if (message.length === layout.byteLength) return layout.read(message);
  throw new Deno.errors.InvalidData(
    `Expected a message of ${layout.byteLength} bytes, got ${message.length}`,
  );
}

if (import.meta.main) {
  const { _: [role, operation = "", ...numbers], name, pid, timeout } = parseArgs(Deno.args, {
    string: ["_", "name", "pid", "timeout"],
    default: { name: "winipc-calculator", timeout: "30000" },
  });
  const index = OPERATIONS.findIndex((name) => name === operation);
  const [a, b] = numbers.map(Number);
  if (role === "serve") {
    using listener = listenPipe({ name, mode: "messages" });
    console.log(`Process ${Deno.pid} listens on ${listener.path}`);
    await serve(listener);
  } else if (role === "ask" && index !== -1 && a !== undefined && b !== undefined) {
    await using calculator = await Calculator.connect(name, {
      server: pid === undefined ? "sameUser" : { pid: Number(pid) },
      signal: AbortSignal.timeout(Number(timeout)),
    });
    console.log(await calculator.calculate(index, a, b));
  } else {
    console.error(
      "Usage: pipe_rpc.ts serve [--name NAME]\n" +
        "       pipe_rpc.ts ask [--name NAME] [--pid PID] [--timeout MS] OPERATION A B\n" +
        `OPERATION is one of ${OPERATIONS.join(", ")}`,
    );
    Deno.exit(2);
  }
}
