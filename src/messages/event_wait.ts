/**
 * Waiting for an event on a thread that has windows.
 *
 * @module
 */

import { MSG_SIZE } from "../../ffi/struct.ts";
import { user32 } from "../../ffi/user32.ts";

const QS_SENDMESSAGE = 0x40;
const PM_NOREMOVE = 0;
/** `PM_QS_SENDMESSAGE`: run the procedures of sent messages, and leave posted ones alone. */
const PM_QS_SENDMESSAGE = QS_SENDMESSAGE << 16;

/**
 * Waits until an event is set or the time is over, and meanwhile lets in the messages that
 * others send to this thread's windows: a thread that stood still here would have
 * everybody wait who sends to it, also who has to be heard before the event can be set.
 *
 * It may return early; whoever waits looks again.
 *
 * @param event The event's handle.
 * @param milliseconds The most to wait.
 * @param admit Whether to let messages in.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-msgwaitformultipleobjectsex}
 */
export function waitForEvent(event: bigint, milliseconds: number, admit: boolean): void {
  const { MsgWaitForMultipleObjectsEx, PeekMessageW } = user32();
  const mask = admit ? QS_SENDMESSAGE : 0;
  MsgWaitForMultipleObjectsEx(1, BigUint64Array.of(event), milliseconds, mask, 0);
  if (admit) {
    PeekMessageW(new Uint8Array(MSG_SIZE), 0n, 0, 0, PM_NOREMOVE | PM_QS_SENDMESSAGE);
  }
}
