/**
 * Lists and finds the windows of all programs, and checks the windows to which callers send.
 *
 * @module
 */

import {
  assertInteger,
  assertNumber,
  assertOptions,
  assertSignal,
  type OptionChecks,
  pickOptions,
  show,
} from "../../../ffi/arguments.ts";
import { assertClassName, GuardedCallback } from "../../../ffi/callback.ts";
import { user32 } from "../../../ffi/win32/user32.ts";
import { assertWide, encodeWide, equalsCaseless, readWide } from "../../../ffi/wide.ts";
import { assertTimeout, poll, type WaitOptions } from "../../wait/options.ts";

/** A window, as it was when it was found. */
export interface WindowInfo {
  /** Its handle (`HWND`). */
  handle: bigint;
  /** The name of its class. */
  class: string;
  /** Its title. */
  title: string;
  /** The id of the process that created it. */
  pid: number;
  /** Whether it is a message-only window, which `EnumWindows` does not list. */
  messageOnly: boolean;
}

/** Properties of a window to look for. */
export interface WindowQuery {
  /**
   * The name of its class: the whole name in upper or lower case, or a pattern without the flags
   * `g` and `y`.
   */
  class?: string | RegExp;
  /**
   * Its title: the whole title in upper or lower case, or a pattern without the flags `g` and `y`.
   * `FindWindow` of Windows ignores upper and lower case too.
   */
  title?: string | RegExp;
  /** The id of the process that created it. */
  pid?: number;
}

/** `HWND_MESSAGE`, the parent of message-only windows. */
export const HWND_MESSAGE: bigint = BigInt.asUintN(64, -3n);

/** Properties of a window to look for, and how long to wait for it. */
export interface FindWindowOptions extends WindowQuery, WaitOptions {}

/** Maximum process id, because Windows keeps it in 32 bits. */
const MAX_PID = 2 ** 32 - 1;

const QUERY_CHECKS: OptionChecks<WindowQuery> = {
  class: (name, value) => assertText(name, value, assertClassName),
  title: (name, value) => assertText(name, value, assertWide),
  pid: (name, value) => assertInteger(name, value, 0, MAX_PID),
};

const FIND_CHECKS: OptionChecks<FindWindowOptions> = {
  ...QUERY_CHECKS,
  timeout: (name, value) => {
    assertNumber(name, value);
    assertTimeout(value);
  },
  signal: assertSignal,
};

/**
 * Returns the windows that match a query: first the top-level windows of all programs, then the
 * message-only windows, both in the order in which Windows lists them.
 *
 * @example List the windows of this process
 * ```ts
 * import { listWindows, MessageWindow } from "@winipc/winipc/messages";
 * import { assert } from "@std/assert";
 *
 * using window = MessageWindow.open({ procedure: () => undefined });
 * const windows = listWindows({ pid: Deno.pid });
 * assert(windows.some(({ handle }) => handle === window.handle));
 * ```
 *
 * @param query The properties that each window must have; without properties, all windows match.
 * @throws {TypeError} If a property has the wrong type, or is not a property of a query.
 * @throws {RangeError} If the class is empty or has more than 255 characters, or `pid` is out of
 *   range.
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/window-features#message-only-windows}
 */
export function listWindows(query: WindowQuery = {}): WindowInfo[] {
  assertOptions(query, QUERY_CHECKS);
  return [...lookAtWindows(query)];
}

/**
 * Finds a window, top-level or message-only. If several windows match, it returns the first one.
 *
 * Windows does not announce new windows. So with a timeout or a signal, this function looks again
 * and again. The pauses grow from 1 to 32 milliseconds.
 *
 * @example Find a window by patterns
 * ```ts
 * import { findWindow, MessageWindow } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * using window = MessageWindow.open({
 *   class: `OrderForm.${crypto.randomUUID()}`,
 *   title: "Order 17",
 *   procedure: () => undefined,
 * });
 * const found = await findWindow({ class: /^OrderForm\./, title: /^Order \d+$/, pid: Deno.pid });
 * assertEquals(found.handle, window.handle);
 * ```
 *
 * @param options The properties of the window, at least one, and how long to wait for it. Without
 *   `timeout` and `signal` this function looks only once.
 * @throws {TypeError} If no class, title or pid is given, or an option has the wrong type or an
 *   unknown name.
 * @throws {RangeError} If the class is empty or has more than 255 characters, or a number is out of
 *   range.
 * @throws {Deno.errors.NotFound} If no window matches, without `timeout` and `signal`.
 * @throws {Deno.errors.TimedOut} If no window matches within `timeout`.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-findwindowexw}
 */
export async function findWindow(options: FindWindowOptions): Promise<WindowInfo> {
  assertOptions(options, FIND_CHECKS);
  const query = pickOptions(options, FIND_CHECKS);
  const what = `a window with ${describeQuery(query)}`;
  const look = () => lookAtWindows(query).next().value;
  if (query.timeout !== undefined || query.signal !== undefined) {
    return await poll(what, look, query);
  }
  const found = look();
  if (found === undefined) throw new Deno.errors.NotFound(`Cannot find ${what}`);
  return found;
}

/** Throws unless a value is a pattern without state, or a string that passes `assertString`. */
function assertText(
  name: string,
  value: unknown,
  assertString: (name: string, value: string) => void,
): void {
  if (typeof value === "string") return assertString(name, value);
  if (!(value instanceof RegExp)) {
    throw new TypeError(`Expected ${name} to be a string or a RegExp, got ${show(value)}`);
  }
  if (value.global || value.sticky) {
    throw new TypeError(
      `Expected ${name} to be a RegExp without the flags g and y, got ${value}: with them, each ` +
        "match starts where the last one ended",
    );
  }
}

/** Describes a query for an error, with the values as a script would write them. */
function describeQuery(query: WindowQuery): string {
  const parts = Object.keys(QUERY_CHECKS).flatMap((name) => {
    const value = query[name as keyof WindowQuery];
    if (value === undefined) return [];
    return `${name} ${value instanceof RegExp ? String(value) : show(value)}`;
  });
  if (parts.length > 0) return parts.join(", ");
  throw new TypeError("Cannot find a window without a class, a title or a pid: give at least one");
}

/** Returns the windows that match, one at a time, so that a caller can stop at the first one. */
function* lookAtWindows(query: WindowQuery): Generator<WindowInfo, undefined> {
  for (const handle of topLevelWindows()) {
    const window = describe(handle, false);
    if (matches(window, query)) yield window;
  }
  // A pattern must be compared with the windows of all classes.
  const className = typeof query.class === "string" ? query.class : undefined;
  for (const handle of messageOnlyWindows(className)) {
    const window = describe(handle, true);
    if (matches(window, query)) yield window;
  }
}

function topLevelWindows(): bigint[] {
  const found: bigint[] = [];
  using callback = GuardedCallback.windowEnumeration((window) => found.push(window) > 0);
  user32().EnumWindows(callback.pointer, 0n);
  callback.throwIfFailed();
  return found;
}

/**
 * Returns the message-only windows of one class, or of all classes.
 *
 * `FindWindowExW` looks for each window behind the window before. If that window is destroyed at
 * this moment, the list ends early, and the next call finds the rest. On Wine 10 the server can
 * then loop for ever. This happened with a program that created and destroyed 200,000 windows. So
 * this function asks for no more windows than the caller takes.
 */
function* messageOnlyWindows(className: string | undefined): Generator<bigint> {
  const wideClass = className === undefined ? null : encodeWide(className);
  const { FindWindowExW } = user32();
  for (let window = 0n; (window = FindWindowExW(HWND_MESSAGE, window, wideClass, null)) !== 0n;) {
    yield window;
  }
}

function describe(handle: bigint, messageOnly: boolean): WindowInfo {
  const pid = new Uint32Array(1);
  user32().GetWindowThreadProcessId(handle, pid);
  const [className, title] = [classOf(handle), titleOf(handle)];
  return { handle, class: className, title, pid: pid[0]!, messageOnly };
}

/** Returns the name of a window's class, or "" if there is no such window. */
function classOf(handle: bigint): string {
  return readWide((name) => user32().GetClassNameW(handle, name, name.length));
}

/** Returns a window's name for an error: its handle, and its class if there is such a window. */
export function nameOfWindow(handle: bigint): string {
  const name = `window 0x${handle.toString(16)}`;
  const className = classOf(handle);
  return className === "" ? name : `${name} of class ${show(className)}`;
}

/** Returns a window's whole title, without sending a message to the window. */
function titleOf(handle: bigint): string {
  return readWide((title) => user32().InternalGetWindowText(handle, title, title.length));
}

function matches(window: WindowInfo, { class: name, title, pid }: WindowQuery): boolean {
  return (name === undefined || isText(window.class, name)) &&
    (title === undefined || isText(window.title, title)) &&
    (pid === undefined || window.pid === pid);
}

/** Whether a class name or a title matches. Like Windows, this ignores upper and lower case. */
function isText(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === "string" ? equalsCaseless(text, wanted) : wanted.test(text);
}

/**
 * A window to send to: an object with a `handle`, such as a listener, or the handle itself
 * (`HWND`), zero- or sign-extended.
 */
export type WindowTarget = { readonly handle: bigint } | bigint | number;

/**
 * Whether a handle names exactly one window.
 *
 * The low 16 bits are an index into the system's table of windows. Windows uses an index again when
 * its window is gone. The next 16 bits distinguish the windows of one index, and are neither 0 nor
 * 0xFFFF. If they are 0 or 0xFFFF, Windows takes the window that has the index now, because 16-bit
 * programs need this. `HWND_BROADCAST`, `HWND_BOTTOM`, `HWND_TOPMOST` and `HWND_MESSAGE` have such
 * bits too.
 */
export function isOneWindow(handle: bigint): boolean {
  const generation = BigInt.asUintN(16, handle >> 16n);
  return generation !== 0n && generation !== 0xffffn;
}

/**
 * Returns the handle of a target as Windows takes it: the low 32 bits, sign-extended.
 *
 * @param what The argument's name for an error, such as `"target"`.
 * @throws {TypeError} If the target has no handle and is not a number.
 * @throws {RangeError} If the handle does not name exactly one window.
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
