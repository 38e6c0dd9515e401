/**
 * A child process, similar to `Deno.ChildProcess`, and the pipes of its standard streams.
 *
 * The pipes are named pipes with unguessable names, because an anonymous pipe cannot be read
 * without blocking a thread.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-operations}
 * @module
 */

import { assertOneOf, type ByteSource } from "../../ffi/arguments.ts";
import { standardHandle, type StartedProcess, terminate } from "../../ffi/create_process.ts";
import { GENERIC_READ, GENERIC_WRITE, openExistingFile } from "../../ffi/file.ts";
import { type Handle, Uncloneable } from "../../ffi/handle.ts";
import { createSinglePipe, PIPE_RIGHTS } from "../../ffi/named_pipe.ts";
import { exitCodeOf } from "../../ffi/process_thread.ts";
import { sddlFor } from "../../ffi/security.ts";
import { FileReader, readableOf, writableOf } from "../io/reader.ts";
import { FileWriter } from "../io/writer.ts";
import { beginWait, type PendingWait } from "../sync/single_wait.ts";
import { Cancellation } from "../wait/options.ts";

const KILL_SIGNALS = ["SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGABRT"] as const;

/** The result of a child that has ended. */
export interface ChildStatus {
  /** Whether the exit code is 0. */
  success: boolean;
  /** The exit code. */
  code: number;
  /** Always `null`: Windows does not end processes by signals. */
  signal: null;
}

/** The result of a child that has ended, and its output. */
export interface ChildOutput extends ChildStatus {
  /**
   * All bytes that the child wrote to its standard output.
   *
   * @throws {TypeError} If the standard output is not piped.
   */
  readonly stdout: Uint8Array<ArrayBuffer>;
  /**
   * All bytes that the child wrote to its standard error.
   *
   * @throws {TypeError} If the standard error is not piped.
   */
  readonly stderr: Uint8Array<ArrayBuffer>;
}

/**
 * Makes the object for a started process and its pipes; an abort of the signal ends the process.
 */
export let childOver: (
  started: StartedProcess,
  pipes: readonly (PipeEnd | undefined)[],
  signal: AbortSignal | undefined,
) => ChildProcess;

/**
 * A child process that {@linkcode spawn} started.
 *
 * @example Wait for the end of a child, and end another child
 * ```ts
 * import { spawn } from "@winipc/winipc/process";
 * import { assertEquals } from "@std/assert";
 *
 * await using child = spawn("cmd", { args: ["/c", "exit 3"] });
 * assertEquals(await child.status, { success: false, code: 3, signal: null });
 *
 * // This child waits for input until it is ended.
 * await using waiting = spawn("cmd", { stdin: "piped", stdout: "null" });
 * waiting.kill();
 * assertEquals((await waiting.status).code, 1);
 * ```
 */
export class ChildProcess extends Uncloneable implements AsyncDisposable {
  /** The child's process id. */
  readonly pid: number;
  /** Resolves with the child's exit code when the child ends. */
  readonly status: Promise<ChildStatus>;
  readonly #process: Handle;
  readonly #wait: PendingWait;
  readonly #pipes: readonly (PipeEnd | undefined)[];
  readonly #stdin: WritableStream<ByteSource> | undefined;
  readonly #stdout: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  readonly #stderr: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;

  static {
    childOver = (...args) => new ChildProcess(...args);
  }

  private constructor(
    { pid, process }: StartedProcess,
    pipes: readonly (PipeEnd | undefined)[],
    signal: AbortSignal | undefined,
  ) {
    super();
    this.pid = pid;
    this.#process = process;
    this.#pipes = pipes;
    const [stdin, stdout, stderr] = pipes;
    this.#stdin = stdin?.writable;
    this.#stdout = stdout?.readable;
    this.#stderr = stderr?.readable;
    this.#wait = beginWait(process, { held: true });
    const cancellation = new Cancellation({ signal, onAbort: () => this.kill() });
    this.status = this.#wait.over.then(() => {
      cancellation[Symbol.dispose]();
      using ended = process;
      const code = exitCodeOf(ended);
      return { success: code === 0, code, signal: null };
    });
  }

  /**
   * The child's standard input. Each chunk is written whole, byte for byte. A failed write errors
   * the stream, and the child then reads the end of its input.
   *
   * @throws {TypeError} If the standard input is not piped.
   */
  get stdin(): WritableStream<ByteSource> {
    return piped("stdin", this.#stdin);
  }

  /**
   * The child's standard output.
   *
   * @throws {TypeError} If the standard output is not piped.
   */
  get stdout(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return piped("stdout", this.#stdout);
  }

  /**
   * The child's standard error.
   *
   * @throws {TypeError} If the standard error is not piped.
   */
  get stderr(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return piped("stderr", this.#stderr);
  }

  /**
   * Reads the child's standard output and standard error at the same time, as `Deno.Command.output`
   * does. Waits until the child ends.
   *
   * Streams that are not piped are not read. This method does not close a piped standard input: a
   * child that reads its input to the end waits until the script closes it.
   *
   * @example Collect the output of a command
   * ```ts
   * import { spawn } from "@winipc/winipc/process";
   * import { assertEquals } from "@std/assert";
   *
   * await using child = spawn("cmd", {
   *   args: ["/c", "echo Hello"],
   *   stdout: "piped",
   *   stderr: "piped",
   * });
   * const { success, code, stdout, stderr } = await child.output();
   * assertEquals([success, code, stderr.length], [true, 0, 0]);
   * assertEquals(new TextDecoder().decode(stdout), "Hello\r\n");
   * ```
   *
   * @throws {TypeError} If neither of the two streams is piped, or a piped stream is locked or was
   *   read before.
   */
  async output(): Promise<ChildOutput> {
    if (this.#stdout === undefined && this.#stderr === undefined) {
      throw new TypeError(
        'Cannot collect output: neither "stdout" nor "stderr" is piped; use "status" instead',
      );
    }
    const [out, err] = [takeWhole("stdout", this.#stdout), takeWhole("stderr", this.#stderr)];
    const [status, stdout, stderr] = await Promise.all([this.status, out?.bytes(), err?.bytes()]);
    return {
      ...status,
      get stdout() {
        return piped("stdout", stdout);
      },
      get stderr() {
        return piped("stderr", stderr);
      },
    };
  }

  /**
   * **UNSAFE**: the process's handle, for `waitAny` and for the script's own Win32 calls.
   *
   * @throws {Deno.errors.BadResource} If the child has ended and {@linkcode ChildProcess.status} is
   *   resolved.
   */
  get unsafeHandle(): bigint {
    return this.#process.value;
  }

  /**
   * Ends the child at once, with exit code 1. Does nothing if the child has ended.
   *
   * @param signal A signal that ends processes on other systems. Each has the same effect on
   *   Windows.
   */
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGQUIT" | "SIGABRT" = "SIGTERM"): void {
    assertOneOf("signal", signal, KILL_SIGNALS);
    if (!this.#process.closed) terminate(this.#process);
  }

  /** Makes the running child keep this process alive, which is the default. */
  ref(): void {
    this.#wait.hold(true);
  }

  /** Lets this process end while the child is running. */
  unref(): void {
    this.#wait.hold(false);
  }

  /**
   * Ends the child if it is running, and closes its streams, at the end of an `await using` block.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    using stack = new DisposableStack();
    for (const pipe of this.#pipes) stack.use(pipe);
    this.kill();
    this.ref();
    await this.status;
  }
}

/** Locks a stream that was not read yet, to read all of it. */
function takeWhole(
  name: string,
  stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined,
): Response | undefined {
  try {
    return stream && new Response(stream);
  } catch (cause) {
    throw new TypeError(`Cannot collect "${name}": it was read before, or is locked`, { cause });
  }
}

function piped<T>(name: string, stream: T | undefined): T {
  if (stream !== undefined) return stream;
  throw new TypeError(
    `Cannot get "${name}": it is not piped; spawn the child with { ${name}: "piped" }`,
  );
}

/**
 * The use of a child's standard input, output or error: `"inherit"` shares the stream of this
 * process, and `"null"` connects the child to nothing. `"piped"` connects the child to a stream of
 * the {@linkcode ChildProcess}.
 */
export type Stdio = "inherit" | "null" | "piped";

/** All values of {@linkcode Stdio}. */
export const STDIO = ["inherit", "null", "piped"] as const;

/** The name of a standard stream. */
type StdioName = "stdin" | "stdout" | "stderr";

/** The child's handle of a standard stream, and this process's end of the pipe. */
export interface StdioEnd {
  /** The child's handle; this process closes its own copy after the child has started. */
  handle: Handle;
  /** This process's end of the pipe, or `undefined` if the stream is not piped. */
  pipe: PipeEnd | undefined;
}

/** Opens a standard stream for a child. */
export function openStdio(which: StdioName, kind: Stdio): StdioEnd {
  if (kind !== "piped") {
    return { handle: standardHandle(which, kind === "inherit"), pipe: undefined };
  }
  const { ours, theirs } = createPipeFor(which);
  return { handle: theirs, pipe: ours };
}

/** This process's end of the pipe of a standard stream: it writes to `stdin`, and reads the rest. */
interface PipeEnd extends Disposable {
  /** The stream that reads the pipe, if this process reads it. */
  readonly readable?: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The stream that writes to the pipe, if this process writes to it. */
  readonly writable?: WritableStream<ByteSource>;
}

/** The size of a pipe's buffers, in bytes. */
const BUFFER_SIZE = 65_536;

/** Creates a pipe for a standard stream, and opens the child's end of it. */
function createPipeFor(which: StdioName): { ours: PipeEnd; theirs: Handle } {
  const label = `${which} of a child process`;
  const path = `\\\\.\\pipe\\winipc-${crypto.randomUUID()}`;
  const isRead = which !== "stdin";
  using stack = new DisposableStack();
  const handle = stack.use(createSinglePipe({
    path,
    label,
    direction: isRead ? "inbound" : "outbound",
    hasMessages: false,
    allowRemote: false,
    bufferSize: BUFFER_SIZE,
  }, sddlFor("user", PIPE_RIGHTS)));
  const theirs = openExistingFile(path, {
    access: isRead ? GENERIC_WRITE : GENERIC_READ,
    share: 0,
    inheritable: true,
    kind: label,
    attempt: `Cannot open a pipe for ${label}`,
  });
  stack.move();
  return { ours: isRead ? readEnd(handle, label) : writeEnd(handle, label), theirs };
}

function readEnd(handle: Handle, label: string): PipeEnd {
  const reader = new FileReader(handle, { label, hasMessages: false });
  const end = () => {
    reader.close();
    handle.close();
  };
  const read = async () => {
    try {
      const piece = await reader.next({});
      const bytes = piece?.bytes.slice();
      if (bytes !== undefined) reader.skip(bytes.length);
      return bytes;
    } catch (error) {
      // The stream ends if the child is disposed of.
      if (handle.closed) return undefined;
      throw error;
    }
  };
  return { readable: readableOf({ read, end }), [Symbol.dispose]: end };
}

function writeEnd(handle: Handle, label: string): PipeEnd {
  const brokenHint = "the child has closed its input or has ended";
  const writer = new FileWriter(handle, { label, hasMessages: false, brokenHint });
  const end = () => {
    writer.close();
    handle.close();
  };
  const write = async (bytes: Uint8Array<ArrayBuffer>) => {
    try {
      await writer.write(bytes, {});
    } catch (error) {
      if (!handle.closed) throw error;
      throw new Deno.errors.BrokenPipe(`Cannot write to the ${label}: the pipe is closed`);
    }
  };
  const writable = writableOf({ what: "a pipe", write, close: end, abort: end });
  return { writable, [Symbol.dispose]: end };
}
