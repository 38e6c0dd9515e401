/**
 * Waiting for an event on a thread of Deno's pool.
 *
 * Of all ways to wait by a promise this is the quickest, for the thread that is woken wakes the event
 * loop itself; of a registered wait it is the third one in a row. But while it lasts, that thread does
 * nothing else: neither files nor programs nor other calls of this kind, of which Deno does four at a
 * time for each processor. So it is for few waits, of those who wait again and again.
 *
 * And the others may have all threads busy, so that nobody waits yet. Therefore signals and time are
 * seen to here, and from time to time this thread looks whether the event is set and nobody took it.
 *
 * @module
 */

import { blockOn, createEvent, INFINITE, setEvent } from "../../ffi/kernel_object.ts";
import type { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { inWorker } from "../../ffi/platform.ts";
import { assertTimeout, Cancellation, RepeatingTimer, type WaitOptions } from "../wait/options.ts";
import type { SharedEvent } from "./event.ts";
import { type Lease, lend } from "./waitable_object.ts";

/** The most waits at a time: half of the threads remain. */
const MAX_WAITS = 2 * navigator.hardwareConcurrency;
let count = 0;
/** How many of them go on although nobody waits for them any more. */
let givenUp = 0;

/** When this thread looks for the first time, in milliseconds; then after twice as long each time … */
const FIRST_LOOK = 20;
/** … up to this. */
const MAX_PAUSE = 500;

const WAIT_OBJECT_0 = 0;
/** Where in the list of handles the event is; what stops a wait comes first, and then takes nothing. */
const EVENT_INDEX = 1;

/** Waits for an event, for one who waits at a time. */
export class ParkedWait implements Disposable {
  /**
   * Whether there can be one more wait. There cannot while one that was given up goes on, for then
   * all threads are busy; and a Worker that is ended would be blocked for as long as it lasts.
   */
  static get isPossible(): boolean {
    return count < MAX_WAITS && givenUp === 0 && !inWorker();
  }

  readonly #lease: Lease;
  readonly #stop: Handle;
  readonly #handles: BigUint64Array<ArrayBuffer>;
  /** Ends the wait that there is. */
  #end: PromiseWithResolvers<boolean> | undefined;
  /** Whether a thread waits, or will. */
  #isParked = false;
  #isStopped = false;

  /**
   * Has all that it needs to wait.
   *
   * @param event The event, which resets itself.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  constructor(event: SharedEvent) {
    this.#lease = lend(event, {
      onClose: (error) => {
        this.#end?.reject(error);
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

  /** Whether it is stopped, or has stopped itself when a wait was given up: it waits no more. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /**
   * Waits until the event is set.
   *
   * @returns Whether it was set, and not the time over or the wait stopped.
   * @throws {Deno.errors.BadResource} If the event is closed meanwhile.
   * @throws The reason of the signal, if it stops the wait. What the event was set for at the same
   *   moment may be taken and told to nobody.
   */
  async wait({ timeout = Infinity, signal }: WaitOptions): Promise<boolean> {
    assertTimeout(timeout);
    signal?.throwIfAborted();
    if (this.#isStopped) return false;
    const end = Promise.withResolvers<boolean>();
    this.#end = end;
    const timers = new DisposableStack();
    timers.use(
      new Cancellation({
        timeout,
        onTimeout: () => {
          if (!this.#take(end)) end.resolve(false);
        },
        signal,
        onAbort: end.reject,
      }),
    );
    timers.use(new RepeatingTimer(() => this.#take(end), { first: FIRST_LOOK, max: MAX_PAUSE }));
    const parked = this.#park(end);
    try {
      return await end.promise;
    } finally {
      timers.dispose();
      this.#end = undefined;
      if (this.#isParked) {
        this.stop();
        // So that nothing is left of it, unless all threads are busy.
        await within(parked, FIRST_LOOK);
      }
    }
  }

  /** Stops waiting: nothing is taken any more that the event is set for from now on. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#end?.resolve(false);
    if (!this.#isParked) return this.#free();
    givenUp++;
    setEvent(this.#stop);
  }

  /** Stops waiting at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.stop();
  }

  /** Takes what the event is set for, if nobody has; whether the wait is over with that. */
  #take(end: PromiseWithResolvers<boolean>): boolean {
    try {
      if (blockOn(this.#lease.handle, 0) === undefined) return false;
      end.resolve(true);
    } catch (error) {
      end.reject(error);
    }
    return true;
  }

  /** Has a thread wait, and tells what comes of it. */
  async #park(end: PromiseWithResolvers<boolean>): Promise<void> {
    this.#isParked = true;
    count++;
    try {
      const code = await kernel32().WaitOnPoolThread(2, this.#handles, 0, INFINITE, 0);
      if (code === WAIT_OBJECT_0 + EVENT_INDEX) end.resolve(true);
      else if (code === WAIT_OBJECT_0) end.resolve(false);
      // Which error it was is known to the other thread alone.
      else throw new Deno.errors.BadResource(`Cannot wait for ${this.#lease.handle.kind}`);
    } catch (error) {
      end.reject(error);
    }
    count--;
    this.#isParked = false;
    if (!this.#isStopped) return;
    givenUp--;
    this.#free();
  }

  #free(): void {
    this.#stop.close();
    this.#lease[Symbol.dispose]();
  }
}

/** Waits until a promise is fulfilled, or for so many milliseconds. */
async function within(promise: Promise<void>, milliseconds: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  using _ = new Cancellation({ timeout: milliseconds, onTimeout: resolve });
  await Promise.race([promise, late]);
}
