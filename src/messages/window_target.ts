/**
 * Windows, as callers name them.
 *
 * @module
 */

import { show } from "../../ffi/arguments.ts";

/**
 * A window to send to: one that was found or made, or a handle (`HWND`), zero- or
 * sign-extended.
 */
export type WindowTarget = { readonly handle: bigint } | bigint | number;

/**
 * The low 32 bits of handles that are not those of one window: none, `HWND_BOTTOM`, `HWND_BROADCAST`
 * and `HWND_TOPMOST`. The system sends to all windows for the last one too.
 */
const NOT_ONE_WINDOW: readonly bigint[] = [0n, 1n, 0xffffn, 0xffff_ffffn];

/** Whether a handle is that of one window, and neither of none nor of all. */
export function isOneWindow(handle: bigint): boolean {
  return !NOT_ONE_WINDOW.includes(BigInt.asUintN(32, handle));
}

/**
 * A window's handle as Windows takes it: 32 bits that count, sign-extended.
 *
 * @param what What it is, for the message: `"target"`.
 * @param target The window.
 * @throws {TypeError} If it is neither a window nor a number.
 * @throws {RangeError} If it is the handle of no window, or of all.
 */
export function toWindow(what: string, target: unknown): bigint {
  const value = typeof target === "object" && target !== null && "handle" in target
    ? target.handle
    : target;
  if (typeof value !== "bigint" && (typeof value !== "number" || !Number.isSafeInteger(value))) {
    throw new TypeError(`Expected ${what} to be a window or its handle, got ${show(target)}`);
  }
  const handle = BigInt(value);
  const extended = BigInt.asIntN(32, handle);
  const same = [extended, BigInt.asUintN(32, extended), BigInt.asUintN(64, extended)];
  if (!isOneWindow(extended) || !same.includes(handle)) {
    throw new RangeError(`Expected ${what} to be the handle of one window, got ${handle}`);
  }
  return BigInt.asUintN(64, extended);
}
