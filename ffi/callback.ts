/**
 * Functions of ours that Windows calls.
 *
 * An exception must not cross the boundary, the callback must not be collected
 * while Windows may call it, and it must not be freed while Windows is inside it:
 * {@linkcode GuardedCallback} sees to all three.
 *
 * @module
 */

import { BYTE, HWND, LONG, LPARAM, LRESULT, SIZE_T, UINT, VOID, WPARAM } from "./win32/library.ts";
import { Uncloneable } from "./uncloneable.ts";

/** `WNDPROC`: @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nc-winuser-wndproc} */
const WNDPROC = {
  parameters: [HWND, /* hWnd */ UINT, /* Msg */ WPARAM, /* wParam */ LPARAM /* lParam */],
  result: LRESULT,
} as const;

/** `WNDENUMPROC`: @see {@link https://learn.microsoft.com/previous-versions/windows/desktop/legacy/ms633498(v=vs.85)} */
const WNDENUMPROC = { parameters: [HWND, /* hwnd */ LPARAM /* lParam */], result: LONG } as const;

/** `WAITORTIMERCALLBACK`: @see {@link https://learn.microsoft.com/windows/win32/api/winnt/nc-winnt-waitortimercallback} */
const WAITORTIMERCALLBACK = {
  parameters: [SIZE_T, /* lpParameter */ BYTE /* TimerOrWaitFired */],
  result: VOID,
} as const;

/** Handles a message to a window and gives the answer. */
export type WindowProcedure = (
  window: bigint,
  message: number,
  wParam: bigint,
  lParam: bigint,
) => bigint;

/** The callbacks that Windows may still call. */
const live = new Set<GuardedCallback>();

/** The part of `Deno.UnsafeCallback` that its lifetime is about. */
interface Trampoline {
  readonly pointer: Deno.PointerObject;
  ref(): number;
  unref(): number;
  close(): void;
}

/** A function of ours that Windows may call until it is closed. */
export class GuardedCallback extends Uncloneable implements Disposable {
  readonly #trampoline: Trampoline;
  #depth = 0;
  #closed = false;
  #failure: { error: unknown } | undefined;

  private constructor(make: (guard: Guard) => Trampoline) {
    super();
    this.#trampoline = make((body, fallback) => (...args) => {
      this.#depth++;
      try {
        return body(...args);
      } catch (error) {
        this.#failure ??= { error };
        return fallback;
      } finally {
        this.#depth--;
      }
    });
    live.add(this);
  }

  /**
   * Makes a window procedure; where the body throws, the answer is 0.
   *
   * @param body What handles the messages.
   */
  static windowProcedure(body: WindowProcedure): GuardedCallback {
    return new GuardedCallback((guard) => new Deno.UnsafeCallback(WNDPROC, guard(body, 0n)));
  }

  /**
   * Makes a callback for `EnumWindows` and its kin; where the body throws, the enumeration ends.
   *
   * @param body Takes a window and says whether to go on.
   */
  static windowEnumeration(body: (window: bigint) => boolean): GuardedCallback {
    const next = (window: bigint) => (body(window) ? 1 : 0);
    return new GuardedCallback((guard) => new Deno.UnsafeCallback(WNDENUMPROC, guard(next, 0)));
  }

  /**
   * Makes a callback for the system's wait threads, which is run on the thread that makes it.
   *
   * @param body What is done when a wait is over: gets the number that the wait was registered
   *   with, and whether its time ran out.
   */
  static wait(body: (context: bigint, timedOut: boolean) => void): GuardedCallback {
    const end = (context: bigint, timedOut: number) => body(context, timedOut !== 0);
    return new GuardedCallback((guard) =>
      Deno.UnsafeCallback.threadSafe(WAITORTIMERCALLBACK, guard(end, undefined))
    );
  }

  /** The function's address. */
  get pointer(): Deno.PointerObject {
    return this.#trampoline.pointer;
  }

  /** Whether the process lives for as long as the callback is not closed. */
  hold(held: boolean): void {
    if (held) this.#trampoline.ref();
    else this.#trampoline.unref();
  }

  /** Throws what the body threw first, if it did; to be called where an exception may go on. */
  throwIfFailed(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
  }

  /**
   * Frees the callback; nothing may call it from then on.
   *
   * Called from inside the callback, it is freed as soon as the event loop runs
   * again, since Windows still has to return through it.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#depth === 0) this.#free();
    else setTimeout(() => this.#free());
  }

  /** Frees the callback at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #free(): void {
    live.delete(this);
    this.#trampoline.close();
  }
}

/** Wraps a body so that it never throws, giving the fallback where it would. */
type Guard = <A extends unknown[], R>(body: (...args: A) => R, fallback: R) => (...args: A) => R;
