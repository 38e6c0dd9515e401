/**
 * Who a message says it is from.
 *
 * @module
 */

import { assertBigInteger } from "../../../ffi/arguments.ts";
import { ERROR_INSUFFICIENT_BUFFER, lastErrorCode } from "../../../ffi/error.ts";
import { Handle } from "../../../ffi/handle.ts";
import { kernel32 } from "../../../ffi/win32/kernel32.ts";
import { user32 } from "../../../ffi/win32/user32.ts";
import { readWide } from "../../../ffi/wide.ts";
import { isOneWindow } from "../window/find.ts";

const PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;

/**
 * The window that a message names as its sender's: a claim, which nobody checks.
 *
 * What is told of it is looked up when it is asked for; while the sender waits for
 * its answer (in `allow` and `onMessage`) it is there, later it may be gone, and
 * Windows may have given its number to another.
 */
export class MessageSender {
  /** The window's handle (`HWND`), sign-extended; 0 where the sender named none. */
  readonly handle: bigint;

  /**
   * Names a sender.
   *
   * @param handle The window's handle, zero- or sign-extended.
   * @throws {TypeError} If it is no bigint.
   */
  constructor(handle: bigint) {
    assertBigInteger("handle", handle, -(2n ** 63n), 2n ** 64n - 1n);
    this.handle = BigInt.asUintN(64, BigInt.asIntN(32, handle));
  }

  /**
   * The process that made the window; `undefined` if there is no such window now.
   *
   * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-getwindowthreadprocessid}
   */
  get pid(): number | undefined {
    if (!isOneWindow(this.handle)) return undefined;
    const pid = new Uint32Array(1);
    user32().GetWindowThreadProcessId(this.handle, pid);
    return pid[0] || undefined;
  }

  /**
   * The path of that process's program; `undefined` if it is gone, or not to be told.
   *
   * @see {@link https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-queryfullprocessimagenamew}
   */
  get path(): string | undefined {
    const { pid } = this;
    if (pid === undefined) return undefined;
    const { OpenProcess, QueryFullProcessImageNameW } = kernel32();
    const value = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid);
    if (value === 0n) return undefined;
    using process = new Handle(value, "process");
    const path = readWide((buffer) => {
      const length = Uint32Array.of(buffer.length);
      const done = QueryFullProcessImageNameW(process.value, 0, buffer, length);
      if (done) return length[0]!;
      return lastErrorCode() === ERROR_INSUFFICIENT_BUFFER ? buffer.length : 0;
    });
    return path || undefined;
  }
}
