/**
 * A child process, as `Deno.ChildProcess` is one, and the pipes to its standard input, output and error.
 *
 * An anonymous pipe cannot be read without blocking a thread. A named pipe can, so each has a name that
 * nobody can guess.
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

/** How a process ended. */
export interface ChildStatus {
  /** Whether its exit code is 0. */
  success: boolean;
  /** Its exit code. */
  code: number;
  /** The signal that ended it: Windows has none. */
  signal: null;
}

/** How a process ended, and what it wrote. */
export interface ChildOutput extends ChildStatus {
  /**
   * All that it wrote to its standard output.
   *
   * @throws {TypeError} If that is not piped.
   */
  readonly stdout: Uint8Array<ArrayBuffer>;
  /**
   * All that it wrote to its standard error.
   *
   * @throws {TypeError} If that is not piped.
   */
  readonly stderr: Uint8Array<ArrayBuffer>;
}

/** Looks after a process that was started, with its pipes; the signal ends the process. */
export let childOver: (
  started: StartedProcess,
  pipes: readonly (PipeEnd | undefined)[],
  signal: AbortSignal | undefined,
) => ChildProcess;

/** A process that this one has started. */
export class ChildProcess extends Uncloneable implements AsyncDisposable {
  /** Its process id. */
  readonly pid: number;
  /** How it ends, as soon as it does. */
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
   * Its standard input. Each chunk is written whole, byte for byte. A write that fails ends the stream
   * with that error, and the child reads the end of its input then.
   *
   * @throws {TypeError} If it is not piped.
   */
  get stdin(): WritableStream<ByteSource> {
    return piped("stdin", this.#stdin);
  }

  /**
   * Its standard output.
   *
   * @throws {TypeError} If it is not piped.
   */
  get stdout(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return piped("stdout", this.#stdout);
  }

  /**
   * Its standard error.
   *
   * @throws {TypeError} If it is not piped.
   */
  get stderr(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return piped("stderr", this.#stderr);
  }

  /**
   * Reads all that the child writes to its standard output and error, side by side, and waits for its end, as
   * `Deno.Command.output` does.
   *
   * A stream that is not piped is left alone. Standard input that is piped is the script's to close: a
   * child that reads it to its end waits for that.
   *
   * @example
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
   * @throws {TypeError} If neither of the two is piped, or one that is was read before, or is locked.
   */
  async output(): Promise<ChildOutput> {
    if (this.#stdout === undefined && this.#stderr === undefined) {
      throw new TypeError(
        'Cannot collect output: neither "stdout" nor "stderr" is piped; status tells how the child ends',
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
   * **UNSAFE**: the process's handle, for `waitAny` and for a Win32 call of one's own.
   *
   * @throws {Deno.errors.BadResource} If the process has ended, which {@linkcode ChildProcess.status}
   *   tells.
   */
  get unsafeHandle(): bigint {
    return this.#process.value;
  }

  /**
   * Ends the process at once; its exit code is 1 then.
   *
   * @param signal Any of the signals that end a process: Windows has one way to do it.
   */
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGQUIT" | "SIGABRT" = "SIGTERM"): void {
    assertOneOf("signal", signal, KILL_SIGNALS);
    if (!this.#process.closed) terminate(this.#process);
  }

  /** Makes this process live for as long as the child does, as it is at first. */
  ref(): void {
    this.#wait.hold(true);
  }

  /** Lets this process end while the child lives. */
  unref(): void {
    this.#wait.hold(false);
  }

  /** Ends the child, if it has not ended, and its streams, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    using stack = new DisposableStack();
    for (const pipe of this.#pipes) stack.defer(() => pipe?.close());
    this.kill();
    this.ref();
    await this.status;
  }
}

/** Takes a stream, of which nothing has been read yet, to read all of it. */
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
  throw new TypeError(`Cannot get "${name}": it is not piped`);
}

/** What a child's standard input, output or error is: this process's, nothing, or a stream. */
export type Stdio = "inherit" | "null" | "piped";

/** The words of {@linkcode Stdio}. */
export const STDIO = ["inherit", "null", "piped"] as const;

/** The child's end, and what this process does with its own. */
export interface StdioEnd {
  /** The child's, which is closed here once the child has it. */
  handle: Handle;
  /** This process's, where it is a pipe. */
  pipe: PipeEnd | undefined;
}

/** Opens one of the three. */
export function openStdio(which: "stdin" | "stdout" | "stderr", kind: Stdio): StdioEnd {
  if (kind !== "piped") {
    return { handle: standardHandle(which, kind === "inherit"), pipe: undefined };
  }
  const { ours, theirs } = PipeEnd.create(which);
  return { handle: theirs, pipe: ours };
}

/** What comes out of a pipe. */
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
    // Nothing is read before somebody wants it.
  }, { highWaterMark: 0 });
}

/** What goes into a pipe, whose end it is when a write fails. */
export function writableOf(pipe: PipeEnd): WritableStream<ByteSource> {
  return new WritableStream({
    start(controller) {
      // abort() below is called only when no write is pending, and one to a full pipe can be for ever.
      controller.signal.addEventListener("abort", () => pipe.close());
    },
    async write(chunk) {
      try {
        // A copy, for the script may transfer its own away while the pipe is full.
        await pipe.write(copyOfBytes("what is written to a pipe", chunk));
      } catch (error) {
        // The stream has an error now, and calls nothing of this any more.
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
/** What says that there is no more, and nobody who would read more. */
const ENDS = new Set([ERROR_HANDLE_EOF, ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_OPERATION_ABORTED]);

/** How many bytes are read at once, and how many the pipe holds. */
const SIZE = 65_536;

/** This process's end of a pipe; one operation at a time. */
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
   * Makes a pipe.
   *
   * @param stream What it is for a child process: this process writes to its input, and reads the others.
   * @returns This process's end, and an inheritable handle of the other.
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
      throw lastError("CreateNamedPipeW", `Cannot make a pipe for ${label}`);
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

  /** Reads what there is, or waits for some; `undefined` when there will be no more. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = this.#file;
    return await this.#transfer("ReadFile", () => file.beginRead(), (length) => file.read(length));
  }

  /**
   * Writes bytes.
   *
   * @throws {Deno.errors.BrokenPipe} If nobody reads them any more.
   */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + SIZE);
      const begin = () => this.#file.beginWrite(part);
      const written = await this.#transfer("WriteFile", begin, (length) => length);
      if (written === undefined) {
        throw new Deno.errors.BrokenPipe(
          `Cannot write to ${this.#label}: nobody reads it any more`,
        );
      }
      at += written;
    }
  }

  /** Closes this end; what is being read or written is given up. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#busy) this.#file.cancel();
    else this.#file.close();
  }

  /** Begins an operation, waits for its end, and gives what came of it before the pipe may be closed. */
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
      if (ENDS.has(code)) return undefined;
      if (code !== 0) throw errorFromCode(code, api, attempt);
      await beginWait(this.#file.done, { held: true }).over;
      const result = this.#file.result();
      if ("length" in result) return end(result.length);
      if (ENDS.has(result.code)) return undefined;
      throw errorFromCode(result.code, api, attempt);
    } finally {
      this.#busy = false;
      if (this.#closing) this.#file.close();
    }
  }
}
