/**
 * A child process, as `Deno.ChildProcess` is one.
 *
 * @module
 */

import { assertOneOf } from "../../ffi/arguments.ts";
import type { ByteSource } from "../../ffi/bytes.ts";
import { type StartedProcess, terminate } from "../../ffi/create_process.ts";
import type { Handle } from "../../ffi/handle.ts";
import { type PipeEnd, readableOf, writableOf } from "./stdio.ts";
import { exitCodeOf } from "../../ffi/process.ts";
import { Uncloneable } from "../../ffi/uncloneable.ts";
import { Cancellation } from "../wait/cancel.ts";
import { beginWait, type PendingWait } from "../sync/single_wait.ts";

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
    const [out, err] = [untouched("stdout", this.#stdout), untouched("stderr", this.#stderr)];
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

/** A stream whose bytes have all yet to be read. */
function untouched(
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
