/**
 * Functions of ours that Windows calls; the classes of the windows whose procedures they are; and, on Wine, a
 * guard that looks at the stack before a procedure begins.
 *
 * An exception must not cross the boundary, the callback must not be collected
 * while Windows may call it, and it must not be freed while Windows is inside it:
 * {@linkcode GuardedCallback} sees to all three.
 *
 * Windows keeps the names of window classes as atoms, beside those of registered messages.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/about-window-classes}
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/about-atom-tables}
 * @module
 */

import {
  BOOL,
  BUFFER,
  BYTE,
  DWORD,
  HWND,
  lazyLibrary,
  LONG,
  LPARAM,
  LPVOID,
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

/** The longest name of a class, in UTF-16 code units. Wine 10 writes a longer one over other memory. */
export const MAX_CLASS_NAME = 255;

/**
 * Throws unless a value can be the name of a window class.
 *
 * @param what What the value is, for the message.
 * @throws {TypeError} If it is no string, or has a NUL in it.
 * @throws {RangeError} If it is empty or has more than 255 UTF-16 code units.
 */
export function assertClassName(what: string, value: unknown): asserts value is string {
  assertWide(what, value, { min: 1, max: MAX_CLASS_NAME });
}

/**
 * Throws unless a value can be the name of a new window class.
 *
 * @param what What the value is, for the message.
 * @throws {TypeError} If it is no string, is a `#` and digits, or has a NUL in it.
 * @throws {RangeError} If it is empty or has more than 255 UTF-16 code units.
 */
export function assertNewClassName(what: string, value: unknown): asserts value is string {
  assertClassName(what, value);
  assertNoAtomNumber(what, value);
}

/** A class of this process, whose windows have to be destroyed before it is closed. */
export class WindowClass implements Disposable {
  /** Its name, for the call that makes a window. */
  readonly name: Uint16Array<ArrayBuffer>;
  readonly #guard: WineStackGuard | undefined;
  readonly #resource: bigint;
  #closed = false;

  /**
   * Registers a class.
   *
   * @param procedure Its window procedure, which has to stay open for longer.
   * @param attempt What is tried, for the message.
   * @throws {TypeError} If the name is a `#` and digits.
   * @throws {RangeError} If the name is empty or has more than 255 UTF-16 code units.
   * @throws {Deno.errors.AlreadyExists} If this process has a class of that name already.
   * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-registerclassexw}
   */
  constructor(name: string, procedure: GuardedCallback, attempt: string) {
    assertNewClassName("class", name);
    this.name = encodeWide(name);
    const { RegisterClassExW } = user32();
    // The guard is code for x64.
    if (isWine() && Deno.build.arch === "x86_64") {
      this.#guard = new WineStackGuard(procedure.pointer, attempt);
    }
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

  /** Unregisters the class; it is to be called again if a procedure of the class is still running. */
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
 * Throws if a text names no atom of its own: Windows takes a `#` and digits for the number of one that is
 * there already, or for none. So `#49152` would be somebody else's class, and `#123` the message 123.
 *
 * @param what What the text is, for the message: `"class"`.
 * @throws {TypeError} If it is a `#` and digits.
 */
export function assertNoAtomNumber(what: string, text: string): void {
  if (!/^#\d+$/.test(text)) return;
  throw new TypeError(
    `Expected ${what} to be a name, got "${text}": Windows takes a # and digits for a number`,
  );
}

const MEM_COMMIT_AND_RESERVE = 0x3000;
const MEM_RELEASE = 0x8000;
const PAGE_READWRITE = 0x4;
const PAGE_EXECUTE_READ = 0x20;
const PAGE_SIZE = 4096;

/** The most of a thread's stack that is used when a procedure begins, in bytes: JavaScript gets 152 KB more. */
const MAX_STACK_USE = 832 * 1024;

const memory = lazyLibrary("kernel32.dll", {
  GetCurrentThreadStackLimits: {
    parameters: [BUFFER, /* PULONG_PTR LowLimit */ BUFFER /* PULONG_PTR HighLimit */],
    result: VOID,
  },
  VirtualProtect: {
    parameters: [
      LPVOID, // lpAddress
      SIZE_T, // dwSize
      DWORD, // flNewProtect
      BUFFER, // PDWORD lpflOldProtect
    ],
    result: BOOL,
  },
}, kernel32);

/**
 * A native window procedure that answers 0 where the stack is too full, and else calls another one.
 *
 * Wine 10 puts the bytes of a message from another process on the receiver's stack before it calls the
 * procedure. V8 lets JavaScript use 984 KB of a thread's stack. A message that leaves less than that is an
 * exception before the procedure begins, and one of 1.07 MB and more ends the process ("Check
 * failed: IsOnCentralStack()"). So a few instructions of machine code look at the stack first.
 */
export class WineStackGuard implements Disposable {
  /** The native procedure's address. */
  readonly pointer: Deno.PointerObject;

  /**
   * Makes a guard for windows of this thread.
   *
   * @param procedure The procedure that it calls.
   * @param attempt What is tried, for the message.
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
    const before = new Uint32Array(1);
    if (!memory().VirtualProtect(page, BigInt(PAGE_SIZE), PAGE_EXECUTE_READ, before)) {
      const error = lastError("VirtualProtect", attempt);
      this.close();
      throw error;
    }
  }

  /** Frees the guard. It may be called by the procedure, for the guard is never returned to. */
  close(): void {
    kernel32().VirtualFree(this.pointer, 0n, MEM_RELEASE);
  }

  /** Frees the guard at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The address that this thread's stack begins at; it grows downwards. */
function stackTop(): bigint {
  const low = new BigUint64Array(1);
  const high = new BigUint64Array(1);
  memory().GetCurrentThreadStackLimits(low, high);
  return high[0]!;
}

/** The guard's instructions for x64. */
function machineCode(limit: bigint, procedure: Deno.PointerObject): Uint8Array<ArrayBuffer> {
  const code = Uint8Array.of(
    ...[0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0], // mov rax, limit
    ...[0x48, 0x39, 0xc4], // cmp rsp, rax
    ...[0x72, 0x0c], // jb refuse
    ...[0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0], // mov rax, procedure
    ...[0xff, 0xe0], // jmp rax
    ...[0x31, 0xc0], // refuse: xor eax, eax
    0xc3, // ret
  );
  const view = new DataView(code.buffer);
  view.setBigUint64(2, limit, true);
  view.setBigUint64(17, Deno.UnsafePointer.value(procedure), true);
  return code;
}
