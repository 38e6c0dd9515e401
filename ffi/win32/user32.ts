/**
 * The functions of user32.dll: windows and messages.
 *
 * There are two groups of functions. A *leaf* never calls back into JavaScript. A *re-entrant*
 * function can run a JavaScript window procedure before it returns.
 *
 * Deno calls a synchronous function with a plain result on a fast path. If the caller's code is
 * deoptimised during such a call, Deno aborts the process
 * (https://github.com/denoland/deno/issues/31122). A result that is `void` or a struct keeps
 * a call off the fast path.
 *
 * @module
 */

import {
  BOOL,
  BUFFER,
  CALLBACK,
  DWORD,
  HANDLE,
  HWND,
  lazyLibrary,
  LONG,
  LPARAM,
  LPVOID,
  LPWSTR,
  LRESULT,
  type Symbols,
  UINT,
  VOID,
  WORD,
  WPARAM,
} from "./types.ts";

/** The result of a re-entrant function that returns an `LRESULT`: 8 bytes, little-endian. */
const REENTRANT_LRESULT = { struct: [LRESULT] } as const;
/** The result of a re-entrant function that returns an `HWND`: 8 bytes, little-endian. */
const REENTRANT_HWND = { struct: [HWND] } as const;
/** The result of a re-entrant function that returns a `BOOL`: 4 bytes, little-endian. */
const REENTRANT_BOOL = { struct: [LONG] } as const;

/** The signatures of the functions that this module calls. */
export const USER32 = {
  // Leaf functions.
  AllowSetForegroundWindow: { parameters: [DWORD /* dwProcessId */], result: BOOL },
  ChangeWindowMessageFilterEx: {
    parameters: [
      HWND, // hwnd
      UINT, // message
      DWORD, // action
      BUFFER, // PCHANGEFILTERSTRUCT pChangeFilterStruct
    ],
    result: BOOL,
  },
  FindWindowExW: {
    parameters: [
      HWND, // hWndParent
      HWND, // hWndChildAfter
      LPWSTR, // lpszClass
      LPWSTR, // lpszWindow
    ],
    result: HWND,
  },
  GetClassNameW: {
    parameters: [
      HWND, // hWnd
      LPWSTR, // lpClassName
      LONG, // nMaxCount
    ],
    result: LONG,
  },
  GetWindowThreadProcessId: { parameters: [HWND, /* hWnd */ BUFFER /* LPDWORD */], result: DWORD },
  // GetWindowTextW would send a message to a window of this process. InternalGetWindowText does
  // not.
  InternalGetWindowText: {
    parameters: [
      HWND, // hWnd
      LPWSTR, // pString
      LONG, // cchMaxCount
    ],
    result: LONG,
  },
  IsHungAppWindow: { parameters: [HWND /* hwnd */], result: BOOL },
  IsWindow: { parameters: [HWND /* hWnd */], result: BOOL },
  PostMessageW: {
    parameters: [
      HWND, // hWnd
      UINT, // Msg
      WPARAM, // wParam
      LPARAM, // lParam
    ],
    result: BOOL,
  },
  PostQuitMessage: { parameters: [LONG /* nExitCode */], result: VOID },
  RegisterClassExW: { parameters: [BUFFER /* const WNDCLASSEXW* */], result: WORD },
  RegisterWindowMessageW: { parameters: [LPWSTR /* lpString */], result: UINT },
  UnregisterClassW: {
    parameters: [
      LPWSTR, // lpClassName
      HANDLE, // hInstance
    ],
    result: BOOL,
  },

  // Re-entrant functions.
  CreateWindowExW: {
    parameters: [
      DWORD, // dwExStyle
      LPWSTR, // lpClassName
      LPWSTR, // lpWindowName
      DWORD, // dwStyle
      LONG, // X
      LONG, // Y
      LONG, // nWidth
      LONG, // nHeight
      HWND, // hWndParent
      HANDLE, // hMenu
      HANDLE, // hInstance
      LPVOID, // lpParam
    ],
    result: REENTRANT_HWND,
  },
  DefWindowProcW: {
    parameters: [
      HWND, // hWnd
      UINT, // Msg
      WPARAM, // wParam
      LPARAM, // lParam
    ],
    result: REENTRANT_LRESULT,
  },
  DestroyWindow: { parameters: [HWND /* hWnd */], result: REENTRANT_BOOL },
  DispatchMessageW: { parameters: [BUFFER /* const MSG* */], result: REENTRANT_LRESULT },
  EnumWindows: {
    parameters: [
      CALLBACK, // WNDENUMPROC lpEnumFunc
      LPARAM, // lParam
    ],
    result: REENTRANT_BOOL,
  },
  GetMessageW: {
    parameters: [
      BUFFER, // LPMSG lpMsg
      HWND, // hWnd
      UINT, // wMsgFilterMin
      UINT, // wMsgFilterMax
    ],
    result: REENTRANT_BOOL,
  },
  MsgWaitForMultipleObjectsEx: {
    parameters: [
      DWORD, // nCount
      BUFFER, // const HANDLE* pHandles
      DWORD, // dwMilliseconds
      DWORD, // dwWakeMask
      DWORD, // dwFlags
    ],
    result: REENTRANT_BOOL,
  },
  PeekMessageW: {
    parameters: [
      BUFFER, // LPMSG lpMsg
      HWND, // hWnd
      UINT, // wMsgFilterMin
      UINT, // wMsgFilterMax
      UINT, // wRemoveMsg
    ],
    result: REENTRANT_BOOL,
  },
  SendMessageTimeoutW: {
    parameters: [
      HWND, // hWnd
      UINT, // Msg
      WPARAM, // wParam
      LPARAM, // lParam
      UINT, // fuFlags
      UINT, // uTimeout
      BUFFER, // PDWORD_PTR lpdwResult
    ],
    result: REENTRANT_LRESULT,
  },
  SendMessageW: {
    parameters: [
      HWND, // hWnd
      UINT, // Msg
      WPARAM, // wParam
      LPARAM, // lParam
    ],
    result: REENTRANT_LRESULT,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** Reads the result of a re-entrant function that returns an `LRESULT`. */
export function toLresult(result: Uint8Array): bigint {
  return new DataView(result.buffer, result.byteOffset).getBigInt64(0, true);
}

/** Reads the result of a re-entrant function that returns an `HWND`. */
export function toHwnd(result: Uint8Array): bigint {
  return BigInt.asUintN(64, toLresult(result));
}

/** Reads the result of a re-entrant function that returns a `BOOL`, which can be -1. */
export function toBool(result: Uint8Array): number {
  return new DataView(result.buffer, result.byteOffset).getInt32(0, true);
}

/** Returns the functions of user32.dll. Each is bound when it is first read. */
export const user32: () => Symbols<typeof USER32> = lazyLibrary("user32.dll", USER32);
