/**
 * The two ends of a mailslot.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/mailslots}
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/writing-to-a-mailslot}
 * @module
 */

import {
  assertOptions,
  bytesOf,
  type ByteSource,
  copyOfBytes,
  integerFrom,
  oneOf,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { ERROR_INSUFFICIENT_BUFFER, errorFromCode } from "../../ffi/error.ts";
import { type Handle, Uncloneable } from "../../ffi/handle.ts";
import {
  createMailslot,
  MAILSLOT_RIGHTS,
  openMailslotToWrite,
  type UnreadMessages,
  unreadMessages,
  writeToMailslot,
} from "../../ffi/named_pipe.ts";
import type { OperationResult } from "../../ffi/file.ts";
import { assertOwnedBySelf, assertSecurity, sddlFor, type Security } from "../../ffi/security.ts";
import { FileOperation } from "../io/operation.ts";
import { EVENT_LOOP } from "../wait/event_loop.ts";
import { assertCanWait, deadlineAfter, timeLeft, type WaitOptions } from "../wait/options.ts";
import { mailslotPath } from "./name.ts";

/** Options of {@linkcode Mailslot.create}. */
export interface MailslotOptions {
  /**
   * Maximum size of a message in bytes, so that a hostile sender cannot use up the memory. Windows
   * refuses longer messages when they are sent. @default 67_108_864
   */
  maxMessageSize?: number;
  /**
   * The users that can send messages. `"user"` means this user and the system. `"everyone"` means
   * all users of the machine, and also programs of low integrity. A descriptor in SDDL is also
   * possible.
   *
   * @default "user"
   */
  security?: Security;
}

const MAILSLOT_CHECKS: OptionChecks<MailslotOptions> = {
  maxMessageSize: integerFrom(1, 2 ** 31 - 1),
  security: assertSecurity,
};

/** Default for {@linkcode MailslotOptions.maxMessageSize}, in bytes. */
const MAX_MESSAGE_SIZE = 2 ** 26;
/** The messages in a mailslot; see {@linkcode Mailslot.info}. */
export interface MailslotInfo {
  /** Maximum size of a message in bytes. */
  readonly maxMessageSize: number;
  /** The size of the next message in bytes, or `undefined` if there is none. */
  readonly nextSize: number | undefined;
  /** The number of messages that wait to be received. */
  readonly messageCount: number;
}

/**
 * The receiving end of a mailslot: a queue of messages from any number of senders.
 *
 * The messages of one sender arrive in order, each of them whole and once. Windows keeps all
 * messages that were not received, without a limit. They are lost when the mailslot is closed.
 *
 * @example Collect messages
 * ```ts
 * import { Mailslot, openMailslot } from "@winipc/winipc/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using mailslot = Mailslot.create("docs of Mailslot");
 *
 * // In practice, the senders are other processes.
 * using first = openMailslot("docs of Mailslot");
 * using second = openMailslot("docs of Mailslot");
 * first.send(new TextEncoder().encode("one"));
 * second.send(new TextEncoder().encode("two"));
 *
 * const texts: string[] = [];
 * for await (const message of mailslot) {
 *   texts.push(new TextDecoder().decode(message));
 *   if (texts.length === 2) break;
 * }
 * assertEquals(texts, ["one", "two"]);
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/about-mailslots}
 */
export class Mailslot extends Uncloneable
  implements AsyncIterable<Uint8Array<ArrayBuffer>>, Disposable {
  /** The mailslot's path: `\\.\mailslot\x`. */
  readonly path: string;
  readonly #label: string;
  readonly #maxMessageSize: number;
  readonly #handle: Handle;
  readonly #read: FileOperation;
  /** Whether a read has begun whose result was not taken. It can be over. */
  #hasBegun = false;
  /** The result of a read that is over, until its message is returned. */
  #result: OperationResult | undefined;
  #isReceiving = false;
  #isClosed = false;

  private constructor(
    path: string,
    { maxMessageSize = MAX_MESSAGE_SIZE, security = "user" }: MailslotOptions,
  ) {
    super();
    this.path = path;
    this.#label = `mailslot "${path}"`;
    this.#maxMessageSize = maxMessageSize;
    const settings = { path, label: this.#label, maxMessageSize };
    using stack = new DisposableStack();
    this.#handle = stack.use(createMailslot(settings, sddlFor(security, MAILSLOT_RIGHTS)));
    this.#read = stack.use(new FileOperation(this.#handle));
    this.#read.makeRoom(0);
    stack.move();
  }

  /**
   * Creates a mailslot.
   *
   * @example Create a mailslot that all users of the machine can send to
   * ```ts
   * import { Mailslot } from "@winipc/winipc/pipe";
   * import { assertEquals } from "@std/assert";
   *
   * using mailslot = Mailslot.create("docs of create", {
   *   security: "everyone",
   *   maxMessageSize: 4096,
   * });
   * assertEquals(mailslot.path, "\\\\.\\mailslot\\docs of create");
   * ```
   *
   * @param name The mailslot's name, such as `log`, or its path, such as `\\.\mailslot\log`. Case
   *   is ignored.
   * @throws {Deno.errors.AlreadyExists} If there is a mailslot with the name.
   * @throws {Deno.errors.NotSupported} If the path belongs to another machine or to a domain.
   * @throws {TypeError} If the name or an option is invalid.
   * @throws {RangeError} If the path has more than 256 characters, or an option is out of range.
   */
  static create(name: string, options: MailslotOptions = {}): Mailslot {
    const path = mailslotPath(name);
    assertOptions(options, MAILSLOT_CHECKS);
    return new Mailslot(path, options);
  }

  /**
   * The number of messages that wait to be received, and the size of the next one.
   *
   * @throws {Deno.errors.BadResource} If the mailslot is closed.
   */
  get info(): MailslotInfo {
    this.#assertOpen();
    const { nextSize, count }: UnreadMessages = unreadMessages(this.#handle);
    const maxMessageSize = this.#maxMessageSize;
    this.#settle();
    // A read that is over has taken the first message out of the mailslot.
    return this.#result?.code === 0
      ? { maxMessageSize, nextSize: this.#result.length, messageCount: count + 1 }
      : { maxMessageSize, nextSize, messageCount: count };
  }

  /**
   * Waits for the next message.
   *
   * A wait that is stopped loses no message: the next call returns the message.
   *
   * @returns The message. It can be empty.
   * @throws The reason of the signal, if the signal stops the wait.
   * @throws {Deno.errors.TimedOut} If no message came in time.
   * @throws {Deno.errors.Busy} If another `receive()` is not over.
   * @throws {Deno.errors.InvalidData} If the message was longer than `maxMessageSize`. It is then
   *   dropped, and the next call returns the next message. This happens only on Wine. Windows
   *   refuses such a message when it is sent.
   * @throws {Deno.errors.BadResource} If the mailslot is closed, also during the wait.
   */
  async receive(options: WaitOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    assertCanWait(options);
    this.#assertCanReceive();
    this.#isReceiving = true;
    try {
      return await this.#wait(options);
    } finally {
      this.#isReceiving = false;
    }
  }

  /**
   * Returns the next message, or `undefined` if none has arrived.
   *
   * @throws {Deno.errors.Busy} If a `receive()` is not over.
   * @throws {Deno.errors.InvalidData} As {@linkcode Mailslot.receive} does.
   * @throws {Deno.errors.BadResource} If the mailslot is closed.
   */
  tryReceive(): Uint8Array<ArrayBuffer> | undefined {
    this.#assertCanReceive();
    return this.#next();
  }

  /** Receives message after message, until the mailslot is closed. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array<ArrayBuffer>> {
    while (!this.#isClosed) {
      const message = await this.receive().catch((error: unknown) => {
        if (!this.#isClosed) throw error;
      });
      if (message !== undefined) yield message;
    }
  }

  /** Makes a pending {@linkcode Mailslot.receive} keep the process alive, as by default. */
  ref(): void {
    if (!this.#isClosed) this.#read.hold(true);
  }

  /** Lets the process end while {@linkcode Mailslot.receive} waits. */
  unref(): void {
    if (!this.#isClosed) this.#read.hold(false);
  }

  /**
   * Closes the mailslot. All messages that were not received are lost. A pending `receive()`
   * rejects, and an iteration ends.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#result = undefined;
    this.#read.close();
    this.#handle.close();
  }

  /** Closes the mailslot at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #wait(options: WaitOptions): Promise<Uint8Array<ArrayBuffer>> {
    const { timeout = Infinity, signal } = options;
    const deadline = deadlineAfter(timeout);
    for (;;) {
      // A sender that never stops must not keep the event loop from running.
      if (EVENT_LOOP.countWait()) await EVENT_LOOP.turn();
      this.#assertOpen();
      signal?.throwIfAborted();
      const message = this.#next();
      if (message !== undefined) return message;
      const left = Math.ceil(timeLeft(deadline));
      if (await this.#read.untilOver({ ...options, timeout: left })) continue;
      throw new Deno.errors.TimedOut(`Waited ${timeout} ms for a message in the ${this.#label}`);
    }
  }

  /** Returns the next message. If there is none, a read stays in flight. */
  #next(): Uint8Array<ArrayBuffer> | undefined {
    for (;;) {
      this.#settle();
      this.#result ??= this.#begin();
      if (this.#result === undefined) return undefined;
      const { code, length } = this.#result;
      this.#result = undefined;
      if (code === 0) return this.#take(length);
      // The message can be longer than the memory. Then it is still in the mailslot.
      const isTooLong = code === ERROR_INSUFFICIENT_BUFFER;
      const { nextSize = 0 } = isTooLong ? unreadMessages(this.#handle) : {};
      if (nextSize <= this.#read.data.length) {
        throw errorFromCode(code, "ReadFile", `Cannot receive from the ${this.#label}`);
      }
      this.#read.makeRoom(nextSize);
    }
  }

  /** Takes the result of a read that has begun and is over. */
  #settle(): void {
    if (!this.#hasBegun || this.#read.isInFlight) return;
    this.#hasBegun = false;
    this.#result = this.#read.takeResult();
  }

  /** Begins a read, unless one is in flight. Returns the result of a read that is already over. */
  #begin(): OperationResult | undefined {
    if (this.#hasBegun) return undefined;
    const result = this.#read.beginRead();
    this.#hasBegun = result === undefined;
    return result;
  }

  /** Copies the message that a read has put into the memory. */
  #take(length: number): Uint8Array<ArrayBuffer> {
    const isTooLong = length > this.#maxMessageSize;
    const message = this.#read.data.slice(0, isTooLong ? 0 : length);
    this.#read.trim();
    if (!isTooLong) return message;
    throw new Deno.errors.InvalidData(
      `Dropped a message of ${length} bytes from the ${this.#label}: its maxMessageSize is ` +
        `${this.#maxMessageSize} bytes`,
    );
  }

  #assertCanReceive(): void {
    this.#assertOpen();
    if (!this.#isReceiving) return;
    throw new Deno.errors.Busy(
      `Cannot receive from the ${this.#label}: another receive() is not over; await it first`,
    );
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Deno.errors.BadResource(`The ${this.#label} is closed`);
  }
}

/** Maximum size of a sent message in bytes, because Windows takes the size as 32 bits. */
const MAX_SENT = 2 ** 32 - 1;

/** Options of {@linkcode openMailslot}. */
export interface OpenMailslotOptions {
  /**
   * With `"self"`, this user must own the mailslot. Otherwise another user's program may have
   * created the name first, and receive the messages.
   *
   * Wine does not tell a sender the owner, so there the call throws.
   *
   * @default no check
   */
  owner?: "self";
}

const OPEN_CHECKS: OptionChecks<OpenMailslotOptions> = { owner: oneOf(["self"]) };

let makeSender: (handle: Handle, path: string) => MailslotSender;

/**
 * Opens a mailslot to send messages to it.
 *
 * @example Send a message
 * ```ts
 * import { Mailslot, openMailslot } from "@winipc/winipc/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using mailslot = Mailslot.create("docs of openMailslot");
 *
 * using sender = openMailslot("docs of openMailslot");
 * sender.send(Uint8Array.of(1, 2, 3));
 *
 * assertEquals(await mailslot.receive({ timeout: 5000 }), Uint8Array.of(1, 2, 3));
 * ```
 *
 * @param name The mailslot's name, such as `log`, or its path, such as `\\.\mailslot\log`. Case is
 *   ignored.
 * @throws {Deno.errors.NotFound} If no process has created a mailslot with the name.
 * @throws {Deno.errors.PermissionDenied} If the mailslot does not admit this user, or another user
 *   owns it and `owner` is `"self"`.
 * @throws {Deno.errors.Busy} If another program has opened the mailslot and does not share it.
 * @throws {Deno.errors.NotSupported} If the path belongs to another machine or to a domain.
 * @throws {TypeError} If the name or an option is invalid.
 * @throws {RangeError} If the path has more than 256 characters.
 */
export function openMailslot(name: string, options: OpenMailslotOptions = {}): MailslotSender {
  const path = mailslotPath(name);
  assertOptions(options, OPEN_CHECKS);
  using stack = new DisposableStack();
  const readsOwner = options.owner === "self";
  const label = `mailslot "${path}"`;
  const handle = stack.use(openMailslotToWrite({ path, label, readsOwner }));
  if (readsOwner) assertOwnedBySelf(handle.value, `the ${label}`);
  stack.move();
  return makeSender(handle, path);
}

/**
 * A sending end of a mailslot, which {@linkcode openMailslot} returns.
 *
 * @example Send texts
 * ```ts
 * import { Mailslot, type MailslotSender, openMailslot } from "@winipc/winipc/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using mailslot = Mailslot.create("docs of MailslotSender");
 * using sender: MailslotSender = openMailslot("docs of MailslotSender");
 * for (const text of ["one", "two"]) sender.send(new TextEncoder().encode(text));
 * assertEquals(mailslot.info.messageCount, 2);
 * ```
 */
export class MailslotSender extends Uncloneable implements Disposable {
  /** The mailslot's path: `\\.\mailslot\x`. */
  readonly path: string;
  readonly #handle: Handle;

  static {
    makeSender = (...args) => new MailslotSender(...args);
  }

  private constructor(handle: Handle, path: string) {
    super();
    this.#handle = handle;
    this.path = path;
  }

  /**
   * Sends a message.
   *
   * The message is taken, not delivered: when this method returns, Windows has the message. The
   * receiver may never receive it, and nothing tells the sender. The method never waits, also if
   * the receiver does not receive, because Windows keeps any number of messages.
   *
   * On Wine, a mailslot whose receiver has gone takes messages as long as a sender has it open.
   *
   * @param bytes The message. It can be empty.
   * @throws {Deno.errors.BrokenPipe} If the receiver has closed the mailslot or has ended.
   * @throws {Deno.errors.InvalidData} If the message is longer than the mailslot's
   *   `maxMessageSize`. Wine takes it, and the receiver drops it.
   * @throws {TypeError} If the message is not bytes.
   * @throws {RangeError} If the message has 4 GiB or more.
   * @throws {Deno.errors.BadResource} If this sender is closed.
   */
  send(bytes: ByteSource): void {
    const { length } = bytesOf("the message", bytes);
    if (length > MAX_SENT) {
      throw new RangeError(`Expected a message of at most ${MAX_SENT} bytes, got ${length}`);
    }
    writeToMailslot(this.#handle, copyOfBytes("the message", bytes));
  }

  /** Closes the sender. The messages that it has sent can still be received. */
  close(): void {
    this.#handle.close();
  }

  /** Closes the sender at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
