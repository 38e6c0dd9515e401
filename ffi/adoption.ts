/**
 * Handle values that came from elsewhere, looked at before they are believed.
 *
 * @module
 */

import { show } from "./arguments.ts";
import { isOwned } from "./handle.ts";
import { assertHandleValue } from "./handle_value.ts";
import { queryObject } from "./object.ts";

/** What was found out of a handle that nobody here owns yet. */
export interface ForeignHandle {
  /** Its value. */
  handle: bigint;
  /** What is being tried, for messages. */
  attempt: string;
  /** The rights that it has, as a mask. */
  grantedAccess: number;
}

/**
 * Looks whether a handle may be taken over.
 *
 * @param value The handle's value in this process.
 * @param type The kind of object that it has to be of, as the kernel calls it.
 * @param noun What users call that kind, with its article: `"an event"`.
 * @throws {TypeError} If the value is neither a bigint nor an integer.
 * @throws {Deno.errors.BadResource} If it is no handle of that kind in this process, or is owned already.
 */
export function inspectHandle(value: bigint | number, type: string, noun: string): ForeignHandle {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) {
    throw new TypeError(`Expected a handle value, got ${show(value)}`);
  }
  const handle = BigInt(value);
  const attempt = `Cannot adopt handle ${handle}`;
  assertHandleValue(handle, attempt);
  const { type: found, grantedAccess } = queryObject(handle, attempt);
  if (found !== type) {
    throw new Deno.errors.BadResource(
      `${attempt}: it is a handle of kind "${found}", not of ${noun}`,
    );
  }
  if (isOwned(handle)) {
    throw new Deno.errors.BadResource(`${attempt}: this script owns it already`);
  }
  return { handle, attempt, grantedAccess };
}
