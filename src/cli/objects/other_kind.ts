/**
 * The error for a name that belongs to an object of another kind.
 *
 * @module
 */

import { show } from "../../../ffi/arguments.ts";
import { Lister } from "./listing.ts";
import { aNoun, NOUNS } from "./nouns.ts";
import type { Kind } from "./object.ts";
import { fullNameOf, listNamed, type RawKind } from "./raw.ts";

/** Returns the kind of the object that has a name; `undefined` if there is none. */
export async function kindOf(name: string): Promise<Kind | undefined> {
  const listed = name.replace(/^Local\\/, "");
  const { objects } = await new Lister({ matches: (found) => found === listed }).list();
  return objects.find((object) => object.name === listed)?.kind;
}

/**
 * Returns the kind of the kernel object that has a name; `undefined` if winipc lists none. Sections
 * are not opened, so a ring is a section.
 */
export function namedKindOf(name: string): RawKind | undefined {
  const full = fullNameOf(name);
  return listNamed(() => {}).find((raw) => raw.full === full)?.kind;
}

/**
 * Returns the error for a name whose object is of another kind than the user asked for.
 *
 * @param asked The kind that the user asked for; `undefined` for any kind.
 * @param found The kind of the object.
 * @param written The kinds that the user can write before the name in this subcommand.
 */
export function otherKind(
  name: string,
  { asked, found, written = [] }: {
    readonly asked: Kind | undefined;
    readonly found: Kind;
    readonly written?: readonly Kind[];
  },
): Deno.errors.NotFound {
  const noun = asked === undefined ? "object" : NOUNS[asked].noun;
  const advice = written.includes(found)
    ? `write ${found}:${name}`
    : `winipc info ${name} describes it`;
  return new Deno.errors.NotFound(
    `There is no ${noun} ${show(name)}: it is ${aNoun(found)}; ${advice}`,
  );
}
