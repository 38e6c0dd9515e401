/**
 * The nearest name for a section that does not exist.
 *
 * @module
 */

import { hintFor } from "../../ffi/arguments.ts";
import { listNamed } from "./objects/raw.ts";
import { Win32Error } from "../../ffi/error.ts";

/**
 * Adds the nearest name of a section to the error of opening one. Another error than that of a
 * missing section is returned as it is.
 *
 * @param name The name as the user typed it.
 */
export function suggestSection(error: unknown, name: string): unknown {
  // A section that exists but is not complete is reported without a code of Windows.
  const isMissing = error instanceof Deno.errors.NotFound && error.cause instanceof Win32Error;
  if (!isMissing) return error;
  const names = listNamed(() => {}).filter(({ kind }) => kind === "section");
  const hint = hintFor("sections", name, names.map((section) => section.name));
  // The list of all sections would be too long.
  if (!hint.startsWith("did you mean")) return error;
  return new Deno.errors.NotFound(`${error.message}: ${hint}`, { cause: error.cause });
}
