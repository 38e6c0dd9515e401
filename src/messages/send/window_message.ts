/**
 * Sends and posts any message to a window of another program.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/about-messages-and-message-queues}
 * @module
 */

import { assertOptions, assertSignal, type OptionChecks } from "../../../ffi/arguments.ts";
import { assertNoAtomNumber } from "../../../ffi/callback.ts";
import { errorFromCode, lastError, lastErrorCode } from "../../../ffi/error.ts";
import { requireHost } from "../../../ffi/platform.ts";
import { user32 } from "../../../ffi/win32/user32.ts";
import { assertWide, encodeWide } from "../../../ffi/wide.ts";
import { assertSendTimeout, DEFAULT_SEND_TIMEOUT, deliverHere } from "./delivery.ts";
import { handlingNow, listenersOfThisThread, windowsOfThisThread } from "../window/own.ts";
import { SendJob, sendOnThread } from "./job.ts";
import {
  assertNumeric,
  messageName,
  type MessageParameter,
  toParameter,
} from "../window/procedure.ts";
import { nameOfWindow, toWindow, type WindowTarget } from "../window/find.ts";

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
const SEND_OPTIONS: OptionChecks<SendMessageOptions> = {
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
  assertOptions(options, SEND_OPTIONS);
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
  // The window's procedure runs on this thread, and only this call can run it now.
  if (windowsOfThisThread.get(parcel.window)) return deliverHere(parcel);
  const job = new SendJob(parcel, { signal, handling: handlingNow() });
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
