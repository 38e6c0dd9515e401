/**
 * Sends messages to windows: data by WM_COPYDATA, and messages that carry two numbers.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/wm-copydata}
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/about-messages-and-message-queues}
 * @module
 */

import {
  assertBoolean,
  assertInteger,
  assertOptions,
  assertSignal,
  bytesOf,
  type ByteSource,
  type OptionChecks,
} from "../../../ffi/arguments.ts";
import { requireHost } from "../../../ffi/platform.ts";
import { MAX_COPY_DATA } from "../../../ffi/win32/types.ts";
import { RepeatingTimer } from "../../wait/options.ts";
import { assertSendTimeout, DEFAULT_SEND_TIMEOUT, deliverHere, type Parcel } from "./delivery.ts";
import { assertEncoding, encodeText, type TextEncoding } from "../encoding.ts";
import {
  assertNumeric,
  type Handling,
  handlingNow,
  letMessagesIn,
  listenersOfThisThread,
  messageName,
  type MessageParameter,
  type OwnListener,
  throwProcedureFailure,
  toParameter,
  windowsOfThisThread,
  WM_COPYDATA,
} from "../window/procedure.ts";
import { SendJob, sendOnThread } from "./job.ts";
import { nameOfWindow, toWindow, type WindowTarget } from "../window/find.ts";
import { assertNoAtomNumber } from "../../../ffi/callback.ts";
import { errorFromCode, lastError, lastErrorCode } from "../../../ffi/error.ts";
import { user32 } from "../../../ffi/win32/user32.ts";
import { assertWide, encodeWide } from "../../../ffi/wide.ts";

/** Data to send: bytes, or a text that is encoded. */
export type CopyData = string | ByteSource;

/** Options of {@linkcode sendCopyDataSync}. */
export interface SendCopyDataSyncOptions {
  /**
   * A number that identifies the kind of data for the receiver (`dwData`). 32-bit programs see its
   * low 32 bits.
   *
   * @default 0
   */
  id?: number | bigint;
  /** The encoding of a text. @default "utf-16le" */
  encoding?: TextEncoding;
  /**
   * Whether to add a NUL to a text, for receivers that look for a NUL. Without the NUL the receiver
   * must use the number of bytes (`cbData`).
   *
   * @default false
   */
  terminate?: boolean;
  /** Maximum time to wait for the answer, in milliseconds, at least 1. @default 5000 */
  timeout?: number;
  /**
   * The window that the message names as its sender. The receiver can send to that window before it
   * answers. A {@linkcode MessageWindow} of this thread gets these messages while the send waits.
   *
   * @default no window
   */
  from?: WindowTarget;
}

/** Options of {@linkcode sendCopyData}. */
export interface SendCopyDataOptions extends SendCopyDataSyncOptions {
  /** Stops the wait for the answer; the receiver may still get the data. */
  signal?: AbortSignal;
}

const SYNC_OPTIONS: OptionChecks<SendCopyDataSyncOptions> = {
  id: (name, value) => void toId(name, value),
  encoding: assertEncoding,
  terminate: assertBoolean,
  timeout: assertSendTimeout,
  from: (name, value) => void toWindow(name, value),
};
/** The checks of the options of an asynchronous send. */
export const SEND_OPTIONS: OptionChecks<SendCopyDataOptions> = {
  ...SYNC_OPTIONS,
  signal: assertSignal,
};

/** Maximum pause between two checks for messages to the sender's own window, in milliseconds. */
const MAX_PAUSE = 8;

/**
 * Sends data to a window and waits for its answer.
 *
 * Messages to one window arrive in the order of sending. A few threads send them, and each thread
 * waits for one window. So a window that hangs delays only the messages to that window. If eight
 * windows hang at the same time, a send to another window must wait. Its timeout includes this
 * wait.
 *
 * There is one exception to the order. Until a listener's handler has answered, its sends do not
 * wait for sends that began before the handler. One of those may have gone to the program that now
 * waits for the handler's answer.
 *
 * @example Send a text and get its answer
 * ```ts
 * import { CopyDataListener, sendCopyData } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * await using listener = await CopyDataListener.open({
 *   onMessage: (message) => message.text().length,
 * });
 * assertEquals(await sendCopyData(listener, "Hello"), 5n);
 * ```
 *
 * @param data The bytes or the text, at most 4294967295 bytes. The bytes can be changed as soon as
 *   this call has returned its promise.
 * @returns The answer of the receiver's window procedure, signed.
 * @throws {Deno.errors.TimedOut} If no answer comes in time. The receiver may still get the data.
 * @throws {Deno.errors.NotFound} If there is no such window, or its program ends before it answers.
 * @throws {Deno.errors.PermissionDenied} If the receiver runs with more rights and takes no
 *   messages from this program (UIPI).
 * @throws {Win32Error} If Windows does not know the code page.
 * @throws {TypeError} If an argument has the wrong type, or the encoding lacks a character of the
 *   text.
 * @throws {RangeError} If a number is out of range.
 * @throws The error that the procedure of a {@linkcode MessageWindow} of this thread throws during
 *   the send.
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/wm-copydata}
 */
export async function sendCopyData(
  target: WindowTarget,
  data: CopyData,
  options: SendCopyDataOptions = {},
): Promise<bigint> {
  return await sendFrom(handlingNow(), target, data, options);
}

/**
 * Sends data for a handler.
 *
 * @param handling The call of the handler; `undefined` if no handler sends.
 */
export async function sendFrom(
  handling: Handling | undefined,
  target: WindowTarget,
  data: CopyData,
  options: SendCopyDataOptions,
): Promise<bigint> {
  assertOptions(options, SEND_OPTIONS);
  const { signal } = options;
  const parcel = toParcel(target, data, options);
  requireHost();
  signal?.throwIfAborted();
  const job = new SendJob(parcel, { signal, handling });
  const listener = listenersOfThisThread.get(parcel.window);
  // The window's procedure runs on this thread, and only this call can run it now.
  if (windowsOfThisThread.get(parcel.window)) job.deliverHere();
  // The sender may be a handler of this listener. By way of Windows the window's thread would wait
  // for itself.
  else if (listener !== undefined) void handleHere(job, listener);
  else {
    sendOnThread(job);
    job.keepBytes();
  }
  if (windowsOfThisThread.get(parcel.wParam)) return await answerInside(job);
  return await job.wait();
}

/**
 * Sends data to a window, and blocks the thread until the window has answered.
 *
 * Use it in Workers and short scripts. The receiver must not ask a {@linkcode CopyDataListener} of
 * this thread before it answers: the listener's handlers cannot run during this call.
 *
 * @example Send a text and block until it is answered
 * ```ts
 * import { CopyDataListener, sendCopyDataSync } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * await using listener = await CopyDataListener.open({ answer: 3 });
 * assertEquals(sendCopyDataSync(listener, "Hello", { id: 7 }), 3n);
 * const message = await listener.receive();
 * assertEquals(message!.text(), "Hello");
 * ```
 *
 * @param data The bytes or the text, at most 4294967295 bytes.
 * @returns The answer of the receiver's window procedure, signed.
 * @throws {Deno.errors.TimedOut} If no answer comes in time. The receiver may still get the data.
 * @throws {Deno.errors.NotFound} If there is no such window, or its program ends before it answers.
 * @throws {Deno.errors.PermissionDenied} If the receiver runs with more rights and takes no
 *   messages from this program (UIPI).
 * @throws {Win32Error} If Windows does not know the code page.
 * @throws {TypeError} If an argument has the wrong type, or the encoding lacks a character of the
 *   text.
 * @throws {TypeError} If the target is a listener of this thread with `onMessage` or `allow`.
 * @throws {RangeError} If a number is out of range.
 * @throws The error that the procedure of a {@linkcode MessageWindow} of this thread throws: during
 *   this call the thread's windows get the messages that are sent to them.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-sendmessagetimeoutw}
 */
export function sendCopyDataSync(
  target: WindowTarget,
  data: CopyData,
  options: SendCopyDataSyncOptions = {},
): bigint {
  assertOptions(options, SYNC_OPTIONS);
  const parcel = toParcel(target, data, options);
  if (listenersOfThisThread.get(parcel.window)) {
    throw new TypeError(
      "Cannot send by sendCopyDataSync() to a listener with onMessage or allow on this thread: the call " +
        "would block its handlers; use sendCopyData()",
    );
  }
  return deliverHere(parcel);
}

/** Passes a message to a handler of this thread, and finishes the job by its answer. */
async function handleHere(job: SendJob, listener: OwnListener): Promise<void> {
  const { lParam, wParam: sender } = job.parcel;
  const bytes = new Uint8Array(job.parcel.bytes);
  job.finish({ answer: await listener.hear({ id: BigInt.asUintN(64, lParam), bytes, sender }) });
}

/**
 * Waits for the answer to a send whose `from` is a window of this thread. Until then it lets
 * messages in, because the receiver may send to that window before it answers.
 *
 * @throws The error that the window's procedure throws.
 */
async function answerInside(job: SendJob): Promise<bigint> {
  const letIn = () => {
    letMessagesIn();
    try {
      throwProcedureFailure();
    } catch (error) {
      job.fail(error);
    }
  };
  using _ = new RepeatingTimer(letIn, { first: 1, max: MAX_PAUSE });
  return await job.wait();
}

function toParcel(
  target: WindowTarget,
  data: CopyData,
  options: SendCopyDataSyncOptions,
): Parcel {
  const { id = 0, timeout = DEFAULT_SEND_TIMEOUT, from } = options;
  return {
    window: toWindow("target", target),
    message: WM_COPYDATA,
    wParam: from === undefined ? 0n : toWindow("from", from),
    lParam: BigInt.asIntN(64, toId("id", id)),
    bytes: toBytes(data, options),
    timeout,
  };
}

function toId(name: string, id: unknown): bigint {
  if (typeof id === "bigint" && id >= 0n && id < 2n ** 64n) return id;
  if (typeof id === "bigint") {
    throw new RangeError(`Expected ${name} to be from 0n to ${2n ** 64n - 1n}n, got ${id}n`);
  }
  assertInteger(name, id, 0);
  return BigInt(id);
}

/** Returns the bytes to send. They are the script's own bytes, and not a copy. */
function toBytes(
  data: CopyData,
  { encoding, terminate = false }: SendCopyDataOptions,
): Uint8Array {
  const bytes = typeof data === "string"
    ? encodeText(terminate ? `${data}\0` : data, encoding)
    : bytesOf("data (a text, or bytes)", data);
  if (bytes.length > MAX_COPY_DATA) {
    throw new RangeError(`Expected at most ${MAX_COPY_DATA} bytes, got ${bytes.length}`);
  }
  return bytes;
}

/** The parameters of a message. */
export interface PostMessageOptions {
  /** The message's first parameter. @default 0 */
  wParam?: MessageParameter;
  /** The message's second parameter. @default 0 */
  lParam?: MessageParameter;
}

/** The parameters of a message, and how long to wait for its answer. */
export interface SendMessageOptions extends PostMessageOptions {
  /** Maximum time to wait for the answer, in milliseconds, at least 1. @default 5000 */
  timeout?: number;
  /** Stops the wait for the answer; the receiver may still get the message. */
  signal?: AbortSignal;
}

const toCheck = (name: string, value: unknown) => void toParameter(name, value);
const POST_OPTIONS: OptionChecks<PostMessageOptions> = { wParam: toCheck, lParam: toCheck };
const SEND_MESSAGE_OPTIONS: OptionChecks<SendMessageOptions> = {
  ...POST_OPTIONS,
  timeout: assertSendTimeout,
  signal: assertSignal,
};

const ERROR_INVALID_WINDOW_HANDLE = 1400;

/** Maximum length of a window message's name, in UTF-16 code units. */
const MAX_NAME_LENGTH = 255;

/**
 * Sends a message to a window and waits for its answer.
 *
 * Messages of this function and of `sendCopyData` to one window arrive in the order of sending. A
 * message whose parameters are addresses is refused, because the system would read or write the
 * memory there.
 *
 * @example Ask a listener by a message of its own
 * ```ts
 * import { CopyDataListener, sendMessage } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * const WM_USER = 0x400;
 * await using listener = await CopyDataListener.open({
 *   answers: { [WM_USER]: 3, [WM_USER + 1]: (wParam, lParam) => wParam + lParam },
 * });
 * assertEquals(await sendMessage(listener, WM_USER), 3n);
 * assertEquals(await sendMessage(listener, WM_USER + 1, { wParam: 5, lParam: 6 }), 11n);
 * ```
 *
 * @param message The message's number, 0 to 65535. Programs define their own messages from WM_USER
 *   (0x400) on, or get a number from {@linkcode registerWindowMessage}.
 * @returns The answer of the receiver's window procedure, signed.
 * @throws {Deno.errors.TimedOut} If no answer comes in time. The receiver may still get the
 *   message.
 * @throws {Deno.errors.NotFound} If there is no such window, or its program ends before it answers.
 * @throws {Deno.errors.PermissionDenied} If the receiver runs with more rights and does not admit
 *   the message (UIPI).
 * @throws {TypeError} If an argument has the wrong type, or the message's parameters are addresses.
 * @throws {RangeError} If a number is out of range.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-sendmessagetimeoutw}
 */
export async function sendMessage(
  target: WindowTarget,
  message: number,
  options: SendMessageOptions = {},
): Promise<bigint> {
  assertNumeric(message);
  assertOptions(options, SEND_MESSAGE_OPTIONS);
  const { wParam = 0, lParam = 0, timeout = DEFAULT_SEND_TIMEOUT, signal } = options;
  const parcel = {
    window: toWindow("target", target),
    message,
    wParam: BigInt.asUintN(64, toParameter("wParam", wParam)),
    lParam: BigInt.asIntN(64, toParameter("lParam", lParam)),
    bytes: new Uint8Array(),
    timeout,
  };
  requireHost();
  signal?.throwIfAborted();
  const job = new SendJob(parcel, { signal, handling: handlingNow() });
  // The window's procedure runs on this thread, and only this call can run it now.
  if (windowsOfThisThread.get(parcel.window)) {
    job.deliverHere();
    return await job.wait();
  }
  // A listener of this thread gets the message without Windows, as it does from sendCopyData():
  // this keeps the order.
  const answer = listenersOfThisThread.get(parcel.window)
    ?.hearNumbers({ number: message, wParam: parcel.wParam, lParam: parcel.lParam });
  if (answer === undefined) sendOnThread(job);
  else void answer.then((answer) => job.finish({ answer }));
  return await job.wait();
}

/**
 * Puts a message into a window's queue without waiting for an answer. The window's thread takes the
 * message later. This function does not report whether that happens.
 *
 * @example Close a window by a message
 * ```ts
 * import { MessageWindow, postMessage } from "@winipc/winipc/messages";
 * import { assert } from "@std/assert";
 *
 * const WM_CLOSE = 0x10;
 * using window = MessageWindow.open({ procedure: () => undefined });
 * postMessage(window, WM_CLOSE);
 * window.pump();
 * assert(window.closed);
 * ```
 *
 * @param message The message's number, 0 to 65535.
 * @throws {Deno.errors.NotFound} If there is no such window.
 * @throws {Deno.errors.PermissionDenied} If the receiver runs with more rights and does not admit
 *   the message (UIPI).
 * @throws {TypeError} If an argument has the wrong type, or the message's parameters are addresses.
 * @throws {RangeError} If a number is out of range.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-postmessagew}
 */
export function postMessage(
  target: WindowTarget,
  message: number,
  options: PostMessageOptions = {},
): void {
  assertNumeric(message);
  assertOptions(options, POST_OPTIONS);
  const window = toWindow("target", target);
  const wParam = BigInt.asUintN(64, toParameter("wParam", options.wParam ?? 0));
  const lParam = BigInt.asIntN(64, toParameter("lParam", options.lParam ?? 0));
  if (user32().PostMessageW(window, message, wParam, lParam)) return;
  const code = lastErrorCode();
  const attempt = `Cannot post ${messageName(message)} to ${nameOfWindow(window)}`;
  const hint = code === ERROR_INVALID_WINDOW_HANDLE ? { hint: "there is no such window" } : {};
  throw errorFromCode(code, "PostMessageW", attempt, hint);
}

/**
 * Registers a message by its name and returns its number. All programs of the session that register
 * this name get the same number, until the session ends.
 *
 * @example Get the same number for the same name
 * ```ts
 * import { registerWindowMessage } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * const message = registerWindowMessage("winipc-example");
 * assertEquals(message, registerWindowMessage("WINIPC-EXAMPLE"));
 * ```
 *
 * @param name The name, 1 to 255 UTF-16 code units. Upper and lower case are the same. A `#` with
 *   only digits after it is refused, because Windows takes it for the number of a message.
 * @returns A number from 0xC000 to 0xFFFF.
 * @throws {TypeError} If the name is not a string, is a `#` with only digits, or contains a NUL.
 * @throws {RangeError} If the name is too short or too long.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-registerwindowmessagew}
 */
export function registerWindowMessage(name: string): number {
  assertWide("name", name, { min: 1, max: MAX_NAME_LENGTH });
  assertNoAtomNumber("name", name);
  const message = user32().RegisterWindowMessageW(encodeWide(name));
  if (message === 0) throw lastError("RegisterWindowMessageW", `Cannot register message "${name}"`);
  return message;
}
