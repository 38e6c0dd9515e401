/**
 * The options and deadlines of waits, the end of a wait by timeout or signal, and waits that poll.
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
import { EVENT_LOOP } from "./event_loop.ts";

/** The time limit of a wait, and a signal that stops it. */
export interface WaitOptions {
  /** Maximum waiting time in milliseconds. 0 checks once. @default Infinity */
  timeout?: number;
  /** Stops the wait when this signal is aborted. The wait rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The checks of {@linkcode WaitOptions}. */
export const WAIT_CHECKS: OptionChecks<WaitOptions> = {
  timeout: checkTimeout,
  signal: assertSignal,
};

const WAIT_NAMES = Object.keys(WAIT_CHECKS);
const BLOCK_NAMES = ["timeout"];

/** Maximum time of a timer in milliseconds, because `setTimeout` takes a signed 32-bit number. */
export const MAX_TIMER = 2 ** 31 - 1;

/**
 * Throws unless a value is a valid timeout: an integer from 0 to {@linkcode MAX_TIMER}, or
 * `Infinity`.
 */
export function assertTimeout(timeout: unknown): void {
  checkTimeout("timeout", timeout);
}

/** Throws unless the timeout and the signal of a wait are valid. Other options are not checked. */
export function assertWaitOptions(options: WaitOptions): void {
  assertObject("the options", options);
  const { timeout = Infinity, signal } = options;
  assertTimeout(timeout);
  if (signal !== undefined) assertSignal("signal", signal);
}

/**
 * Throws unless a wait can begin: if an option is invalid, or with the reason of an aborted signal.
 */
export function assertCanWait(options: WaitOptions): void {
  assertWaitOptions(options);
  assertNames(options, WAIT_NAMES);
  options.signal?.throwIfAborted();
}

/** Throws unless the options of a wait that blocks the thread are valid. */
export function assertCanBlock(options: { timeout?: number }): void {
  assertObject("the options", options);
  const { timeout = Infinity } = options;
  assertTimeout(timeout);
  assertNames(options, BLOCK_NAMES);
}

/** Throws unless an option is a valid timeout. */
export function checkTimeout(name: string, value: unknown): void {
  if (value !== Infinity) assertInteger(name, value, 0, MAX_TIMER);
}

/** A clock that counts milliseconds since a fixed moment. */
export interface Clock {
  /** Returns the current time in milliseconds. */
  now(): number;
}

/**
 * Returns the deadline of a wait that begins now.
 *
 * @param timeout Maximum waiting time in milliseconds, or `Infinity`.
 * @param clock The clock of the deadline. @default this thread's `performance`
 */
export function deadlineAfter(timeout: number, clock: Clock = performance): number {
  return timeout === Infinity ? Infinity : clock.now() + timeout;
}

/**
 * Returns the milliseconds until a deadline of {@linkcode deadlineAfter}, or 0 if it has passed.
 */
export function timeLeft(deadline: number, clock: Clock = performance): number {
  return deadline === Infinity ? Infinity : Math.max(deadline - clock.now(), 0);
}

/** The timeout and the signal of a wait, and the functions that end the wait. */
export interface CancellationOptions {
  /** Maximum waiting time in milliseconds. @default Infinity */
  timeout?: number;
  /**
   * Ends the wait when its time is over. It should reject with a `TimedOut` that names the object.
   */
  onTimeout?: () => void;
  /** Stops the wait when this signal is aborted. */
  signal?: AbortSignal | undefined;
  /** Ends the wait when its signal is aborted. It should reject with the signal's reason. */
  onAbort?: (reason: unknown) => void;
}

/**
 * Watches the timeout and the signal of one wait, from its construction until it is disposed of.
 *
 * - It calls each function at most once, and neither after the disposal. It does not dispose of
 *   itself. A wait can go on after its time is over, until it has released its object. The wait can
 *   be aborted during that time.
 * - It calls the functions inside the timer and inside the signal's event. So a task that leaves a
 *   queue there gets no item that comes later in the same event-loop turn.
 * - The disposal removes the timer and the listener, so `using` cleans up however the wait ends.
 * - It sets no timer for `Infinity` or for more than {@linkcode MAX_TIMER}, because `setTimeout`
 *   would fire after 1 ms.
 *
 * It does not check whether the signal is already aborted. The wait must call
 * `signal.throwIfAborted()` first.
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

/** Waits until a promise is fulfilled, or until the time is over. It keeps the process alive. */
export async function within(promise: Promise<void>, milliseconds: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  using _ = new Cancellation({ timeout: milliseconds, onTimeout: resolve });
  await Promise.race([promise, late]);
}

/** Maximum pause between two calls of the function that {@linkcode poll} gets, in milliseconds. */
const MAX_PAUSE = 32;

/** Options of {@linkcode poll}. */
export interface PollOptions extends WaitOptions {
  /** The length of each pause in milliseconds. @default growing from 1 to 32 */
  interval?: number;
}

/**
 * Calls a function until it returns a value.
 *
 * @param what The awaited object's name in the message: `shared memory "Local\\x"`.
 * @param look Returns the object, or `undefined` if it does not exist yet.
 * @throws {Deno.errors.TimedOut} If the object does not exist in time.
 */
export async function poll<T>(
  what: string,
  look: () => T | undefined,
  options: PollOptions = {},
): Promise<T> {
  assertWaitOptions(options);
  const { timeout = Infinity, signal, interval } = options;
  // A script that finds something again and again must not keep the event loop from running.
  if (EVENT_LOOP.countWait()) await EVENT_LOOP.turn();
  const deadline = performance.now() + timeout;
  for (let pause = interval ?? 1;; pause = interval ?? Math.min(pause * 2, MAX_PAUSE)) {
    // Checked each time, because the signal can be aborted between two pauses, while nothing
    // listens.
    signal?.throwIfAborted();
    const found = look();
    if (found !== undefined) return found;
    const left = deadline - performance.now();
    if (left <= 0) {
      throw new Deno.errors.TimedOut(`Waited ${timeout} ms for ${what}, but did not find it`);
    }
    await sleep(Math.min(pause, left), signal);
  }
}

/** Waits for a time. A signal that is aborted during the wait rejects with its reason. */
export async function sleep(
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  using _ = new Cancellation({
    timeout: milliseconds,
    onTimeout: resolve,
    signal,
    onAbort: reject,
  });
  await promise;
}

/**
 * Calls a function repeatedly until it is disposed of. Each pause is twice as long as the last one.
 */
export class RepeatingTimer implements Disposable {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  /**
   * Begins the first pause.
   *
   * @param options `first`: the first pause, `max`: the longest pause, both in milliseconds.
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

  /** Stops the calls. */
  [Symbol.dispose](): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
