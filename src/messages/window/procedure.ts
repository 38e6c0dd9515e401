/**
 * The input and the answers of a window procedure: message numbers, parameters, the data of
 * WM_COPYDATA and the system's own answers. Also the waits that let messages in, the messages that
 * this thread answers itself, and the handlers that are running for them.
 *
 * A send to a window of this thread must not wait for a thread that waits for this thread. And a
 * handler's send must not wait for an earlier send of this script: the receiver of the earlier send
 * may be waiting for the handler's answer.
 *
 * @module
 */

import type { AsyncLocalStorage } from "node:async_hooks";
import { assertInteger } from "../../../ffi/arguments.ts";
import { toLresult, user32 } from "../../../ffi/win32/user32.ts";
import { INFINITE } from "../../../ffi/kernel_object.ts";
import {
  copyBytes,
  type CopyDataFields,
  MSG_SIZE,
  readCopyDataStruct,
} from "../../../ffi/win32/types.ts";
import { Uncloneable } from "../../../ffi/handle.ts";

/** The number of the message WM_COPYDATA. */
export const WM_COPYDATA = 0x4a;
/** The number of WM_USER, the first message whose meaning a program can define. */
export const WM_USER = 0x400;
/** The number of the last message. */
export const MAX_MESSAGE = 0xffff;

/** A message's first or second parameter: 64 bits, signed or unsigned. */
export type MessageParameter = number | bigint;

/**
 * The messages whose parameters are addresses. The system reads or writes the sender's memory at
 * these addresses, so a wrong number would do harm.
 */
const WITH_ADDRESSES: ReadonlySet<number> = new Set([
  // Of windows: WM_CREATE, WM_SETTEXT, WM_GETTEXT, WM_SETTINGCHANGE, WM_DEVMODECHANGE,
  // WM_GETMINMAXINFO, WM_DRAWITEM, WM_MEASUREITEM, WM_DELETEITEM, WM_COMPAREITEM,
  // WM_WINDOWPOSCHANGING, WM_WINDOWPOSCHANGED, WM_COPYGLOBALDATA, WM_COPYDATA, WM_NOTIFY, WM_HELP,
  // WM_STYLECHANGING, WM_STYLECHANGED, WM_NCCREATE, WM_NCCALCSIZE, WM_GETDLGCODE, and WM_UAH… of
  // menus.
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
  // CB_GETEDITSEL, CB_ADDSTRING, CB_DIR, CB_GETLBTEXT, CB_INSERTSTRING, CB_FINDSTRING,
  // CB_SELECTSTRING, CB_GETDROPPEDCONTROLRECT, CB_FINDSTRINGEXACT, CB_GETCOMBOBOXINFO.
  ...[0x140, 0x143, 0x145, 0x148, 0x14a, 0x14c, 0x14d, 0x152, 0x158, 0x164],
  // LB_ADDSTRING, LB_INSERTSTRING, LB_GETTEXT, LB_SELECTSTRING, LB_DIR, LB_FINDSTRING,
  // LB_GETSELITEMS, LB_SETTABSTOPS, LB_ADDFILE, LB_GETITEMRECT, LB_FINDSTRINGEXACT,
  // LB_INSERTSTRINGUPPER to LB_ADDSTRINGLOWER.
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
      }: its parameters are memory addresses, which the system would read or write`,
  );
}

/**
 * Converts a message's parameter to a bigint of at most 64 bits.
 *
 * @param what The parameter's name for an error, such as `"wParam"`.
 * @throws {TypeError} If the value is neither a number nor a bigint.
 * @throws {RangeError} If the value does not fit into 64 bits, or is not an integer.
 */
export function toParameter(what: string, value: unknown): bigint {
  if (typeof value !== "bigint") {
    assertInteger(what, value, Number.MIN_SAFE_INTEGER);
    return BigInt(value);
  }
  if (value >= -(2n ** 63n) && value < 2n ** 64n) return value;
  throw new RangeError(`Expected ${what} to fit into 64 bits, got ${value}`);
}

/** Returns the name of a message for an error. */
export function messageName(message: number): string {
  return message === WM_COPYDATA ? "WM_COPYDATA" : `message 0x${message.toString(16)}`;
}

let failure: { error: unknown } | undefined;

/** Keeps an error of a procedure of this thread, unless an earlier error is still kept. */
export function keepProcedureFailure(error: unknown): void {
  failure ??= { error };
}

/** Throws the kept error of a procedure of this thread, and forgets it. */
export function throwProcedureFailure(): void {
  if (failure === undefined) return;
  const { error } = failure;
  failure = undefined;
  throw error;
}

/** Forgets the kept error of a procedure, because an earlier error is being thrown. */
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
 * The messages that `DefWindowProcW` gets. All but WM_PAINT are about the window's title: the
 * system copies the text between the processes, and does not let a program post such a message. If
 * another program shows a hidden window, WM_PAINT comes again and again until the system gets it.
 */
const FOR_THE_SYSTEM = new Set([
  WM_SETTEXT,
  WM_GETTEXT,
  WM_GETTEXTLENGTH,
  WM_PAINT,
  WM_NCCREATE,
  WM_NCDESTROY,
]);

/** The messages by which the system asks for a permission. The answer 1 gives it. */
const PERMITTED = new Set([
  WM_QUERYENDSESSION,
  WM_QUERYOPEN,
  WM_NCACTIVATE,
  WM_POWERBROADCAST,
  WM_DEVICECHANGE,
]);

/**
 * Answers a message as the system does for a window that is never shown.
 *
 * @returns The answer of `DefWindowProcW` for the few messages that it gets. Otherwise 1 if the
 *   message asks for a permission, and 0 if not.
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
/** `PM_QS_SENDMESSAGE`: run the procedures for sent messages, and leave posted messages alone. */
const PM_QS_SENDMESSAGE = QS_SENDMESSAGE << 16;

/**
 * Waits until one of several objects is signalled or the time is over.
 *
 * With `admit` it also lets in messages that are sent to this thread's windows. Otherwise each
 * sender would wait, and one of them may be needed before the object can be signalled.
 *
 * It can return early, so the caller must check again.
 *
 * @param milliseconds Maximum time to wait.
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

/**
 * Runs the procedures of this thread's windows for the messages that are being sent to them now.
 */
export function letMessagesIn(): void {
  const { PeekMessageW } = user32();
  PeekMessageW(new Uint8Array(MSG_SIZE), 0n, 0, 0, PM_NOREMOVE | PM_QS_SENDMESSAGE);
}

/**
 * Waits until one of several objects is signalled or a message for this thread's windows arrives.
 */
export function waitForMessage(objects: readonly bigint[]): void {
  const handles = BigUint64Array.from(objects);
  const { MsgWaitForMultipleObjectsEx } = user32();
  MsgWaitForMultipleObjectsEx(handles.length, handles, INFINITE, QS_ALLINPUT, MWMO_INPUTAVAILABLE);
}

/**
 * Calls a function with the data of a WM_COPYDATA, which can be read until the function returns.
 * Only window procedures use this, and it is not part of the API: a wrong address would crash the
 * process.
 *
 * @param lParam The message's `lParam`, as Windows passed it to the window procedure.
 * @param use The function that gets the data.
 */
export let duringCopyData: <R>(lParam: bigint, use: (data: ReceivedCopyData) => R) => R;

/**
 * The data of a WM_COPYDATA in a window procedure.
 *
 * @example Answer a text in a window procedure
 * ```ts
 * import { decodeText, MessageWindow, sendCopyDataSync } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * using window = MessageWindow.open({
 *   procedure: ({ copyData }) => {
 *     if (copyData === undefined) return undefined;
 *     return decodeText(copyData.bytes) === "Hello" ? copyData.id : 0n;
 *   },
 * });
 * assertEquals(sendCopyDataSync(window, "Hello", { id: 7 }), 7n);
 * ```
 */
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

  /** The number that identifies the kind of data (`dwData`). */
  get id(): bigint {
    return this.#fields.id;
  }

  /** The number of bytes that the sender counted (`cbData`). */
  get byteLength(): number {
    return this.#fields.byteLength;
  }

  /**
   * A copy of the bytes, which is made at the first read. Read it before the window procedure
   * returns, because the system frees the bytes then. Later reads return the same copy.
   *
   * @throws {TypeError} If the first read comes after the window procedure has returned.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes === undefined) {
      if (this.#over) {
        throw new TypeError(
          "Cannot read the bytes of a ReceivedCopyData after its window procedure has returned: " +
            "read them inside the procedure",
        );
      }
      this.#bytes = copyBytes(this.#fields.data, this.#fields.byteLength);
    }
    return this.#bytes;
  }
}

/** A map by the handles of windows. Only the low 32 bits of a handle count. */
class WindowMap<T> {
  readonly #entries = new Map<bigint, T>();

  set(handle: bigint, value: T): void {
    this.#entries.set(BigInt.asUintN(32, handle), value);
  }

  get(handle: bigint): T | undefined {
    return this.#entries.get(BigInt.asUintN(32, handle));
  }

  delete(handle: bigint): void {
    this.#entries.delete(BigInt.asUintN(32, handle));
  }
}

/** A listener's handlers, for messages that their own thread sends to the listener. */
export interface OwnListener {
  /** Returns the answer to a WM_COPYDATA. */
  hear(message: IncomingMessage): Promise<bigint>;
  /**
   * Returns the answer to another message, or `undefined` if the listener leaves it to the system.
   */
  hearNumbers(message: IncomingNumbers): Promise<bigint> | undefined;
}

/** The windows whose procedures run on this thread. */
export const windowsOfThisThread: WindowMap<true> = new WindowMap();

/** The listeners whose handlers run on this thread. Their windows belong to other threads. */
export const listenersOfThisThread: WindowMap<OwnListener> = new WindowMap();

/** One call of a handler, from its start to its answer. */
export class Handling {
  /** The number of the latest send when the handler began, at least 1; 0 before that. */
  since = 0;
  #over = false;
  #outer: Handling | undefined = handlingNow();

  /** Whether the handler has answered, or its answer is not waited for any more. */
  get over(): boolean {
    return this.#over;
  }

  /** The handler whose send caused this call, if the script has sent to itself. */
  get outer(): Handling | undefined {
    return this.#outer;
  }

  /** Notes that the handler has answered, or that its answer is not waited for any more. */
  end(): void {
    this.#over = true;
    // Otherwise the chain of ended handlers would grow for as long as each handler sends to the
    // next.
    this.#outer = unanswered(this.#outer);
  }
}

/** Finds the handler that began an asynchronous operation; `undefined` until there are handlers. */
let storage: AsyncLocalStorage<Handling> | undefined;
/** The number of the latest send. It starts at 1, because a `since` of 0 means "no handler". */
let sends = 1;

/** Enables {@linkcode handlingNow}. Must be called before the first handler runs. */
export async function loadHandling(): Promise<void> {
  const { AsyncLocalStorage } = await import("node:async_hooks");
  storage ??= new AsyncLocalStorage();
}

/** Returns the number of a new send: 2, 3, 4, … in the order in which the sends begin. */
export function numberSend(): number {
  return ++sends;
}

/** Runs a handler, and marks the sends that it begins as its own. */
export function runHandler<R>(handling: Handling, handler: () => R): R {
  handling.since = sends;
  return storage === undefined ? handler() : storage.run(handling, handler);
}

/** Returns the innermost unanswered handler that has called the running code, if there is one. */
export function handlingNow(): Handling | undefined {
  return unanswered(storage?.getStore());
}

/** Returns the handler, or else the nearest handler around it, that has not answered yet. */
export function unanswered(handling: Handling | undefined): Handling | undefined {
  while (handling?.over) handling = handling.outer;
  return handling;
}

/** A WM_COPYDATA as it arrived. */
export interface IncomingMessage {
  /** The number that identifies the kind of data. */
  id: bigint;
  /** The data. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The handle of the window that the message names as its sender, or 0. */
  sender: bigint;
}

/** A message other than WM_COPYDATA as it arrived. */
export interface IncomingNumbers {
  /** The message's number. */
  number: number;
  /** The message's first parameter, unsigned. */
  wParam: bigint;
  /** The message's second parameter, signed. */
  lParam: bigint;
}
