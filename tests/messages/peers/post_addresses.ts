/**
 * Posts messages with an invalid address as `lParam` to a window, and takes them. Windows must
 * refuse or ignore them. A read at such an address would end this process.
 *
 * @module
 */

import { lastErrorCode } from "../../../ffi/error.ts";
import { user32 } from "../../../ffi/win32/user32.ts";
import { MessageWindow, postMessage, sendMessage, WM_COPYDATA } from "../../../src/messages/mod.ts";

/** Messages whose `lParam` is an address: WM_CREATE, WM_SETTEXT, WM_GETTEXT and more. */
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
  // As another program can post it, without the checks of this library.
  if (user32().PostMessageW(window.handle, message, 1n, 16n)) console.log(message, "posted");
  else console.log(message, lastErrorCode() === ERROR_MESSAGE_SYNC_ONLY ? "refused" : "failed");
  window.pump();
}
for (const message of MESSAGES) {
  const wrong = { wParam: 1, lParam: 16 };
  for (const use of [postMessage, sendMessage]) {
    try {
      await use(window, message, wrong);
      console.log(message, "was taken by", use.name);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
}
console.log("survived");
