/**
 * How long waits last: their options, their deadlines, what ends a wait that did not get what it waited for;
 * and waits that look again and again.
 *
 * @module
 */

import {
  assertInteger,
  assertNames,
  assertObject,
  assertSignal,
  type OptionChecks,
} from "../../ffi/arguments.ts";

/** How long to wait, and how to stop waiting. */
export interface WaitOptions {
  /** The most to wait, in milliseconds; 0 looks once. @default Infinity */
  timeout?: number;
  /** Stops the wait, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The checks of {@linkcode WaitOptions}. */
export const WAIT_CHECKS: OptionChecks<WaitOptions> = {
  timeout: checkTimeout,
  signal: assertSignal,
};

const WAIT_NAMES = Object.keys(WAIT_CHECKS);
const BLOCK_NAMES = ["timeout"];

/** The longest time that a timer can be set to, in milliseconds: a signed number of 32 bits. */
export const MAX_TIMER = 2 ** 31 - 1;

/**
 * Throws unless a value can be a timeout: an integer of milliseconds, or `Infinity`.
 */
export function assertTimeout(timeout: unknown): void {
  checkTimeout("timeout", timeout);
}

/** Throws unless the options can be those of a wait, whatever else is in them. */
export function assertWaitOptions(options: WaitOptions): void {
  assertObject("the options", options);
  const { timeout = Infinity, signal } = options;
  assertTimeout(timeout);
  if (signal !== undefined) assertSignal("signal", signal);
}

/**
 * Throws unless a wait can begin.
 *
 * @param options How long, and what stops it; a signal that has done so already throws its reason.
 */
export function assertCanWait(options: WaitOptions): void {
  assertWaitOptions(options);
  assertNames(options, WAIT_NAMES);
  options.signal?.throwIfAborted();
}

/** Throws unless the options can be those of a wait that blocks the thread. */
export function assertCanBlock(options: { timeout?: number }): void {
  assertObject("the options", options);
  const { timeout = Infinity } = options;
  assertTimeout(timeout);
  assertNames(options, BLOCK_NAMES);
}

/** Throws unless an option can be a timeout. */
export function checkTimeout(name: string, value: unknown): void {
  if (value !== Infinity) assertInteger(name, value, 0, MAX_TIMER);
}

/** What tells the time, in milliseconds since some moment. */
export interface Clock {
  /** The time now. */
  now(): number;
}

/**
 * The deadline of a wait that begins now and lasts at most so many milliseconds.
 *
 * @param clock What tells the time. @default this thread's `performance`
 */
export function deadlineAfter(timeout: number, clock: Clock = performance): number {
  return timeout === Infinity ? Infinity : clock.now() + timeout;
}

/** The milliseconds until a deadline, which {@linkcode deadlineAfter} gave; 0 once it is over. */
export function timeLeft(deadline: number, clock: Clock = performance): number {
  return deadline === Infinity ? Infinity : Math.max(deadline - clock.now(), 0);
}

/** What can end a wait, and how the wait takes it. */
export interface CancellationOptions {
  /** The most to wait, in milliseconds. @default Infinity */
  timeout?: number;
  /** Ends the wait when its time is over: with a `TimedOut` that names what was waited for. */
  onTimeout?: () => void;
  /** Stops the wait. */
  signal?: AbortSignal | undefined;
  /** Ends the wait when its signal is aborted: with the signal's reason. */
  onAbort?: (reason: unknown) => void;
}

/**
 * Watches the timeout and the signal of one wait, from its construction until it is disposed of.
 *
 * - It calls each function at most once, and neither after the disposal. It does not dispose of itself:
 *   the wait may go on until what it waits for has been let go, and be aborted after its time is over.
 * - It calls the functions inside the timer and inside the signal's event. So a waiter that leaves a
 *   queue in one of them gets no item that comes later in the same event-loop turn.
 * - The disposal removes the timer and the listener, whatever ended the wait: `using` covers every path.
 * - A timeout of more than {@linkcode MAX_TIMER} has no timer, as `Infinity` has none: `setTimeout` would
 *   take it for 1 ms.
 *
 * It does not see a signal that was aborted before: the wait calls `signal.throwIfAborted()` first.
 */
export class Cancellation implements Disposable {
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #abort: () => void;

  constructor({ timeout = Infinity, onTimeout, signal, onAbort }: CancellationOptions) {
    this.#signal = signal;
    this.#abort = () => onAbort?.(signal?.reason);
    if (timeout <= MAX_TIMER) this.#timer = setTimeout(() => onTimeout?.(), timeout);
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Lets the process end before the time is over. */
  unref(): void {
    if (this.#timer !== undefined) Deno.unrefTimer(this.#timer);
  }

  /** Removes the timer and the listener. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}

/** The longest pause between two looks, in milliseconds. */
const MAX_PAUSE = 32;

/**
 * Looks again and again, at first each millisecond and later each 32, until
 * there is something.
 *
 * @param what What is waited for, for the message: `shared memory "Local\\x"`.
 * @param look Gives what is waited for, or `undefined` while there is none.
 * @throws {Deno.errors.TimedOut} If there was none in time.
 */
export async function poll<T>(
  what: string,
  look: () => T | undefined,
  options: WaitOptions = {},
): Promise<T> {
  assertWaitOptions(options);
  const { timeout = Infinity, signal } = options;
  const deadline = performance.now() + timeout;
  for (let pause = 1;; pause = Math.min(pause * 2, MAX_PAUSE)) {
    // Each time: it may be aborted while no pause listens to it.
    signal?.throwIfAborted();
    const found = look();
    if (found !== undefined) return found;
    const left = deadline - performance.now();
    if (left <= 0) {
      throw new Deno.errors.TimedOut(`Waited ${timeout} ms for ${what} and there was none`);
    }
    await sleep(Math.min(pause, left), signal);
  }
}

async function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  using _ = new Cancellation({
    timeout: milliseconds,
    onTimeout: resolve,
    signal,
    onAbort: reject,
  });
  await promise;
}

/** Calls a function again and again until it is disposed of; each pause is twice as long as the one before. */
export class RepeatingTimer implements Disposable {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  /**
   * Begins the first pause.
   *
   * @param options The first pause and the longest one, in milliseconds.
   */
  constructor(look: () => void, { first, max }: { first: number; max: number }) {
    const lookIn = (pause: number) => {
      this.#timer = setTimeout(() => {
        look();
        if (!this.#isStopped) lookIn(Math.min(pause * 2, max));
      }, pause);
    };
    lookIn(first);
  }

  /** Makes no call from now on. */
  [Symbol.dispose](): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
