/**
 * A child process, similar to `Deno.ChildProcess`, and the pipes of its standard streams.
 *
 * The pipes are named pipes with unguessable names, because an anonymous pipe cannot be read
 * without blocking a thread.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-operations}
 * @module
 */

import { assertOneOf, type ByteSource, copyOfBytes } from "../../ffi/arguments.ts";
import { standardHandle, type StartedProcess, terminate } from "../../ffi/create_process.ts";
import { Handle, INVALID_HANDLE_VALUE, Uncloneable } from "../../ffi/handle.ts";
import { exitCodeOf } from "../../ffi/process_thread.ts";
import { Cancellation } from "../wait/options.ts";
import { beginWait, type PendingWait } from "../sync/waitable_object.ts";
import { errorFromCode, lastError } from "../../ffi/error.ts";
import {
  GENERIC_READ,
  GENERIC_WRITE,
  openExistingFile,
  OverlappedFile,
} from "../../ffi/file_io.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { encodeWide } from "../../ffi/wide.ts";

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
    this.#stdin = stdin && writableOf(stdin);
    this.#stdout = stdout && readableOf(stdout);
    this.#stderr = stderr && readableOf(stderr);
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
    for (const pipe of this.#pipes) stack.defer(() => pipe?.close());
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

/** The child's handle of a standard stream, and this process's end of the pipe. */
export interface StdioEnd {
  /** The child's handle; this process closes its own copy after the child has started. */
  handle: Handle;
  /** This process's end of the pipe, or `undefined` if the stream is not piped. */
  pipe: PipeEnd | undefined;
}

/** Opens a standard stream for a child. */
export function openStdio(which: "stdin" | "stdout" | "stderr", kind: Stdio): StdioEnd {
  if (kind !== "piped") {
    return { handle: standardHandle(which, kind === "inherit"), pipe: undefined };
  }
  const { ours, theirs } = PipeEnd.create(which);
  return { handle: theirs, pipe: ours };
}

/** Returns a stream that reads a pipe, and closes it at its end, on cancel and on an error. */
export function readableOf(pipe: PipeEnd): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      let isOpen = false;
      try {
        const bytes = await pipe.read();
        isOpen = bytes !== undefined;
        if (isOpen) controller.enqueue(bytes);
        else controller.close();
      } finally {
        if (!isOpen) pipe.close();
      }
    },
    cancel: () => pipe.close(),
    // With this mark, the stream reads the pipe only when the script reads the stream.
  }, { highWaterMark: 0 });
}

/** Returns a stream that writes to a pipe, and closes the pipe when a write fails. */
export function writableOf(pipe: PipeEnd): WritableStream<ByteSource> {
  return new WritableStream({
    start(controller) {
      // abort() below is called only when no write is pending. A write to a full pipe can be
      // pending for ever, so the signal closes the pipe.
      controller.signal.addEventListener("abort", () => pipe.close());
    },
    async write(chunk) {
      try {
        // This writes a copy, because the script can transfer its bytes away while the pipe is
        // full.
        await pipe.write(copyOfBytes("a chunk for a pipe", chunk));
      } catch (error) {
        // The stream is errored now and calls neither close() nor abort() any more.
        pipe.close();
        throw error;
      }
    },
    close: () => pipe.close(),
    abort: () => pipe.close(),
  });
}

const PIPE_ACCESS_INBOUND = 1;
const PIPE_ACCESS_OUTBOUND = 2;
const FILE_FLAG_FIRST_PIPE_INSTANCE = 0x80000;
const FILE_FLAG_OVERLAPPED = 0x4000_0000;
const PIPE_REJECT_REMOTE_CLIENTS = 8;

const ERROR_HANDLE_EOF = 38;
const ERROR_BROKEN_PIPE = 109;
const ERROR_NO_DATA = 232;
const ERROR_OPERATION_ABORTED = 995;
/** The errors of a pipe that was closed at either end: no more bytes can be read or written. */
const CLOSED = new Set([
  ERROR_HANDLE_EOF,
  ERROR_BROKEN_PIPE,
  ERROR_NO_DATA,
  ERROR_OPERATION_ABORTED,
]);

/** The size of the pipe's buffers and of one read or write, in bytes. */
const SIZE = 65_536;

/** This process's end of a pipe. It can do one read or write at a time. */
export class PipeEnd {
  readonly #file: OverlappedFile;
  readonly #label: string;
  #busy = false;
  #closing = false;

  private constructor(file: OverlappedFile, label: string) {
    this.#file = file;
    this.#label = label;
  }

  /**
   * Creates a pipe for a standard stream of a child: this process writes to `stdin`, and reads
   * `stdout` and `stderr`.
   *
   * @returns This process's end, and an inheritable handle of the child's end.
   */
  static create(stream: "stdin" | "stdout" | "stderr"): { ours: PipeEnd; theirs: Handle } {
    const label = `the ${stream} of a child process`;
    const name = `\\\\.\\pipe\\winipc-${crypto.randomUUID()}`;
    const reads = stream !== "stdin";
    const value = kernel32().CreateNamedPipeW(
      encodeWide(name),
      (reads ? PIPE_ACCESS_INBOUND : PIPE_ACCESS_OUTBOUND) | FILE_FLAG_OVERLAPPED |
        FILE_FLAG_FIRST_PIPE_INSTANCE,
      PIPE_REJECT_REMOTE_CLIENTS,
      1,
      SIZE,
      SIZE,
      0,
      null,
    );
    if (value === INVALID_HANDLE_VALUE) {
      throw lastError("CreateNamedPipeW", `Cannot create a pipe for ${label}`);
    }
    const ours = new PipeEnd(new OverlappedFile(new Handle(value, "pipe"), SIZE), label);
    try {
      const theirs = openExistingFile(name, {
        access: reads ? GENERIC_WRITE : GENERIC_READ,
        share: 0,
        inheritable: true,
        kind: "pipe",
        attempt: `Cannot open a pipe for ${label}`,
      });
      return { ours, theirs };
    } catch (error) {
      ours.close();
      throw error;
    }
  }

  /** Reads the next bytes, and waits until there are some. Returns `undefined` at the end. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = this.#file;
    return await this.#transfer("ReadFile", () => file.beginRead(), (length) => file.read(length));
  }

  /**
   * Writes all bytes, and waits while the pipe is full.
   *
   * @throws {Deno.errors.BrokenPipe} If the pipe is closed at either end.
   */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + SIZE);
      const begin = () => this.#file.beginWrite(part);
      const written = await this.#transfer("WriteFile", begin, (length) => length);
      if (written === undefined) {
        throw new Deno.errors.BrokenPipe(
          `Cannot write to ${this.#label}: the pipe is closed, and the child may have ended`,
        );
      }
      at += written;
    }
  }

  /** Closes this end, and cancels a pending read or write. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#busy) this.#file.cancel();
    else this.#file.close();
  }

  /**
   * Begins a read or a write, waits until it is done, and passes the number of bytes to `end`. A
   * close during this time takes effect only afterwards. Returns `undefined` if the pipe is closed.
   */
  async #transfer<T>(
    api: "ReadFile" | "WriteFile",
    begin: () => number,
    end: (length: number) => T,
  ): Promise<T | undefined> {
    if (this.#closing) return undefined;
    const attempt = `Cannot ${api === "ReadFile" ? "read from" : "write to"} ${this.#label}`;
    this.#busy = true;
    try {
      const code = begin();
      if (CLOSED.has(code)) return undefined;
      if (code !== 0) throw errorFromCode(code, api, attempt);
      await beginWait(this.#file.done, { held: true }).over;
      const result = this.#file.result();
      if ("length" in result) return end(result.length);
      if (CLOSED.has(result.code)) return undefined;
      throw errorFromCode(result.code, api, attempt);
    } finally {
      this.#busy = false;
      if (this.#closing) this.#file.close();
    }
  }
}
