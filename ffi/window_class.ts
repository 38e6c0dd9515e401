/**
 * Window classes, which the windows of one procedure have in common, and their names, which Windows keeps
 * as atoms beside those of registered messages.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/about-window-classes}
 * @see {@link https://learn.microsoft.com/windows/win32/dataxchg/about-atom-tables}
 * @module
 */

import type { GuardedCallback } from "./callback.ts";
import { lastError } from "./error.ts";
import { forgetResource, noteResource, RESOURCE } from "./reaper.ts";
import { windowClass } from "./win32/structures.ts";
import { user32 } from "./win32/user32.ts";
import { assertWide, encodeWide } from "./wide.ts";
import { isWine, WineStackGuard } from "./wine.ts";

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
