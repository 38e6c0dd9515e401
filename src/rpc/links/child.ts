/**
 * Links to a child process over its standard streams: the parent's end.
 *
 * @module
 */

import {
  assertInteger,
  assertObject,
  assertOptions,
  type ByteSource,
} from "../../../ffi/arguments.ts";
import { type WaitOptions, within } from "../../wait/options.ts";
import { Lock } from "../../wait/queue.ts";
import type { MessageLink } from "../link.ts";
import { LINK_CHECKS, type LinkOptions } from "./content.ts";
import { type ByteStream, FramedTransport, writeInTurn } from "./framed.ts";
import { linkOver } from "./transport.ts";

/** A child process with piped input and output: of `spawn`, or a `Deno.ChildProcess`. */
export interface LinkableChild {
  /** The child's process id. */
  readonly pid: number;
  /** The child's standard input. */
  readonly stdin: WritableStream<Uint8Array<ArrayBuffer>> | WritableStream<ByteSource>;
  /** The child's standard output. */
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Resolves when the child ends. */
  readonly status: Promise<{ readonly code: number }>;
}

/** Time for the child to take the last bytes when the link is closed, in milliseconds. */
const MAX_DRAIN = 5000;

/**
 * Time between the ends of the child and of its output, in milliseconds. Both end together, unless
 * another process has inherited the output, or the child has closed its output.
 */
const MAX_REST = 1000;

/**
 * Makes a link to a child process over its standard input and output. The child calls
 * {@linkcode stdioLink}.
 *
 * The link closes the two streams, and the child's link then ends. The child process itself stays
 * with the script: dispose of it, or await its `status`.
 *
 * Only the link can use the streams. The child must not write to its standard output in another
 * way: `console.log()` ends the link with `InvalidData`. `console.error()` is free.
 *
 * @example Call a child
 * ```ts
 * import { spawn } from "@winipc/winipc/process";
 * import { childLink, client } from "@winipc/winipc/rpc";
 * import { assertEquals } from "@std/assert";
 *
 * // In practice, the child's script is a file.
 * const script = `
 *   import { serve, stdioLink } from "@winipc/winipc/rpc";
 *   serve(stdioLink(), { add: ([a, b]) => a + b });`;
 * type Handlers = { add: (args: [number, number]) => number };
 *
 * await using child = spawn(Deno.execPath(), {
 *   args: ["eval", "--no-check", script],
 *   stdin: "piped",
 *   stdout: "piped",
 * });
 * await using calculator = client<Handlers>(childLink(child));
 * assertEquals(await calculator.call("add", [1, 2]), 3);
 * ```
 *
 * @throws {TypeError} If a stream is not piped or is locked, or an option is invalid.
 * @throws {RangeError} If an option is out of range.
 */
export function childLink(child: LinkableChild, options: LinkOptions = {}): MessageLink {
  assertObject("the child", child);
  assertOptions(options, LINK_CHECKS);
  const { pid, stdin, stdout, status } = child;
  assertInteger("the child's pid", pid, 0);
  const [reader, writer] = lockBoth(stdout, stdin, `the streams of child process ${pid}`);
  return linkOver(new FramedTransport(new ChildStream(pid, { reader, writer, status }), options));
}

/** Locks both streams of a child, or neither. */
function lockBoth(
  stdout: LinkableChild["stdout"],
  stdin: LinkableChild["stdin"],
  what: string,
): [
  ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
] {
  if (!(stdout instanceof ReadableStream) || !(stdin instanceof WritableStream)) {
    throw new TypeError(
      `Cannot make a link of ${what}: spawn the child with { stdin: "piped", stdout: "piped" }`,
    );
  }
  if (stdout.locked || stdin.locked) {
    throw new TypeError(`Cannot make a link of ${what}: another reader or writer has locked them`);
  }
  const writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> = stdin.getWriter();
  return [stdout.getReader(), writer];
}

/** The streams of a child, as the link has them. */
interface ChildParts {
  readonly reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly status: Promise<{ readonly code: number }>;
}

/** The parent's end of a child's standard streams. */
class ChildStream implements ByteStream {
  readonly label: string;
  readonly peer: { readonly pid: number };
  readonly hint = "in the child, console.log() writes into the link: use console.error()";
  readonly #parts: ChildParts;
  /** Held by the write that is in flight. */
  readonly #lock: Lock;
  /** The exit code of the child that has ended. */
  #code: number | undefined;
  /** Called when the child has ended during a read. */
  #onEnd: (() => void) | undefined;
  /** Ends the wait for the write that is in flight. */
  #stopWrite: (() => void) | undefined;
  #isClosed = false;

  constructor(pid: number, parts: ChildParts) {
    this.label = `link to child process ${pid}`;
    this.peer = { pid };
    this.#parts = parts;
    this.#lock = new Lock((timeout) => this.#late(timeout));
    parts.status.then(({ code }) => {
      this.#code = code;
      this.#onEnd?.();
    }).catch(() => {});
    // The errors of the streams are told by read() and write().
    parts.reader.closed.catch(() => {});
    parts.writer.closed.catch(() => {});
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    type Result = ReadableStreamReadResult<Uint8Array<ArrayBuffer>> | undefined;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#parts.reader.read().then(resolve, reject);
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Another process that has inherited the child's output can keep it open after the child's end.
    this.#onEnd = () => timer = setTimeout(() => resolve(undefined), MAX_REST);
    if (this.#code !== undefined) this.#onEnd();
    try {
      const bytes = (await promise)?.value;
      // The output usually ends a moment before the exit code is known, which says why it ended.
      if (bytes === undefined && !this.#isClosed) {
        await within(this.#parts.status.then(() => {}, () => {}), MAX_REST);
      }
      return bytes;
    } finally {
      this.#onEnd = undefined;
      clearTimeout(timer);
    }
  }

  async write(bytes: Uint8Array<ArrayBuffer>, options: WaitOptions): Promise<void> {
    const late = (timeout: number) => this.#late(timeout);
    await writeInTurn(this.#lock, () => this.#write(bytes), { ...options, late });
  }

  ending(): string | undefined {
    return this.#code === undefined ? undefined : `its exit code is ${this.#code}`;
  }

  async close(): Promise<void> {
    // The lock is free when all writes are over.
    const closed = this.#lock.acquire().then(() => this.#parts.writer.close());
    await within(closed.catch(() => {}), MAX_DRAIN);
    await this.abort();
  }

  async abort(): Promise<void> {
    this.#isClosed = true;
    // The write itself goes on until the child takes its bytes or ends.
    this.#stopWrite?.();
    const { reader, writer } = this.#parts;
    // A write that the child does not take can hold this up until the child ends.
    const cancelled = Promise.allSettled([reader.cancel(), writer.abort()]);
    await within(cancelled.then(() => {}), MAX_REST);
  }

  async #write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    try {
      if (!this.#isClosed) {
        this.#stopWrite = () => reject();
        this.#parts.writer.write(bytes).then(resolve, reject);
        return await promise;
      }
    } catch (cause) {
      if (!this.#isClosed) throw this.#broken(cause);
    } finally {
      this.#stopWrite = undefined;
    }
    throw new Deno.errors.BadResource(`The ${this.label} is closed`);
  }

  #broken(cause: unknown): Deno.errors.BrokenPipe {
    return new Deno.errors.BrokenPipe(
      `Cannot send over the ${this.label}: the child has ended, or has closed its input`,
      { cause },
    );
  }

  #late(timeout: number): Deno.errors.TimedOut {
    return new Deno.errors.TimedOut(
      `Waited ${timeout} ms to send over the ${this.label}: the child does not read its input`,
    );
  }
}
