/**
 * One end of a connection over a named pipe, similar to `Deno.Conn`.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-operations}
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-type-read-and-wait-modes}
 * @module
 */

import {
  assertBytes,
  bytesOf,
  type ByteSource,
  integerFrom,
  oneOf,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { type Handle, Uncloneable } from "../../ffi/handle.ts";
import { carriesMessages, type PipeDirection } from "../../ffi/named_pipe.ts";
import { FileReader, readableOf, writableOf } from "../io/reader.ts";
import { FileWriter } from "../io/writer.ts";
import { assertCanWait, deadlineAfter, timeLeft, type WaitOptions } from "../wait/options.ts";
import { openPeer, peerOf, type PipePeer, userOfPeer } from "./peer.ts";

/**
 * The kind of a pipe. With `"bytes"`, a read returns any bytes that have arrived. With
 * `"messages"`, a read returns exactly the bytes of one write.
 */
export type PipeMode = "bytes" | "messages";

/** All values of {@linkcode PipeMode}. */
export const PIPE_MODES = ["bytes", "messages"] as const satisfies PipeMode[];

/** The options that both ends of a pipe have. */
export interface PipeOptions {
  /**
   * Whether the pipe carries bytes or messages. Both ends should agree: a client with `"bytes"` can
   * connect to a pipe of messages, but sees no boundaries.
   *
   * @default "bytes"
   */
  mode?: PipeMode;
  /**
   * The meaning of an empty message. `"data"`: a message like any other. `"end"`: the peer writes
   * no more, which .NET, go-winio and WCF understand too. It needs `mode: "messages"`.
   *
   * @default "data"
   */
  emptyMessage?: "data" | "end";
  /**
   * Maximum length of a received message in bytes, so that a hostile peer cannot use up the memory.
   * A longer message ends the connection. @default 67_108_864
   */
  maxMessageLength?: number;
}

/** The checks of {@linkcode PipeOptions}. */
export const PIPE_CHECKS: OptionChecks<PipeOptions> = {
  mode: oneOf(PIPE_MODES),
  emptyMessage: oneOf(["data", "end"]),
  maxMessageLength: integerFrom(1),
};

/** Maximum length of a sent message in bytes, because Windows takes the length as 32 bits. */
const MAX_SENT = 2 ** 32 - 1;
/** Default for {@linkcode PipeOptions.maxMessageLength}, in bytes. */
const MAX_MESSAGE_LENGTH = 2 ** 26;

/**
 * Throws unless the options of an end fit each other.
 *
 * @throws {TypeError} If an option needs `mode: "messages"`.
 */
export function assertPipeOptions({ mode, emptyMessage, maxMessageLength }: PipeOptions): void {
  if (mode === "messages") return;
  if (emptyMessage === "end") {
    throw new TypeError('{ emptyMessage: "end" } needs { mode: "messages" }');
  }
  if (maxMessageLength !== undefined) {
    throw new TypeError('{ maxMessageLength } needs { mode: "messages" }');
  }
}

/**
 * Time that `close()` waits until all writes are over, in milliseconds, because a peer that never
 * reads must not hold the connection for ever.
 */
const MAX_DRAIN = 5000;

/** An end of a pipe that a client has connected to. */
export interface PipeEnd {
  /** The handle. The connection closes it. */
  handle: Handle;
  /** The pipe's path: `\\\\.\\pipe\\x`. */
  path: string;
  /** The pipe's name in messages: `pipe "\\\\.\\pipe\\x"`. */
  label: string;
  /** The end that this process has. */
  end: "server" | "client";
  /** The direction of the bytes. */
  direction: PipeDirection;
  /** Called once, when the connection is closed. */
  onClose?: () => void;
}

/** Opens the process at the other end of a connection, to put handles into it. */
export let openPeerOf: (connection: PipeConnection) => Handle;

/**
 * Reads the next bytes, as a stream would: in a pipe of messages, one message.
 *
 * @returns The bytes, or `null` if the peer has closed its end.
 */
export let takeChunk: (connection: PipeConnection) => Promise<Uint8Array<ArrayBuffer> | null>;

/** Returns whether the pipe of a connection carries messages: see `carriesMessages` of ffi/. */
export let pipeHasMessages: (connection: PipeConnection) => boolean;

/** How a connection reads and writes. */
export interface ConnectionForm {
  /** The pipe's name in messages: `pipe "\\\\.\\pipe\\x"`. */
  readonly label: string;
  /** Whether each write is a message, and each read returns one. */
  readonly hasMessages: boolean;
  /** Whether an empty message is the end. */
  readonly endsByEmpty: boolean;
  /** Maximum length of a received message in bytes. */
  readonly maxMessageLength: number;
}

/** Returns how a connection reads and writes. */
export let formOf: (connection: PipeConnection) => ConnectionForm;

/** Makes the connection for an end of a pipe. */
export let connectionOver: (end: PipeEnd, options: PipeOptions) => PipeConnection;

/**
 * A connection over a named pipe, similar to `Deno.Conn`.
 *
 * @example Send a question, and read the answer
 * ```ts
 * import { connectPipe, listenPipe } from "@winipc/winipc/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using listener = listenPipe({ name: "docs of PipeConnection", mode: "messages" });
 * const client = await connectPipe("docs of PipeConnection", { mode: "messages" });
 * await using connection = await listener.accept();
 *
 * await client.write(new TextEncoder().encode("2 + 3"));
 * const question = await connection.readMessage();
 * assertEquals(new TextDecoder().decode(question!), "2 + 3");
 *
 * client.close();
 * assertEquals(await connection.readMessage(), null);
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/named-pipe-operations}
 */
export class PipeConnection extends Uncloneable implements AsyncDisposable {
  /** The pipe's path: `\\.\pipe\x`. */
  readonly path: string;
  /** The process at the other end. */
  readonly peer: PipePeer;
  /** Resolves when this end is closed, and everything is released. It never rejects. */
  readonly closed: Promise<void>;
  readonly #closed = Promise.withResolvers<void>();
  readonly #pipe: PipeEnd;
  /** The time when this end was made, in milliseconds as of `Date.now()`. */
  readonly #since = Date.now();
  readonly #hasMessages: boolean;
  readonly #endsByEmpty: boolean;
  readonly #maxMessageLength: number;
  readonly #reader: FileReader;
  readonly #writer: FileWriter;
  /** The parts of a message that has not arrived whole. */
  #parts: Uint8Array<ArrayBuffer>[] = [];
  /** A whole message that consists of parts, until a read takes it. */
  #message: Uint8Array<ArrayBuffer> | undefined;
  #isReading = false;
  /** Lets the stream read when the read of the script is over. */
  #onReadOver: (() => void) | undefined;
  /** Whether the peer has said that it writes no more. */
  #isReadOver = false;
  /** Whether `closeWrite()` was called. */
  #isWriteOver = false;
  #isClosing = false;
  #isClosed = false;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #writable: WritableStream<ByteSource> | undefined;

  static {
    openPeerOf = (connection) => openPeer(connection.#pipe, connection.peer.pid, connection.#since);
    takeChunk = (connection) => connection.#exclusively({}, () => connection.#take({}));
    pipeHasMessages = (connection) => carriesMessages(connection.#pipe.handle);
    formOf = (connection) => ({
      label: connection.#pipe.label,
      hasMessages: connection.#hasMessages,
      endsByEmpty: connection.#endsByEmpty,
      maxMessageLength: connection.#maxMessageLength,
    });
    connectionOver = (...args) => new PipeConnection(...args);
  }

  private constructor(
    pipe: PipeEnd,
    { mode = "bytes", emptyMessage = "data", maxMessageLength = MAX_MESSAGE_LENGTH }: PipeOptions,
  ) {
    super();
    this.#pipe = pipe;
    this.path = pipe.path;
    this.closed = this.#closed.promise;
    this.#hasMessages = mode === "messages";
    this.#endsByEmpty = emptyMessage === "end";
    this.#maxMessageLength = maxMessageLength;
    const { handle, label } = pipe;
    const options = { label, hasMessages: this.#hasMessages };
    using stack = new DisposableStack();
    stack.use(handle);
    this.peer = peerOf(pipe);
    this.#reader = stack.use(new FileReader(handle, options));
    this.#writer = stack.use(new FileWriter(handle, options));
    stack.move();
  }

  /**
   * The bytes that the peer writes. In a pipe of messages, each chunk is one message.
   *
   * The connection is closed when the peer has closed its end, and when the stream is cancelled.
   *
   * @throws {Deno.errors.NotSupported} If the pipe's direction does not allow reads.
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#assertReads();
    return this.#readable ??= readableOf({
      read: async () => await this.#readNext() ?? undefined,
      // After the peer's closeWrite() this end can still write.
      end: () => {
        if (!this.#isReadOver || this.#isWriteOver) this.close();
      },
    });
  }

  /**
   * A stream that writes to the peer. In a pipe of messages, each chunk is one message.
   *
   * A close of the stream closes the connection. With `emptyMessage: "end"`, it calls
   * {@linkcode PipeConnection.closeWrite} instead.
   *
   * @throws {Deno.errors.NotSupported} If the pipe's direction does not allow writes.
   */
  get writable(): WritableStream<ByteSource> {
    this.#assertWrites();
    return this.#writable ??= writableOf({
      what: "a pipe",
      write: async (bytes) => await this.write(bytes),
      close: async () => {
        if (!this.#endsByEmpty) return this.close();
        await this.closeWrite();
        if (this.#isReadOver) this.close();
      },
      abort: () => this.abort(),
    });
  }

  /**
   * Reads bytes from the peer. In a pipe of messages, it reads one whole message.
   *
   * A read that is stopped loses no byte: the next read returns the bytes. Nothing is written to
   * `into` after this method has rejected.
   *
   * @param into The array to fill, from its beginning on.
   * @returns The number of bytes, or `null` if the peer has closed its end. In a pipe of messages,
   *   0 is an empty message.
   * @throws {RangeError} If the next message is longer than `into`. It can still be read.
   * @throws {TypeError} If {@linkcode PipeConnection.readable} is locked.
   * @throws {Deno.errors.Busy} If another read is not over.
   * @throws {Deno.errors.InvalidData} If a message is longer than `maxMessageLength`. The
   *   connection is then closed.
   * @throws {Deno.errors.ConnectionReset} If the peer ended before it had sent its message whole.
   * @throws {Deno.errors.NotSupported} If the pipe's direction does not allow reads.
   * @throws {Deno.errors.TimedOut} If the time is over.
   * @throws {Deno.errors.BadResource} If the connection is closed, also during the read.
   */
  async read(into: Uint8Array, options: WaitOptions = {}): Promise<number | null> {
    assertBytes("the target of a read", into);
    return await this.#exclusively(options, async () => {
      const bytes = await this.#look(options);
      // A close during the await has taken the bytes away.
      this.#assertOpen();
      if (bytes === undefined) return null;
      // The script can have transferred its buffer away during the await, or made it shorter.
      const target = bytesOf("the target of a read", into);
      if (this.#hasMessages && bytes.length > target.length) {
        throw new RangeError(
          `Expected a buffer of at least ${bytes.length} bytes for the next message from the ` +
            `${this.#pipe.label}, got ${target.length}`,
        );
      }
      const length = Math.min(bytes.length, target.length);
      target.set(bytes.subarray(0, length));
      this.#skip(length);
      return length;
    });
  }

  /**
   * Reads one whole message.
   *
   * A read that is stopped loses no message: the next read returns the message.
   *
   * @returns The message, or `null` if the peer has closed its end.
   * @throws {TypeError} If the pipe carries bytes, or {@linkcode PipeConnection.readable} is locked.
   * @throws {Deno.errors.Busy} If another read is not over.
   * @throws {Deno.errors.InvalidData} If the message is longer than `maxMessageLength`. The
   *   connection is then closed.
   * @throws {Deno.errors.ConnectionReset} If the peer ended before it had sent its message whole.
   * @throws {Deno.errors.NotSupported} If the pipe's direction does not allow reads.
   * @throws {Deno.errors.TimedOut} If the time is over.
   * @throws {Deno.errors.BadResource} If the connection is closed, also during the read.
   */
  async readMessage(options: WaitOptions = {}): Promise<Uint8Array<ArrayBuffer> | null> {
    if (!this.#hasMessages) {
      throw new TypeError(
        `Cannot read a message from the ${this.#pipe.label}: it carries bytes; use ` +
          '{ mode: "messages" } at both ends',
      );
    }
    return await this.#exclusively(options, () => this.#take(options));
  }

  /**
   * Writes all bytes, after all earlier writes. In a pipe of messages, they are one message.
   *
   * The promise resolves when Windows has the bytes, not when the peer has read them; see
   * {@linkcode PipeConnection.flushed}. While the pipe is full, the write waits for the peer.
   *
   * A write that is stopped is never cut: either all of its bytes are still written, or none.
   *
   * @param bytes The bytes. They can be changed when this method has returned its promise.
   * @returns The number of bytes.
   * @throws {RangeError} If a message has 4 GiB or more.
   * @throws {Deno.errors.BrokenPipe} If the peer has closed its end, or after `closeWrite()`.
   * @throws {Deno.errors.NotSupported} If the pipe's direction does not allow writes.
   * @throws {Deno.errors.TimedOut} If the time is over.
   * @throws {Deno.errors.BadResource} If the connection is closed, also during the write.
   */
  async write(bytes: ByteSource, options: WaitOptions = {}): Promise<number> {
    const source = bytesOf("the bytes", bytes);
    this.#assertWrites();
    assertCanWait(options);
    this.#assertOpen();
    if (this.#isWriteOver) {
      throw new Deno.errors.BrokenPipe(
        `Cannot write to the ${this.#pipe.label}: closeWrite() was called`,
      );
    }
    const { length } = source;
    // It would be the end for the peer. go-winio ignores such a write, too.
    if (length === 0 && this.#endsByEmpty) return 0;
    if (this.#hasMessages && length > MAX_SENT) {
      throw new RangeError(
        `Expected a message of at most ${MAX_SENT} bytes for the ${this.#pipe.label}, got ` +
          `${length}`,
      );
    }
    await this.#writer.write(source, options);
    // The script can have transferred its buffer away, so the length is that at the call.
    return length;
  }

  /**
   * Tells the peer that this end writes no more, by an empty message. This end can still read.
   *
   * @throws {Deno.errors.NotSupported} If the connection has no `emptyMessage: "end"`. A pipe of
   *   bytes has no half close.
   * @throws {Deno.errors.BrokenPipe} If the peer has closed its end.
   * @throws {Deno.errors.BadResource} If the connection is closed.
   */
  async closeWrite(): Promise<void> {
    this.#assertWrites();
    this.#assertOpen();
    if (!this.#endsByEmpty) {
      throw new Deno.errors.NotSupported(
        `Cannot close only the writing half of the ${this.#pipe.label}: ` +
          (this.#hasMessages
            ? 'both ends must agree on { emptyMessage: "end" }'
            : 'a pipe of bytes has no such half; use { mode: "messages", emptyMessage: "end" } ' +
              "at both ends, or close()"),
      );
    }
    if (this.#isWriteOver) return;
    this.#isWriteOver = true;
    await this.#writer.write(new Uint8Array(), {});
  }

  /**
   * Finds out the user at the other end, and returns the user's security identifier:
   * `"S-1-5-21-…"`.
   *
   * The token of the peer's process is asked first. If that is denied, a server acts as the client
   * for a moment, which Windows allows only after the first read. A client then takes the owner of
   * the pipe.
   *
   * @throws {Deno.errors.PermissionDenied} If Windows does not let this process find out.
   * @throws {Deno.errors.BadResource} If the connection is closed.
   */
  async peerUser(): Promise<string> {
    this.#assertOpen();
    return await Promise.resolve(userOfPeer(this.#pipe, this.peer.pid, this.#since));
  }

  /**
   * Waits until the peer has read everything that was written.
   *
   * A thread of Deno's pool waits during this time, and keeps the process alive, even after
   * `unref()`. At most two threads for each processor do so at a time; a further call waits until
   * one of them is free.
   *
   * @throws {Deno.errors.BrokenPipe} If the peer closed its end before it had read everything. If
   *   the peer closed it before this call, nobody can tell.
   * @throws {Deno.errors.NotSupported} If the pipe's direction does not allow writes, and in a
   *   Worker, because the wait would delay the Worker's end.
   * @throws {Deno.errors.TimedOut} If the time is over.
   * @throws {Deno.errors.BadResource} If the connection is closed, also during the wait.
   * @see {@link https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-flushfilebuffers}
   */
  async flushed(options: WaitOptions = {}): Promise<void> {
    this.#assertWrites();
    assertCanWait(options);
    this.#assertOpen();
    await this.#writer.flush(options);
  }

  /**
   * Closes the connection. The peer still gets everything that was written before.
   *
   * A write that is not over gets up to 5 seconds; {@linkcode PipeConnection.closed} resolves when
   * it is over. A pending read rejects.
   */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#reader.close();
    if (this.#writer.isIdle) return this.#release();
    // The process must not end before the peer has the bytes.
    this.#writer.hold(true);
    this.#writer.drain({ timeout: MAX_DRAIN }).catch(() => {}).then(() => this.#release());
  }

  /** Closes the connection at once. Writes that are not over are cancelled. */
  abort(): void {
    this.#isClosing = true;
    this.#release();
  }

  /** Makes a pending read or write keep the process alive, as it does by default. */
  ref(): void {
    this.#hold(true);
  }

  /** Lets the process end during a read or a write. */
  unref(): void {
    this.#hold(false);
  }

  /** Closes the connection, and waits until all writes are over, at the end of a block. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.closed;
  }

  #hold(isHeld: boolean): void {
    if (this.#isClosing) return;
    this.#reader.hold(isHeld);
    this.#writer.hold(isHeld);
  }

  #release(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts = [];
    this.#message = undefined;
    this.#reader.close();
    this.#writer.close();
    this.#pipe.handle.close();
    this.#pipe.onClose?.();
    const left = Promise.all([this.#reader.left(), this.#writer.left()]);
    void left.then(() => this.#closed.resolve());
  }

  /** Calls a function that reads, unless another read is not over. */
  async #exclusively<T>(options: WaitOptions, read: () => Promise<T>): Promise<T> {
    this.#assertReads();
    assertCanWait(options);
    this.#assertOpen();
    if (this.#readable?.locked) {
      throw new TypeError(
        `Cannot read from the ${this.#pipe.label}: a reader of its "readable" has locked it`,
      );
    }
    return await this.#alone(read);
  }

  async #alone<T>(read: () => Promise<T>): Promise<T> {
    if (this.#isReading) {
      throw new Deno.errors.Busy(
        `Cannot read from the ${this.#pipe.label}: another read is not over; await it first`,
      );
    }
    this.#isReading = true;
    try {
      return await read();
    } finally {
      this.#isReading = false;
      this.#onReadOver?.();
    }
  }

  /**
   * Reads the next chunk of the stream, after a read of the script that is not over. An error would
   * end the stream, and with it the connection.
   */
  async #readNext(): Promise<Uint8Array<ArrayBuffer> | null> {
    while (this.#isReading) await new Promise<void>((resolve) => this.#onReadOver = resolve);
    this.#onReadOver = undefined;
    return await this.#alone(() => this.#take({}));
  }

  async #take(options: WaitOptions): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = await this.#look(options);
    this.#assertOpen();
    if (bytes === undefined) return null;
    // A message of several parts is no longer in the memory of a read, so it needs no copy.
    const taken = bytes === this.#message ? bytes : bytes.slice();
    this.#skip(bytes.length);
    return taken;
  }

  /** Waits for the next bytes, or for the next whole message, and leaves them where they are. */
  async #look(options: WaitOptions): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#isReadOver) return undefined;
    if (!this.#hasMessages) return (await this.#reader.next(options))?.bytes;
    const { timeout = Infinity } = options;
    const deadline = deadlineAfter(timeout);
    while (this.#message === undefined) {
      const piece = await this.#reader.next({
        ...options,
        timeout: Math.ceil(timeLeft(deadline)),
      });
      this.#assertOpen();
      if (piece === undefined) return this.#endWithout();
      const { bytes, isPart } = piece;
      const isWhole = !isPart && this.#parts.length === 0;
      this.#assertLength(bytes.length);
      if (isWhole && bytes.length > 0) return bytes;
      if (isWhole && this.#endsByEmpty) {
        this.#reader.skip(0);
        this.#isReadOver = true;
        return undefined;
      }
      this.#parts.push(bytes.slice());
      this.#reader.skip(bytes.length);
      if (!isPart) this.#message = this.#join();
      // More parts can follow without a wait, for as long as the peer writes.
      else if (timeout !== 0 && timeLeft(deadline) === 0) throw this.#reader.late(timeout);
    }
    return this.#message;
  }

  #skip(length: number): void {
    if (this.#message === undefined) this.#reader.skip(length);
    else this.#message = undefined;
  }

  /** Joins the parts of a message. */
  #join(): Uint8Array<ArrayBuffer> {
    const message = new Uint8Array(this.#arrived());
    let at = 0;
    for (const part of this.#parts) {
      message.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    return message;
  }

  /** The number of bytes of the message that has not arrived whole. */
  #arrived(): number {
    return this.#parts.reduce((sum, { length }) => sum + length, 0);
  }

  #assertLength(more: number): void {
    const length = this.#arrived() + more;
    if (length <= this.#maxMessageLength) return;
    this.abort();
    throw new Deno.errors.InvalidData(
      `Cannot read from the ${this.#pipe.label}: the peer has sent a message of more than ` +
        `${this.#maxMessageLength} bytes, so the connection was closed; raise maxMessageLength ` +
        "if such messages are right",
    );
  }

  #endWithout(): undefined {
    if (this.#parts.length === 0) return undefined;
    const length = this.#arrived();
    this.#parts = [];
    throw new Deno.errors.ConnectionReset(
      `Cannot read from the ${this.#pipe.label}: the peer ended after ${length} bytes of a message`,
    );
  }

  #assertOpen(): void {
    if (!this.#isClosing) return;
    throw new Deno.errors.BadResource(`The ${this.#pipe.label} is closed`);
  }

  #assertReads(): void {
    this.#assertDirection("read from", this.#pipe.end === "server" ? "outbound" : "inbound");
  }

  #assertWrites(): void {
    this.#assertDirection("write to", this.#pipe.end === "server" ? "inbound" : "outbound");
  }

  #assertDirection(verb: string, wrong: PipeDirection): void {
    const { direction, end, label } = this.#pipe;
    if (direction !== wrong) return;
    throw new Deno.errors.NotSupported(
      `Cannot ${verb} the ${label} as its ${end}: its direction is "${direction}"`,
    );
  }
}
