/**
 * Checks the names that the user types.
 *
 * @module
 */

import { objectName } from "../names.ts";
import { UsageError } from "./failure.ts";

/**
 * Throws unless an object can have a name.
 *
 * @param check Throws a `TypeError` or a `RangeError` for an invalid name of the object's kind.
 *   @default {@linkcode objectName}
 * @throws {UsageError} If the name is invalid.
 */
export function assertName(name: string, check: (name: string) => unknown = objectName): void {
  try {
    check(name);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
