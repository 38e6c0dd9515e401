/**
 * What goes on around a window procedure: what a WM_COPYDATA brings, errors, the system's answer to what the
 * procedure leaves, and waits that let messages in.
 *
 * Windows calls a procedure, and no error can pass through Windows. So the error is kept until a call of
 * the script returns that ran the procedure.
 *
 * Any process can send any message with any parameters, and `DefWindowProcW` acts on many of them: it
 * shows the window, starts a loop of its own that moves it, or follows an address. A window that is
 * never seen needs few of these services, so that only the messages known here reach it.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-defwindowprocw}
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-msgwaitformultipleobjectsex}
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/wm-copydata}
 * @module
 */

import { toLresult, user32 } from "../../../ffi/win32/user32.ts";
import { INFINITE } from "../../../ffi/object_wait.ts";
import {
  copyBytes,
  type CopyDataFields,
  MSG_SIZE,
  readCopyDataStruct,
} from "../../../ffi/win32/types.ts";
import { Uncloneable } from "../../../ffi/handle.ts";

let failure: { error: unknown } | undefined;

/** Keeps the error of a procedure of this thread, unless an earlier one is still kept. */
export function keepProcedureFailure(error: unknown): void {
  failure ??= { error };
}

/** Throws the error that a procedure of this thread threw, once. */
export function throwProcedureFailure(): void {
  if (failure === undefined) return;
  const { error } = failure;
  failure = undefined;
  throw error;
}

/** Forgets the error of a procedure, because an earlier one is being thrown. */
export function dropProcedureFailure(): void {
  failure = undefined;
}

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

/**
 * Reads a message for as long as a function runs. It is for window procedures of ours, and not exported
 * to scripts: what is no address of a message faults.
 *
 * @param lParam The message's `lParam`, which Windows gave.
 * @param use What is done with it.
 */
export let duringCopyData: <R>(lParam: bigint, use: (data: ReceivedCopyData) => R) => R;

/** What a window procedure got by WM_COPYDATA. */
export class ReceivedCopyData extends Uncloneable {
  readonly #fields: CopyDataFields;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #over = false;

  private constructor(fields: CopyDataFields) {
    super();
    this.#fields = fields;
  }

  static {
    duringCopyData = (lParam, use) => {
      const data = new ReceivedCopyData(readCopyDataStruct(lParam));
      try {
        return use(data);
      } finally {
        data.#over = true;
      }
    };
  }

  /** The number that tells what the data is (`dwData`). */
  get id(): bigint {
    return this.#fields.id;
  }

  /** How many bytes the sender counted (`cbData`). */
  get byteLength(): number {
    return this.#fields.byteLength;
  }

  /**
   * The bytes, copied when they are first looked at, which has to be before the window
   * procedure returns: the system takes them away then.
   *
   * @throws {TypeError} If it has returned and they were not looked at.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes === undefined) {
      if (this.#over) {
        throw new TypeError("Cannot read a WM_COPYDATA after its window procedure has returned");
      }
      this.#bytes = copyBytes(this.#fields.data, this.#fields.byteLength);
    }
    return this.#bytes;
  }
}
