/**
 * What events, semaphores and mutexes have in common, and what tells these kinds apart.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sync/synchronization-object-security-and-access-rights}
 * @module
 */

import { Handle, inspectHandle, SYNCHRONIZE } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import {
  createObject,
  type NamedRight,
  type NewObject,
  type OpenCall,
  openObject,
  READ_CONTROL,
} from "../../ffi/kernel_object.ts";
import {
  assertOwnedBySelf,
  assertSecurity,
  nobodySddl,
  type ObjectRights,
  sddlFor,
  type Security,
} from "../../ffi/security.ts";
import { assertBoolean, oneOf, type OptionChecks } from "../../ffi/arguments.ts";
import { unless } from "../../ffi/error.ts";
import { type DuplicatedHandle, duplicateInto } from "../../ffi/process_thread.ts";
import { adoptInherited, assertSettings, openOrCreate, readInheritance } from "../names.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import { assertOpen, WaitableObject } from "./waitable_object.ts";

/** `EVENT_QUERY_STATE` and `SEMAPHORE_QUERY_STATE`. */
const QUERY_STATE = 0x1;
/** `EVENT_MODIFY_STATE` and `SEMAPHORE_MODIFY_STATE`. */
const MODIFY_STATE = 0x2;
/** `MUTEX_MODIFY_STATE`, which Windows does not need to release one; .NET asks for it when it opens one. */
const MUTEX_MODIFY_STATE = 0x1;

/** What this module calls the kinds. */
export type SharedObjectKind = "event" | "semaphore" | "mutex";

/** A kind of object. */
export interface ObjectKind {
  /** What this module calls it. */
  word: SharedObjectKind;
  /** The word with its article. */
  noun: string;
  /** What the kernel calls it. */
  type: string;
  /** The rights that it takes to use one. */
  use: number;
  /** All the rights, and those that `"everyone"` gets. */
  rights: ObjectRights;
  /** The right that it takes to ask for the settings of one; 0 if it has none. */
  query: number;
  /** The rights of `use` and `query` by their names. */
  named: readonly NamedRight[];
  /** The function that opens one. */
  openApi: string;
  /** That function. */
  open: OpenCall;
}

/** The use of an object: only to wait for it, or also to set, reset or release it. */
export type ObjectAccess = "wait" | "modify";
/** Each {@linkcode ObjectAccess}. */
export const OBJECT_ACCESS = ["wait", "modify"] as const satisfies ObjectAccess[];

const WAIT_RIGHT: NamedRight = { name: "SYNCHRONIZE", mask: SYNCHRONIZE };
const WAIT_ONLY = 'open it with { access: "wait" } to wait for it only';
const ANY_SETTING = "open it by open(), which takes it with any settings";

/** Events. */
export const EVENT: ObjectKind = {
  word: "event",
  noun: "an event",
  type: "Event",
  use: SYNCHRONIZE | MODIFY_STATE,
  query: QUERY_STATE,
  named: [
    WAIT_RIGHT,
    { name: "EVENT_MODIFY_STATE", mask: MODIFY_STATE, without: WAIT_ONLY },
    { name: "EVENT_QUERY_STATE", mask: QUERY_STATE, without: ANY_SETTING },
  ],
  rights: { all: 0x1f0003, everyone: SYNCHRONIZE | MODIFY_STATE | QUERY_STATE | READ_CONTROL },
  openApi: "OpenEventW",
  open: (...args) => kernel32().OpenEventW(...args),
};

/** Semaphores. */
export const SEMAPHORE: ObjectKind = {
  word: "semaphore",
  noun: "a semaphore",
  type: "Semaphore",
  use: SYNCHRONIZE | MODIFY_STATE,
  query: QUERY_STATE,
  named: [
    WAIT_RIGHT,
    { name: "SEMAPHORE_MODIFY_STATE", mask: MODIFY_STATE, without: WAIT_ONLY },
    { name: "SEMAPHORE_QUERY_STATE", mask: QUERY_STATE, without: ANY_SETTING },
  ],
  rights: { all: 0x1f0003, everyone: SYNCHRONIZE | MODIFY_STATE | QUERY_STATE | READ_CONTROL },
  openApi: "OpenSemaphoreW",
  open: (...args) => kernel32().OpenSemaphoreW(...args),
};

/**
 * Mutexes, which the kernel calls mutants.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-openmutexw}
 */
export const MUTEX: ObjectKind = {
  word: "mutex",
  noun: "a mutex",
  type: "Mutant",
  use: SYNCHRONIZE,
  query: 0,
  named: [WAIT_RIGHT],
  rights: { all: 0x1f0001, everyone: SYNCHRONIZE | MUTEX_MODIFY_STATE | READ_CONTROL },
  openApi: "OpenMutexW",
  open: (...args) => kernel32().OpenMutexW(...args),
};

/** What a new object is to be like, whatever its kind. */
export interface NewObjectOptions {
  /**
   * Who may open it: `"user"`, this user and the system; `"everyone"` on the machine, programs
   * of low integrity too; or a descriptor in SDDL. An object without a name is by default for
   * nobody, since only handles to it can be passed on.
   *
   * A program that opens the object by a `Create` function (`CreateEvent` with a name that exists) asks
   * for all rights. `"everyone"` grants them to this user only, `"everyone-full"` to all. Avoid
   * `"everyone-full"`: with all rights, any program can change who may open the object, and shut
   * everybody else out.
   *
   * @default "user"
   */
  security?: Security;
  /** Whether child processes inherit the handle. @default false */
  inheritable?: boolean;
}

/** The checks of {@linkcode NewObjectOptions}. */
export const NEW_OBJECT_CHECKS: OptionChecks<NewObjectOptions> = {
  security: assertSecurity,
  inheritable: assertBoolean,
};

/** How to open an object that is there. */
export interface OpenObjectOptions {
  /** Whether child processes inherit the handle. @default false */
  inheritable?: boolean;
  /** `"self"` refuses an object that another user made. @default "anyone" */
  owner?: "self" | "anyone";
}

/** The checks of {@linkcode OpenObjectOptions}. */
export const OPEN_OBJECT_CHECKS: OptionChecks<OpenObjectOptions> = {
  inheritable: assertBoolean,
  owner: oneOf(["self", "anyone"]),
};

/** How to open an event or a semaphore that is there. */
export interface OpenAccessOptions extends OpenObjectOptions {
  /**
   * The use that the object is opened for. `"wait"` is only to wait for the object: some programs grant
   * no more to programs with fewer rights. `"modify"` is also to set, reset or release the object. An
   * object that `openOrCreate` makes can be used for all of that.
   *
   * @default "modify"
   */
  access?: ObjectAccess;
}

/** The checks of {@linkcode OpenAccessOptions}. */
export const OPEN_ACCESS_CHECKS: OptionChecks<OpenAccessOptions> = {
  ...OPEN_OBJECT_CHECKS,
  access: oneOf(OBJECT_ACCESS),
};

/** How to wait for an object to be made, and how to open it. */
export interface WaitForObjectOptions extends OpenObjectOptions, WaitOptions {}

/** The checks of {@linkcode WaitForObjectOptions}. */
export const WAIT_FOR_OBJECT_CHECKS: OptionChecks<WaitForObjectOptions> = {
  ...OPEN_OBJECT_CHECKS,
  ...WAIT_CHECKS,
};

/** How to wait for an event or a semaphore to be made, and how to open it. */
export interface WaitForAccessOptions extends OpenAccessOptions, WaitOptions {}

/** The checks of {@linkcode WaitForAccessOptions}. */
export const WAIT_FOR_ACCESS_CHECKS: OptionChecks<WaitForAccessOptions> = {
  ...OPEN_ACCESS_CHECKS,
  ...WAIT_CHECKS,
};

/** What a handle of an event or a semaphore has to be like to be taken over. */
export interface ObjectFromHandleOptions {
  /** What the handle lets this process do, no less and no more. @default any */
  access?: ObjectAccess;
}

/** The checks of {@linkcode ObjectFromHandleOptions}. */
export const OBJECT_FROM_HANDLE_CHECKS: OptionChecks<ObjectFromHandleOptions> = {
  access: oneOf(OBJECT_ACCESS),
};

/** Where a shared object comes from. */
export interface Origin {
  /** Its handle. */
  handle: Handle;
  /** Its full name, if it has one. */
  name: string | undefined;
  /** Whether it is new. */
  created: boolean;
  /** The rights to use it that the handle has, as a mask. */
  rights: number;
}

let rightsOf: (object: SharedObject) => number;

/** An object that processes share, by name, by an inherited handle, or by one that was put there. */
export abstract class SharedObject extends WaitableObject {
  /** The full name, `Local\…` or `Global\…`, or `undefined` if it has none or that is not known. */
  readonly name: string | undefined;
  /** Whether this object made it, rather than open one that was there. */
  readonly created: boolean;
  readonly #handle: Handle;
  readonly #kind: ObjectKind;
  readonly #rights: number;

  static {
    rightsOf = (object) => object.#rights;
  }

  /**
   * Takes a handle over.
   *
   * @param kind The kind of object.
   * @param origin Where it comes from.
   */
  constructor(kind: ObjectKind, { handle, name, created, rights }: Origin) {
    super(handle);
    this.#handle = handle;
    this.#kind = kind;
    this.#rights = rights;
    this.name = name;
    this.created = created;
  }

  /** What kind of object it is. */
  get kind(): SharedObjectKind {
    return this.#kind.word;
  }

  /** What the handle lets this process do: `"wait"`, only wait for the object; `"modify"`, also set, reset or release it. */
  get access(): ObjectAccess {
    return accessOf(this.#kind, this.#rights);
  }

  /**
   * Puts a handle of the object into another process, which then owns it and has to be told
   * its value.
   *
   * @throws {Deno.errors.NotFound} If there is no such process.
   * @throws {Deno.errors.PermissionDenied} If this user may not give it handles.
   * @throws {Deno.errors.BadResource} If the object is closed.
   * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
   */
  duplicateTo(pid: number): DuplicatedHandle {
    assertOpen(this);
    return duplicateInto(this.#handle, pid, this.#rights);
  }

  /**
   * Gives the same object by a handle that child processes inherit, for as long as it is open.
   *
   * `inheritHandles` does that for a `Deno.Command`, and tells the child as well.
   *
   * @throws {Deno.errors.BadResource} If the object is closed.
   */
  abstract toInheritable(): SharedObject;
}

function accessOf({ use }: ObjectKind, rights: number): ObjectAccess {
  return rights === use ? "modify" : "wait";
}

/** What messages call an object. */
export function objectLabel(kind: ObjectKind, name: string | undefined): string {
  return name === undefined ? `anonymous ${kind.word}` : `${kind.word} "${name}"`;
}

/**
 * Makes a new object.
 *
 * @param name Its full name, if it has one.
 * @param make The function that makes it, and a call of it.
 * @param label What messages call it. @default its name
 */
export function createShared(
  kind: ObjectKind,
  name: string | undefined,
  { security, inheritable = false }: NewObjectOptions,
  make: Pick<NewObject, "api" | "create">,
  label: string = objectLabel(kind, name),
): Origin {
  const sddl = security === undefined && name === undefined
    ? nobodySddl()
    : sddlFor(security ?? "user", kind.rights);
  const handle = createObject({ label, name, sddl, inheritable, open: kind.open, ...make });
  return { handle, name, created: true, rights: kind.use };
}

/**
 * Opens an object by its name.
 *
 * @param label What messages call it. @default its name
 */
export function openShared(
  kind: ObjectKind,
  name: string,
  { access = "modify", inheritable = false, owner = "anyone", query = false }: OpenAccessOptions & {
    query?: boolean;
  },
  label: string = objectLabel(kind, name),
): Origin {
  const { openApi: api, open, named } = kind;
  const rights = access === "wait" ? SYNCHRONIZE : kind.use;
  const handle = openObject({
    label,
    name,
    access: rights | (owner === "self" ? READ_CONTROL : 0) | (query ? kind.query : 0),
    rights: named,
    inheritable,
    api,
    open,
  });
  try {
    if (owner === "self") assertOwnedBySelf(handle.value, label);
    return { handle, name, created: false, rights };
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** The settings of an object that is opened or created. */
export interface SettingsCheck {
  /** The settings that were asked for, or their defaults. */
  asked: object;
  /** Whether the caller gave any. If not, and this user may not ask for them, any will do. */
  given: boolean;
  /** Asks for the settings of an object that exists. */
  read: (handle: Handle) => object;
}

/**
 * Opens an object by its name, or creates it if nobody holds the name.
 *
 * @throws {Deno.errors.InvalidData} If the object exists with other settings.
 */
export function openOrCreateShared(
  kind: ObjectKind,
  name: string,
  options: OpenAccessOptions,
  { create, settings, label = objectLabel(kind, name) }: {
    create: () => Origin;
    settings?: SettingsCheck;
    label?: string | undefined;
  },
): Origin {
  return openOrCreate({
    label,
    open() {
      const found = openToCompare(kind, name, options, { label, settings });
      if (settings === undefined || !found.isComparable) return found.origin;
      const { handle } = found.origin;
      try {
        assertSettings(label, settings.read(handle), settings.asked);
        return found.origin;
      } catch (error) {
        handle.close();
        throw error;
      }
    },
    create,
  });
}

/** Opens an object with the right to ask for its settings, or without if that has to do. */
function openToCompare(
  kind: ObjectKind,
  name: string,
  options: OpenAccessOptions,
  { label, settings }: { label: string; settings: SettingsCheck | undefined },
): { origin: Origin; isComparable: boolean } {
  if (settings !== undefined) {
    try {
      const origin = openShared(kind, name, { ...options, query: true }, label);
      return { origin, isComparable: true };
    } catch (error) {
      if (!(error instanceof Deno.errors.PermissionDenied) || settings.given) throw error;
    }
  }
  return { origin: openShared(kind, name, options, label), isComparable: false };
}

/**
 * Waits until somebody makes the object of a name, and opens it.
 *
 * @param options How to open it, and how long to wait; checked before.
 */
export function waitForShared(
  kind: ObjectKind,
  name: string,
  options: WaitForAccessOptions,
): Promise<Origin> {
  const look = () => unless(Deno.errors.NotFound, () => openShared(kind, name, options));
  return poll(objectLabel(kind, name), look, options);
}

/**
 * Takes over a handle that came from elsewhere.
 *
 * @param kind The kind of object that it has to be of.
 * @param value Its value in this process.
 * @param expected What the handle has to grant.
 * @param label What messages call it. @default its handle's value
 */
export function adoptShared(
  kind: ObjectKind,
  value: bigint | number,
  expected: ObjectFromHandleOptions = {},
  label?: string,
): Origin {
  const { handle, attempt, grantedAccess } = inspectHandle(value, kind.type, kind.noun);
  if ((grantedAccess & SYNCHRONIZE) === 0) {
    throw new Deno.errors.PermissionDenied(
      `${attempt}: it does not grant SYNCHRONIZE, the right to wait for ${kind.noun}`,
    );
  }
  const rights = grantedAccess & kind.use;
  const access = accessOf(kind, rights);
  if (access !== (expected.access ?? access)) {
    throw new Deno.errors.InvalidData(
      `${attempt}: expected it to grant "${expected.access}", it grants "${access}"`,
    );
  }
  const owned = new Handle(handle, label ?? `${kind.word} of handle ${handle}`);
  return { handle: owned, name: undefined, created: false, rights };
}

/**
 * Takes over the object that was inherited under a key.
 *
 * @param kind The kind of object that it has to be.
 * @param label What messages call it. @default its handle's value
 */
export function inheritShared(kind: ObjectKind, key: string, label?: string): Origin {
  const [handle] = readInheritance(key, new RegExp(`^([0-9]{1,10}) ${kind.word}$`));
  return adoptInherited(BigInt(handle!), (value) => adoptShared(kind, value, {}, label));
}

/**
 * Makes another handle of an object, which child processes inherit.
 */
export function inheritableOrigin(kind: ObjectKind, object: SharedObject): Origin {
  const { name, unsafeHandle } = object;
  const rights = rightsOf(object);
  const options = { access: rights, inheritable: true };
  return {
    handle: Handle.duplicateOf(unsafeHandle, objectLabel(kind, name), options),
    name,
    created: false,
    rights,
  };
}
