/**
 * Waiting for kernel objects without a thread of one's own: the system's wait threads do.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-registerwaitforsingleobject}
 * @module
 */

import { GuardedCallback } from "./callback.ts";
import { lastError } from "./error.ts";
import { type Handle, INVALID_HANDLE_VALUE } from "./handle.ts";
import { kernel32 } from "./kernel32.ts";

const INFINITE = 0xffff_ffff;
const WT_EXECUTEONLYONCE = 8;

/** A wait for an object to be signalled. */
export class RegisteredWait {
  /** Is fulfilled when it is. */
  readonly signalled: Promise<void>;
  readonly #signalled = Promise.withResolvers<void>();
  readonly #callback: GuardedCallback;
  readonly #wait: bigint;
  #held = true;
  #over = false;

  /**
   * Begins to wait; the process is held meanwhile.
   *
   * @param object What to wait for, which has to stay open until then.
   */
  constructor(object: Handle) {
    this.signalled = this.#signalled.promise;
    this.#callback = GuardedCallback.wait(() => void this.#end());
    const out = new BigUint64Array(1);
    const { pointer } = this.#callback;
    const { RegisterWaitForSingleObject } = kernel32();
    if (
      !RegisterWaitForSingleObject(out, object.value, pointer, 0n, INFINITE, WT_EXECUTEONLYONCE)
    ) {
      const error = lastError("RegisterWaitForSingleObject", `Cannot wait for ${object.kind}`);
      this.#callback.close();
      throw error;
    }
    this.#wait = out[0]!;
  }

  /** Whether the process lives for as long as the wait lasts. */
  hold(held: boolean): void {
    if (this.#over || held === this.#held) return;
    this.#held = held;
    this.#callback.hold(held);
  }

  async #end(): Promise<void> {
    this.#over = true;
    // With INVALID_HANDLE_VALUE it returns when the callback has, which may be freed only then.
    await kernel32().UnregisterWaitEx(this.#wait, INVALID_HANDLE_VALUE);
    this.#callback.close();
    this.#signalled.resolve();
  }
}
