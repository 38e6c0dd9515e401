/**
 * Finds out why something failed, even if the clean-up after it has failed too.
 *
 * @module
 */

/**
 * Returns the text of the first error. An error of a clean-up has the error before it in
 * `suppressed`.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof SuppressedError) return reasonOf(error.suppressed);
  return error instanceof Error ? error.message : `${error}`;
}
