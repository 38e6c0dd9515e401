import { SLOWNESS } from "./slowness.ts";

/**
 * Waits for an event with a time limit, so that a test fails instead of hanging.
 *
 * @param what The expected event, for the error: `the window closes`.
 * @param promise A promise that the event fulfils.
 * @param timeout The time limit in milliseconds. An emulated processor gets more.
 */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  timeout = 30_000,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`Expected within ${timeout} ms that ${what}`)),
    timeout * SLOWNESS,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
