/**
 * Finds the objects that a name means.
 *
 * @module
 */

import { hintFor, show } from "../../../ffi/arguments.ts";
import { equalsCaseless } from "../../../ffi/wide.ts";
import { KINDS } from "./kinds.ts";
import { pipeState } from "../../../ffi/named_pipe.ts";
import { localPipePath, mailslotPath } from "../../pipe/name.ts";
import { assertName, assertNameOf } from "../command_line/object_name.ts";
import { Lister, SECTION_KINDS } from "./listing.ts";
import { NOUNS } from "./nouns.ts";
import type { Kind, ListedObject } from "./object.ts";
import { kindOf, otherKind } from "./other_kind.ts";
import { fullNameOf, listNamed, listPipes, type RawObject } from "./raw.ts";
import { listedWindows } from "./windows.ts";

/** The objects that a name can mean. */
export interface Found {
  /** Sections, events, mutexes and semaphores, of which at most one has a name; pipes, mailslots. */
  readonly objects: readonly RawObject[];
  readonly windows: readonly ListedObject[];
  /** The kind that the name was limited to: `ring:trades`. */
  readonly kind: Kind | undefined;
  /** The name without its kind. */
  readonly name: string;
}

/** Splits `ring:trades` into a kind and a name. A text before a colon that is no kind is a name. */
export function splitTarget(target: string): { kind: Kind | undefined; name: string } {
  const colon = target.indexOf(":");
  const kind = KINDS.find((kind) => kind === target.slice(0, Math.max(colon, 0)));
  return kind === undefined ? { kind, name: target } : { kind, name: target.slice(colon + 1) };
}

/** Finds the objects of a name. It opens none of them. */
export function findObjects(target: string): Found {
  const { kind, name } = splitTarget(target);
  const wants = (...kinds: Kind[]) => kind === undefined || kinds.includes(kind);
  const full = tried(() => fullNameOf(name));
  const isOfKind = (raw: RawObject) =>
    raw.kind === "section" ? wants(...SECTION_KINDS) : wants(raw.kind);
  const objects = full === undefined
    ? []
    : listNamed(() => {}).filter((raw) => raw.full === full && isOfKind(raw));
  if (wants("pipe")) objects.push(...pipesOf(name));
  if (wants("mailslot")) objects.push(...mailslotsOf(name, kind === "mailslot"));
  const windows = wants("window") ? windowsOf(name) : [];
  return { objects, windows, kind, name };
}

function pipesOf(name: string): RawObject[] {
  const path = tried(() => localPipePath(name));
  return path !== undefined && pipeState(path) !== undefined
    ? [{ kind: "pipe", name, full: path }]
    : [];
}

/** Without a list of the mailslots, only an attempt to open it tells whether a mailslot exists. */
function mailslotsOf(name: string, isAsked: boolean): RawObject[] {
  const path = tried(() => mailslotPath(name));
  if (path === undefined) return [];
  const listed = listPipes("mailslot");
  const isListed = listed?.some((raw) => equalsCaseless(raw.full, path)) ?? isAsked;
  return isListed ? [{ kind: "mailslot", name, full: path }] : [];
}

function windowsOf(name: string): ListedObject[] {
  return listedWindows().filter((object) =>
    object.name === name || equalsCaseless(object.window?.class ?? "", name)
  );
}

/** Returns `undefined` for a name that a kind of object cannot have. */
function tried<T>(check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}

/**
 * Throws unless an object can have a name. Without a kind, that is a kernel object.
 *
 * @throws {UsageError} If the name is invalid.
 */
export function assertPossible({ kind, name }: Pick<Found, "kind" | "name">): void {
  if (kind === undefined) assertName(name);
  else assertNameOf(kind, kind === "window" ? name.split("/", 1)[0]! : name);
}

/**
 * Returns the error for a name that no object has. It names the kind of an object that has the name,
 * or suggests the nearest name.
 */
export async function notFound({ kind, name }: Pick<Found, "kind" | "name">): Promise<Error> {
  const found = await kindOf(name);
  if (found !== undefined) return otherKind(name, { asked: kind, found, written: KINDS });
  const { objects } = await new Lister({ kind }).list();
  const nearest = hintFor("names", name, objects.map((object) => object.name));
  const hint = nearest.startsWith("did you mean") ? `: ${nearest}` : "";
  const noun = kind === undefined ? "object" : NOUNS[kind].noun;
  return new Deno.errors.NotFound(`There is no ${noun} ${show(name)}${hint}`);
}
