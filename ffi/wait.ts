/**
 * Looking whether an object is signalled, and waiting for that on this very thread.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitforsingleobject}
 * @module
 */

import { lastError } from "./error.ts";
import type { Handle } from "./handle.ts";
import { kernel32 } from "./kernel32.ts";
import { INFINITE } from "./registered_wait.ts";

/** What came of a look at an object. */
export type Look = "signalled" | "abandoned" | undefined;

const WAIT_OBJECT_0 = 0;
const WAIT_ABANDONED = 0x80;
const WAIT_TIMEOUT = 0x102;

/**
 * Waits on this very thread, which stands still meanwhile.
 *
 * @param timeout The most to wait, in milliseconds.
 * @returns `undefined` if it was not signalled in time.
 */
export function standStill(object: Handle, timeout: number): Look {
  const milliseconds = timeout === Infinity ? INFINITE : timeout;
  const code = kernel32().WaitForSingleObject(object.value, milliseconds);
  if (code === WAIT_OBJECT_0) return "signalled";
  if (code === WAIT_ABANDONED) return "abandoned";
  if (code === WAIT_TIMEOUT) return undefined;
  throw lastError("WaitForSingleObject", `Cannot wait for ${object.kind}`);
}
