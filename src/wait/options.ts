/**
 * How long waits last: their options, and deadlines.
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

/** The longest pause between two looks, in milliseconds. */
const MAX_PAUSE = 32;

/** The longest timeout that a timer can be set to, in milliseconds. */
export const MAX_TIMER = 2 ** 31 - 1;

/**
 * Throws unless a value can be a timeout: an integer of milliseconds, or `Infinity`.
 *
 * @param timeout The value.
 */
export function assertTimeout(timeout: unknown): void {
  checkTimeout("timeout", timeout);
}

/** Throws unless the options can be those of a wait, whatever else is in them. */
function assertKinds(options: WaitOptions): void {
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
  assertKinds(options);
  assertNames(options, WAIT_NAMES);
  options.signal?.throwIfAborted();
}

/**
 * Throws unless the options can be those of a wait that blocks the thread.
 */
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

/**
 * Looks again and again, at first each millisecond and later each 32, until
 * there is something.
 *
 * @param what What is waited for, for the message: `shared memory "Local\\x"`.
 * @param look Gives what is waited for, or `undefined` while there is none.
 * @param options How long.
 * @throws {Deno.errors.TimedOut} If there was none in time.
 */
export async function poll<T>(
  what: string,
  look: () => T | undefined,
  options: WaitOptions = {},
): Promise<T> {
  assertKinds(options);
  const { timeout = Infinity, signal } = options;
  signal?.throwIfAborted();
  const deadline = performance.now() + timeout;
  for (let pause = 1;; pause = Math.min(pause * 2, MAX_PAUSE)) {
    const found = look();
    if (found !== undefined) return found;
    const left = deadline - performance.now();
    if (left <= 0) {
      throw new Deno.errors.TimedOut(`Waited ${timeout} ms for ${what} and there was none`);
    }
    await sleep(Math.min(pause, left), signal);
  }
}

function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/**
 * When a wait that begins now is over.
 *
 * @param timeout The most to wait, in milliseconds.
 */
export function deadlineAfter(timeout: number): number {
  return timeout === Infinity ? Infinity : performance.now() + timeout;
}

/**
 * How long there is until then, in milliseconds; 0 if it is over.
 *
 * @param deadline What {@linkcode deadlineAfter} gave.
 */
export function timeLeft(deadline: number): number {
  return deadline === Infinity ? Infinity : Math.max(deadline - performance.now(), 0);
}
