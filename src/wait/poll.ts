/**
 * Looking again and again for what nobody announces.
 *
 * @module
 */

import { assertWaitOptions, Cancellation, type WaitOptions } from "./options.ts";

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
