/**
 * A wait for an event that is registered once and stays.
 *
 * Registering a wait and ending it take longer than all else that a wait does, so that one who waits
 * for the same event again and again had better not do it each time. What comes while nobody waits
 * is remembered.
 *
 * @module
 */

import { RegisteredWait } from "../../ffi/registered_wait.ts";
import type { WaitOptions } from "../waiting/poll.ts";
import type { SharedEvent } from "./event.ts";
import { inWorker } from "./single_wait.ts";
import { type Lease, lend } from "./waitable_object.ts";

/** The most standing waits: each that is signalled has a thread of the system's stand still for a moment. */
const MOST = 16;
let count = 0;

/** Takes all that an event is set for, and tells one who waits here. */
export class StandingWait implements Disposable {
  /** Whether there can be one more here; a Worker can be ended while Windows still calls it. */
  static get isPossible(): boolean {
    return count < MOST && !inWorker();
  }

  readonly #lease: Lease;
  readonly #wait: RegisteredWait;
  #isSet = false;
  #waiting: (() => void) | undefined;
  #closed = false;

  /**
   * Begins to wait.
   *
   * @param event The event, which resets itself; nobody in this process is to wait for it in another way.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  constructor(event: SharedEvent) {
    this.#lease = lend(event, { onClose: () => this.close() });
    try {
      const again = () => this.#note();
      this.#wait = new RegisteredWait(this.#lease.handle, { held: false, again });
    } catch (error) {
      this.#lease[Symbol.dispose]();
      throw error;
    }
    count++;
  }

  /**
   * Waits until the event is set, or was since the last time; for one at a time.
   *
   * @param options How long.
   * @returns Whether it was in time; `false` as well when this is closed meanwhile.
   */
  async wait({ timeout = Infinity, signal }: WaitOptions): Promise<boolean> {
    signal?.throwIfAborted();
    if (!this.#isSet && !this.#closed) {
      const woken = Promise.withResolvers<void>();
      const abort = () => woken.reject(signal!.reason);
      const timer = timeout === Infinity ? undefined : setTimeout(woken.resolve, timeout);
      signal?.addEventListener("abort", abort);
      this.#waiting = woken.resolve;
      this.#wait.hold(true);
      try {
        await woken.promise;
      } finally {
        this.#waiting = undefined;
        this.#wait.hold(false);
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      }
    }
    const wasSet = this.#isSet;
    this.#isSet = false;
    return wasSet;
  }

  /** Stops waiting; what the event is set for at the same moment may be taken and told to nobody. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    count--;
    this.#wait.cancel();
    this.#lease[Symbol.dispose]();
    this.#waiting?.();
  }

  /** Stops waiting at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #note(): void {
    this.#isSet = true;
    this.#waiting?.();
  }
}
