/**
 * Waiting on a thread that has windows.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-msgwaitformultipleobjectsex}
 * @module
 */

import { INFINITE } from "../../ffi/registered_wait.ts";
import { MSG_SIZE } from "../../ffi/struct.ts";
import { user32 } from "../../ffi/user32.ts";

const QS_SENDMESSAGE = 0x40;
const QS_ALLINPUT = 0x4ff;
const MWMO_INPUTAVAILABLE = 0x4;
const PM_NOREMOVE = 0;
/** `PM_QS_SENDMESSAGE`: run the procedures of sent messages, and leave posted ones alone. */
const PM_QS_SENDMESSAGE = QS_SENDMESSAGE << 16;

/**
 * Waits until one of several objects is signalled or the time is over, and meanwhile lets in the
 * messages that others send to this thread's windows: a thread that blocked here would have
 * everybody wait who sends to it, also who has to be heard before the object can be signalled.
 *
 * It may return early; whoever waits looks again.
 *
 * @param milliseconds The most to wait.
 * @param admit Whether to let messages in.
 */
export function waitForObjects(
  objects: readonly bigint[],
  milliseconds: number,
  admit: boolean,
): void {
  const { MsgWaitForMultipleObjectsEx } = user32();
  const handles = BigUint64Array.from(objects);
  const mask = admit ? QS_SENDMESSAGE : 0;
  MsgWaitForMultipleObjectsEx(handles.length, handles, milliseconds, mask, 0);
  if (admit) letMessagesIn();
}

/** Runs the procedures of this thread's windows for what others are sending to them now. */
export function letMessagesIn(): void {
  const { PeekMessageW } = user32();
  PeekMessageW(new Uint8Array(MSG_SIZE), 0n, 0, 0, PM_NOREMOVE | PM_QS_SENDMESSAGE);
}

/**
 * Waits until one of several objects is signalled, or there is a message for this thread's windows.
 */
export function waitForMessage(objects: readonly bigint[]): void {
  const handles = BigUint64Array.from(objects);
  const { MsgWaitForMultipleObjectsEx } = user32();
  MsgWaitForMultipleObjectsEx(handles.length, handles, INFINITE, QS_ALLINPUT, MWMO_INPUTAVAILABLE);
}
