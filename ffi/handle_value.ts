/**
 * Values of handles that came from elsewhere.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sysinfo/kernel-objects}
 * @module
 */

/** No process gets more handles than 2²⁴, and each has a multiple of 4. */
const LIMIT = 2n ** 31n;

/**
 * Throws unless a value can be that of a handle of this or another process.
 *
 * Windows ignores the two lowest bits of a handle, so that three more values would mean the same
 * object. A negative value is a pseudo-handle: the process or the thread that uses it.
 *
 * @param attempt What is being tried, for the message.
 * @throws {Deno.errors.BadResource} If it can be no handle's.
 */
export function assertHandleValue(value: bigint, attempt: string): void {
  if (value > 0n && value < LIMIT && value % 4n === 0n) return;
  throw new Deno.errors.BadResource(
    `${attempt}: handles of objects are positive multiples of 4 below 2 ** 31`,
  );
}
