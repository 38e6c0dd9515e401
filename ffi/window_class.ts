/**
 * Window classes: what the windows of one procedure have in common.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/about-window-classes}
 * @module
 */

import type { GuardedCallback } from "./callback.ts";
import { lastError } from "./error.ts";
import { forgetResource, noteResource, RESOURCE } from "./reaper.ts";
import { windowClass } from "./struct.ts";
import { user32 } from "./user32.ts";
import { encodeWide } from "./wide.ts";

/** A class of this process, whose windows have to be destroyed before it is closed. */
export class WindowClass implements Disposable {
  /** Its name, for the call that makes a window. */
  readonly name: Uint16Array<ArrayBuffer>;
  readonly #resource: bigint;
  #closed = false;

  /**
   * Registers a class.
   *
   * @param procedure Its window procedure, which has to stay open for longer.
   * @param attempt What is tried, for the message.
   * @throws {Deno.errors.AlreadyExists} If this process has a class of that name already.
   * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-registerclassexw}
   */
  constructor(name: string, procedure: GuardedCallback, attempt: string) {
    this.name = encodeWide(name);
    const atom = user32().RegisterClassExW(windowClass(procedure.pointer, this.name));
    if (atom === 0) throw lastError("RegisterClassExW", attempt);
    this.#resource = BigInt(atom) << 2n | RESOURCE.windowClass;
    noteResource(this.#resource);
  }

  /** Unregisters the class; it is to be called again if a procedure of the class is still running. */
  close(): void {
    if (this.#closed) return;
    forgetResource(this.#resource);
    this.#closed = user32().UnregisterClassW(this.name, 0n) !== 0;
    if (!this.#closed) noteResource(this.#resource);
  }

  /** Unregisters the class at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
