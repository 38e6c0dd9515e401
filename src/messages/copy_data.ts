/**
 * WM_COPYDATA: bytes for another program's window.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/wm-copydata}
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import { bytesOf, type ByteSource } from "../../ffi/bytes.ts";
import { requireHost } from "../../ffi/requirements.ts";
import { MOST_COPY_DATA } from "../../ffi/struct.ts";
import { LONGEST_TIMER } from "../waiting/poll.ts";
import { deliver, deliveryError, type Parcel } from "./delivery.ts";
import { encodeText, type TextEncoding } from "./encoding.ts";
import { listenersOfThisThread, type OwnHandler, windowsOfThisThread } from "./own_windows.ts";
import { SenderJob } from "./sender_job.ts";
import { enqueue } from "./sender_pool.ts";
import { toWindow, type WindowTarget } from "./window_target.ts";

/** What to send: bytes, or a text that is written in an encoding. */
export type CopyData = string | ByteSource;

/** How to send, standing still. */
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
  /** The most to wait for the answer, in milliseconds, at least 1. @default 5000 */
  timeout?: number;
  /** The window that the receiver is to take for the sender's. @default none */
  from?: WindowTarget;
}

/** How to send. */
export interface SendCopyDataOptions extends SendCopyDataSyncOptions {
  /** Stops the wait for the answer; the receiver may still get the data. */
  signal?: AbortSignal;
}

/**
 * Sends data to a window and waits for its answer.
 *
 * Messages to one window arrive in the order in which they were sent. They go out from a few
 * threads, each of which waits for one window, so that one that hangs holds up what goes to
 * it and nothing else; only when eight hang at once does a send to another have to wait, and its
 * timeout counts that in. From a local checkout the threads need `--allow-read`, from JSR nothing.
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
 * @param target The window.
 * @param data What to send, at most 4294967295 bytes; it may be changed as soon as this returns.
 * @param options How.
 * @returns What the receiver's window procedure answered.
 * @throws {Deno.errors.TimedOut} If there is no answer in time; the receiver may still get the data.
 * @throws {Deno.errors.NotFound} If there is no such window, or its program ends meanwhile.
 * @throws {Deno.errors.PermissionDenied} If the receiver runs with more rights and takes no messages from this one (UIPI).
 * @throws {Deno.errors.NotCapable} If this module is a local file and may not be read.
 * @throws {TypeError} If an argument is of the wrong kind, or cannot be written in the encoding.
 * @throws {RangeError} If a number is out of range.
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/wm-copydata}
 */
export async function sendCopyData(
  target: WindowTarget,
  data: CopyData,
  options: SendCopyDataOptions = {},
): Promise<bigint> {
  const parcel = toParcel(target, data, options);
  requireHost();
  options.signal?.throwIfAborted();
  // Its procedure runs on this thread, and only this call can run it now.
  if (windowsOfThisThread.get(parcel.window)) return deliverHere(parcel);
  const job = new SenderJob(parcel, options.signal);
  const handler = listenersOfThisThread.get(parcel.window);
  if (handler === undefined) enqueue(job);
  // The handler may be what sends, so that its thread would wait for itself by way of Windows.
  else void handleHere(job, handler);
  return await job.answer;
}

/**
 * Sends data to a window and waits for its answer; the script stands still meanwhile.
 *
 * It is for Workers and short scripts. A receiver that asks this script something before it
 * answers, through a {@linkcode CopyDataListener} with a handler, waits in vain.
 *
 * @param target The window.
 * @param data What to send, at most 4294967295 bytes.
 * @param options How.
 * @returns What the receiver's window procedure answered.
 * @throws {Deno.errors.TimedOut} If there is no answer in time; the receiver may still get the data.
 * @throws {Deno.errors.NotFound} If there is no such window, or its program ends meanwhile.
 * @throws {Deno.errors.PermissionDenied} If the receiver runs with more rights and takes no messages from this one (UIPI).
 * @throws {TypeError} If an argument is of the wrong kind, or cannot be written in the encoding; or if the
 *   target is a listener whose answer this very thread would have to give.
 * @throws {RangeError} If a number is out of range.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-sendmessagetimeoutw}
 */
export function sendCopyDataSync(
  target: WindowTarget,
  data: CopyData,
  options: SendCopyDataSyncOptions = {},
): bigint {
  const parcel = toParcel(target, data, options);
  if (listenersOfThisThread.get(parcel.window)) {
    throw new TypeError(
      "Cannot send to a listener whose answer this thread has to give, and wait for it: " +
        "use sendCopyData()",
    );
  }
  return deliverHere(parcel);
}

/** Sends on this thread. */
function deliverHere(parcel: Parcel): bigint {
  const outcome = deliver(parcel);
  if ("answer" in outcome) return outcome.answer;
  throw deliveryError(parcel, outcome.code);
}

/** Gives a message to a handler of this thread. */
async function handleHere(job: SenderJob, handler: OwnHandler): Promise<void> {
  const { id, bytes, from: sender } = job.parcel;
  job.finish({ answer: await handler({ id, bytes, sender }) });
}

function toParcel(
  target: WindowTarget,
  data: CopyData,
  options: SendCopyDataSyncOptions,
): Parcel {
  const { id = 0, timeout = 5000, from } = options;
  assertInteger("timeout", timeout, 1, LONGEST_TIMER);
  return {
    window: toWindow("target", target),
    from: from === undefined ? 0n : toWindow("from", from),
    id: toId(id),
    bytes: toBytes(data, options),
    timeout,
  };
}

function toId(id: number | bigint): bigint {
  if (typeof id === "bigint" && id >= 0n && id < 2n ** 64n) return id;
  if (typeof id === "bigint") throw new RangeError(`Expected id to have 64 bits, got ${id}`);
  assertInteger("id", id, 0);
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
    : bytesOf("data", data);
  if (bytes.length > MOST_COPY_DATA) {
    throw new RangeError(`Expected at most ${MOST_COPY_DATA} bytes, got ${bytes.length}`);
  }
  return new Uint8Array(bytes);
}
