/**
 * Checks the names of kernel objects and the keys of inherited handles, by which processes find the
 * same object. Also opens or creates named objects.
 *
 * Sections, events, mutexes and semaphores share one namespace.
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

/** Maximum length of a name with its prefix, in UTF-16 code units: Windows allows `MAX_PATH`. */
const MAX_NAME_LENGTH = 260;

/**
 * Returns the full name of a kernel object.
 *
 * A bare name gets the prefix `Local\`, the namespace of the session. Names with the prefix
 * `Local\` or `Global\` stay as they are. Names are case-sensitive.
 *
 * @throws {TypeError} If the name is not a string, is empty, or contains a NUL or a further
 *   backslash.
 * @throws {RangeError} If the name has more than 260 UTF-16 code units with its prefix.
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
      `Expected a name with no backslash except in "Local\\" or "Global\\", got "${name}"`,
    );
  }
  const full = (prefix || "Local\\") + bare;
  assertLength(full, MAX_NAME_LENGTH);
  return full;
}

/**
 * Returns the name of an object that belongs to a main object: the main object's name and a suffix.
 *
 * @param full The main object's full name.
 * @param suffix The end of the new name: `".data"`.
 * @throws {RangeError} If the new name has more than 260 UTF-16 code units.
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
 * Returns the name of the environment variable that describes an inherited handle.
 *
 * @param key The key that parent and child have agreed on.
 * @throws {TypeError} If the key is invalid.
 */
export function inheritanceVariable(key: string): string {
  // An object in a script cannot have the key __proto__: an assignment to it is lost.
  if (typeof key === "string" && /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(key)) {
    return `WINIPC_INHERIT_${key}`;
  }
  throw new TypeError(
    "Expected a key of at most 64 letters, digits and _, not beginning with a digit, and not " +
      `__proto__, got ${show(key)}`,
  );
}

/**
 * Reads the environment variable that describes an inherited handle.
 *
 * @param key The key that parent and child have agreed on.
 * @param form The pattern that the variable must match.
 * @returns The texts of the pattern's groups.
 * @throws {Deno.errors.NotFound} If there is no variable for the key.
 * @throws {Deno.errors.InvalidData} If the variable does not match the pattern.
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
 * Takes over a handle that this process has inherited. A Worker takes a duplicate, because other
 * threads can still use the inherited handle when the Worker ends.
 *
 * @param adopt Takes over the handle with this value.
 * @throws {Deno.errors.BadResource} If the value is not the value of an open handle.
 */
export function adoptInherited<T>(value: bigint, adopt: (value: bigint) => T): T {
  if (!inWorker()) return adopt(value);
  const duplicate = Handle.duplicateOf(value, "an inherited object").release();
  try {
    return adopt(duplicate);
  } catch (error) {
    kernel32().CloseHandle(duplicate);
    throw error;
  }
}

/**
 * Default time limit for another process to initialise the object that it creates, in milliseconds.
 */
const DEFAULT_INITIALIZE_TIMEOUT = 5000;

/** Functions that open and create a named object. */
export interface OpenOrCreate<T> {
  /** Opens the object. Throws `NotFound` if it does not exist or is not initialised yet. */
  open: () => T;
  /** Creates the object. Throws `AlreadyExists` if the name is taken. */
  create: () => T;
  /** The object's name in messages: `channel "Local\\lines"`. */
  label: string;
  /** Time limit for another process to create the object, in milliseconds. @default 5000 */
  timeout?: number;
}

/**
 * Opens a named object, or creates it if it does not exist.
 *
 * Another process can create or close the object between the two attempts. So this function repeats
 * them until one of them works. It blocks the thread.
 *
 * @throws {Deno.errors.TimedOut} If another process does not initialise the object in time.
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
 * Opens an object, and closes it again if its settings differ from the requested settings.
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
 * Throws unless an opened object has the requested settings.
 *
 * @param label The object's name in messages: `channel "Local\\lines"`.
 * @param found The settings of the object.
 * @param asked The settings that were requested.
 * @throws {Deno.errors.InvalidData} If a setting is different. The message has its name and both
 *   values.
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
