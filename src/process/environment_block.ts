/**
 * Environments for child processes.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/procthread/changing-environment-variables}
 * @module
 */

import { assertObject, show } from "../../ffi/arguments.ts";
import { environmentStrings, MAX_VARIABLE } from "../../ffi/environment.ts";
import { toUnits, upcase } from "../../ffi/wide.ts";

/**
 * Throws unless a value is an object of environment variables.
 *
 * @param what What the value is, for the message: `"env"`.
 * @throws {TypeError} If it is none, or the name or the value of a variable is none.
 * @throws {RangeError} If a name or a value has more than 32,766 characters.
 */
export function assertEnvironment(
  what: string,
  value: unknown,
): asserts value is Readonly<Record<string, string>> {
  assertObject(what, value);
  for (const [name, text] of Object.entries(value)) {
    if (name === "" || /[=\0]/.test(name) || typeof text !== "string" || text.includes("\0")) {
      throw new TypeError(
        `Expected an environment variable, got ${JSON.stringify(name)}: ${show(text)}`,
      );
    }
    for (const [what, { length }] of [["name", name], ["value", text]] as const) {
      if (length <= MAX_VARIABLE) continue;
      throw new RangeError(
        `Expected the ${what} of an environment variable to have at most ${MAX_VARIABLE} ` +
          `characters, got ${length} (${name.slice(0, 40)})`,
      );
    }
  }
}

/**
 * Writes an environment: each variable with a NUL behind it, sorted by name as Windows wants
 * it, and a NUL at the end.
 *
 * @param env The variables that are set in addition, checked before.
 * @param clear Whether it has those of this process not.
 */
export function environmentBlock(
  env: Readonly<Record<string, string>>,
  clear: boolean,
): Uint16Array<ArrayBuffer> {
  // By the names as Windows compares them, which is also the order that it wants.
  const variables = new Map<string, { name: string; value: string }>();
  const set = (name: string, value: string) => {
    const key = upcase(name);
    // A later value wins, under the name as it was written first.
    variables.set(key, { name: variables.get(key)?.name ?? name, value });
  };
  for (const text of clear ? [] : environmentStrings()) {
    // The names of some that Windows keeps for itself begin with "=".
    const at = text.indexOf("=", 1);
    // A parent can put texts into the block that are no variables.
    if (at < 0) continue;
    set(text.slice(0, at), text.slice(at + 1));
  }
  for (const [name, value] of Object.entries(env)) set(name, value);
  const sorted = [...variables].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const text = sorted.map(([, { name, value }]) => `${name}=${value}\0`).join("");
  return toUnits(text === "" ? "\0\0" : `${text}\0`);
}
