/**
 * Reads a file piece by piece, and makes Web Streams over files.
 *
 * A read that has begun goes on when the script gives up, and the next read finds its bytes. So a
 * script loses no bytes by a timeout or a signal.
 *
 * @module
 */

import { errorFromCode } from "../../ffi/error.ts";
import type { Handle } from "../../ffi/handle.ts";
import type { OperationResult } from "../../ffi/file.ts";
import { EVENT_LOOP } from "../wait/event_loop.ts";
import { deadlineAfter, timeLeft, type WaitOptions } from "../wait/options.ts";
import { FileOperation } from "./operation.ts";
import { type ByteSource, copyOfBytes } from "../../ffi/arguments.ts";

const ERROR_HANDLE_EOF = 38;
const ERROR_BROKEN_PIPE = 109;
const ERROR_NO_DATA = 232;
const ERROR_PIPE_NOT_CONNECTED = 233;
const ERROR_MORE_DATA = 234;
const ERROR_OPERATION_ABORTED = 995;

/** The errors of a read after the end: the peer has closed or disconnected its end of the pipe. */
const ENDS: readonly number[] = [
  ERROR_HANDLE_EOF,
  ERROR_BROKEN_PIPE,
  ERROR_NO_DATA,
  ERROR_PIPE_NOT_CONNECTED,
];

/** The maximum number of bytes of the first read. */
export const READ_SIZE = 65_536;
/** The maximum number of bytes of any read, and the size of the buffers of our pipes. */
export const MAX_READ_SIZE = 262_144;

/** Bytes that were read, and have not been taken yet. */
export interface Piece {
  /** The bytes. They are valid until the next call of the reader. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Whether further bytes of the same message follow. */
  isPart: boolean;
}

/** The name of a file, and the meaning of an empty read. */
export interface FileReaderOptions {
  /** The file's name in messages: `pipe "\\\\.\\pipe\\x"`. */
  label: string;
  /**
   * Whether the file consists of messages, which can be empty. Otherwise an empty read is ignored.
   */
  hasMessages: boolean;
}

/** Reads a file, one piece at a time. */
export class FileReader implements Disposable {
  readonly #label: string;
  readonly #hasMessages: boolean;
  readonly #operation: FileOperation;
  /** The bytes that were read and are not skipped yet. */
  #piece: Piece | undefined;
  /** The maximum number of bytes of the next read. */
  #readSize = READ_SIZE;
  #hasBegun = false;
  #isAtEnd = false;
  #isClosed = false;

  /**
   * Prepares to read a file; no read begins yet.
   *
   * @param file The file. It must stay open until this object is closed.
   */
  constructor(file: Handle, { label, hasMessages }: FileReaderOptions) {
    this.#label = label;
    this.#hasMessages = hasMessages;
    this.#operation = new FileOperation(file);
  }

  /**
   * Waits until there are bytes. The same bytes are returned until {@linkcode skip} skips them.
   *
   * @returns The bytes, or `undefined` at the end of the file.
   * @throws The reason of the signal, if the signal stops the wait.
   * @throws {Deno.errors.TimedOut} If the time is over.
   * @throws {Deno.errors.BadResource} If this object is closed, also during the wait.
   */
  async next(options: WaitOptions): Promise<Piece | undefined> {
    const { timeout = Infinity } = options;
    const deadline = deadlineAfter(timeout);
    while (this.#piece === undefined && !this.#isAtEnd) {
      this.#assertOpen();
      const result = this.#begin();
      const left = Math.ceil(timeLeft(deadline));
      if (result !== undefined) {
        this.#keep(result);
        // A peer that always has more bytes must not keep the event loop from running.
        if (EVENT_LOOP.countWait()) await EVENT_LOOP.turn();
        // A peer that writes nothing again and again must not prolong the wait.
        options.signal?.throwIfAborted();
        if (this.#piece === undefined && !this.#isAtEnd && left === 0) throw this.late(timeout);
        continue;
      }
      if (!await this.#operation.untilOver({ ...options, timeout: left })) throw this.late(timeout);
      this.#assertOpen();
      this.#keep(this.#operation.takeResult());
    }
    this.#assertOpen();
    return this.#piece;
  }

  /**
   * Skips bytes that {@linkcode next} has returned. If none are left, the next call reads more.
   *
   * @param length The number of bytes, at most the length of the piece.
   */
  skip(length: number): void {
    if (this.#piece === undefined) return;
    const { bytes, isPart } = this.#piece;
    this.#piece = length < bytes.length ? { bytes: bytes.subarray(length), isPart } : undefined;
  }

  /** Makes the error of a read whose time is over. */
  late(timeout: number): Error {
    return new Deno.errors.TimedOut(
      `Waited ${timeout} ms to read from the ${this.#label}: the peer has written too little`,
    );
  }

  /** Sets whether a wait for bytes keeps the process alive. */
  hold(isHeld: boolean): void {
    this.#operation.hold(isHeld);
  }

  /** Cancels a read in flight, and ends the wait for it. */
  close(): void {
    this.#isClosed = true;
    this.#piece = undefined;
    this.#operation.close();
  }

  /** Resolves when no thread waits for this reader any more, after `close()`. */
  async left(): Promise<void> {
    await this.#operation.left();
  }

  /** Closes the reader at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Begins a read, unless one is in flight. Returns the result of a read that is already over. */
  #begin(): OperationResult | undefined {
    if (this.#hasBegun) return undefined;
    this.#operation.reserve(this.#readSize);
    const result = this.#operation.beginRead();
    this.#hasBegun = result === undefined;
    return result;
  }

  #keep({ length, code }: OperationResult): void {
    this.#hasBegun = false;
    if (ENDS.includes(code)) this.#isAtEnd = true;
    // A flush that was given up cancels everything in flight; see connection.ts.
    else if (code === ERROR_OPERATION_ABORTED) return;
    else if (code !== 0 && code !== ERROR_MORE_DATA) {
      throw errorFromCode(code, "ReadFile", `Cannot read from the ${this.#label}`);
    } else if (length > 0 || this.#hasMessages) {
      const bytes = this.#operation.data.subarray(0, length);
      // Only the reader of a busy peer needs the larger memory.
      if (length === READ_SIZE) this.#readSize = MAX_READ_SIZE;
      this.#piece = { bytes, isPart: code === ERROR_MORE_DATA };
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Deno.errors.BadResource(`The ${this.#label} is closed`);
  }
}

/** The functions of a file that a stream reads. */
export interface StreamSource {
  /** Reads the next bytes, or returns `undefined` at the end. */
  read: () => Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Called at the end, on cancel and after an error. */
  end: () => void;
}

/** Returns a stream that reads a file only when the script reads the stream. */
export function readableOf({ read, end }: StreamSource): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      let isOpen = false;
      try {
        const bytes = await read();
        isOpen = bytes !== undefined;
        if (isOpen) controller.enqueue(bytes);
        else controller.close();
      } finally {
        if (!isOpen) end();
      }
    },
    cancel: end,
  }, { highWaterMark: 0 });
}

/** The functions of a file that a stream writes to. */
export interface StreamSink {
  /** The kind of file, for messages: `a pipe`. */
  what: string;
  /** Writes all bytes. */
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<unknown>;
  /** Called when the script closes the stream. */
  close: () => void | Promise<void>;
  /** Called when the script aborts the stream, and after an error. */
  abort: () => void;
}

/** Returns a stream that writes each chunk whole. */
export function writableOf({ what, write, close, abort }: StreamSink): WritableStream<ByteSource> {
  return new WritableStream({
    start(controller) {
      // abort() below is called only when no write is pending. A write to a full pipe can be
      // pending for ever, so the signal aborts it.
      controller.signal.addEventListener("abort", abort);
    },
    async write(chunk) {
      try {
        // This writes a copy, because the script can transfer its bytes away while the pipe is
        // full.
        await write(copyOfBytes(`a chunk for ${what}`, chunk));
      } catch (error) {
        // The stream is errored now and calls neither close() nor abort() any more.
        abort();
        throw error;
      }
    },
    close,
    abort,
  });
}
