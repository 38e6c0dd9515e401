/**
 * Advice for a name that has no section.
 *
 * @module
 */

import { hintFor, show } from "../../../ffi/arguments.ts";
import { splitTarget } from "../objects/find.ts";
import { SECTION_KINDS } from "../objects/listing.ts";
import { aNoun } from "../objects/nouns.ts";
import { namedKindOf, otherKind } from "../objects/other_kind.ts";
import { listNamed } from "../objects/raw.ts";
import { Win32Error } from "../../../ffi/error.ts";

const ERROR_FILE_NOT_FOUND = 2;
const ERROR_INVALID_HANDLE = 6;

/**
 * Returns a better error than that of opening a section: one that names the kind of the object that
 * has the name, or that suggests another name. Other errors are returned as they are.
 *
 * @param name The name as the user typed it.
 */
export function suggestSection(error: unknown, name: string): unknown {
  // A section that exists but is not complete is reported without a code of Windows.
  if (!(error instanceof Error && error.cause instanceof Win32Error)) return error;
  const { code } = error.cause;
  if (code === ERROR_INVALID_HANDLE) return anotherKind(name);
  if (code !== ERROR_FILE_NOT_FOUND) return error;
  const hint = hintAbout(name);
  return hint === undefined
    ? error
    : new Deno.errors.NotFound(`${error.message}: ${hint}`, { cause: error.cause });
}

/** Returns the error for the name of an event, a mutex, a semaphore or another kernel object. */
function anotherKind(name: string): Error {
  const found = namedKindOf(name);
  if (found !== undefined) return otherKind(name, { asked: "section", found });
  // Windows also has timers and jobs, which winipc does not list.
  return new Deno.errors.NotFound(
    `There is no section ${show(name)}: the name belongs to an object of another kind`,
  );
}

/** Returns what to write instead of a name that no object has. */
function hintAbout(name: string): string | undefined {
  const sections = listNamed(() => {}).filter(({ kind }) => kind === "section");
  const names = sections.map((section) => section.name);
  const { kind, name: rest } = splitTarget(name);
  if (kind !== undefined && names.includes(rest)) {
    return `write ${rest} without ${kind}:, because NAME is always a section's`;
  }
  if (kind !== undefined && !SECTION_KINDS.includes(kind)) {
    return `${aNoun(kind)} is no section; winipc info ${name} describes one`;
  }
  const hint = hintFor("sections", name, names);
  // The list of all sections would be too long.
  return hint.startsWith("did you mean") ? hint : undefined;
}
