/**
 * Waits that Ctrl-C ends.
 *
 * @module
 */

/** The longest time that a timer can wait, in milliseconds. */
const MAX_TIMER = 2 ** 31 - 1;

/**
 * Waits for a time. A longer time than a timer can wait ends early.
 *
 * @param milliseconds The time. At least one turn of the event loop passes.
 * @throws The reason of the signal, as soon as it aborts.
 */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal.reason);
  const timer = setTimeout(resolve, Math.min(milliseconds, MAX_TIMER));
  signal.addEventListener("abort", abort, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
