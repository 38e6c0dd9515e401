/**
 * Opens an object with as many rights as it grants.
 *
 * @module
 */

import { errorFromCode, lastErrorCode } from "./error.ts";
import { Handle } from "./handle.ts";
import type { OpenCall } from "./kernel_object.ts";
import { encodeWide } from "./wide.ts";

/** An object to open, and the rights to ask for. */
export interface ObjectToInspect {
  /** The object's name in messages: `shared memory "Local\\x"`. */
  readonly label: string;
  /** The full name. */
  readonly name: string;
  /** The name of the function that opens the object. */
  readonly api: string;
  /** Calls that function. */
  readonly open: OpenCall;
  /** Masks of rights, the most useful one first. */
  readonly choices: readonly number[];
}

const ERROR_ACCESS_DENIED = 5;
const ERROR_INVALID_HANDLE = 6;

/**
 * Opens an object with the first choice of rights that it grants.
 *
 * @returns The handle and its rights.
 * @throws {Deno.errors.NotFound} If there is no such object, or an object of another kind.
 * @throws {Deno.errors.PermissionDenied} If the object grants none of the choices.
 * @throws {TypeError} If the name has a NUL.
 */
export function openAsGranted(
  { label, name, api, open, choices }: ObjectToInspect,
): { handle: Handle; access: number } {
  const wide = encodeWide(name);
  let code = ERROR_ACCESS_DENIED;
  for (const access of choices) {
    const value = open(access, 0, wide);
    if (value !== 0n) return { handle: new Handle(value, label), access };
    code = lastErrorCode();
    if (code !== ERROR_ACCESS_DENIED) break;
  }
  const special = code === ERROR_INVALID_HANDLE ? { as: "NotFound" as const } : {};
  throw errorFromCode(code, api, `Cannot open ${label}`, special);
}
