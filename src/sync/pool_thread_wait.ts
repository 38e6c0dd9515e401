/**
 * Waits for an event on a thread of Deno's pool.
 *
 * This is the fastest wait that has a promise: the thread that the event wakes then wakes the event
 * loop itself. With a registered wait, the third thread in a row does that.
 *
 * Deno's pool has four threads for each processor. During a wait its thread does nothing else: no
 * file operations, no child processes, no other nonblocking calls. So these waits are for the few
 * ends that wait again and again.
 *
 * All threads of the pool can be busy, so that the wait has not begun yet. Therefore the script's
 * thread handles signals itself, and timeouts that Windows is late with. From time to time it also
 * checks whether the event is set, and takes it.
 *
 * A wait that is stopped ends when its pool thread has reported whether it took the event. If the
 * thread took the event, the wait has succeeded. A thread that reports nothing for 20 ms has most
 * likely not begun to wait, and will take nothing. If it took the event all the same, or if the
 * event was closed, the caller's `undo` gives the event back.
 *
 * @module
 */

import { blockOn, createEvent, INFINITE, setEvent } from "../../ffi/kernel_object.ts";
import type { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { inWorker } from "../../ffi/platform.ts";
import {
  assertTimeout,
  Cancellation,
  poll,
  RepeatingTimer,
  type WaitOptions,
  within,
} from "../wait/options.ts";
import { type Lease, lend, type WaitableObject } from "./waitable_object.ts";

/** Maximum number of waits for each processor, so that half of the pool's threads stay free. */
const MAX_WAITS_PER_PROCESSOR = 2;
/** Maximum number of waits at a time. The first wait computes it: an import asks nothing. */
let maxWaits: number | undefined;
let count = 0;
/** The number of waits that were stopped, but have not left the pool yet. */
let givenUp = 0;

/**
 * Time until the script's thread checks the event itself, in milliseconds. Each further pause is
 * twice as long as the pause before.
 */
const FIRST_LOOK = 20;
/** Maximum pause between two checks, in milliseconds. */
const MAX_PAUSE = 500;

const WAIT_OBJECT_0 = 0;
const WAIT_TIMEOUT = 0x102;
/**
 * Index of the event in the list of handles. The handle that stops the wait is before it: if both
 * are set, Windows takes the first, and the event stays set.
 */
const EVENT_INDEX = 1;

/**
 * Makes a nonblocking call that can take long, as soon as one more wait can begin. The call counts
 * as a wait, so that waits leave as many threads of the pool free.
 *
 * @throws The reason of the signal, if the signal stops the wait before the call.
 */
export async function onPoolThread<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  // Others look for a free thread before this function goes on, so the thread is taken at once.
  await poll("a free thread", () => ParkedWait.isPossible ? ++count : undefined, { signal });
  try {
    signal.throwIfAborted();
    return await call();
  } finally {
    count--;
  }
}

/** Options of a {@linkcode ParkedWait}. */
export interface ParkedWaitOptions {
  /**
   * Gives the event back that a pool thread took after its wait had ended: sets an auto-reset event
   * again, or releases a semaphore.
   *
   * @default does nothing
   */
  undo?: () => void;
}

/** How a wait ended: the event was taken, or it was not set in time. */
type End = "taken" | "late";

/** The report of a wait's pool thread. */
interface Report {
  /** Whether the thread took the event. */
  hasTaken: boolean;
  /** Whether an event that the thread took must be given back: its wait has ended otherwise. */
  isIgnored: boolean;
}

/** Waits for an event or a semaphore on a pool thread. Only one task can wait at a time. */
export class ParkedWait implements Disposable {
  /**
   * Whether one more wait can begin. It cannot while a stopped wait has not left the pool, because
   * then all threads are busy. It cannot in a Worker, because a wait would delay the Worker's end.
   */
  static get isPossible(): boolean {
    maxWaits ??= MAX_WAITS_PER_PROCESSOR * navigator.hardwareConcurrency;
    return count < maxWaits && givenUp === 0 && !inWorker();
  }

  /** The number of threads of the pool that wait, or will wait when they are free. */
  static get count(): number {
    return count;
  }

  readonly #lease: Lease;
  readonly #stop: Handle;
  readonly #handles: BigUint64Array<ArrayBuffer>;
  readonly #undo: () => void;
  /** Settles the promise of the current wait. */
  #end: PromiseWithResolvers<End> | undefined;
  /** The report of the current wait. */
  #report: Report | undefined;
  /** Whether a pool thread waits, or will wait when it is free. */
  #isParked = false;
  #isStopped = false;

  /**
   * Prepares waits for an event; no wait begins yet.
   *
   * @param event An event or a semaphore. The wait resets an auto-reset event.
   * @throws {Deno.errors.BadResource} If the event is closed.
   */
  constructor(event: WaitableObject, { undo = () => {} }: ParkedWaitOptions = {}) {
    this.#undo = undo;
    this.#lease = lend(event, {
      onClose: (error) => {
        if (this.#report !== undefined) this.#report.isIgnored = true;
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

  /**
   * Whether `stop()` was called, or a wait ended before its pool thread did. No further wait is
   * possible then.
   */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /**
   * Waits until the event is set.
   *
   * @returns `true` if the event was set; `false` if the time is over or the wait was stopped.
   * @throws {Deno.errors.BadResource} If the event is closed during the wait.
   * @throws The reason of the signal, if the signal stops the wait before the event is set.
   */
  async wait({ timeout = Infinity, signal }: WaitOptions): Promise<boolean> {
    assertTimeout(timeout);
    signal?.throwIfAborted();
    if (this.#isStopped) return false;
    const end = Promise.withResolvers<End>();
    this.#end = end;
    const report: Report = { hasTaken: false, isIgnored: false };
    this.#report = report;
    const take = () => this.#take(end, report);
    const timers = new DisposableStack();
    timers.use(
      new Cancellation({
        // Windows ends the wait in time, unless all threads of the pool are busy.
        timeout: timeout + FIRST_LOOK,
        onTimeout: () => take() || end.resolve("late"),
        signal,
        onAbort: end.reject,
      }),
    );
    timers.use(new RepeatingTimer(take, { first: FIRST_LOOK, max: MAX_PAUSE }));
    const parked = this.#park(end, timeout, report);
    const [outcome] = await Promise.allSettled([end.promise]);
    timers.dispose();
    [this.#end, this.#report] = [undefined, undefined];
    const isTaken = outcome.status === "fulfilled" && outcome.value !== "late";
    if (this.#isParked) {
      this.stop();
      // Leaves no wait behind, unless all threads are busy.
      await within(parked, FIRST_LOOK);
    }
    if (isTaken || (report.hasTaken && !report.isIgnored)) return true;
    report.isIgnored = true;
    if (outcome.status === "rejected") throw outcome.reason;
    return false;
  }

  /** Stops the wait for good: if the event is set from now on, it stays set. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#end?.resolve("late");
    if (!this.#isParked) return this.#free();
    givenUp++;
    setEvent(this.#stop);
  }

  /** Stops the wait for good at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.stop();
  }

  /** Ends the wait if the event is set, or with an error. Returns whether the wait has ended. */
  #take(end: PromiseWithResolvers<End>, report: Report): boolean {
    // The thread has reported: it may have taken the event already.
    if (!this.#isParked) return true;
    try {
      if (blockOn(this.#lease.handle, 0) === undefined) return false;
      report.isIgnored = true;
      end.resolve("taken");
    } catch (error) {
      end.reject(error);
    }
    return true;
  }

  /** Waits on a pool thread, settles `end` with the outcome, and writes the thread's report. */
  async #park(end: PromiseWithResolvers<End>, timeout: number, report: Report): Promise<void> {
    this.#isParked = true;
    count++;
    try {
      const milliseconds = timeout === Infinity ? INFINITE : timeout;
      const code = await kernel32().WaitOnPoolThread(2, this.#handles, 0, milliseconds, 0);
      if (code === WAIT_OBJECT_0 + EVENT_INDEX) {
        report.hasTaken = true;
        end.resolve("taken");
        if (report.isIgnored) this.#undo();
      } else if (code === WAIT_OBJECT_0 || code === WAIT_TIMEOUT) end.resolve("late");
      // The error's code is unknown here: it is the last error of the pool thread.
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
