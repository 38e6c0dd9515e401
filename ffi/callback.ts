/**
 * Callbacks that Windows calls, window classes with such callbacks as procedures, and a guard
 * against full stacks on Wine.
 *
 * {@linkcode GuardedCallback} ensures three things. No exception crosses into Windows. The callback
 * is not collected while Windows can call it. It is not freed while Windows is inside it.
 *
 * Windows keeps the names of window classes and of registered messages in atom tables.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/about-window-classes}
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/about-atom-tables}
 * @module
 */

import {
  BYTE,
  HWND,
  LONG,
  LPARAM,
  LRESULT,
  SIZE_T,
  UINT,
  VOID,
  windowClass,
  WPARAM,
} from "./win32/types.ts";
import { forgetResource, noteResource, RESOURCE, Uncloneable } from "./handle.ts";
import { lastError } from "./error.ts";
import { user32 } from "./win32/user32.ts";
import { IS_X64 } from "./platform.ts";
import { assertWide, encodeWide } from "./wide.ts";
import { isWine } from "./win32/ntdll.ts";
import { kernel32 } from "./win32/kernel32.ts";

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

/** A function that handles a message to a window and returns the answer. */
export type WindowProcedure = (
  window: bigint,
  message: number,
  wParam: bigint,
  lParam: bigint,
) => bigint;

/** The callbacks that Windows can still call: the reference keeps them from being collected. */
const live = new Set<GuardedCallback>();

/** The part of `Deno.UnsafeCallback` that is independent of its signature. */
interface Trampoline {
  readonly pointer: Deno.PointerObject;
  ref(): number;
  unref(): number;
  close(): void;
}

/**
 * A JavaScript function that Windows can call until it is closed.
 *
 * @example List the top-level windows
 * ```ts
 * import { GuardedCallback, user32 } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * const windows: bigint[] = [];
 * using callback = GuardedCallback.windowEnumeration((window) => windows.push(window) > 0);
 * user32().EnumWindows(callback.pointer, 0n);
 * callback.throwIfFailed();
 * assertEquals(new Set(windows).size, windows.length);
 * ```
 */
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
   * Makes a window procedure. If the body throws, the answer is 0.
   *
   * @param body Handles a message and returns the answer.
   */
  static windowProcedure(body: WindowProcedure): GuardedCallback {
    return new GuardedCallback((guard) => new Deno.UnsafeCallback(WNDPROC, guard(body, 0n)));
  }

  /**
   * Makes a callback for `EnumWindows` and similar functions. If the body throws, the enumeration
   * ends.
   *
   * @param body Gets a window's handle and returns whether to go on.
   */
  static windowEnumeration(body: (window: bigint) => boolean): GuardedCallback {
    const next = (window: bigint) => (body(window) ? 1 : 0);
    return new GuardedCallback((guard) => new Deno.UnsafeCallback(WNDENUMPROC, guard(next, 0)));
  }

  /**
   * Makes a callback for the system's wait threads. The body runs on the thread that makes the
   * callback.
   *
   * @param body Runs when a wait is over. It gets the number that the wait was registered with, and
   *   whether the wait timed out.
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

  /** Sets whether the callback keeps the process alive until it is closed. */
  hold(held: boolean): void {
    if (held) this.#trampoline.ref();
    else this.#trampoline.unref();
  }

  /**
   * Rethrows the first error that the body threw, once. Call it where no native code is on the
   * stack.
   */
  throwIfFailed(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
  }

  /**
   * Frees the callback. Windows must not call it afterwards.
   *
   * If the callback itself calls this, the event loop frees it later, because Windows still has to
   * return through it.
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

/** Wraps a body so that it returns the fallback instead of throwing. */
type Guard = <A extends unknown[], R>(body: (...args: A) => R, fallback: R) => (...args: A) => R;

/**
 * Maximum length of a class name in UTF-16 code units. Wine 10 overwrites other memory with a
 * longer one.
 */
export const MAX_CLASS_NAME = 255;

/**
 * Throws unless a value can be the name of a window class.
 *
 * @param what The value's name in the message: `"class"`.
 * @throws {TypeError} If the value is not a string, or contains a NUL.
 * @throws {RangeError} If the name is empty or has more than 255 UTF-16 code units.
 */
export function assertClassName(what: string, value: unknown): asserts value is string {
  assertWide(what, value, { min: 1, max: MAX_CLASS_NAME });
}

/**
 * Throws unless a value can be the name of a new window class.
 *
 * @param what The value's name in the message: `"class"`.
 * @throws {TypeError} If the value is not a string, contains a NUL, or is a `#` with digits only.
 * @throws {RangeError} If the name is empty or has more than 255 UTF-16 code units.
 */
export function assertNewClassName(what: string, value: unknown): asserts value is string {
  assertClassName(what, value);
  assertNoAtomNumber(what, value);
}

/** A window class of this process. Its windows must be destroyed before it is closed. */
export class WindowClass implements Disposable {
  /** The class name with its NUL, for `CreateWindowExW`. */
  readonly name: Uint16Array<ArrayBuffer>;
  readonly #guard: WineStackGuard | undefined;
  readonly #resource: bigint;
  #closed = false;

  /**
   * Registers a class.
   *
   * @param procedure The window procedure. It must be closed after the class.
   * @param attempt The attempt that failed, for the message: `Cannot open a message window`.
   * @throws {TypeError} If the name is a `#` with digits only, or contains a NUL.
   * @throws {RangeError} If the name is empty or has more than 255 UTF-16 code units.
   * @throws {Deno.errors.AlreadyExists} If this process already has a class of this name.
   * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-registerclassexw}
   */
  constructor(name: string, procedure: GuardedCallback, attempt: string) {
    assertNewClassName("class", name);
    this.name = encodeWide(name);
    const { RegisterClassExW } = user32();
    if (isWine()) this.#guard = new WineStackGuard(procedure.pointer, attempt);
    const { pointer } = this.#guard ?? procedure;
    const atom = RegisterClassExW(windowClass(pointer, this.name));
    if (atom === 0) {
      const error = lastError("RegisterClassExW", attempt);
      this.#guard?.close();
      throw error;
    }
    this.#resource = BigInt(atom) << 2n | RESOURCE.windowClass;
    noteResource(this.#resource);
  }

  /**
   * Unregisters the class. If a procedure of the class is still running, this fails silently and
   * must be called again.
   */
  close(): void {
    if (this.#closed) return;
    forgetResource(this.#resource);
    this.#closed = user32().UnregisterClassW(this.name, 0n) !== 0;
    if (this.#closed) this.#guard?.close();
    else noteResource(this.#resource);
  }

  /** Unregisters the class at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Throws if Windows would read a text as the number of an atom: a `#` with digits only. The class
 * `#49152` would be the class with atom 49152, and the message `#123` would be message 123.
 *
 * @param what The text's name in the message: `"class"`.
 * @throws {TypeError} If the text is a `#` with digits only.
 */
export function assertNoAtomNumber(what: string, text: string): void {
  if (!/^#\d+$/.test(text)) return;
  throw new TypeError(
    `Expected ${what} to be a name, got "${text}": Windows reads a # with digits as a number`,
  );
}

const MEM_COMMIT_AND_RESERVE = 0x3000;
const MEM_RELEASE = 0x8000;
const PAGE_READWRITE = 0x4;
const PAGE_EXECUTE_READ = 0x20;
const PAGE_SIZE = 4096;

/**
 * Maximum stack use in bytes before a procedure begins. V8 allows 984 KB, which leaves 152 KB for
 * JavaScript.
 */
const MAX_STACK_USE = 832 * 1024;

/**
 * A native window procedure that answers 0 if the stack is too full, and otherwise calls the real
 * one.
 *
 * Wine 10 puts the bytes of a message from another process on the receiver's stack before it calls
 * the procedure. V8 lets JavaScript use only 984 KB of a thread's stack. A message that fills this
 * part causes an exception before the procedure begins. A message of 1.07 MB or more ends the
 * process ("Check failed: IsOnCentralStack()"). So a few machine instructions check the stack
 * first.
 */
export class WineStackGuard implements Disposable {
  /** The native procedure's address. */
  readonly pointer: Deno.PointerObject;

  /**
   * Makes a guard for windows of this thread.
   *
   * @param procedure The procedure that the guard calls.
   * @param attempt The attempt that failed, for the message: `Cannot open a message window`.
   */
  constructor(procedure: Deno.PointerObject, attempt: string) {
    const code = machineCode(stackTop() - BigInt(MAX_STACK_USE), procedure);
    const page = kernel32().VirtualAlloc(
      null,
      BigInt(PAGE_SIZE),
      MEM_COMMIT_AND_RESERVE,
      PAGE_READWRITE,
    );
    if (page === null) throw lastError("VirtualAlloc", attempt);
    this.pointer = page;
    new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(page, code.length)).set(code);
    const { FlushInstructionCache, GetCurrentProcess, VirtualProtect } = kernel32();
    const before = new Uint32Array(1);
    if (!VirtualProtect(page, BigInt(PAGE_SIZE), PAGE_EXECUTE_READ, before)) {
      const error = lastError("VirtualProtect", attempt);
      this.close();
      throw error;
    }
    // An ARM64 processor may still hold what the page had before.
    FlushInstructionCache(GetCurrentProcess(), page, BigInt(code.length));
  }

  /**
   * Frees the guard. The procedure can call this too, because it does not return through the guard.
   */
  close(): void {
    kernel32().VirtualFree(this.pointer, 0n, MEM_RELEASE);
  }

  /** Frees the guard at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Returns the highest address of this thread's stack. The stack grows downwards from there. */
function stackTop(): bigint {
  const low = new BigUint64Array(1);
  const high = new BigUint64Array(1);
  kernel32().GetCurrentThreadStackLimits(low, high);
  return high[0]!;
}

/** Returns the guard's instructions for this processor. */
function machineCode(limit: bigint, procedure: Deno.PointerObject): Uint8Array<ArrayBuffer> {
  const { instructions, limitAt, procedureAt } = IS_X64 ? X64 : ARM64;
  const code = Uint8Array.from(instructions);
  const view = new DataView(code.buffer);
  view.setBigUint64(limitAt, limit, true);
  view.setBigUint64(procedureAt, Deno.UnsafePointer.value(procedure), true);
  return code;
}

const X64 = {
  instructions: [
    ...[0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0], // mov rax, limit
    ...[0x48, 0x39, 0xc4], // cmp rsp, rax
    ...[0x72, 0x0c], // jb refuse
    ...[0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0], // mov rax, procedure
    ...[0xff, 0xe0], // jmp rax
    ...[0x31, 0xc0], // refuse: xor eax, eax
    0xc3, // ret
  ],
  limitAt: 2,
  procedureAt: 17,
};

const ARM64 = {
  instructions: [
    ...[0x10, 0x01, 0x00, 0x58], // ldr x16, limit
    ...[0xf1, 0x03, 0x00, 0x91], // mov x17, sp
    ...[0x3f, 0x02, 0x10, 0xeb], // cmp x17, x16
    ...[0x63, 0x00, 0x00, 0x54], // b.lo refuse
    ...[0xd0, 0x00, 0x00, 0x58], // ldr x16, procedure
    ...[0x00, 0x02, 0x1f, 0xd6], // br x16
    ...[0x00, 0x00, 0x80, 0xd2], // refuse: mov x0, #0
    ...[0xc0, 0x03, 0x5f, 0xd6], // ret
    ...[0, 0, 0, 0, 0, 0, 0, 0], // limit
    ...[0, 0, 0, 0, 0, 0, 0, 0], // procedure
  ],
  limitAt: 32,
  procedureAt: 40,
};
