/**
 * WM_COPYDATA: bytes for another program's window.
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
import { SendJob } from "./job.ts";
import { sendOnThread } from "./pool.ts";
import { toWindow, type WindowTarget } from "../window/find.ts";

/** What to send: bytes, or a text that is written in an encoding. */
export type CopyData = string | ByteSource;

/** How to send by a call that blocks the thread. */
export interface SendCopyDataSyncOptions {
  /** A number that tells the receiver what the data is (`dwData`); 32-bit programs see its low 32 bits. @default 0 */
  id?: number | bigint;
  /** How a text is written. @default "utf-16le" */
  encoding?: TextEncoding;
  /**
   * Whether a text ends with a NUL, for receivers that look for one instead of counting.
   * Without it the receiver has to go by the count of bytes (`cbData`), which never
   * includes one then. @default false
   */
  terminate?: boolean;
  /** Maximum time to wait for the answer, in milliseconds, at least 1. @default 5000 */
  timeout?: number;
  /**
   * The window that the receiver is to take for the sender's. The receiver may send to that window
   * before it answers; a {@linkcode MessageWindow} of this thread gets its messages while the send
   * waits. @default none
   */
  from?: WindowTarget;
}

/** How to send. */
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

/** The longest pause between two looks for messages to the sender's own window, in milliseconds. */
const MAX_PAUSE = 8;

/**
 * Sends data to a window and waits for its answer.
 *
 * Messages to one window arrive in the order in which they were sent. They go out from a few
 * threads, each of which waits for one window, so that one that hangs holds up what goes to
 * it and nothing else; only when eight hang at once does a send to another have to wait, and its
 * timeout counts that in. From a local checkout the threads need `--allow-read`, from JSR nothing.
 *
 * The send of a listener's handler, until the handler has answered, is the exception: it does not wait
 * for sends that began before the handler. One of them may have gone to the program that now waits for
 * the handler's answer.
 *
 * @example
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
 * @param data What to send, at most 4294967295 bytes; it may be changed as soon as this returns.
 * @returns What the receiver's window procedure answered.
 * @throws {Deno.errors.TimedOut} If there is no answer in time; the receiver may still get the data.
 * @throws {Deno.errors.NotFound} If there is no such window, or its program ends meanwhile.
 * @throws {Deno.errors.PermissionDenied} If the receiver runs with more rights and takes no messages
 *   from this one (UIPI).
 * @throws {Deno.errors.NotCapable} If this module is a local file and may not be read.
 * @throws {Win32Error} If Windows does not know the code page.
 * @throws {TypeError} If an argument is of the wrong kind, or the text cannot be written in the encoding.
 * @throws {RangeError} If a number is out of range.
 * @throws What the procedure of a {@linkcode MessageWindow} of this thread throws meanwhile.
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
 * Sends data as a part of a handler's work.
 *
 * @param handling The handler; `undefined` if the send belongs to none.
 */
export async function sendFrom(
  handling: Handling | undefined,
  target: WindowTarget,
  data: CopyData,
  options: SendCopyDataOptions,
): Promise<bigint> {
  assertOptions(options, SEND_OPTIONS);
  const parcel = toParcel(target, data, options);
  requireHost();
  options.signal?.throwIfAborted();
  // Its procedure runs on this thread, and only this call can run it now.
  if (windowsOfThisThread.get(parcel.window)) return deliverHere(parcel);
  const job = new SendJob(parcel, { signal: options.signal, handling });
  const listener = listenersOfThisThread.get(parcel.window);
  if (listener === undefined) sendOnThread(job);
  // A handler of it may be what sends, so that its thread would wait for itself by way of Windows.
  else void handleHere(job, listener);
  if (windowsOfThisThread.get(parcel.wParam)) return await answerInside(job);
  return await job.answer;
}

/**
 * Sends data to a window and waits for its answer; the call blocks the thread meanwhile.
 *
 * It is for Workers and short scripts. A receiver that asks this script something before it
 * answers, through a {@linkcode CopyDataListener} with a handler, waits in vain.
 *
 * @param data What to send, at most 4294967295 bytes.
 * @returns What the receiver's window procedure answered.
 * @throws {Deno.errors.TimedOut} If there is no answer in time; the receiver may still get the data.
 * @throws {Deno.errors.NotFound} If there is no such window, or its program ends meanwhile.
 * @throws {Deno.errors.PermissionDenied} If the receiver runs with more rights and takes no messages
 *   from this one (UIPI).
 * @throws {Win32Error} If Windows does not know the code page.
 * @throws {TypeError} If an argument is of the wrong kind, or the text cannot be written in the
 *   encoding; or if the target is a listener whose answer this very thread would have to give.
 * @throws {RangeError} If a number is out of range.
 * @throws What the procedure of a {@linkcode MessageWindow} of this thread throws meanwhile: this call
 *   lets in what others send to the thread's windows.
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
      "Cannot send to a listener whose answer this thread has to give, and wait for it: " +
        "use sendCopyData()",
    );
  }
  return deliverHere(parcel);
}

/** Gives a message to a handler of this thread. */
async function handleHere(job: SendJob, listener: OwnListener): Promise<void> {
  const { lParam, bytes, wParam: sender } = job.parcel;
  job.finish({ answer: await listener.hear({ id: BigInt.asUintN(64, lParam), bytes, sender }) });
}

/**
 * Waits for the answer to a send in the name of a window of this thread, and lets messages in
 * meanwhile: the receiver may have to be answered before it answers.
 *
 * @throws What the window's procedure throws.
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
  return await job.answer;
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
  if (typeof id === "bigint") throw new RangeError(`Expected ${name} to have 64 bits, got ${id}`);
  assertInteger(name, id, 0);
  return BigInt(id);
}

/**
 * Gives bytes that nobody else has. Windows gets their address, and while it waits for the answer a
 * window procedure of this thread may run, which could transfer or resize the caller's own.
 */
function toBytes(
  data: CopyData,
  { encoding, terminate = false }: SendCopyDataOptions,
): Uint8Array<ArrayBuffer> {
  const bytes = typeof data === "string"
    ? encodeText(terminate ? `${data}\0` : data, encoding)
    : bytesOf("data (a text, or bytes)", data);
  if (bytes.length > MAX_COPY_DATA) {
    throw new RangeError(`Expected at most ${MAX_COPY_DATA} bytes, got ${bytes.length}`);
  }
  return new Uint8Array(bytes);
}
