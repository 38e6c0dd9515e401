/**
 * Names of kernel objects: sections, events, mutexes and semaphores share one
 * set of names.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/termserv/kernel-object-namespaces}
 * @module
 */

import { assertString } from "../../ffi/arguments.ts";

/** `MAX_PATH`: the longest that a name may be, prefix and all. */
const MAX_NAME_LENGTH = 260;

/**
 * Gives the full name of a kernel object.
 *
 * A bare name gets `Local\`, which is the session's own set of names; `Local\…`
 * and `Global\…` are taken as they are. The name itself is case-sensitive.
 *
 * @example
 * ```ts
 * import { objectName } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(objectName("telemetry"), "Local\\telemetry");
 * assertEquals(objectName("Global\\telemetry"), "Global\\telemetry");
 * ```
 *
 * @param name The name.
 * @throws {TypeError} If it is no string or empty, or has a NUL or another backslash in it.
 * @throws {RangeError} If it is longer than 260 UTF-16 code units, prefix and all.
 */
export function objectName(name: string): string {
  assertString("name", name);
  const prefix = /^(?:Local|Global)\\/.exec(name)?.[0] ?? "";
  const bare = name.slice(prefix.length);
  if (bare === "") throw new TypeError("Expected a name, got an empty one");
  if (bare.includes("\0")) {
    throw new TypeError(`Expected a name without a NUL, got ${JSON.stringify(name)}`);
  }
  if (bare.includes("\\")) {
    throw new TypeError(
      `Expected a name with no backslash but that of "Local\\" or "Global\\", got "${name}"`,
    );
  }
  const full = (prefix || "Local\\") + bare;
  assertLength(full, MAX_NAME_LENGTH);
  return full;
}

/**
 * Gives the name of an object that belongs to another one, and has a name made of that one's.
 *
 * @param full The other one's full name.
 * @param suffix What this one has behind it: `".data"`.
 * @throws {RangeError} If there is no room for that.
 */
export function derivedName(full: string, suffix: string): string {
  assertLength(full, MAX_NAME_LENGTH - suffix.length);
  return full + suffix;
}

function assertLength({ length }: string, most: number): void {
  if (length <= most) return;
  throw new RangeError(
    `Expected a name of at most ${most} characters with its prefix, got ${length}`,
  );
}
