/**
 * How a child process learns of the handles that it inherited.
 *
 * @module
 */

import { environmentVariable } from "../../ffi/environment.ts";
import { adoptSection } from "./adoption.ts";
import { type Mappable, MEMORY_ACCESS, type MemoryAccess } from "./mapped_view.ts";

/** What a child is told of a handle. */
export interface InheritedSection {
  /** The handle's value. */
  handle: bigint;
  /** The section's size in bytes. */
  byteLength: number;
  /** What the handle grants. */
  access: MemoryAccess;
}

/**
 * The name of the environment variable that tells of a handle.
 *
 * @param key The key that parent and child agreed on.
 * @throws {TypeError} If the key is none.
 */
export function inheritanceVariable(key: string): string {
  if (typeof key === "string" && /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(key)) {
    return `WINIPC_INHERIT_${key}`;
  }
  throw new TypeError(
    `Expected a key of at most 64 letters, digits and _, not beginning with a digit, got ${
      JSON.stringify(key)
    }`,
  );
}

/** Writes what a child is told of a handle. */
export function describeInheritance({ handle, byteLength, access }: InheritedSection): string {
  return `${handle} section ${byteLength} ${access}`;
}

/** Takes over the section that was inherited under a key. */
export function inheritSection(key: string): Mappable {
  const name = inheritanceVariable(key);
  const value = environmentVariable(name);
  if (value === undefined) {
    throw new Deno.errors.NotFound(
      `Cannot inherit "${key}": there is no environment variable ${name}; the process that ` +
        "starts this one sets it",
    );
  }
  const [, handle, byteLength, word] =
    /^([0-9]{1,10}) section ([0-9]{1,16}) ([a-z]+)$/.exec(value) ??
      [];
  const access = MEMORY_ACCESS.find((access) => access === word);
  if (handle === undefined || access === undefined) {
    throw new Deno.errors.InvalidData(
      `Cannot inherit "${key}": the environment variable ${name} is ${JSON.stringify(value)}`,
    );
  }
  return adoptSection(BigInt(handle), { byteLength: Number(byteLength), access });
}
