/**
 * Sends bytes to a window of another program by WM_COPYDATA.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/wm-copydata}
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
import { letMessagesIn, throwProcedureFailure, WM_COPYDATA } from "../window/procedure.ts";
import {
  type Handling,
  handlingNow,
  listenersOfThisThread,
  type OwnListener,
  windowsOfThisThread,
} from "../window/own.ts";
import { SendJob, sendOnThread } from "./job.ts";
import { toWindow, type WindowTarget } from "../window/find.ts";

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
  // The window's procedure runs on this thread, and only this call can run it now.
  if (windowsOfThisThread.get(parcel.window)) return deliverHere(parcel);
  const job = new SendJob(parcel, { signal, handling });
  const listener = listenersOfThisThread.get(parcel.window);
  // The sender may be a handler of this listener. By way of Windows the window's thread would wait
  // for itself.
  if (listener !== undefined) void handleHere(job, listener);
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
