/**
 * WM_COPYDATA: bytes for another program's window.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/wm-copydata}
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";
import { errorFromCode, lastErrorCode } from "../../ffi/error.ts";
import { addressOf, copyDataStruct } from "../../ffi/struct.ts";
import { toLresult, user32 } from "../../ffi/user32.ts";
import { encodeText, type TextEncoding } from "./encoding.ts";
import { LONGEST_TIMER } from "../waiting/poll.ts";
import { WM_COPYDATA } from "./message_window.ts";

/**
 * A window to send to: one that was found or made, or a handle (`HWND`), zero- or
 * sign-extended.
 */
export type WindowTarget = { readonly handle: bigint } | bigint | number;

/** What to send: bytes, or a text that is written in an encoding. */
export type CopyData = string | ArrayBuffer | ArrayBufferView<ArrayBuffer>;

/** How to send. */
export interface SendCopyDataOptions {
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

/** What is being sent: the struct holds the address of the bytes, which the collector does not see. */
const inFlight = new Set<Uint8Array<ArrayBuffer>>();

/** `SMTO_ERRORONEXIT`: the wait ends when the receiver's thread does. */
const SMTO_ERRORONEXIT = 0x20;
const HWND_BROADCAST = 0xffffn;
/** The most that `cbData` can count. */
const MOST_BYTES = 2 ** 32 - 1;

const ERROR_ACCESS_DENIED = 5;
const ERROR_INVALID_WINDOW_HANDLE = 1400;
const ERROR_TIMEOUT = 1460;

/**
 * Sends data to a window and waits for its answer; the script stands still meanwhile.
 *
 * @param target The window.
 * @param data What to send, at most 4294967295 bytes.
 * @param options How.
 * @returns What the receiver's window procedure answered.
 * @throws {Deno.errors.TimedOut} If there is no answer in time; the receiver may still get the data.
 * @throws {Deno.errors.NotFound} If there is no such window, or its program ends meanwhile.
 * @throws {Deno.errors.PermissionDenied} If the receiver runs with more rights and takes no messages from this one (UIPI).
 * @throws {TypeError} If an argument is of the wrong kind, or cannot be written in the encoding.
 * @throws {RangeError} If a number is out of range.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-sendmessagetimeoutw}
 */
export function sendCopyDataSync(
  target: WindowTarget,
  data: CopyData,
  options: SendCopyDataOptions = {},
): bigint {
  const { timeout = 5000, from } = options;
  const window = toWindow("target", target);
  const sender = from === undefined ? 0n : toWindow("from", from);
  assertInteger("timeout", timeout, 1, LONGEST_TIMER);
  const bytes = toBytes(data, options);
  const struct = copyDataStruct(toId(options.id ?? 0), bytes);
  const answer = new BigInt64Array(1);
  inFlight.add(bytes);
  try {
    const sent = user32().SendMessageTimeoutW(
      window,
      WM_COPYDATA,
      sender,
      addressOf(struct),
      SMTO_ERRORONEXIT,
      timeout,
      answer,
    );
    if (toLresult(sent) !== 0n) return answer[0]!;
    throw whyNotSent(lastErrorCode(), window, bytes.length, timeout);
  } finally {
    inFlight.delete(bytes);
  }
}

function whyNotSent(code: number, window: bigint, byteLength: number, timeout: number): Error {
  const attempt = `Cannot send ${byteLength} bytes to window 0x${window.toString(16)}`;
  // A program that ends meanwhile leaves no error of its own: 0, or on Wine "Access denied".
  if (!user32().IsWindow(window)) {
    return errorFromCode(ERROR_INVALID_WINDOW_HANDLE, "SendMessageTimeoutW", attempt, {
      hint: "there is no such window, or its program ended before it answered",
    });
  }
  if (code === ERROR_ACCESS_DENIED) {
    return errorFromCode(code, "SendMessageTimeoutW", attempt, {
      hint: "its program runs with more rights and does not admit WM_COPYDATA from this one (UIPI)",
    });
  }
  // Windows is known to leave the error at 0 when the time is over.
  return errorFromCode(code || ERROR_TIMEOUT, "SendMessageTimeoutW", attempt, {
    hint: `there was no answer within ${timeout} ms: the program is busy or hangs`,
  });
}

/** A window's handle as Windows takes it: 32 bits that count, sign-extended. */
function toWindow(what: string, target: WindowTarget): bigint {
  const value = typeof target === "object" ? target?.handle : target;
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) {
    throw new TypeError(`Expected ${what} to be a window or its handle, got ${String(target)}`);
  }
  const handle = BigInt(value);
  const extended = BigInt.asIntN(32, handle);
  const same = [extended, BigInt.asUintN(32, extended), BigInt.asUintN(64, extended)];
  if (extended === 0n || extended === HWND_BROADCAST || !same.includes(handle)) {
    throw new RangeError(`Expected ${what} to be the handle of one window, got ${handle}`);
  }
  return BigInt.asUintN(64, extended);
}

function toId(id: number | bigint): bigint {
  if (typeof id === "bigint" && id >= 0n && id < 2n ** 64n) return id;
  if (typeof id === "bigint") throw new RangeError(`Expected id to have 64 bits, got ${id}`);
  assertInteger("id", id, 0);
  return BigInt(id);
}

function toBytes(
  data: CopyData,
  { encoding, terminate = false }: SendCopyDataOptions,
): Uint8Array<ArrayBuffer> {
  const bytes = typeof data === "string"
    ? encodeText(terminate ? `${data}\0` : data, encoding)
    : asBytes(data);
  if (bytes.length > MOST_BYTES) {
    throw new RangeError(`Expected at most ${MOST_BYTES} bytes, got ${bytes.length}`);
  }
  return bytes;
}

function asBytes(data: ArrayBuffer | ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  throw new TypeError("Expected data to be a string, an ArrayBuffer or a view of one");
}
