/**
 * Waiting for what Windows does not announce.
 *
 * @module
 */

import { assertInteger } from "../../ffi/arguments.ts";

/** How long to wait, and how to stop waiting. */
export interface WaitOptions {
  /** The most to wait, in milliseconds; 0 looks once. @default Infinity */
  timeout?: number;
  /** Stops the wait, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The longest pause between two looks, in milliseconds. */
const LONGEST_PAUSE = 32;

/** The longest timeout that a timer can be set to, in milliseconds. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Throws unless a value can be a timeout: an integer of milliseconds, or `Infinity`.
 *
 * @param timeout The value.
 */
export function assertTimeout(timeout: number): void {
  if (timeout !== Infinity) assertInteger("timeout", timeout, 0, LONGEST_TIMER);
}

/**
 * Throws unless a wait can begin.
 *
 * @param options How long, and what stops it; a signal that has done so already throws its reason.
 */
export function assertCanWait({ timeout = Infinity, signal }: WaitOptions): void {
  assertTimeout(timeout);
  signal?.throwIfAborted();
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
  { timeout = Infinity, signal }: WaitOptions = {},
): Promise<T> {
  assertTimeout(timeout);
  signal?.throwIfAborted();
  const deadline = performance.now() + timeout;
  for (let pause = 1;; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
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
