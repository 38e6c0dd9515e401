/**
 * The code that events, semaphores and mutexes share, and a table of the differences.
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
import {
  takeToken,
  tokenOver,
  type WorkerToken,
  type WorkerTokenFields,
} from "../../ffi/worker_token.ts";
import { adoptInherited, assertSettings, openOrCreate, readInheritance } from "../names.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import { assertOpen, WaitableObject } from "./waitable_object.ts";

/** `EVENT_QUERY_STATE` and `SEMAPHORE_QUERY_STATE`. */
const QUERY_STATE = 0x1;
/** `EVENT_MODIFY_STATE` and `SEMAPHORE_MODIFY_STATE`. */
const MODIFY_STATE = 0x2;
/**
 * `MUTEX_MODIFY_STATE`. Windows does not need it to release a mutex, but .NET asks for it when it
 * opens one.
 */
const MUTEX_MODIFY_STATE = 0x1;

/** The kinds of shared objects. */
export type SharedObjectKind = "event" | "semaphore" | "mutex";

/** A kind of object. */
export interface ObjectKind {
  /** The kind's name in this module. */
  word: SharedObjectKind;
  /** The word with its article: `"an event"`. */
  noun: string;
  /** The kind's name in the kernel. */
  type: string;
  /** The access mask for full use: to wait, and to set, reset or release. */
  use: number;
  /** All rights of the kind, and the rights that `security: "everyone"` grants. */
  rights: ObjectRights;
  /** The right to query the settings of an object; 0 if the kind has no settings. */
  query: number;
  /** The rights in `use` and `query`, with Microsoft's names. */
  named: readonly NamedRight[];
  /** The name of the Win32 function that opens an object of the kind. */
  openApi: string;
  /** Calls the function that `openApi` names. */
  open: OpenCall;
}

/** The use of an object: only to wait for it, or also to set, reset or release it. */
export type ObjectAccess = "wait" | "modify";
/** Each {@linkcode ObjectAccess}. */
export const OBJECT_ACCESS = ["wait", "modify"] as const satisfies ObjectAccess[];

const WAIT_RIGHT: NamedRight = { name: "SYNCHRONIZE", mask: SYNCHRONIZE };
const WAIT_ONLY = 'open it with { access: "wait" } to wait for it only';
const ANY_SETTING = "use open(), which accepts any settings";

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
 * The kind of mutexes, which the kernel calls mutants.
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

/** Options for a new object of any kind. */
export interface NewObjectOptions {
  /**
   * The users that can open the object: `"user"` for this user and the system; `"everyone"` for
   * all users of the machine, and also for programs of low integrity; or a descriptor in SDDL.
   * By default nobody can open an object without a name: it is shared only by its handles.
   *
   * A program that opens the object by a `Create` function (`CreateEvent` with a name that exists)
   * asks for all rights. `"everyone"` grants all rights to this user only, and `"everyone-full"`
   * grants them to everyone. Avoid `"everyone-full"`: with all rights, any program can change the
   * descriptor and lock out every other program.
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

/** Options for opening an existing object. */
export interface OpenObjectOptions {
  /** Whether child processes inherit the handle. @default false */
  inheritable?: boolean;
  /** `"self"` refuses an object that another user owns. @default "anyone" */
  owner?: "self" | "anyone";
}

/** The checks of {@linkcode OpenObjectOptions}. */
export const OPEN_OBJECT_CHECKS: OptionChecks<OpenObjectOptions> = {
  inheritable: assertBoolean,
  owner: oneOf(["self", "anyone"]),
};

/** Options for opening an existing event or semaphore. */
export interface OpenAccessOptions extends OpenObjectOptions {
  /**
   * The access to ask for. `"wait"` only lets this process wait for the object. Some programs grant
   * no more than that to programs with fewer rights. `"modify"` also lets this process set, reset
   * or release the object. An object that `openOrCreate` creates always has `"modify"`.
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

/** Options for waiting until an object exists, and for opening it. */
export interface WaitForObjectOptions extends OpenObjectOptions, WaitOptions {}

/** The checks of {@linkcode WaitForObjectOptions}. */
export const WAIT_FOR_OBJECT_CHECKS: OptionChecks<WaitForObjectOptions> = {
  ...OPEN_OBJECT_CHECKS,
  ...WAIT_CHECKS,
};

/** Options for waiting until an event or a semaphore exists, and for opening it. */
export interface WaitForAccessOptions extends OpenAccessOptions, WaitOptions {}

/** The checks of {@linkcode WaitForAccessOptions}. */
export const WAIT_FOR_ACCESS_CHECKS: OptionChecks<WaitForAccessOptions> = {
  ...OPEN_ACCESS_CHECKS,
  ...WAIT_CHECKS,
};

/** Requirements on the handle of an event or a semaphore that an object takes over. */
export interface ObjectFromHandleOptions {
  /** The exact access that the handle must grant, no less and no more. @default any */
  access?: ObjectAccess;
}

/** The checks of {@linkcode ObjectFromHandleOptions}. */
export const OBJECT_FROM_HANDLE_CHECKS: OptionChecks<ObjectFromHandleOptions> = {
  access: oneOf(OBJECT_ACCESS),
};

/** The handle of a kernel object that was opened, created or taken over, and how. */
export interface Origin {
  /** The handle, which the shared object will own. */
  handle: Handle;
  /** The full name; `undefined` if the object has none or the name is unknown. */
  name: string | undefined;
  /** Whether the kernel object was created, and not opened. */
  created: boolean;
  /** The rights of {@linkcode ObjectKind.use} that the handle grants, as a mask. */
  rights: number;
}

let rightsOf: (object: SharedObject) => number;

/**
 * An object that processes share: by its name, by an inherited handle, or by a handle that one
 * process duplicates into another.
 *
 * @example Pass an anonymous event to a process by a handle
 * ```ts
 * import { SharedEvent, type SharedObject } from "@winipc/winipc/sync";
 * import { assertEquals } from "@std/assert";
 *
 * using event: SharedEvent = SharedEvent.anonymous();
 * const object: SharedObject = event;
 * assertEquals([object.kind, object.access, object.name], ["event", "modify", undefined]);
 *
 * // Send the value to that process: here it is this process itself.
 * using duplicate = object.duplicateTo(Deno.pid);
 * using same = SharedEvent.fromHandle(duplicate.value);
 * event.set();
 * await same.wait({ timeout: 5000 });
 * ```
 */
export abstract class SharedObject extends WaitableObject {
  /**
   * The full name, `Local\…` or `Global\…`; `undefined` if the object has none or the name is
   * unknown, as after `fromHandle()` and `inherited()`.
   */
  readonly name: string | undefined;
  /** Whether this object created the kernel object, and did not open an existing one. */
  readonly created: boolean;
  readonly #handle: Handle;
  readonly #kind: ObjectKind;
  readonly #rights: number;

  static {
    rightsOf = (object) => object.#rights;
  }

  /** Takes over the handle of an origin. */
  constructor(kind: ObjectKind, { handle, name, created, rights }: Origin) {
    super(handle);
    this.#handle = handle;
    this.#kind = kind;
    this.#rights = rights;
    this.name = name;
    this.created = created;
  }

  /** The kind of object. */
  get kind(): SharedObjectKind {
    return this.#kind.word;
  }

  /**
   * The access that the handle grants: `"wait"` only to wait for the object, `"modify"` also to
   * set, reset or release it.
   */
  get access(): ObjectAccess {
    return accessOf(this.#kind, this.#rights);
  }

  /**
   * Duplicates the handle into another process, which then owns the duplicate. Send the value of
   * the duplicate to that process, which takes it over with `fromHandle()`.
   *
   * @throws {Deno.errors.NotFound} If there is no such process.
   * @throws {Deno.errors.PermissionDenied} If this user cannot duplicate handles into the process.
   * @throws {Deno.errors.BadResource} If the object is closed.
   * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
   */
  duplicateTo(pid: number): DuplicatedHandle {
    assertOpen(this);
    return duplicateInto(this.#handle, pid, this.#rights);
  }

  /**
   * Makes a token that hands the object over to a Worker, or from a Worker to its parent: post the
   * token, and pass it to `fromWorker()` of the class there. That thread gets an object of its own.
   *
   * A token works once. Close a token that nobody takes.
   *
   * @example Let a Worker set an event
   * ```ts
   * import { SharedEvent } from "@winipc/winipc/sync";
   *
   * using event = SharedEvent.anonymous();
   * // This thread calls worker.postMessage(event.forWorker()) …
   * const data = structuredClone(event.forWorker());
   *
   * // … and the Worker gets the token as event.data.
   * using same = SharedEvent.fromWorker(data);
   * same.set();
   * await event.wait({ timeout: 10_000 });
   * ```
   *
   * @throws {Deno.errors.BadResource} If the object is closed.
   */
  forWorker(): WorkerToken {
    const { name, unsafeHandle } = this;
    const label = objectLabel(this.#kind, name);
    const duplicate = Handle.duplicateOf(unsafeHandle, label, { access: this.#rights });
    return tokenOver(this.#kind.word, name, duplicate.release());
  }

  /**
   * Returns a new object for the same kernel object, whose handle child processes inherit while it
   * is open.
   *
   * For a `Deno.Command` use `inheritHandles()`, which also passes the handle's value to the child.
   *
   * @throws {Deno.errors.BadResource} If the object is closed.
   */
  abstract toInheritable(): SharedObject;
}

function accessOf({ use }: ObjectKind, rights: number): ObjectAccess {
  return rights === use ? "modify" : "wait";
}

/** Returns the name of an object for error messages: `event "Local\\x"`, `anonymous event`. */
export function objectLabel(kind: ObjectKind, name: string | undefined): string {
  return name === undefined ? `anonymous ${kind.word}` : `${kind.word} "${name}"`;
}

/**
 * Creates a new object.
 *
 * @param name The full name; `undefined` for an anonymous object.
 * @param make The Win32 function that creates the object: its name, and a call of it.
 * @param label The object's name in error messages. @default its kind and name
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
 * Opens an existing object by its full name.
 *
 * @param label The object's name in error messages. @default its kind and name
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

/** The check of an existing object's settings. */
export interface SettingsCheck {
  /** The settings that the caller asked for, or their defaults. */
  asked: object;
  /**
   * Whether the caller asked for a setting. If not, an object whose settings this user cannot query
   * is accepted with any settings.
   */
  given: boolean;
  /** Returns the settings of an existing object. */
  read: (handle: Handle) => object;
}

/**
 * Opens an object by its full name, or creates it if no process has such an object open.
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

/**
 * Opens an object with the right to query its settings. If that right is denied, and the caller
 * asked for no setting, opens the object without it.
 */
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
 * Waits until an object with a full name exists, and opens it.
 *
 * @param options The options, which the caller has checked.
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
 * Takes over a handle that this process did not open itself.
 *
 * @param kind The kind of object that the handle must belong to.
 * @param value The handle's value in this process.
 * @param expected The access that the handle must grant.
 * @param label The object's name in error messages. @default its kind and the handle's value
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
 * Takes over the object that this process inherited under a key.
 *
 * @param kind The kind that the object must have.
 * @param label The object's name in error messages. @default its kind and the handle's value
 */
export function inheritShared(kind: ObjectKind, key: string, label?: string): Origin {
  const [handle] = readInheritance(key, new RegExp(`^([0-9]{1,10}) ${kind.word}$`));
  return adoptInherited(BigInt(handle!), (value) => adoptShared(kind, value, {}, label));
}

/**
 * Takes over the object that another thread of this process handed over by a token.
 *
 * @param kind The kind that the object must have.
 */
export function sharedFromToken(kind: ObjectKind, token: WorkerTokenFields): Origin {
  const [handle] = takeToken(token, kind.word);
  const { name } = token;
  const label = name === undefined ? undefined : objectLabel(kind, name);
  return { ...adoptShared(kind, handle!, {}, label), name };
}

/** Duplicates the handle of an object, so that child processes inherit the duplicate. */
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
