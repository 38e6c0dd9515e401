/**
 * Waits between two looks.
 *
 * @module
 */

/**
 * Waits, and lets the event loop notice Ctrl-C.
 *
 * @param time The time in milliseconds.
 * @throws The reason of the signal, as soon as the signal aborts.
 */
export async function pause(time: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, time);
  const stop = () => resolve();
  signal.addEventListener("abort", stop);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
}
