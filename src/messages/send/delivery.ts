/**
 * Sends a message to a window by `SendMessageTimeoutW`, and makes the error if there is no answer.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-sendmessagetimeoutw}
 * @module
 */

import { assertInteger } from "../../../ffi/arguments.ts";
import { clearLastError, errorFromCode, lastErrorCode } from "../../../ffi/error.ts";
import { addressOf, copyDataStruct } from "../../../ffi/win32/types.ts";
import { toLresult, user32 } from "../../../ffi/win32/user32.ts";
import { MAX_TIMER } from "../../wait/options.ts";
import { messageName, throwProcedureFailure, WM_COPYDATA, WM_USER } from "../window/procedure.ts";
import { nameOfWindow } from "../window/find.ts";

/** A message to send, and its receiver. */
export interface Parcel {
  /** The handle of the receiver's window. */
  window: bigint;
  /** The message's number. */
  message: number;
  /** The first parameter, unsigned. For WM_COPYDATA: the window to name as the sender, or 0. */
  wParam: bigint;
  /** The second parameter, signed. For WM_COPYDATA: the number that identifies the kind of data. */
  lParam: bigint;
  /** The bytes of a WM_COPYDATA, in memory of the script or of a send thread. */
  bytes: Uint8Array;
  /** Maximum time to wait for the answer, in milliseconds. */
  timeout: number;
}

/** A parcel without its bytes. */
export interface ParcelHead extends Omit<Parcel, "bytes"> {
  /** The number of the parcel's bytes. */
  byteLength: number;
}

/** Maximum time, in milliseconds, by which a wait of the system can end too early. */
const TICK = 16;

/** Default maximum time to wait for an answer, in milliseconds. */
export const DEFAULT_SEND_TIMEOUT = 5000;

/** The receiver's answer, or the error code if there is no answer. */
export type Outcome = { answer: bigint } | { code: number };

/** `SMTO_ERRORONEXIT`: the wait ends when the receiver's thread does. */
const SMTO_ERRORONEXIT = 0x20;

const ERROR_ACCESS_DENIED = 5;
const ERROR_NOT_SUPPORTED = 50;
const ERROR_INVALID_WINDOW_HANDLE = 1400;
/** The error code of an outcome without an answer in time. */
export const ERROR_TIMEOUT = 1460;

/**
 * Keeps the bytes alive that are being sent: the garbage collector does not see the addresses that
 * Windows has.
 */
const inFlight = new Set<readonly Uint8Array[]>();

/** Sends a parcel, and blocks this thread until there is an outcome. */
export function deliver(parcel: Parcel): Outcome {
  const { window, message, wParam, lParam, bytes, timeout } = parcel;
  if (message !== WM_COPYDATA) return send(window, message, wParam, lParam, timeout);
  const struct = copyDataStruct(BigInt.asUintN(64, lParam), bytes);
  const addressed = [struct, bytes];
  inFlight.add(addressed);
  try {
    return send(window, message, wParam, addressOf(struct), timeout);
  } finally {
    inFlight.delete(addressed);
  }
}

function send(
  window: bigint,
  message: number,
  wParam: bigint,
  lParam: bigint,
  timeout: number,
): Outcome {
  const answer = new BigInt64Array(1);
  const { SendMessageTimeoutW } = user32();
  const before = performance.now();
  // SendMessageTimeoutW can fail without setting an error, so clear the error of an earlier call.
  clearLastError();
  const sent = SendMessageTimeoutW(
    window,
    message,
    wParam,
    lParam,
    SMTO_ERRORONEXIT,
    timeout,
    answer,
  );
  return toLresult(sent) === 0n
    ? {
      code: whyNotSent(
        lastErrorCode(),
        window,
        message,
        performance.now() - before >= timeout - TICK,
      ),
    }
    : { answer: answer[0]! };
}

/** Maximum size of {@linkcode kept}, in bytes. */
const MAX_KEPT = 2 ** 20;
/** Memory of an earlier send: new memory takes longer to fill. No send under way uses it. */
let kept = new Uint8Array();

/**
 * Sends a parcel on the script's own thread, and blocks it until there is an answer.
 *
 * @throws The error that a window procedure of this thread threw during the send.
 */
export function deliverHere(parcel: Parcel): bigint {
  const { length } = parcel.bytes;
  const memory = kept.length < length ? new Uint8Array(length) : kept;
  kept = new Uint8Array();
  // A copy, because a window procedure of this thread can run during the send, and could transfer or
  // resize the script's bytes.
  const bytes = memory.subarray(0, length);
  bytes.set(parcel.bytes);
  const outcome = deliver({ ...parcel, bytes });
  // A receiver that has not answered can still read the memory.
  if ("answer" in outcome && memory.length <= MAX_KEPT) kept = memory;
  throwProcedureFailure();
  if ("answer" in outcome) return outcome.answer;
  throw deliveryError({ ...parcel, byteLength: length }, outcome.code);
}

/** Throws unless a value is valid as the timeout of a send. */
export function assertSendTimeout(name: string, value: unknown): void {
  assertInteger(name, value, 1, MAX_TIMER);
}

function whyNotSent(code: number, window: bigint, message: number, isLate: boolean): number {
  // If the program has ended during the send, the error is 0, or "Access denied" on Wine.
  if (!user32().IsWindow(window)) return ERROR_INVALID_WINDOW_HANDLE;
  if (code !== 0) return code;
  // Windows sometimes leaves the error at 0 when the time is over.
  if (isLate) return ERROR_TIMEOUT;
  // Wine does not send handles of brushes, fonts or icons to another process, and leaves the error
  // at 0.
  const isOfTheSystem = message < WM_USER && message !== WM_COPYDATA;
  return isOfTheSystem ? ERROR_NOT_SUPPORTED : ERROR_INVALID_WINDOW_HANDLE;
}

/**
 * Makes the error for a parcel that was not answered.
 *
 * @param code The error code of the outcome.
 */
export function deliveryError(
  { window, message, byteLength, timeout }: ParcelHead,
  code: number,
): Error {
  const what = message === WM_COPYDATA ? `${byteLength} bytes` : messageName(message);
  const hint = {
    [ERROR_INVALID_WINDOW_HANDLE]:
      "there is no such window, or its program ended before it answered",
    [ERROR_ACCESS_DENIED]: `its program runs with more rights and does not admit ${
      messageName(message)
    } from this program (UIPI)`,
    [ERROR_NOT_SUPPORTED]: "the system does not pass this message on to another process",
    [ERROR_TIMEOUT]: `there was no answer within ${timeout} ms: the program is busy or hangs`,
  }[code];
  return errorFromCode(
    code,
    "SendMessageTimeoutW",
    `Cannot send ${what} to ${nameOfWindow(window)}`,
    hint === undefined ? {} : { hint },
  );
}
