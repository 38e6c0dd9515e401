/**
 * Windows of any program: which there are, and how to find one.
 *
 * @module
 */

import { GuardedCallback } from "../../ffi/callback.ts";
import { user32 } from "../../ffi/user32.ts";
import { decodeWide, encodeWide } from "../../ffi/wide.ts";
import { poll, type WaitOptions } from "../waiting/poll.ts";

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
  /** The name of its class, whole; upper and lower case are the same. */
  class?: string;
  /** Its title, whole. */
  title?: string;
  /** The process that made it. */
  pid?: number;
}

/** `HWND_MESSAGE`, the parent of message-only windows. */
export const HWND_MESSAGE: bigint = BigInt.asUintN(64, -3n);

/** How to look for a window, and how long. */
export interface FindWindowOptions extends WindowQuery, WaitOptions {}

/**
 * The windows that there are: the top-level ones of all programs, then the
 * message-only ones, each in the order that the system gives.
 *
 * @param query What they have to be like.
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/window-features#message-only-windows}
 */
export function listWindows(query: WindowQuery = {}): WindowInfo[] {
  return [...lookAtWindows(query)];
}

/**
 * Finds a window, top-level or message-only; the first one, if there are several.
 *
 * Windows does not announce new windows: with a timeout or a signal it is looked
 * for each millisecond at first, and every 32 milliseconds later.
 *
 * @param options What it has to be like, and how long to wait for it; without
 *   `timeout` and `signal` it is looked for once.
 * @throws {TypeError} If nothing is said of what it has to be like.
 * @throws {Deno.errors.NotFound} If there is none, and none was waited for.
 * @throws {Deno.errors.TimedOut} If there was none in time.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-findwindowexw}
 */
export async function findWindow(options: FindWindowOptions): Promise<WindowInfo> {
  const { class: className, title, pid } = options;
  if (className === undefined && title === undefined && pid === undefined) {
    throw new TypeError("Expected a class, a title or a pid to find a window by");
  }
  const what = `a window with ${JSON.stringify({ class: className, title, pid })}`;
  const look = () => lookAtWindows(options).next().value;
  if (options.timeout !== undefined || options.signal !== undefined) {
    return await poll(what, look, options);
  }
  const found = look();
  if (found === undefined) throw new Deno.errors.NotFound(`Cannot find ${what}`);
  return found;
}

/** Gives the windows that match, one at a time, so that who wants one looks no further. */
function* lookAtWindows(query: WindowQuery): Generator<WindowInfo, undefined> {
  for (const handle of topLevelWindows()) {
    const window = describe(handle, false);
    if (matches(window, query)) yield window;
  }
  for (const handle of messageOnlyWindows(query.class)) {
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
  const { GetClassNameW, GetWindowThreadProcessId, InternalGetWindowText } = user32();
  const name = new Uint16Array(257);
  GetClassNameW(handle, name, name.length);
  const title = new Uint16Array(1024);
  InternalGetWindowText(handle, title, title.length);
  const pid = new Uint32Array(1);
  GetWindowThreadProcessId(handle, pid);
  return {
    handle,
    class: decodeWide(name),
    title: decodeWide(title),
    pid: pid[0]!,
    messageOnly,
  };
}

function matches(window: WindowInfo, query: WindowQuery): boolean {
  return (query.class === undefined || sameClass(window.class, query.class)) &&
    (query.title === undefined || window.title === query.title) &&
    (query.pid === undefined || window.pid === query.pid);
}

/** The names of classes are the same in upper and in lower case. */
function sameClass(a: string, b: string): boolean {
  return a.toUpperCase() === b.toUpperCase();
}
