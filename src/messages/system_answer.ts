/**
 * The system's answers to messages that a window's own procedure leaves to it.
 *
 * Any process can send any message with any parameters, and `DefWindowProcW` acts on many of them: it
 * shows the window, starts a loop of its own that moves it, or follows an address. A window that is
 * never seen needs few of these services, so that only the messages known here reach it.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-defwindowprocw}
 * @module
 */

import { toLresult, user32 } from "../../ffi/user32.ts";

const WM_SETTEXT = 0xc;
const WM_GETTEXT = 0xd;
const WM_GETTEXTLENGTH = 0xe;
const WM_PAINT = 0xf;
const WM_QUERYENDSESSION = 0x11;
const WM_QUERYOPEN = 0x13;
const WM_NCCREATE = 0x81;
const WM_NCDESTROY = 0x82;
const WM_NCACTIVATE = 0x86;
const WM_POWERBROADCAST = 0x218;
const WM_DEVICECHANGE = 0x219;

/**
 * The messages that `DefWindowProcW` gets. All but WM_PAINT are about the window's title: the system
 * copies the text from one process to the other, and lets nobody post such a message. WM_PAINT comes
 * again and again until the system has it, once a stranger has had a hidden window shown.
 */
const FOR_THE_SYSTEM = new Set([
  WM_SETTEXT,
  WM_GETTEXT,
  WM_GETTEXTLENGTH,
  WM_PAINT,
  WM_NCCREATE,
  WM_NCDESTROY,
]);

/** The messages by which the system asks whether something may go on; 1 lets it. */
const PERMITTED = new Set([
  WM_QUERYENDSESSION,
  WM_QUERYOPEN,
  WM_NCACTIVATE,
  WM_POWERBROADCAST,
  WM_DEVICECHANGE,
]);

/**
 * Answers a message as the system does for a window that is never seen.
 *
 * @returns What the system answers to the few messages that it gets, 1 to those that ask for a
 *   permission, and 0 to all others.
 */
export function systemAnswer(
  window: bigint,
  message: number,
  wParam: bigint,
  lParam: bigint,
): bigint {
  if (!FOR_THE_SYSTEM.has(message)) return PERMITTED.has(message) ? 1n : 0n;
  return toLresult(user32().DefWindowProcW(window, message, wParam, lParam));
}
