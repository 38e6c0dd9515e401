/**
 * Waits until a function of the script returns a value.
 *
 * @module
 */

import {
  assertFunction,
  assertOptions,
  dropPromise,
  integerFrom,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { MAX_TIMER, poll, WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";

/** Options of {@linkcode waitUntil}. */
export interface WaitUntilOptions extends WaitOptions {
  /**
   * The pause between two calls of the function, in milliseconds. By default, the pauses grow from
   * 1 to 32 milliseconds.
   */
  interval?: number;
}

/** The checks of {@linkcode WaitUntilOptions}. */
const WAIT_UNTIL_CHECKS: OptionChecks<WaitUntilOptions> = {
  ...WAIT_CHECKS,
  interval: integerFrom(1, MAX_TIMER),
};

/**
 * Calls a function again and again, until the function returns a value other than `undefined` and
 * `false`. This is for the memory of a program that has no event for its readers.
 *
 * @example Wait until another program has written its signature
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { waitUntil } from "@winipc/winipc/sync";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * using view = memory.map();
 * setTimeout(() => view.bytes[0] = 0x57, 10); // the other program
 *
 * const version = await waitUntil(() => view.bytes[0] !== 0 && view.bytes[0], { timeout: 5000 });
 * assertEquals(version, 0x57);
 * ```
 *
 * @param check Looks, and returns the value, or `undefined` or `false` if there is none yet.
 * @throws {Deno.errors.TimedOut} If the function returned no value in time.
 * @throws {TypeError} If the function returns a promise.
 */
export async function waitUntil<T>(
  check: () => T | undefined | false,
  options: WaitUntilOptions = {},
): Promise<T> {
  assertFunction("check", check);
  assertOptions(options, WAIT_UNTIL_CHECKS);
  const look = () => {
    const found = check();
    if (dropPromise(found)) {
      throw new TypeError(
        "Expected check() to return a value, got a promise: call waitUntil() with a function that is not async",
      );
    }
    return found === false ? undefined : found;
  };
  return await poll("a value from check()", look, options);
}
