/**
 * The error for a target that does not exist.
 *
 * @module
 */

import { hintFor, show } from "../../../ffi/arguments.ts";
import { Lister } from "../objects/listing.ts";
import { listWindows } from "../../messages/mod.ts";
import { NOUNS } from "../objects/nouns.ts";
import { kindOf, otherKind } from "../objects/other_kind.ts";
import { type Target, TARGET_KINDS, type WindowTarget } from "./target.ts";
import { Win32Error } from "../../../ffi/error.ts";

/**
 * Opens a target.
 *
 * @throws {Deno.errors.NotFound} If the target does not exist. The error names the kind of an object
 *   that has the name, or suggests the nearest name.
 */
export async function ifMissing<T>(target: Target, open: () => Promise<T> | T): Promise<T> {
  try {
    return await open();
  } catch (error) {
    // An object that exists but is not complete is reported without a code of Windows.
    const isMissing = error instanceof Deno.errors.NotFound && error.cause instanceof Win32Error;
    if (isMissing) throw await notFound(target);
    const isOther = error instanceof Deno.errors.InvalidData && target.kind !== "window";
    throw isOther ? await ofOtherKind(target) ?? error : error;
  }
}

/** Returns the error for a target that does not exist. */
export async function notFound(target: Target): Promise<Deno.errors.NotFound> {
  const other = target.kind === "window" ? undefined : await ofOtherKind(target);
  if (other !== undefined) return other;
  const { noun, plural } = NOUNS[target.kind];
  const [what, name] = target.kind === "window"
    ? [`${noun} of class`, target.class]
    : [noun, target.name];
  const title = target.kind === "window" && target.title !== undefined
    ? ` and title ${show(target.title)}`
    : "";
  const others = (await namesOf(target.kind)).filter((other) => other !== name);
  const nearest = hintFor(plural, name, others);
  const hint = nearest.startsWith("did you mean")
    ? nearest
    : `winipc ls ${target.kind} lists the ${plural}`;
  return new Deno.errors.NotFound(`There is no ${what} ${show(name)}${title}: ${hint}`);
}

/** Returns the error for a target whose name belongs to an object of another kind, if it does. */
async function ofOtherKind(
  { kind: asked, name }: Exclude<Target, WindowTarget>,
): Promise<Deno.errors.NotFound | undefined> {
  const found = await kindOf(name);
  return found === undefined || found === asked
    ? undefined
    : otherKind(name, { asked, found, written: TARGET_KINDS });
}

/** Returns the names of the objects of a kind; of windows, the names of their classes. */
async function namesOf(kind: Target["kind"]): Promise<readonly string[]> {
  if (kind === "window") return [...new Set(listWindows().map((window) => window.class))];
  const { objects } = await new Lister({ kind }).list();
  return objects.map(({ name }) => name);
}
