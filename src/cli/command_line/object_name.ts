/**
 * Checks the names that the user types.
 *
 * @module
 */

import { assertClassName } from "../../../ffi/callback.ts";
import { mailslotPath, pipePath } from "../../pipe/name.ts";
import { objectName } from "../../names.ts";
import type { Kind } from "../objects/object.ts";
import { UsageError } from "./failure.ts";

/** The checks of the names that are no names of kernel objects. */
const NAME_CHECKS: Partial<Record<Kind, (name: string) => unknown>> = {
  pipe: pipePath,
  mailslot: mailslotPath,
  window: (name) => assertClassName("class", name),
};

/**
 * Throws unless a kernel object, such as a section, can have a name.
 *
 * @throws {UsageError} If the name is invalid.
 */
export function assertName(name: string): void {
  assertNameFor(name, objectName);
}

/**
 * Throws unless an object of a kind can have a name.
 *
 * @param name The name; of a window, the name of its class.
 * @throws {UsageError} If the name is invalid.
 */
export function assertNameOf(kind: Kind, name: string): void {
  assertNameFor(name, NAME_CHECKS[kind] ?? objectName);
}

/** @param check Throws a `TypeError` or a `RangeError` for an invalid name. */
export function assertNameFor(name: string, check: (name: string) => unknown): void {
  try {
    check(name);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
