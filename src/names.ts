/**
 * What processes agree on to reach the same kernel object: its name, or the key of a handle that a child
 * inherits; and opening what has a name, or creating it.
 *
 * Sections, events, mutexes and semaphores share one set of names.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/termserv/kernel-object-namespaces}
 *
 * @module
 */

import { assertString, show } from "../ffi/arguments.ts";
import { environmentVariable } from "../ffi/process_thread.ts";
import { Handle } from "../ffi/handle.ts";
import { kernel32 } from "../ffi/win32/kernel32.ts";
import { inWorker } from "../ffi/platform.ts";
import { unless } from "../ffi/error.ts";

/** `MAX_PATH`: the longest that a name may be, prefix and all. */
const MAX_NAME_LENGTH = 260;

/**
 * Gives the full name of a kernel object.
 *
 * A bare name gets `Local\`, which is the session's own set of names; `Local\…`
 * and `Global\…` are taken as they are. The name itself is case-sensitive.
 *
 * @throws {TypeError} If it is no string or empty, or has a NUL or another backslash in it.
 * @throws {RangeError} If it is longer than 260 UTF-16 code units, prefix and all.
 */
export function objectName(name: string): string {
  assertString("name", name);
  const prefix = /^(?:Local|Global)\\/.exec(name)?.[0] ?? "";
  const bare = name.slice(prefix.length);
  if (bare === "") throw new TypeError("Expected a name, got an empty one");
  if (bare.includes("\0")) {
    throw new TypeError(`Expected a name without a NUL, got ${JSON.stringify(name)}`);
  }
  if (bare.includes("\\")) {
    throw new TypeError(
      `Expected a name with no backslash but that of "Local\\" or "Global\\", got "${name}"`,
    );
  }
  const full = (prefix || "Local\\") + bare;
  assertLength(full, MAX_NAME_LENGTH);
  return full;
}

/**
 * Gives the name of an object that belongs to another one, and has a name made of that one's.
 *
 * @param full The other one's full name.
 * @param suffix What this one has behind it: `".data"`.
 * @throws {RangeError} If there is no room for that.
 */
export function derivedName(full: string, suffix: string): string {
  assertLength(full, MAX_NAME_LENGTH - suffix.length);
  return full + suffix;
}

function assertLength({ length }: string, most: number): void {
  if (length <= most) return;
  throw new RangeError(
    `Expected a name of at most ${most} characters with its prefix, got ${length}`,
  );
}

/**
 * The name of the environment variable that tells of a handle.
 *
 * @param key The key that parent and child agreed on.
 * @throws {TypeError} If the key is invalid.
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

/** The most to wait while another process finishes what it creates, in milliseconds. */
const DEFAULT_INITIALIZE_TIMEOUT = 5000;

/** How to open or create what has a name. */
export interface OpenOrCreate<T> {
  /** Opens it. Throws `NotFound` if nobody holds the name, or its creator is not done yet. */
  open: () => T;
  /** Creates it. Throws `AlreadyExists` if somebody holds the name. */
  create: () => T;
  /** Names it for messages: `channel "Local\\lines"`. */
  label: string;
  /** The most to wait while another process creates it, in milliseconds. @default 5000 */
  timeout?: number;
}

/**
 * Opens what has a name, or creates it. Between the two attempts another process may create it or
 * let it go, so both are tried in turn. The thread is blocked meanwhile.
 *
 * @throws {Deno.errors.TimedOut} If another process holds the name and does not finish in time.
 */
export function openOrCreate<T>(
  { open, create, label, timeout = DEFAULT_INITIALIZE_TIMEOUT }: OpenOrCreate<T>,
): T {
  const deadline = performance.now() + timeout;
  for (;;) {
    const found = unless(Deno.errors.NotFound, open);
    if (found !== undefined) return found;
    try {
      return create();
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      if (performance.now() >= deadline) {
        throw new Deno.errors.TimedOut(
          `Waited ${timeout} ms for another process to initialise the ${label}: ${error.message}`,
          { cause: error.cause },
        );
      }
    }
    kernel32().Sleep(1);
  }
}

/**
 * Opens something that has settings, and closes it again unless they are those that were asked for.
 *
 * @throws {Deno.errors.InvalidData} If a setting is different.
 */
export function openWithSettings<T extends Disposable & { readonly settings: object }>(
  { label, settings, open }: { label: string; settings: object; open: () => T },
): T {
  using stack = new DisposableStack();
  const found = stack.use(open());
  assertSettings(label, found.settings, settings);
  stack.move();
  return found;
}

/**
 * Throws unless something that was opened has the settings that were asked for.
 *
 * @param label Names it for messages: `channel "Local\\lines"`.
 * @param found The settings that it has.
 * @param asked The settings that it should have.
 * @throws {Deno.errors.InvalidData} If a setting is different; the message names it and both values.
 */
export function assertSettings(label: string, found: object, asked: object): void {
  const values = new Map<string, unknown>(Object.entries(found));
  for (const [name, value] of Object.entries(asked)) {
    if (values.get(name) === value) continue;
    throw new Deno.errors.InvalidData(
      `Cannot open ${label}: it exists, and its ${name} is ${values.get(name)} and not ${value}`,
    );
  }
}
