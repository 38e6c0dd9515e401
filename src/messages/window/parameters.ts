/**
 * Messages that a script sends or answers, by their numbers.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/about-messages-and-message-queues}
 * @module
 */

import { assertInteger } from "../../../ffi/arguments.ts";

/** `WM_COPYDATA`. */
export const WM_COPYDATA = 0x4a;
/** `WM_USER`, the first of the messages that mean what a program makes of them. */
export const WM_USER = 0x400;
/** The number of the last message. */
export const MAX_MESSAGE = 0xffff;

/** A message's first or second parameter: 64 bits, signed or unsigned. */
export type MessageParameter = number | bigint;

/**
 * The messages whose parameters are addresses, which the system follows in the sender: it reads or
 * writes the memory there. A number that a script makes up would do harm.
 */
const WITH_ADDRESSES: ReadonlySet<number> = new Set([
  // Of windows: WM_CREATE, WM_SETTEXT, WM_GETTEXT, WM_SETTINGCHANGE, WM_DEVMODECHANGE, WM_GETMINMAXINFO,
  // WM_DRAWITEM, WM_MEASUREITEM, WM_DELETEITEM, WM_COMPAREITEM, WM_WINDOWPOSCHANGING,
  // WM_WINDOWPOSCHANGED, WM_COPYGLOBALDATA, WM_COPYDATA, WM_NOTIFY, WM_HELP, WM_STYLECHANGING,
  // WM_STYLECHANGED, WM_NCCREATE, WM_NCCALCSIZE, WM_GETDLGCODE, and WM_UAH… of menus.
  ...[
    0x01,
    0x0c,
    0x0d,
    0x1a,
    0x1b,
    0x24,
    0x2b,
    0x2c,
    0x2d,
    0x39,
    0x46,
    0x47,
    0x49,
    0x4a,
    0x4e,
    0x53,
  ],
  ...[0x7c, 0x7d, 0x81, 0x83, 0x87, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95],
  // EM_GETSEL, EM_GETRECT, EM_SETRECT, EM_SETRECTNP, EM_REPLACESEL, EM_GETLINE, EM_SETTABSTOPS.
  ...[0xb0, 0xb2, 0xb3, 0xb4, 0xc2, 0xc4, 0xcb],
  // SBM_GETRANGE, SBM_SETSCROLLINFO, SBM_GETSCROLLINFO, SBM_GETSCROLLBARINFO.
  ...[0xe3, 0xe9, 0xea, 0xeb],
  // WM_GESTURENOTIFY, WM_MENUGETOBJECT.
  ...[0x11a, 0x124],
  // CB_GETEDITSEL, CB_ADDSTRING, CB_DIR, CB_GETLBTEXT, CB_INSERTSTRING, CB_FINDSTRING, CB_SELECTSTRING,
  // CB_GETDROPPEDCONTROLRECT, CB_FINDSTRINGEXACT, CB_GETCOMBOBOXINFO.
  ...[0x140, 0x143, 0x145, 0x148, 0x14a, 0x14c, 0x14d, 0x152, 0x158, 0x164],
  // LB_ADDSTRING, LB_INSERTSTRING, LB_GETTEXT, LB_SELECTSTRING, LB_DIR, LB_FINDSTRING, LB_GETSELITEMS,
  // LB_SETTABSTOPS, LB_ADDFILE, LB_GETITEMRECT, LB_FINDSTRINGEXACT, LB_INSERTSTRINGUPPER to
  // LB_ADDSTRINGLOWER.
  ...[0x180, 0x181, 0x189, 0x18c, 0x18d, 0x18f, 0x191, 0x192, 0x196, 0x198, 0x1a2],
  ...[0x1aa, 0x1ab, 0x1ac, 0x1ad],
  // WM_NEXTMENU, WM_SIZING, WM_MOVING, WM_POWERBROADCAST, WM_DEVICECHANGE.
  ...[0x213, 0x214, 0x216, 0x218, 0x219],
  // WM_MDICREATE, WM_MDIGETACTIVE, WM_DROPOBJECT to WM_DRAGMOVE, WM_TOUCHHITTESTING.
  ...[0x220, 0x229, 0x22a, 0x22b, 0x22c, 0x22d, 0x22e, 0x22f, 0x24d],
  // WM_IME_CONTROL, WM_IME_REQUEST, WM_DPICHANGED, WM_GETDPISCALEDSIZE, WM_ASKCBFORMATNAME,
  // WM_GETTITLEBARINFOEX.
  ...[0x283, 0x288, 0x2e0, 0x2e4, 0x30c, 0x33f],
]);

/** Throws unless a value is the number of a message. */
export function assertMessage(message: number): void {
  assertInteger("message", message, 0, MAX_MESSAGE);
}

/**
 * Throws unless a value is the number of a message whose parameters are numbers.
 *
 * @throws {TypeError} If the message's parameters are addresses.
 */
export function assertNumeric(message: number): void {
  assertMessage(message);
  if (!WITH_ADDRESSES.has(message)) return;
  throw new TypeError(
    message === WM_COPYDATA
      ? "Cannot send WM_COPYDATA as numbers: use sendCopyData()"
      : `Cannot send ${
        messageName(message)
      }: its parameters are addresses of memory, which the system follows`,
  );
}

/**
 * Gives a parameter as Windows takes it.
 *
 * @param what What it is, for the message: `"wParam"`.
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

/** The name of a message, for an error. */
export function messageName(message: number): string {
  return message === WM_COPYDATA ? "WM_COPYDATA" : `message 0x${message.toString(16)}`;
}
