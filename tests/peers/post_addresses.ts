/**
 * Posts a window messages whose `lParam` is to be an address and is none, and takes them: Windows has
 * to refuse them, or to leave them alone. Were an address read, the process would end here.
 *
 * @module
 */

import { MessageWindow, Win32Error, WM_COPYDATA } from "../../mod.ts";

/** Their names in winuser.h: WM_CREATE, WM_SETTEXT, WM_GETTEXT, WM_GETMINMAXINFO, … */
const MESSAGES = [
  0x01,
  0x0c,
  0x0d,
  0x24,
  0x2b,
  0x2c,
  0x46,
  0x47,
  WM_COPYDATA,
  0x4e,
  0x53,
  0x7c,
  0x7d,
  0x81,
  0x83,
];
/** `WM_TIMER` and `WM_SYSTIMER`, whose `lParam` is the address of a function. */
const TIMERS = [0x113, 0x118];
const ERROR_MESSAGE_SYNC_ONLY = 1159;

using window = MessageWindow.open({ procedure: () => undefined });
for (const message of [...MESSAGES, ...TIMERS]) {
  try {
    window.post(message, 1n, 16n);
    console.log(message, "posted");
  } catch (error) {
    if (!(error instanceof Win32Error && error.code === ERROR_MESSAGE_SYNC_ONLY)) throw error;
    console.log(message, "refused");
  }
  window.pump();
}
console.log("survived");
