/**
 * The call that brings a WM_COPYDATA to a window, and what comes of it.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-sendmessagetimeoutw}
 * @module
 */

import { errorFromCode, lastErrorCode } from "../../ffi/error.ts";
import { addressOf, copyDataStruct } from "../../ffi/struct.ts";
import { toLresult, user32 } from "../../ffi/user32.ts";
import { WM_COPYDATA } from "./message_window.ts";

/** What is sent, to whom, in whose name. */
export interface Parcel {
  /** The receiver's window. */
  window: bigint;
  /** The window that is named as the sender's, or 0. */
  from: bigint;
  /** The number that tells what the bytes are. */
  id: bigint;
  /** The bytes. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The most to wait for the answer, in milliseconds. */
  timeout: number;
}

/** What the receiver answered, or why there is no answer. */
export type Outcome = { answer: bigint } | { code: number };

/** `SMTO_ERRORONEXIT`: the wait ends when the receiver's thread does. */
const SMTO_ERRORONEXIT = 0x20;

const ERROR_ACCESS_DENIED = 5;
const ERROR_INVALID_WINDOW_HANDLE = 1400;
/** What an outcome without an answer in time has for a code. */
export const ERROR_TIMEOUT = 1460;

/** What is being sent: the struct holds the address of the bytes, which the collector does not see. */
const inFlight = new Set<Uint8Array<ArrayBuffer>>();

/**
 * Sends a parcel; this thread stands still until there is an outcome.
 *
 * @param parcel What to send.
 */
export function deliver({ window, from, id, bytes, timeout }: Parcel): Outcome {
  const struct = copyDataStruct(id, bytes);
  const answer = new BigInt64Array(1);
  inFlight.add(bytes);
  try {
    const sent = user32().SendMessageTimeoutW(
      window,
      WM_COPYDATA,
      from,
      addressOf(struct),
      SMTO_ERRORONEXIT,
      timeout,
      answer,
    );
    return toLresult(sent) === 0n
      ? { code: whyNotSent(lastErrorCode(), window) }
      : { answer: answer[0]! };
  } finally {
    inFlight.delete(bytes);
  }
}

function whyNotSent(code: number, window: bigint): number {
  // A program that ends meanwhile leaves no error of its own: 0, or on Wine "Access denied".
  if (!user32().IsWindow(window)) return ERROR_INVALID_WINDOW_HANDLE;
  // Windows is known to leave the error at 0 when the time is over.
  return code || ERROR_TIMEOUT;
}

/**
 * Makes the exception for a parcel that was not answered.
 *
 * @param parcel The parcel.
 * @param code Why it was not answered.
 */
export function deliveryError({ window, bytes, timeout }: Parcel, code: number): Error {
  const attempt = `Cannot send ${bytes.length} bytes to window 0x${window.toString(16)}`;
  const hint = {
    [ERROR_INVALID_WINDOW_HANDLE]:
      "there is no such window, or its program ended before it answered",
    [ERROR_ACCESS_DENIED]:
      "its program runs with more rights and does not admit WM_COPYDATA from this one (UIPI)",
    [ERROR_TIMEOUT]: `there was no answer within ${timeout} ms: the program is busy or hangs`,
  }[code];
  return errorFromCode(code, "SendMessageTimeoutW", attempt, hint === undefined ? {} : { hint });
}
