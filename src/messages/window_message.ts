/**
 * Messages that a script sends or answers, by their numbers.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/about-messages-and-message-queues}
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";

/** `WM_COPYDATA`. */
export const WM_COPYDATA = 0x4a;
/** `WM_USER`, the first of the messages that mean what a program makes of them. */
export const WM_USER = 0x400;
/** The number of the last message. */
export const MAX_MESSAGE = 0xffff;

/** A message's first or second parameter: 64 bits, signed or unsigned. */
export type MessageParameter = number | bigint;

/**
 * The messages whose parameters are addresses that the system follows in the sender, by their numbers:
 * the ranges from one to another. A number that a script makes up would end the process there.
 *
 * They are the pointer messages among the system's own: of windows (WM_CREATE, WM_SETTEXT, WM_GETTEXT,
 * WM_SETTINGCHANGE, WM_DEVMODECHANGE, WM_GETMINMAXINFO, WM_DRAWITEM to WM_DELETEITEM, WM_COMPAREITEM,
 * WM_WINDOWPOSCHANGING, WM_WINDOWPOSCHANGED, WM_COPYDATA, WM_NOTIFY, WM_HELP, WM_STYLECHANGING,
 * WM_STYLECHANGED, WM_NCCREATE, WM_NCCALCSIZE, WM_GETDLGCODE, WM_NEXTMENU to WM_DEVICECHANGE, WM_MDI…),
 * edit controls, scroll bars, combo boxes and list boxes.
 */
const WITH_ADDRESSES: readonly (readonly [number, number])[] = [
  [0x01, 0x01],
  [0x0c, 0x0d],
  [0x1a, 0x1b],
  [0x24, 0x24],
  [0x2b, 0x2d],
  [0x39, 0x39],
  [0x46, 0x47],
  [0x4a, 0x4a],
  [0x4e, 0x4e],
  [0x53, 0x53],
  [0x7c, 0x7d],
  [0x81, 0x81],
  [0x83, 0x83],
  [0x87, 0x87],
  [0xb0, 0xb4],
  [0xc2, 0xc4],
  [0xcb, 0xcb],
  [0xe3, 0xe3],
  [0xe9, 0xeb],
  [0x140, 0x15f],
  [0x180, 0x1a9],
  [0x213, 0x216],
  [0x219, 0x219],
  [0x220, 0x22f],
];

/**
 * Throws unless a value is the number of a message.
 *
 * @param message The value.
 */
export function assertMessage(message: number): void {
  assertInteger("message", message, 0, MAX_MESSAGE);
}

/**
 * Throws unless a value is the number of a message whose parameters are numbers.
 *
 * @param message The value.
 * @throws {TypeError} If the message's parameters are addresses.
 */
export function assertNumeric(message: number): void {
  assertMessage(message);
  if (!WITH_ADDRESSES.some(([first, last]) => first <= message && message <= last)) return;
  const name = `message 0x${message.toString(16)}`;
  throw new TypeError(
    message === WM_COPYDATA
      ? "Cannot send WM_COPYDATA as numbers: use sendCopyData()"
      : `Cannot send ${name}: its parameters are addresses of memory, which the system follows`,
  );
}

/**
 * Gives a parameter as Windows takes it.
 *
 * @param what What it is, for the message: `"wParam"`.
 * @param value The parameter.
 * @throws {TypeError} If it is neither a number nor a bigint.
 * @throws {RangeError} If it does not fit into 64 bits, or is no integer.
 */
export function toParameter(what: string, value: unknown): bigint {
  if (typeof value !== "bigint") {
    assertInteger(what, value, Number.MIN_SAFE_INTEGER);
    return BigInt(value);
  }
  if (value >= -(2n ** 63n) && value < 2n ** 64n) return value;
  throw new RangeError(`Expected ${what} to have 64 bits, got ${value}`);
}
