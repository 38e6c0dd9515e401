/**
 * Pipes to child processes, of which this process's end never has a thread wait.
 *
 * An anonymous pipe cannot be read without standing still; a named one can, so it is one
 * with a name that nobody can guess.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-operations}
 * @module
 */

import { errorFromCode, lastError, lastErrorCode } from "./error.ts";
import { createEvent } from "./event.ts";
import { GENERIC_READ, GENERIC_WRITE, openExistingFile } from "./file.ts";
import { Handle, INVALID_HANDLE_VALUE } from "./handle.ts";
import { kernel32 } from "./kernel32.ts";
import { RegisteredWait } from "./registered_wait.ts";
import { encodeWide } from "./wide.ts";

const PIPE_ACCESS_INBOUND = 1;
const PIPE_ACCESS_OUTBOUND = 2;
const FILE_FLAG_FIRST_PIPE_INSTANCE = 0x80000;
const FILE_FLAG_OVERLAPPED = 0x4000_0000;
const PIPE_REJECT_REMOTE_CLIENTS = 8;

const ERROR_HANDLE_EOF = 38;
const ERROR_BROKEN_PIPE = 109;
const ERROR_NO_DATA = 232;
const ERROR_OPERATION_ABORTED = 995;
const ERROR_IO_PENDING = 997;
/** What says that there is no more, and nobody who would read more. */
const ENDS = new Set([ERROR_HANDLE_EOF, ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_OPERATION_ABORTED]);

/** How many bytes are read at once, and how many the pipe holds. */
const SIZE = 65_536;

/** This process's end of a pipe; one operation at a time. */
export class PipeEnd {
  readonly #pipe: Handle;
  readonly #done: Handle;
  #busy = false;
  #closing = false;

  private constructor(pipe: Handle) {
    this.#pipe = pipe;
    this.#done = createEvent("a pipe", true);
  }

  /**
   * Makes a pipe.
   *
   * @param direction Whether this process reads from it or writes to it.
   * @returns This process's end, and an inheritable handle of the other.
   */
  static create(direction: "read" | "write"): { ours: PipeEnd; theirs: Handle } {
    const name = `\\\\.\\pipe\\winipc-${crypto.randomUUID()}`;
    const reads = direction === "read";
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
    if (value === INVALID_HANDLE_VALUE) throw lastError("CreateNamedPipeW", "Cannot make a pipe");
    const ours = new PipeEnd(new Handle(value, "pipe"));
    try {
      const theirs = openExistingFile(name, {
        access: reads ? GENERIC_WRITE : GENERIC_READ,
        share: 0,
        inheritable: true,
        kind: "pipe",
        attempt: "Cannot open a pipe",
      });
      return { ours, theirs };
    } catch (error) {
      ours.close();
      throw error;
    }
  }

  /** Reads what there is, or waits for some; `undefined` when there will be no more. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = new Uint8Array(SIZE);
    const length = await this.#transfer("ReadFile", bytes);
    return length === undefined ? undefined : bytes.slice(0, length);
  }

  /**
   * Writes bytes.
   *
   * @param bytes The bytes.
   * @throws {Deno.errors.BrokenPipe} If nobody reads them any more.
   */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const written = await this.#transfer("WriteFile", bytes.slice(at, at + SIZE));
      if (written === undefined) {
        throw new Deno.errors.BrokenPipe("Cannot write to a pipe that nobody reads any more");
      }
      at += written;
    }
  }

  /** Closes this end; what is being read or written is given up. */
  close(): void {
    this.#closing = true;
    if (this.#busy) kernel32().CancelIoEx(this.#pipe.value, null);
    else this.#free();
  }

  /** Begins an operation and waits for its end; the system writes to the buffers until then. */
  async #transfer(
    api: "ReadFile" | "WriteFile",
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<number | undefined> {
    if (this.#closing) return undefined;
    const attempt = api === "ReadFile" ? "Cannot read from a pipe" : "Cannot write to a pipe";
    const overlapped = new DataView(new ArrayBuffer(32));
    overlapped.setBigUint64(24, this.#done.value, true); // hEvent
    const operation = new Uint8Array(overlapped.buffer);
    inFlight.set(this, [bytes, operation]);
    this.#busy = true;
    try {
      if (!kernel32()[api](this.#pipe.value, bytes, bytes.length, null, operation)) {
        const code = lastErrorCode();
        if (ENDS.has(code)) return undefined;
        if (code !== ERROR_IO_PENDING) throw errorFromCode(code, api, attempt);
      }
      await new RegisteredWait(this.#done).signalled;
      const length = new Uint32Array(1);
      if (kernel32().GetOverlappedResult(this.#pipe.value, operation, length, 0)) return length[0];
      const code = lastErrorCode();
      if (ENDS.has(code)) return undefined;
      throw errorFromCode(code, api, attempt);
    } finally {
      inFlight.delete(this);
      this.#busy = false;
      if (this.#closing) this.#free();
    }
  }

  #free(): void {
    this.#pipe.close();
    this.#done.close();
  }
}

/** What the system reads and writes meanwhile: it knows addresses, which the collector does not see. */
const inFlight = new Map<PipeEnd, [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>]>();
