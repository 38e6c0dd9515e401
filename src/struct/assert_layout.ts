/**
 * The check of arguments that must be layouts.
 *
 * @module
 */

import { assertObject, show } from "../../ffi/arguments.ts";

/** The parts of a layout that do not depend on its fields. */
export interface ValueLayout {
  /** The size of the struct in bytes. */
  readonly byteLength: number;
  /** A hash of the layout. */
  readonly layoutHash: bigint;
}

/**
 * Throws a `TypeError` if a value is no layout.
 *
 * @param what The name of the value in the error message: `"layout"`.
 */
export function assertLayout(what: string, value: unknown): asserts value is ValueLayout {
  assertObject(what, value);
  const isLayout = "layoutHash" in value && typeof value.layoutHash === "bigint" &&
    "byteLength" in value && typeof value.byteLength === "number";
  if (!isLayout) {
    throw new TypeError(
      `Expected ${what} to be a layout from struct() or union(), got ${show(value)}`,
    );
  }
}
