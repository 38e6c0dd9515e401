/**
 * Errors of a route between a latest value and a bucket.
 *
 * @module
 */

import { kindOf, textOf } from "./failure.ts";

/** Returns an error that names the key and the latest value. */
export function describeBucketError(
  error: unknown,
  { key, label }: { key: string; label: string },
): unknown {
  if (error instanceof Deno.errors.InvalidData) return error;
  return new Error(
    `Cannot carry the ${label} by the bucket's key "${key}": ${textOf(error)}. Look whether the ` +
      "bucket exists, and whether the client may use it",
    { cause: error },
  );
}

/** Throws an error that names the key and the latest value, unless waiting may heal it. */
export function throwUnlessPassing(
  error: unknown,
  route: { key: string; label: string },
): void {
  if (kindOf(error) !== "passing") throw describeBucketError(error, route);
}
