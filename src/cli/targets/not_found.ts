/**
 * The error for a target that does not exist.
 *
 * @module
 */

import { hintFor, show } from "../../../ffi/arguments.ts";
import { Lister } from "../objects/listing.ts";
import { listWindows } from "../../messages/mod.ts";
import type { Target } from "../target.ts";
import { Win32Error } from "../../../ffi/error.ts";

/** Objects of a kind in words, and where their names are listed. */
const WORDS = {
  ring: { noun: "ring", plural: "rings" },
  broadcast: { noun: "broadcast ring", plural: "broadcast rings" },
  pipe: { noun: "pipe", plural: "pipes" },
  mailslot: { noun: "mailslot", plural: "mailslots" },
  event: { noun: "event", plural: "events" },
  window: { noun: "window of class", plural: "windows" },
} as const satisfies Record<Target["kind"], { noun: string; plural: string }>;

/**
 * Opens a target.
 *
 * @throws {Deno.errors.NotFound} If the target does not exist. The error suggests the nearest name.
 */
export async function ifMissing<T>(target: Target, open: () => Promise<T> | T): Promise<T> {
  try {
    return await open();
  } catch (error) {
    // An object that exists but is not complete is reported without a code of Windows.
    const isMissing = error instanceof Deno.errors.NotFound && error.cause instanceof Win32Error;
    throw isMissing ? await notFound(target) : error;
  }
}

/** Returns the error for a target that does not exist. It suggests the nearest name. */
export async function notFound(target: Target): Promise<Deno.errors.NotFound> {
  const { noun, plural } = WORDS[target.kind];
  const name = target.kind === "window" ? target.class : target.name;
  const title = target.kind === "window" && target.title !== undefined
    ? ` and title ${show(target.title)}`
    : "";
  const others = (await namesOf(target.kind)).filter((other) => other !== name);
  const nearest = hintFor(plural, name, others);
  const hint = nearest.startsWith("did you mean")
    ? nearest
    : `winipc ls ${target.kind} lists the ${plural}`;
  return new Deno.errors.NotFound(`There is no ${noun} ${show(name)}${title}: ${hint}`);
}

/** Returns the names of the objects of a kind; of windows, the names of their classes. */
async function namesOf(kind: Target["kind"]): Promise<readonly string[]> {
  if (kind === "window") return [...new Set(listWindows().map((window) => window.class))];
  const { objects } = await new Lister({ kind }).list();
  return objects.map(({ name }) => name);
}
