/**
 * The call that brings a message to a window, and what comes of it.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-sendmessagetimeoutw}
 * @module
 */

import { assertInteger } from "../../../ffi/arguments.ts";
import { errorFromCode, lastErrorCode } from "../../../ffi/error.ts";
import { kernel32 } from "../../../ffi/win32/kernel32.ts";
import { addressOf, copyDataStruct } from "../../../ffi/win32/types.ts";
import { toLresult, user32 } from "../../../ffi/win32/user32.ts";
import { MAX_TIMER } from "../../wait/options.ts";
import { messageName, throwProcedureFailure, WM_COPYDATA, WM_USER } from "../window/procedure.ts";
import { nameOfWindow } from "../window/find.ts";

/** What is sent, to whom. */
export interface Parcel {
  /** The receiver's window. */
  window: bigint;
  /** Which message. */
  message: number;
  /** Its first parameter, unsigned; of a WM_COPYDATA, the window that is named as the sender's, or 0. */
  wParam: bigint;
  /** Its second parameter, signed; of a WM_COPYDATA, the number that tells what the bytes are. */
  lParam: bigint;
  /** The bytes of a WM_COPYDATA. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The most to wait for the answer, in milliseconds. */
  timeout: number;
}

/** How much earlier than asked for a wait of the system may be over, in milliseconds. */
const TICK = 16;

/** How long to wait for an answer unless told otherwise, in milliseconds. */
export const DEFAULT_SEND_TIMEOUT = 5000;

/** What the receiver answered, or why there is no answer. */
export type Outcome = { answer: bigint } | { code: number };

/** `SMTO_ERRORONEXIT`: the wait ends when the receiver's thread does. */
const SMTO_ERRORONEXIT = 0x20;

const ERROR_ACCESS_DENIED = 5;
const ERROR_NOT_SUPPORTED = 50;
const ERROR_INVALID_WINDOW_HANDLE = 1400;
/** What an outcome without an answer in time has for a code. */
export const ERROR_TIMEOUT = 1460;

/** What is being sent: Windows holds the addresses, which the collector does not see. */
const inFlight = new Set<readonly Uint8Array<ArrayBuffer>[]>();

/**
 * Sends a parcel; this thread is blocked until there is an outcome.
 */
export function deliver({ window, message, wParam, lParam, bytes, timeout }: Parcel): Outcome {
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
  // Where it fails without an error of its own, that of an earlier call would be taken for it.
  kernel32().SetLastError(0);
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

/**
 * Sends a parcel on the script's own thread, which is blocked until there is an answer.
 *
 * @throws What a window procedure of this thread threw meanwhile.
 */
export function deliverHere(parcel: Parcel): bigint {
  const outcome = deliver(parcel);
  throwProcedureFailure();
  if ("answer" in outcome) return outcome.answer;
  throw deliveryError(parcel, outcome.code);
}

/** Throws unless a value can be the timeout of a send. */
export function assertSendTimeout(name: string, value: unknown): void {
  assertInteger(name, value, 1, MAX_TIMER);
}

function whyNotSent(code: number, window: bigint, message: number, isLate: boolean): number {
  // A program that ends meanwhile leaves no error of its own: 0, or on Wine "Access denied".
  if (!user32().IsWindow(window)) return ERROR_INVALID_WINDOW_HANDLE;
  if (code !== 0) return code;
  // Windows is known to leave the error at 0 when the time is over.
  if (isLate) return ERROR_TIMEOUT;
  // Wine sends no handle of a brush, a font or an icon to another process, and leaves the error at 0.
  const isOfTheSystem = message < WM_USER && message !== WM_COPYDATA;
  return isOfTheSystem ? ERROR_NOT_SUPPORTED : ERROR_INVALID_WINDOW_HANDLE;
}

/**
 * Makes the exception for a parcel that was not answered.
 *
 * @param code Why it was not answered.
 */
export function deliveryError({ window, message, bytes, timeout }: Parcel, code: number): Error {
  const what = message === WM_COPYDATA ? `${bytes.length} bytes` : messageName(message);
  const hint = {
    [ERROR_INVALID_WINDOW_HANDLE]:
      "there is no such window, or its program ended before it answered",
    [ERROR_ACCESS_DENIED]: `its program runs with more rights and does not admit ${
      messageName(message)
    } from this one (UIPI)`,
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
