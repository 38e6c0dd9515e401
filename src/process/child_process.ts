/**
 * A child process, as `Deno.ChildProcess` is one.
 *
 * @module
 */

import { type StartedProcess, terminate } from "../../ffi/create_process.ts";
import type { Handle } from "../../ffi/handle.ts";
import type { PipeEnd } from "./pipe_end.ts";
import { exitCodeOf } from "../../ffi/process.ts";
import { beginWait, type PendingWait } from "../sync/single_wait.ts";
import { readableOf, writableOf } from "./stdio.ts";

/** How a process ended. */
export interface ChildStatus {
  /** Whether its exit code is 0. */
  success: boolean;
  /** Its exit code. */
  code: number;
  /** The signal that ended it: Windows has none. */
  signal: null;
}

/** A process that this one has started. */
export class ChildProcess implements AsyncDisposable {
  /** Its process id. */
  readonly pid: number;
  /** How it ends, as soon as it does. */
  readonly status: Promise<ChildStatus>;
  readonly #process: Handle;
  readonly #wait: PendingWait;
  readonly #pipes: readonly (PipeEnd | undefined)[];
  readonly #stdin: WritableStream<Uint8Array<ArrayBuffer>> | undefined;
  readonly #stdout: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  readonly #stderr: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;

  /**
   * Looks after a process.
   *
   * @param started The process.
   * @param pipes Those to its standard input, output and error.
   * @param signal Ends it.
   */
  constructor(
    { pid, process }: StartedProcess,
    pipes: readonly (PipeEnd | undefined)[],
    signal: AbortSignal | undefined,
  ) {
    this.pid = pid;
    this.#process = process;
    this.#pipes = pipes;
    const [stdin, stdout, stderr] = pipes;
    this.#stdin = stdin && writableOf(stdin);
    this.#stdout = stdout && readableOf(stdout);
    this.#stderr = stderr && readableOf(stderr);
    this.#wait = beginWait(process, { held: true });
    const abort = () => this.kill();
    signal?.addEventListener("abort", abort);
    this.status = this.#wait.over.then(() => {
      signal?.removeEventListener("abort", abort);
      const code = exitCodeOf(process);
      process.close();
      return { success: code === 0, code, signal: null };
    });
  }

  /**
   * Its standard input.
   *
   * @throws {TypeError} If it is not piped.
   */
  get stdin(): WritableStream<Uint8Array<ArrayBuffer>> {
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
   * @param _signal Any of the signals that end a process: Windows has one way to do it.
   */
  kill(_signal: "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGQUIT" | "SIGABRT" = "SIGTERM"): void {
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
    this.kill();
    this.ref();
    await this.status;
    for (const pipe of this.#pipes) pipe?.close();
  }
}

function piped<T>(name: string, stream: T | undefined): T {
  if (stream !== undefined) return stream;
  throw new TypeError(`Cannot get "${name}": it is not piped`);
}
