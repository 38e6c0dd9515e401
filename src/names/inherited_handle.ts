/**
 * How a child process learns of the handles that it inherited.
 *
 * @module
 */

import { show } from "../../ffi/arguments.ts";
import { environmentVariable } from "../../ffi/environment.ts";
import { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { inWorker } from "../../ffi/platform.ts";

/**
 * The name of the environment variable that tells of a handle.
 *
 * @param key The key that parent and child agreed on.
 * @throws {TypeError} If the key is none.
 */
export function inheritanceVariable(key: string): string {
  // What is assigned to an object under __proto__ is lost.
  if (typeof key === "string" && /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(key)) {
    return `WINIPC_INHERIT_${key}`;
  }
  throw new TypeError(
    "Expected a key of at most 64 letters, digits and _, not beginning with a digit, and not " +
      `__proto__, got ${show(key)}`,
  );
}

/**
 * Reads what this process was told of a handle.
 *
 * @param key The key that parent and child agreed on.
 * @param form What the variable has to look like.
 * @returns What the groups of the form have found.
 * @throws {Deno.errors.NotFound} If it was told nothing under that key.
 * @throws {Deno.errors.InvalidData} If the variable has another form.
 */
export function readInheritance(key: string, form: RegExp): string[] {
  const name = inheritanceVariable(key);
  const value = environmentVariable(name);
  if (value === undefined) {
    throw new Deno.errors.NotFound(
      `Cannot inherit "${key}": there is no environment variable ${name}; the process that ` +
        "starts this one sets it",
    );
  }
  const found = form.exec(value);
  if (found !== null) return found.slice(1);
  throw new Deno.errors.InvalidData(
    `Cannot inherit "${key}": the environment variable ${name} is ${JSON.stringify(value)}`,
  );
}

/**
 * Takes over a handle that this process inherited. A Worker takes a duplicate: the handle itself is there
 * for all threads, and must not be closed when one of them ends.
 *
 * @param adopt Takes over a handle of that value.
 * @throws {Deno.errors.BadResource} If it is no handle.
 */
export function adoptInherited<T>(value: bigint, adopt: (value: bigint) => T): T {
  if (!inWorker()) return adopt(value);
  const duplicate = Handle.duplicateOf(value, "what was inherited").release();
  try {
    return adopt(duplicate);
  } catch (error) {
    kernel32().CloseHandle(duplicate);
    throw error;
  }
}
