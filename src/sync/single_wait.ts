/**
 * Waits for a single object.
 *
 * A wait by a promise goes on in one of these ways, in this order:
 *
 * 1. It looks once. If the last waits for the object were short, it blocks the thread instead, for
 *    up to 1 ms: see {@linkcode ShortWaits}. The event loop would need several times as long to
 *    fall asleep and wake up. A thread that has already blocked for 1 ms in this event-loop turn
 *    lets the next turn begin before that.
 * 2. If the last wait took less than 20 ms, a thread of Deno's pool waits for 20 ms at most: see
 *    pool_thread_wait.ts. So an idle object uses no thread of the pool.
 * 3. A registered wait of the system, or a wait thread of this module.
 *
 * Between two waits, nothing of this module waits for the object, so no signal is taken that
 * another process waits for.
 *
 * @module
 */

import { assertOptions, type OptionChecks } from "../../ffi/arguments.ts";
import type { Handle } from "../../ffi/handle.ts";
import { blockOn, RegisteredWait } from "../../ffi/kernel_object.ts";
import { inWorker } from "../../ffi/platform.ts";
import { EVENT_LOOP, lookOrBlock, ShortWaits } from "../wait/event_loop.ts";
import { checkTimeout, timeLeft, WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import { ParkedWait } from "./pool_thread_wait.ts";
import { timedOut, WaitJob, waitOnThread } from "./wait_thread/job.ts";
import { type Lease, lend, type Tenant, type WaitableObject } from "./waitable_object.ts";

/** Options for a wait that blocks the thread. */
export interface WaitSyncOptions {
  /** Maximum time to wait, in milliseconds; 0 checks once. @default Infinity */
  timeout?: number;
}

/** The checks of {@linkcode WaitSyncOptions}. */
export const WAIT_SYNC_CHECKS: OptionChecks<WaitSyncOptions> = { timeout: checkTimeout };

/** Maximum number of registered waits at a time. Further waits go to the wait threads. */
const MAX_REGISTERED = 16;
/** Maximum time that a thread of Deno's pool waits for an object, in milliseconds. */
const MAX_PARKED = 20;

/** Waits until an object is signalled, and blocks the calling thread during the wait. */
export function waitForOneSync(object: WaitableObject, options: WaitSyncOptions): void {
  assertOptions(options, WAIT_SYNC_CHECKS);
  const { timeout = Infinity } = options;
  using lease = lend(object, {});
  if (blockOn(lease.handle, timeout) === undefined) throw timedOut(lease.handle.kind, timeout);
}

/** Waits until an object is signalled. */
export async function waitForOne(
  object: WaitableObject,
  options: WaitOptions,
  undoing?: Undoing,
): Promise<void> {
  assertOptions(options, WAIT_CHECKS);
  options.signal?.throwIfAborted();
  using wait = new SingleWait(object, options, undoing);
  await wait.untilSignalled();
}

/**
 * Returns a function that gives back what a wait took from an object, or `undefined` if this script
 * cannot do that. Then no wait for the object is parked.
 */
export type Undoing = () => (() => void) | undefined;

/** The earlier waits of this script for one object. */
export class History {
  readonly shortWaits = new ShortWaits();
  /** Whether the last wait took less than {@linkcode MAX_PARKED}. */
  isInUse = false;
  /** The last wait on a pool thread, which the next one uses again. */
  parked: ParkedWait | undefined;
  /** Whether a task uses {@linkcode History.parked}. */
  isParking = false;
  /** The result of {@linkcode Undoing}, which is asked once. */
  undo: (() => void) | "not asked" | undefined = "not asked";

  /** Records the duration of a wait; `Infinity` if it was given up. */
  note(milliseconds: number): void {
    this.shortWaits.note(milliseconds);
    this.isInUse = milliseconds < MAX_PARKED;
  }
}

const histories = new WeakMap<WaitableObject, History>();

/** Returns the earlier waits of this script for an object. */
export function historyOf(object: WaitableObject): History {
  const known = histories.get(object);
  if (known !== undefined) return known;
  const history = new History();
  histories.set(object, history);
  return history;
}

/** One wait for one object. */
class SingleWait implements Disposable {
  readonly #object: WaitableObject;
  readonly #timeout: number;
  readonly #signal: AbortSignal | undefined;
  readonly #undoing: Undoing | undefined;
  readonly #history: History;
  readonly #tenant: Tenant = {};
  readonly #lease: Lease;
  readonly #began = performance.now();
  /** Whether the wait keeps the process alive. */
  #isHeld: boolean;
  /** The error of a wait whose object was closed. */
  #closed: Error | undefined;

  constructor(
    object: WaitableObject,
    { timeout = Infinity, signal }: WaitOptions,
    undoing: Undoing | undefined,
  ) {
    this.#object = object;
    this.#timeout = timeout;
    this.#signal = signal;
    this.#undoing = undoing;
    this.#history = historyOf(object);
    this.#lease = lend(object, this.#tenant);
    this.#isHeld = this.#lease.held;
    this.#tenant.onHold = (isHeld) => this.#isHeld = isHeld;
    this.#tenant.onClose = (error) => this.#closed = error;
  }

  /** Waits until the object is signalled. */
  async untilSignalled(): Promise<void> {
    if (this.#timeout === 0) {
      const isSignalled = blockOn(this.#lease.handle, 0) !== undefined;
      // A script that looks again and again must not keep the event loop from running.
      if (EVENT_LOOP.countWait()) await EVENT_LOOP.turn();
      if (!isSignalled) throw this.#late();
      return;
    }
    let took = Infinity;
    try {
      if (!await this.#lookOrBlock() && !await this.#park()) await this.#sleep();
      took = performance.now() - this.#began;
    } finally {
      this.#history.note(took);
    }
  }

  /** Lets the object be closed. */
  [Symbol.dispose](): void {
    this.#lease[Symbol.dispose]();
  }

  async #lookOrBlock(): Promise<boolean> {
    const isSignalled = await lookOrBlock({
      look: (timeout) => blockOn(this.#lease.handle, timeout) !== undefined || undefined,
      // A thread that blocks keeps the process alive.
      shortWaits: this.#isHeld ? [this.#history.shortWaits] : [],
      assertCanGoOn: () => this.#assertCanGoOn(),
    });
    return isSignalled ?? false;
  }

  /**
   * Waits on a pool thread for up to 20 ms, if the object is in use and a thread is free. Returns
   * whether the object was signalled.
   */
  async #park(): Promise<boolean> {
    const history = this.#history;
    if (!this.#isHeld || !history.isInUse || history.isParking) return false;
    this.#assertCanGoOn();
    const parked = this.#parkedWait();
    if (parked === undefined) return false;
    // A pool thread that waits keeps the process alive.
    this.#tenant.onHold = (isHeld) => {
      this.#isHeld = isHeld;
      if (!isHeld) parked.stop();
    };
    history.isParking = true;
    try {
      const timeout = Math.min(this.#timeLeft(), MAX_PARKED);
      const signal = this.#signal;
      return await parked.wait({ timeout, ...(signal && { signal }) });
    } finally {
      history.isParking = false;
    }
  }

  #parkedWait(): ParkedWait | undefined {
    const history = this.#history;
    if (!ParkedWait.isPossible) return undefined;
    if (history.undo === "not asked") history.undo = this.#undoing?.();
    const { undo, parked } = history;
    if (undo === undefined) return undefined;
    if (parked !== undefined && !parked.isStopped) return parked;
    return history.parked = new ParkedWait(this.#object, { undo });
  }

  /** Waits without a thread of Deno's pool, as long as it takes. */
  async #sleep(): Promise<void> {
    this.#assertCanGoOn();
    const timeout = this.#timeLeft();
    const wait = beginWait(this.#lease.handle, {
      timeout,
      signal: this.#signal,
      held: this.#isHeld,
    });
    this.#tenant.onClose = (error) => wait.stop(error);
    this.#tenant.onHold = (isHeld) => wait.hold(isHeld);
    try {
      await wait.over;
    } catch (error) {
      // The error of this wait names only the time that was left.
      const isLate = error instanceof Deno.errors.TimedOut && error !== this.#signal?.reason;
      throw isLate ? this.#late() : error;
    }
  }

  /** Throws if the wait was stopped between two ways of waiting, when nothing listens for that. */
  #assertCanGoOn(): void {
    if (this.#closed !== undefined) throw this.#closed;
    this.#signal?.throwIfAborted();
  }

  /** Returns the milliseconds that are left, or throws if the time is over. */
  #timeLeft(): number {
    const left = Math.ceil(timeLeft(this.#began + this.#timeout));
    if (left === 0) throw this.#late();
    return left;
  }

  #late(): Error {
    return timedOut(this.#lease.handle.kind, this.#timeout);
  }
}

/** A wait that has begun. */
export interface PendingWait {
  /** Resolves when the object is signalled, and rejects when the wait ends before that. */
  readonly over: Promise<void>;
  /** Sets whether the wait keeps the process alive. */
  hold(held: boolean): void;
  /** Ends the wait with an error, before the object is closed. */
  stop(error: Error): void;
}

/**
 * Begins to wait until an object is signalled.
 *
 * This is a registered wait of the system. A wait thread does it instead in a Worker, with a
 * signal, or if there are {@linkcode MAX_REGISTERED} registered waits already.
 *
 * @param object The handle of the object, which must stay open until the wait is over.
 * @param options The timeout in milliseconds, the signal, and whether the wait keeps the process
 *   alive (`held`).
 */
export function beginWait(
  object: Handle,
  { timeout = Infinity, signal, held }: {
    timeout?: number;
    signal?: AbortSignal | undefined;
    held: boolean;
  },
): PendingWait {
  if (signal !== undefined || inWorker() || RegisteredWait.count >= MAX_REGISTERED) {
    const job = new WaitJob({
      handles: [object.value],
      mutexes: [false],
      all: false,
      alone: false,
      held,
      label: object.kind,
      timeout,
      signal,
    });
    waitOnThread(job);
    return {
      over: job.outcome.then(() => {}),
      hold: (held) => job.hold(held),
      stop: (error) => job.cancel(error),
    };
  }
  const wait = new RegisteredWait(object, { timeout, held });
  const stopped = Promise.withResolvers<never>();
  const over = wait.signalled.then((signalled) => {
    if (!signalled) throw timedOut(object.kind, timeout);
  });
  return {
    over: Promise.race([over, stopped.promise]),
    hold: (held) => wait.hold(held),
    stop: (error) => {
      wait.cancel();
      stopped.reject(error);
    },
  };
}
