/**
 * Writes to a file. Writes keep their order. Waits until the peer of a pipe has read everything.
 *
 * A write that has begun goes on when the script gives up, because Windows does not say which of
 * its bytes a cancelled write has delivered. So no write is ever cut, except by `close()`.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-flushfilebuffers}
 * @module
 */

import type { Handle } from "../../ffi/handle.ts";
import { inWorker } from "../../ffi/platform.ts";
import { isPeerGone } from "../../ffi/named_pipe.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { onPoolThread } from "../sync/pool_thread_wait.ts";
import {
  Cancellation,
  deadlineAfter,
  RepeatingTimer,
  timeLeft,
  type WaitOptions,
} from "../wait/options.ts";
import { errorFromCode } from "../../ffi/error.ts";
import { EVENT_LOOP } from "../wait/event_loop.ts";
import { Lock } from "../wait/queue.ts";
import { FileOperation, MAX_ROOM } from "./operation.ts";

/** Pauses between two attempts to cancel a flush that may not have begun yet, in milliseconds. */
const CANCEL_PAUSES = { first: 1, max: 32 };

/**
 * Waits on a pool thread until the peer has read everything.
 *
 * If the signal stops the wait, all operations in flight on the file are cancelled. So no write may
 * be in flight, and a read must begin again.
 *
 * @throws The reason of the signal.
 * @throws {Deno.errors.BrokenPipe} If the peer closed its end before it had read everything, or
 *   before this call.
 * @throws {Deno.errors.NotSupported} In a Worker.
 */
export async function flushFile(file: Handle, label: string, signal: AbortSignal): Promise<void> {
  if (inWorker()) {
    throw new Deno.errors.NotSupported(
      `Cannot wait in a Worker until the peer has read everything from the ${label}: the wait ` +
        "would delay the Worker's end; let the peer answer instead",
    );
  }
  await onPoolThread(() => flush(file, label, signal), signal);
}

async function flush(file: Handle, label: string, signal: AbortSignal): Promise<void> {
  // The call can begin after the file was closed, so it has a handle of its own.
  using handle = file.duplicate();
  const { CancelIoEx, FlushOnPoolThread } = kernel32();
  using stack = new DisposableStack();
  const cancel = () => {
    CancelIoEx(handle.value, null);
    stack.use(new RepeatingTimer(() => CancelIoEx(handle.value, null), CANCEL_PAUSES));
  };
  signal.addEventListener("abort", cancel, { once: true });
  stack.defer(() => signal.removeEventListener("abort", cancel));
  // After the peer's end, Windows says that everything was read, even if nothing was.
  const isDone = !isPeerGone(handle) && await FlushOnPoolThread(handle.value);
  signal.throwIfAborted();
  // The error's code is unknown here: it is the last error of the pool thread.
  if (isDone) return;
  throw new Deno.errors.BrokenPipe(
    `Cannot wait until the peer has read everything from the ${label}: the peer has closed it`,
  );
}

const ERROR_BROKEN_PIPE = 109;
const ERROR_NO_DATA = 232;
const ERROR_PIPE_NOT_CONNECTED = 233;

/** The errors of a write whose peer has closed or disconnected its end of the pipe. */
const BROKEN: readonly number[] = [ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED];

/** The name of a file, and whether it can be written in parts. */
export interface FileWriterOptions {
  /** The file's name in messages: `pipe "\\\\.\\pipe\\x"`. */
  label: string;
  /** Whether each write is a message. Then it is never split. */
  hasMessages: boolean;
  /** The likely reason why the peer is gone, for messages. */
  brokenHint?: string;
}

/** Writes to a file, one write after the other. */
export class FileWriter implements Disposable {
  readonly #file: Handle;
  readonly #label: string;
  readonly #hasMessages: boolean;
  readonly #brokenHint: string;
  readonly #operation: FileOperation;
  /** Held by the write that is in flight. */
  readonly #lock: Lock = new Lock((timeout) => this.#late(timeout));
  /** Stops the flush that is in flight. */
  #flushing: AbortController | undefined;
  /** The flush that goes on, or the last one. */
  #flushed: Promise<void> | undefined;
  #isClosed = false;

  /**
   * Prepares to write to a file.
   *
   * @param file The file. It must stay open until this object is closed.
   */
  constructor(
    file: Handle,
    { label, hasMessages, brokenHint = "the peer has closed it or has ended" }: FileWriterOptions,
  ) {
    this.#file = file;
    this.#label = label;
    this.#hasMessages = hasMessages;
    this.#brokenHint = brokenHint;
    this.#operation = new FileOperation(file);
  }

  /**
   * Writes all bytes after all earlier writes, and waits while the pipe is full.
   *
   * If the wait is stopped before Windows has any of the bytes, none of them is written. Otherwise
   * all of them still are.
   *
   * @param bytes The bytes. They can be changed when this method has returned its promise.
   * @throws The reason of the signal, if the signal stops the wait.
   * @throws {Deno.errors.TimedOut} If the time is over.
   * @throws {Deno.errors.BrokenPipe} If the peer has closed its end.
   * @throws {Deno.errors.BadResource} If this object is closed, also during the wait.
   */
  async write(bytes: Uint8Array, { timeout = Infinity, signal }: WaitOptions): Promise<void> {
    const deadline = deadlineAfter(timeout);
    this.#assertOpen();
    let source = bytes;
    if (!this.#lock.tryAcquire()) {
      source = bytes.slice();
      await this.#acquire({ timeout, ...(signal && { signal }) });
    }
    const written = this.#writeAll(source);
    // Only the first part of a longer write has begun.
    const isOver = !this.#operation.isInFlight && source.length <= MAX_ROOM;
    if (isOver || timeout === Infinity && signal === undefined) return await written;
    await within(written, deadline, () => this.#late(timeout), signal);
  }

  /**
   * Waits until all writes are over, also those that nobody waits for any more.
   *
   * @throws {Deno.errors.TimedOut} If the time is over.
   */
  async drain(options: WaitOptions): Promise<void> {
    await this.#lock.acquire(options);
    this.#lock.release();
  }

  /** Whether no write is in flight and none waits. */
  get isIdle(): boolean {
    return !this.#lock.isHeld;
  }

  /**
   * Waits until the peer has read everything. Later writes wait for that, too.
   *
   * @throws The reason of the signal, if the signal stops the wait.
   * @throws {Deno.errors.TimedOut} If the time is over.
   * @throws {Deno.errors.BrokenPipe} If the peer closed its end before it had read everything. If
   *   the peer closed it before this call, nobody can tell.
   * @throws {Deno.errors.NotSupported} In a Worker.
   * @throws {Deno.errors.BadResource} If this object is closed, also during the wait.
   */
  async flush({ timeout = Infinity, signal }: WaitOptions): Promise<void> {
    const deadline = deadlineAfter(timeout);
    await this.#acquire({ timeout, ...(signal && { signal }) });
    if (this.#isClosed) {
      this.#lock.release();
      throw this.#closedError();
    }
    // A later flush can begin before this method goes on, so its end must not stop that flush.
    const flushing = new AbortController();
    this.#flushing = flushing;
    const flushed = flushFile(this.#file, this.#label, flushing.signal)
      .finally(() => this.#lock.release());
    this.#flushed = flushed;
    try {
      await within(flushed, deadline, () => this.#notRead(timeout), signal);
    } finally {
      flushing.abort();
    }
  }

  /** Sets whether a write in flight keeps the process alive. */
  hold(isHeld: boolean): void {
    this.#operation.hold(isHeld);
  }

  /** Cancels a write in flight, and ends all waits. */
  close(): void {
    this.#isClosed = true;
    this.#flushing?.abort(this.#closedError());
    this.#operation.close();
  }

  /** Resolves when no thread works for this writer any more, after `close()`. */
  async left(): Promise<void> {
    await Promise.all([this.#operation.left(), this.#flushed?.catch(() => {})]);
  }

  /** Closes the writer at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Takes the lock, or waits for it. */
  async #acquire(options: WaitOptions): Promise<void> {
    await this.#lock.acquire(options);
    if (!options.signal?.aborted) return;
    // The signal was aborted after the task had got the lock, and before this line.
    this.#lock.release();
    throw options.signal.reason;
  }

  /** Writes all bytes, and then releases the lock. The first part begins before the first await. */
  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      if (this.#hasMessages || bytes.length <= MAX_ROOM) return await this.#writePart(bytes);
      // The script can change its bytes as soon as it stops to wait.
      const copy = bytes.slice();
      for (let at = 0; at < copy.length; at += MAX_ROOM) {
        await this.#writePart(copy.subarray(at, at + MAX_ROOM));
      }
    } finally {
      this.#lock.release();
    }
  }

  async #writePart(bytes: Uint8Array): Promise<void> {
    this.#assertOpen();
    if (bytes.length === 0 && !this.#hasMessages) return;
    const operation = this.#operation;
    if (operation.isInFlight) {
      // The wait for the write before has failed. Windows still uses the memory of that write.
      await operation.untilOver({});
      this.#assertOpen();
    }
    operation.makeRoom(bytes.length);
    operation.data.set(bytes);
    let result = operation.beginWrite(bytes.length);
    if (result === undefined) {
      await operation.untilOver({});
      this.#assertOpen();
      result = operation.takeResult();
    } else if (EVENT_LOOP.countWait()) {
      await EVENT_LOOP.turn();
    }
    operation.trim();
    if (result.code === 0) return;
    throw errorFromCode(
      result.code,
      "WriteFile",
      `Cannot write to the ${this.#label}`,
      BROKEN.includes(result.code) ? { as: "BrokenPipe", hint: this.#brokenHint } : {},
    );
  }

  #notRead(timeout: number): Error {
    return new Deno.errors.TimedOut(
      `Waited ${timeout} ms until the peer has read everything from the ${this.#label}`,
    );
  }

  #late(timeout: number): Error {
    return new Deno.errors.TimedOut(
      `Waited ${timeout} ms to write to the ${this.#label}: the peer does not read`,
    );
  }

  #assertOpen(): void {
    if (this.#isClosed) throw this.#closedError();
  }

  #closedError(): Error {
    return new Deno.errors.BadResource(`The ${this.#label} is closed`);
  }
}

/**
 * Waits for work that goes on if the wait is stopped. Nobody hears of its failure then; the next
 * write fails, too.
 */
async function within(
  work: Promise<void>,
  deadline: number,
  late: () => Error,
  signal: AbortSignal | undefined,
): Promise<void> {
  work.catch(() => {});
  const end = Promise.withResolvers<void>();
  using cancellation = new Cancellation({
    timeout: Math.ceil(timeLeft(deadline)),
    onTimeout: () => end.reject(late()),
    signal,
    onAbort: end.reject,
  });
  // The work itself keeps the process alive, unless it must not.
  cancellation.unref();
  await Promise.race([work, end.promise]);
}
