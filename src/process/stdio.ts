/**
 * Standard input, output and error of child processes, and pipes to them that block no thread here.
 *
 * An anonymous pipe cannot be read without blocking. A named pipe can, so each has a name that nobody
 * can guess.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-operations}
 * @module
 */

import { type ByteSource, copyOfBytes } from "../../ffi/bytes.ts";
import { standardHandle } from "../../ffi/create_process.ts";
import { Handle, INVALID_HANDLE_VALUE } from "../../ffi/handle.ts";
import { errorFromCode, lastError } from "../../ffi/error.ts";
import { GENERIC_READ, GENERIC_WRITE, openExistingFile } from "../../ffi/file.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { OverlappedFile } from "../../ffi/overlapped.ts";
import { encodeWide } from "../../ffi/wide.ts";
import { beginWait } from "../sync/single_wait.ts";

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
