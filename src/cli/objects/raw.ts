/**
 * Lists the names of all kinds of objects, without opening any object.
 *
 * @module
 */

import { listDevice } from "../../../ffi/device_directory.ts";
import {
  GLOBAL_DIRECTORY,
  listDirectory,
  sessionDirectory,
} from "../../../ffi/object_directory.ts";
import { currentSession } from "../../../ffi/process_thread.ts";
import { objectName } from "../../names.ts";

/** The kinds of objects as they are listed: only their memory tells rings from other sections. */
export type RawKind = "section" | "event" | "mutex" | "semaphore" | "pipe" | "mailslot";

/** A name in a list of the system. */
export interface RawObject {
  readonly kind: RawKind;
  /** The name as users give it: `trades`, `Global\trades`. */
  readonly name: string;
  /** The name for Win32 functions: `Local\trades`. For pipes and mailslots it is the path. */
  readonly full: string;
}

/** The kernel's words for the kinds that this library opens. */
const TYPES: ReadonlyMap<string, RawKind> = new Map<string, RawKind>([
  ["Section", "section"],
  ["Event", "event"],
  ["Mutant", "mutex"],
  ["Semaphore", "semaphore"],
]);

/** The kinds that the kernel keeps in directories. */
export const NAMED_KINDS: readonly RawKind[] = [...TYPES.values()];

/**
 * Lists the sections, events, mutexes and semaphores of this session, and the global ones.
 *
 * @param onDenied Is called for a directory that this user is not allowed to list.
 */
export function listNamed(onDenied: (error: Error) => void): RawObject[] {
  const session = currentSession();
  const local = listIn(sessionDirectory(session), "", "Local\\", onDenied);
  if (session === 0) return local;
  return [...local, ...listIn(GLOBAL_DIRECTORY, "Global\\", "Global\\", onDenied)];
}

/**
 * Returns the full name of an object as {@linkcode listNamed} gives it.
 *
 * @throws {TypeError} If no object can have the name.
 */
export function fullNameOf(name: string): string {
  const full = objectName(name);
  // Session 0 has one directory for both.
  return currentSession() === 0 ? full.replace(/^Global\\/, "Local\\") : full;
}

function listIn(
  directory: string,
  shown: string,
  prefix: string,
  onDenied: (error: Error) => void,
): RawObject[] {
  try {
    return listDirectory(directory).flatMap(({ name, type }) => {
      const kind = TYPES.get(type);
      return kind === undefined ? [] : [{ kind, name: shown + name, full: prefix + name }];
    });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    onDenied(error);
    return [];
  }
}

/**
 * Lists the pipes or the mailslots of this machine.
 *
 * @returns `undefined` if the system does not list them, as Wine.
 */
export function listPipes(kind: "pipe" | "mailslot"): RawObject[] | undefined {
  try {
    return listDevice(kind).map((name) => ({ kind, name, full: `\\\\.\\${kind}\\${name}` }));
  } catch (error) {
    if (error instanceof Deno.errors.NotSupported) return undefined;
    throw error;
  }
}
