/**
 * Windows of any program: which there are, how to find one, and how callers name one to send to.
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
  /** The process that made it. */
  pid: number;
  /** Whether it is a message-only window, which no enumeration of the desktop shows. */
  messageOnly: boolean;
}

/** What a window has to be like. */
export interface WindowQuery {
  /**
   * The name of its class: whole, where upper and lower case are the same, or a pattern, without the
   * flags `g` and `y`.
   */
  class?: string | RegExp;
  /**
   * Its title: the whole of it, in upper or lower case as for Windows' own `FindWindow`; or a pattern,
   * without the flags `g` and `y`.
   */
  title?: string | RegExp;
  /** The process that made it. */
  pid?: number;
}

/** `HWND_MESSAGE`, the parent of message-only windows. */
export const HWND_MESSAGE: bigint = BigInt.asUintN(64, -3n);

/** How to look for a window, and how long. */
export interface FindWindowOptions extends WindowQuery, WaitOptions {}

/** The most that a process id can be. */
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
 * Gives the windows that there are: the top-level ones of all programs, then the
 * message-only ones, each in the order that the system gives.
 *
 * @param query What they have to be like.
 * @throws {TypeError} If part of the query is of the wrong kind, or has a name that is none of a query's.
 * @throws {RangeError} If the class is empty or has more than 255 characters, or `pid` is out of range.
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/window-features#message-only-windows}
 */
export function listWindows(query: WindowQuery = {}): WindowInfo[] {
  assertOptions(query, QUERY_CHECKS);
  return [...lookAtWindows(query)];
}

/**
 * Finds a window, top-level or message-only; the first one, if there are several.
 *
 * Windows does not announce new windows: with a timeout or a signal it is looked
 * for each millisecond at first, and every 32 milliseconds later.
 *
 * @example By a pattern, for classes whose names end in a number that changes
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
 * @param options What it has to be like, and how long to wait for it; without
 *   `timeout` and `signal` it is looked for once.
 * @throws {TypeError} If nothing is said of what it has to be like, an option is of the wrong kind, or
 *   there is no option of that name.
 * @throws {RangeError} If the class is empty or has more than 255 characters, or a number is out of range.
 * @throws {Deno.errors.NotFound} If there is none, and none was waited for.
 * @throws {Deno.errors.TimedOut} If there was none in time.
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

/**
 * Throws unless a value is a pattern that is the same at each look, or a text that passes a check.
 *
 * @param assertString The check of a text.
 */
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
      `Expected ${name} to be a RegExp without the flags g and y, for which it would go on ` +
        `at each window where it stopped at the last one, got ${value}`,
    );
  }
}

/** Says what is looked for, as it is written in a script. */
function describeQuery(query: WindowQuery): string {
  const parts = Object.keys(QUERY_CHECKS).flatMap((name) => {
    const value = query[name as keyof WindowQuery];
    if (value === undefined) return [];
    return `${name} ${value instanceof RegExp ? String(value) : show(value)}`;
  });
  if (parts.length > 0) return parts.join(", ");
  throw new TypeError("Expected a class, a title or a pid to find a window by");
}

/** Gives the windows that match, one at a time, so that who wants one looks no further. */
function* lookAtWindows(query: WindowQuery): Generator<WindowInfo, undefined> {
  for (const handle of topLevelWindows()) {
    const window = describe(handle, false);
    if (matches(window, query)) yield window;
  }
  // A pattern has to see the windows of all classes.
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
 * Gives the message-only windows, of a class or all.
 *
 * Each is looked for behind the one before. Should that one go away just then, the list ends
 * early, and the next look sees the rest; on Wine 10 the server may then walk in a circle for
 * ever (seen with a program that made and destroyed 200,000 windows). So no more are asked for
 * than are wanted.
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

/** Gives the name of a window's class, and "" if there is no such window. */
function classOf(handle: bigint): string {
  return readWide((name) => user32().GetClassNameW(handle, name, name.length));
}

/** Names a window for an error: by its handle, and by its class if there is such a window. */
export function nameOfWindow(handle: bigint): string {
  const name = `window 0x${handle.toString(16)}`;
  const className = classOf(handle);
  return className === "" ? name : `${name} of class ${show(className)}`;
}

/** Gives a window's whole title, without a message to the window. */
function titleOf(handle: bigint): string {
  return readWide((title) => user32().InternalGetWindowText(handle, title, title.length));
}

function matches(window: WindowInfo, { class: name, title, pid }: WindowQuery): boolean {
  return (name === undefined || isText(window.class, name)) &&
    (title === undefined || isText(window.title, title)) &&
    (pid === undefined || window.pid === pid);
}

/** Whether a name or a title is as wanted; for Windows upper and lower case are the same in both. */
function isText(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === "string" ? equalsCaseless(text, wanted) : wanted.test(text);
}

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
