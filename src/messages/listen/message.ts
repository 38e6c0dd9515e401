/**
 * A message that a listener passes to the script, the sender that the message names, and the
 * options of a listener. Some options go to the thread of its window.
 *
 * @module
 */

import {
  assertBigInteger,
  assertBoolean,
  assertBytes,
  assertFunction,
  assertInteger,
  assertObject,
  assertOneOf,
  assertOptions,
  type OptionChecks,
  pickOptions,
  show,
} from "../../../ffi/arguments.ts";
import { MAX_COPY_DATA } from "../../../ffi/win32/types.ts";
import { assertNewClassName } from "../../../ffi/callback.ts";
import { MAX_TIMER } from "../../wait/options.ts";
import { assertTitle, uniqueClass } from "../window/message_window.ts";
import { type Handling, type IncomingMessage, MAX_MESSAGE, WM_USER } from "../window/procedure.ts";
import type { WindowSettings } from "./protocol.ts";
import {
  type CopyData,
  SEND_OPTIONS,
  type SendCopyDataOptions,
  sendFrom,
} from "../send/message.ts";
import { decodeText, type TextEncoding } from "../encoding.ts";
import { isOneWindow } from "../window/find.ts";
import { imagePathOf } from "../../../ffi/process_thread.ts";
import { user32 } from "../../../ffi/win32/user32.ts";

/** An answer to a message: an integer of at most 64 bits, or `true` for 1 and `false` for 0. */
export type CopyDataAnswer = number | bigint | boolean;

/** Options of a listener that need no handler. */
export interface ListenerWindowOptions {
  /** The name of the window's class. @default a name that no other window has */
  class?: string;
  /** The window's title. @default "" */
  title?: string;
  /**
   * How other programs find the window. A search among message-only windows finds a
   * `"message-only"` window. Plain `FindWindow`, which older programs call, finds a `"hidden"`
   * window: a top-level window that is not shown.
   *
   * @default "message-only"
   */
  visibility?: "message-only" | "hidden";
  /** The answer to each WM_COPYDATA if there is no `onMessage`. @default 1 */
  answer?: CopyDataAnswer;
  /**
   * Maximum time for an answer of the script, including `allow`, in milliseconds, at least 1.
   *
   * @default 4000
   */
  replyTimeout?: number;
  /**
   * Maximum size of a message in bytes, up to 4294967295. A larger message is answered 0.
   *
   * @default 67108864
   */
  maxByteLength?: number;
  /**
   * Maximum number of messages that wait to be read or are being handled, at least 1. A further
   * message is answered 0.
   *
   * @default 1024
   */
  highWaterMark?: number;
  /**
   * Whether programs with fewer rights can send WM_COPYDATA to this window. By default Windows
   * blocks these messages (UIPI).
   *
   * @default false
   */
  acceptLowerIntegrity?: boolean;
}

/** All options of a listener. This file checks the handlers too; `listener.ts` has their types. */
interface AllOptions extends ListenerWindowOptions {
  onMessage?: unknown;
  allow?: unknown;
  onError?: unknown;
  answers?: unknown;
}

const OPTIONS: OptionChecks<AllOptions> = {
  class: assertNewClassName,
  title: assertTitle,
  visibility: (name, value) => assertOneOf(name, value, ["message-only", "hidden"]),
  onMessage: assertFunction,
  allow: assertFunction,
  onError: assertFunction,
  answer: (_name, value) => void toAnswer(value),
  answers: (_name, value) => void toAnswers(value),
  replyTimeout: (name, value) => assertInteger(name, value, 1, MAX_TIMER),
  maxByteLength: (name, value) => assertInteger(name, value, 0, MAX_COPY_DATA),
  highWaterMark: (name, value) => assertInteger(name, value, 1, 2 ** 31 - 1),
  acceptLowerIntegrity: assertBoolean,
};

/** Checks the options, and returns the settings for the window's thread. */
export function toWindowSettings(options: AllOptions): WindowSettings {
  assertOptions(options, OPTIONS);
  const {
    class: className = uniqueClass(),
    title = "",
    visibility = "message-only",
    onMessage,
    allow,
    answer = 1,
    answers = {},
    replyTimeout = 4000,
    maxByteLength = 2 ** 26,
    highWaterMark = 1024,
    acceptLowerIntegrity = false,
  } = options;
  return {
    class: className,
    title,
    visibility,
    acceptLowerIntegrity,
    maxByteLength,
    highWaterMark,
    answer: toAnswer(answer),
    asks: onMessage !== undefined || allow !== undefined,
    answers: toAnswers(answers),
    replyTimeout,
  };
}

/** Returns the answers to messages other than WM_COPYDATA, by their numbers. */
function toAnswers(answers: unknown): Map<number, bigint | "ask"> {
  assertObject("answers", answers);
  if (answers instanceof Map || Array.isArray(answers)) {
    throw new TypeError(
      `Expected answers to be an object whose keys are message numbers, got ${show(answers)}`,
    );
  }
  return new Map(
    Object.entries(answers).map(([key, answer]) => {
      const message = Number(key);
      if (
        String(message) !== key || !Number.isInteger(message) || message < WM_USER ||
        message > MAX_MESSAGE
      ) {
        throw new RangeError(
          `Expected the keys of answers to be message numbers from ${WM_USER} to ${MAX_MESSAGE}, ` +
            `got ${show(key)}; write a constant key in brackets, as in { [WM_USER]: 1 }`,
        );
      }
      return [message, typeof answer === "function" ? "ask" : toAnswer(answer)];
    }),
  );
}

/** Converts an answer to the signed number that the window procedure returns. */
export function toAnswer(value: unknown): bigint {
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value !== "bigint" && (typeof value !== "number" || !Number.isSafeInteger(value))) {
    throw new TypeError(
      `Expected an answer to be a boolean, a bigint or a safe integer, got ${show(value)}`,
    );
  }
  const answer = BigInt(value);
  if (answer >= -(2n ** 63n) && answer < 2n ** 64n) return BigInt.asIntN(64, answer);
  throw new RangeError(`Expected an answer to fit into 64 bits, got ${answer}`);
}

/** The listener that received a message. */
interface MessageReceiver {
  /** The handle of the listener's window. */
  readonly handle: bigint;
  /** The call of the handler that gets the message; `undefined` if the script reads the message. */
  readonly handling: Handling | undefined;
}

/** Options of {@linkcode CopyDataMessage.reply}. */
export interface ReplyOptions extends Omit<SendCopyDataOptions, "from"> {}

const { from: _, ...REPLY_OPTIONS } = SEND_OPTIONS;

/** Creates a message that can be replied to. Only listeners use it; it is not part of the API. */
export let receivedMessage: (
  incoming: IncomingMessage,
  receiver: MessageReceiver,
) => CopyDataMessage;

/**
 * A WM_COPYDATA message.
 *
 * @example Read the parts of a message
 * ```ts
 * import { CopyDataListener, sendCopyData } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * await using listener = await CopyDataListener.open();
 * await sendCopyData(listener, "Hello", { id: 7, from: listener });
 * const message = (await listener.receive())!;
 * assertEquals(message.id, 7n);
 * assertEquals(message.text(), "Hello");
 * assertEquals(message.sender.handle, listener.handle);
 * ```
 */
export class CopyDataMessage {
  /** The number that identifies the kind of data (`dwData`). */
  readonly id: bigint;
  /** A copy of the data, which belongs to the script. Its length is the sender's `cbData`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The sender that the message names. */
  readonly sender: MessageSender;
  #receiver: MessageReceiver | undefined;

  static {
    receivedMessage = (incoming, receiver) => {
      const message = new CopyDataMessage(incoming);
      message.#receiver = receiver;
      return message;
    };
  }

  /**
   * Creates a message that no listener has received, to test a handler. Its `reply()` throws.
   *
   * @example Test a handler without a listener
   * ```ts
   * import { CopyDataMessage, encodeText } from "@winipc/winipc/messages";
   * import { assertEquals } from "@std/assert";
   *
   * const onMessage = (message: CopyDataMessage) => message.text().length;
   * const message = new CopyDataMessage({ id: 0n, bytes: encodeText("Hello"), sender: 0n });
   * assertEquals(onMessage(message), 5);
   * ```
   *
   * @param message `dwData`, the data, and the handle of the sender's window, or 0.
   * @throws {TypeError} If a value has the wrong type.
   * @throws {RangeError} If a number does not fit into 64 bits.
   */
  constructor(
    { id, bytes, sender }: { id: bigint; bytes: Uint8Array<ArrayBuffer>; sender: bigint },
  ) {
    assertBigInteger("id", id, 0n, 2n ** 64n - 1n);
    assertBytes("bytes", bytes);
    this.id = id;
    this.bytes = bytes;
    this.sender = new MessageSender(sender);
  }

  /**
   * Decodes the data as a text, up to the first NUL if there is one. Some senders include a final
   * NUL in the data, and some do not.
   *
   * @param encoding The encoding that the sender used. @default "utf-16le"
   * @throws {TypeError} If `encoding` is invalid.
   * @throws {RangeError} If `codePage` is not an integer from 0 to 65535.
   * @throws {Win32Error} If Windows does not know the code page.
   */
  text(encoding?: TextEncoding): string {
    return decodeText(this.bytes, encoding);
  }

  /**
   * Sends data to the window that the message names as its sender, and waits for the answer. The
   * reply names the listener's window as its sender.
   *
   * A handler can reply before it answers. Some programs expect this: they get the reply while
   * their own send waits. The reply does not wait for sends that began before the handler.
   *
   * @example Reply to a message before it is answered
   * ```ts
   * import { CopyDataListener, sendCopyData } from "@winipc/winipc/messages";
   * import { assertEquals } from "@std/assert";
   *
   * await using server = await CopyDataListener.open({
   *   onMessage: (message) => message.reply(message.text().toUpperCase()),
   * });
   * await using client = await CopyDataListener.open();
   * assertEquals(await sendCopyData(server, "hello", { from: client }), 1n);
   * assertEquals((await client.receive())!.text(), "HELLO");
   * ```
   *
   * @param data The bytes or the text to send, at most 4294967295 bytes.
   * @returns The answer of the sender's window procedure, signed.
   * @throws {Deno.errors.NotFound} If the message names no sender, or the sender's window is gone.
   * @throws {Deno.errors.TimedOut} If no answer comes in time. The sender may still get the data.
   * @throws {Deno.errors.PermissionDenied} If the sender runs with more rights and takes no
   *   messages from this program (UIPI).
   * @throws {Win32Error} If Windows does not know the code page.
   * @throws {TypeError} If an argument has the wrong type, or the encoding lacks a character of the
   *   text.
   * @throws {RangeError} If a number is out of range.
   */
  async reply(data: CopyData, options: ReplyOptions = {}): Promise<bigint> {
    assertOptions(options, REPLY_OPTIONS);
    // Any program can send any number as the sender's handle.
    if (this.#receiver === undefined || !isOneWindow(this.sender.handle)) {
      throw new Deno.errors.NotFound(
        "Cannot reply to a CopyDataMessage that names no sender's window, or that no listener received",
      );
    }
    const { handle: from, handling } = this.#receiver;
    return await sendFrom(handling, this.sender, data, {
      ...pickOptions(options, REPLY_OPTIONS),
      from,
    });
  }
}

/**
 * The window that a message names as its sender. Windows does not check this claim: any program can
 * name any window.
 *
 * The properties are looked up when they are read. While the sender waits for its answer (in
 * `allow` and `onMessage`), its window exists. Later the window may be gone, and Windows may have
 * given its handle to another window.
 *
 * @example Take messages that name a window of this process
 * ```ts
 * import { CopyDataListener, sendCopyData } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * await using listener = await CopyDataListener.open({
 *   allow: (sender) => sender.pid === Deno.pid,
 * });
 * assertEquals(await sendCopyData(listener, "Hello", { from: listener }), 1n);
 * assertEquals(await sendCopyData(listener, "Hello"), 0n);
 * ```
 */
export class MessageSender {
  /** The window's handle (`HWND`), sign-extended; 0 if the message names no window. */
  readonly handle: bigint;

  /**
   * Creates a sender from a window's handle.
   *
   * @param handle The handle (`HWND`), zero- or sign-extended.
   * @throws {TypeError} If `handle` is not a bigint.
   * @throws {RangeError} If `handle` does not fit into 64 bits.
   */
  constructor(handle: bigint) {
    assertBigInteger("handle", handle, -(2n ** 63n), 2n ** 64n - 1n);
    this.handle = BigInt.asUintN(64, BigInt.asIntN(32, handle));
  }

  /**
   * The id of the process that created the window; `undefined` if there is no such window now.
   *
   * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-getwindowthreadprocessid}
   */
  get pid(): number | undefined {
    if (!isOneWindow(this.handle)) return undefined;
    const pid = new Uint32Array(1);
    user32().GetWindowThreadProcessId(this.handle, pid);
    return pid[0] || undefined;
  }

  /**
   * The path of that process's program; `undefined` if the process is gone or cannot be queried.
   *
   * @see {@link https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-queryfullprocessimagenamew}
   */
  get path(): string | undefined {
    const { pid } = this;
    if (pid === undefined) return undefined;
    return imagePathOf(pid);
  }
}
