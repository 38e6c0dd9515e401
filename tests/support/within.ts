/**
 * Waits for something that has to happen soon, so that a test that would hang fails.
 *
 * @param what What has to happen, for the error.
 * @param promise Is fulfilled when it has happened.
 * @param timeout How long it may take, in milliseconds.
 */
export async function within<T>(what: string, promise: Promise<T>, timeout = 30_000): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`Expected within ${timeout} ms that ${what}`)),
    timeout,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
