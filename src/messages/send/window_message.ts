/**
 * Any message for another program's window.
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
import { SendJob } from "./job.ts";
import { sendOnThread } from "./pool.ts";
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

/** The longest name of a window message, in UTF-16 code units. */
const MAX_NAME_LENGTH = 255;

/**
 * Sends a message to a window and waits for its answer.
 *
 * It goes the way of `sendCopyData`, in the same order. Messages whose parameters are addresses are
 * refused, because the system would follow them.
 *
 * @example
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
 * @param message Which message, 0 to 65535: a number of the program's own from WM_USER (0x400) on, or
 *   one of {@linkcode registerWindowMessage}.
 * @param options The parameters, and how long to wait.
 * @returns The answer of the receiver's window procedure, signed.
 * @throws {Deno.errors.TimedOut} If there is no answer in time; the receiver may still get the message.
 * @throws {Deno.errors.NotFound} If there is no such window, or its program ends meanwhile.
 * @throws {Deno.errors.PermissionDenied} If the receiver runs with more rights and does not admit the
 *   message (UIPI).
 * @throws {Deno.errors.NotCapable} If this module is a local file and may not be read.
 * @throws {TypeError} If an argument is of the wrong kind, or the message's parameters are addresses.
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
  // Its procedure runs on this thread, and only this call can run it now.
  if (windowsOfThisThread.get(parcel.window)) return deliverHere(parcel);
  const job = new SendJob(parcel, { signal, handling: handlingNow() });
  // As sendCopyData() goes to a listener of this thread, for the order of both.
  const answer = listenersOfThisThread.get(parcel.window)
    ?.hearNumbers({ number: message, wParam: parcel.wParam, lParam: parcel.lParam });
  if (answer === undefined) sendOnThread(job);
  else void answer.then((answer) => job.finish({ answer }));
  return await job.answer;
}

/**
 * Puts a message into a window's queue and does not wait for an answer. Its thread takes the message
 * when it next looks; whether that ever happens is not known.
 *
 * @example
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
 * @param message Which message, 0 to 65535.
 * @throws {Deno.errors.NotFound} If there is no such window.
 * @throws {Deno.errors.PermissionDenied} If the receiver runs with more rights and does not admit the
 *   message (UIPI).
 * @throws {TypeError} If an argument is of the wrong kind, or the message's parameters are addresses.
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
 * Gives the number of a message that programs know by a name: the same number for all programs of the
 * session that register the same name, until the session ends.
 *
 * @example
 * ```ts
 * import { registerWindowMessage } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * const message = registerWindowMessage("winipc-example");
 * assertEquals(message, registerWindowMessage("WINIPC-EXAMPLE"));
 * ```
 *
 * @param name The name, 1 to 255 UTF-16 code units; upper and lower case are the same. A `#` and digits are no
 *   name: Windows takes them for the number of a message.
 * @returns A number from 0xC000 to 0xFFFF.
 * @throws {TypeError} If the name is no string, is a `#` and digits, or has a NUL in it.
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
