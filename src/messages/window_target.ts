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
 * Whether a handle is that of one window, and neither of none nor of all.
 *
 * Its low 16 bits are a place in the system's table, which one window after the other gets. The
 * next 16 bits tell these apart, and are neither 0 nor 0xFFFF. Windows takes a handle with one of
 * these for that of whichever window has the place now, as programs of 16 bits need it.
 * `HWND_BROADCAST`, `HWND_BOTTOM`, `HWND_TOPMOST` and `HWND_MESSAGE` have such bits too.
 */
export function isOneWindow(handle: bigint): boolean {
  const generation = BigInt.asUintN(16, handle >> 16n);
  return generation !== 0n && generation !== 0xffffn;
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
