/**
 * Waits for a promise that no signal can stop.
 *
 * @module
 */

import { Cancellation } from "../wait/options.ts";

/**
 * Waits for a promise, or until a signal is aborted. Then the promise goes on, and nobody waits for
 * it.
 *
 * @throws The error of the promise, or the reason of the signal.
 */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {});
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  using _ = new Cancellation({ signal, onAbort: aborted.reject });
  return await Promise.race([promise, aborted.promise]);
}
