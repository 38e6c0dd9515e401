/**
 * Waiting for an event on a thread of Deno's pool.
 *
 * Of all ways to wait by a promise this is the quickest, for the thread that is woken wakes the event
 * loop itself; of a registered wait it is the third one in a row. But while it lasts, that thread does
 * nothing else: neither files nor programs nor other calls of this kind, of which Deno does four at a
 * time for each processor. So it is for few waits, of those who wait again and again.
 *
 * @module
 */

import { createEvent, setEvent } from "../../ffi/event.ts";
import type { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/kernel32.ts";
import { INFINITE } from "../../ffi/registered_wait.ts";
import { assertTimeout, type WaitOptions } from "../waiting/poll.ts";
import type { SharedEvent } from "./event.ts";
import { inWorker } from "./single_wait.ts";
import { type Lease, lend } from "./waitable_object.ts";

/** The most waits at a time: half of the threads remain. */
const MOST = 2 * navigator.hardwareConcurrency;
let count = 0;

const WAIT_OBJECT_0 = 0;
const WAIT_TIMEOUT = 0x102;
/** Where in the list of handles the event is; what stops a wait comes first, and then takes nothing. */
const EVENT_INDEX = 1;

/** Waits for an event, for one who waits at a time. */
export class ParkedWait implements Disposable {
  /**
   * Whether there can be one more wait. A Worker that is ended would stand still for as long as it
   * lasts.
   */
  static get isPossible(): boolean {
    return count < MOST && !inWorker();
  }

  readonly #lease: Lease;
  readonly #stop: Handle;
  readonly #handles: BigUint64Array<ArrayBuffer>;
  #isWaiting = false;
  #isStopped = false;
  #error: Error | undefined;

  /**
   * Has all that it needs to wait.
   *
   * @param event The event, which resets itself.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  constructor(event: SharedEvent) {
    this.#lease = lend(event, {
      onClose: (error) => {
        if (!this.#isStopped) this.#error = error;
        this.stop();
      },
    });
    try {
      this.#stop = createEvent("the end of a wait");
    } catch (error) {
      this.#lease[Symbol.dispose]();
      throw error;
    }
    this.#handles = BigUint64Array.of(this.#stop.value, this.#lease.handle.value);
  }

  /**
   * Waits until the event is set.
   *
   * @param options How long.
   * @returns Whether it was set, and not the time over or the wait stopped.
   * @throws {Deno.errors.BadResource} If the event is closed meanwhile.
   * @throws The reason of the signal, if it stops the wait. What the event was set for at the same
   *   moment may be taken and told to nobody.
   */
  async wait({ timeout = Infinity, signal }: WaitOptions): Promise<boolean> {
    assertTimeout(timeout);
    signal?.throwIfAborted();
    if (this.#isStopped) return false;
    const stop = () => setEvent(this.#stop);
    signal?.addEventListener("abort", stop);
    this.#isWaiting = true;
    count++;
    let code: number;
    try {
      const { WaitOnPoolThread } = kernel32();
      const milliseconds = Math.min(timeout, INFINITE);
      code = await WaitOnPoolThread(this.#handles.length, this.#handles, 0, milliseconds, 0);
    } finally {
      count--;
      this.#isWaiting = false;
      signal?.removeEventListener("abort", stop);
      if (this.#isStopped) this.#free();
    }
    if (this.#error !== undefined) throw this.#error;
    signal?.throwIfAborted();
    if (code === WAIT_OBJECT_0 + EVENT_INDEX) return true;
    if (code === WAIT_OBJECT_0 || code === WAIT_TIMEOUT) return false;
    // Which error it was is known to the other thread alone.
    throw new Deno.errors.BadResource(`Cannot wait for ${this.#lease.handle.kind}`);
  }

  /** Stops waiting: nothing is taken any more that the event is set for from now on. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#isWaiting) setEvent(this.#stop);
    else this.#free();
  }

  /** Stops waiting at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.stop();
  }

  #free(): void {
    this.#stop.close();
    this.#lease[Symbol.dispose]();
  }
}
