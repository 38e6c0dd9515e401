/**
 * Creates and opens kernel objects by name, sets and resets events, and waits for objects.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sync/object-names}
 * @see {@link https://learn.microsoft.com/windows/win32/sync/event-objects}
 * @see {@link https://learn.microsoft.com/windows/win32/sync/wait-functions}
 *
 * @module
 */

import {
  clearLastError,
  errorFromCode,
  errorFromStatus,
  type FailureOptions,
  lastError,
  lastErrorCode,
} from "./error.ts";
import { Handle, Uncloneable } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { ntdll } from "./win32/ntdll.ts";
import { type Sddl, SecurityDescriptor } from "./security.ts";
import { securityAttributes } from "./win32/types.ts";
import { encodeWide } from "./wide.ts";
import { GuardedCallback } from "./callback.ts";

/** The right to read the security descriptor of an object. */
export const READ_CONTROL = 0x20000;

const ERROR_FILE_NOT_FOUND = 2;
const ERROR_ACCESS_DENIED = 5;
const ERROR_INVALID_HANDLE = 6;
const ERROR_ALREADY_EXISTS = 183;

/** A right to a kind of object. */
export interface NamedRight {
  /** Microsoft's name of the right: `"EVENT_MODIFY_STATE"`. */
  name: string;
  /** The right, as a mask of one bit. */
  mask: number;
  /** Advice on how to do without the right, for the message. */
  without?: string;
}

/** Maximum attempts to create an object while other objects of its name come and go. */
const MAX_CREATE_ATTEMPTS = 16;

/**
 * A function that opens an object by name, such as `OpenFileMappingW`. It returns 0 if it fails.
 */
export type OpenCall = (
  access: number,
  inheritable: number,
  name: Uint16Array<ArrayBuffer>,
) => bigint;

/** The properties of a new object of any kind. */
export interface NewObject {
  /** The object's name in messages: `shared memory "Local\\x"`. */
  label: string;
  /** The attempt that failed, for messages. @default `Cannot create` and the label */
  attempt?: string;
  /** The full name. Without it, the object has no name. */
  name?: string | undefined;
  /** The security descriptor. Without it, the object gets this user's default one. */
  sddl?: Sddl | undefined;
  /** Whether child processes inherit the handle. */
  inheritable: boolean;
  /** The name of the function that creates the object. */
  api: string;
  /** Calls that function. */
  create: (attributes: Uint8Array<ArrayBuffer>, name: Uint16Array<ArrayBuffer> | null) => bigint;
  /** Opens an object of the same kind, to find out whether the name is taken. */
  open: OpenCall;
}

/**
 * Creates an object. It never opens an existing one.
 *
 * @throws {Deno.errors.AlreadyExists} If an object of any kind has the name.
 * @throws {Deno.errors.PermissionDenied} If this user is not allowed to create a `Global\` object.
 */
export function createObject(object: NewObject): Handle {
  const { label, name, sddl, inheritable, api, create } = object;
  using descriptor = sddl === undefined ? undefined : new SecurityDescriptor(sddl);
  const attributes = securityAttributes(descriptor?.pointer ?? null, inheritable);
  const wide = name === undefined ? null : encodeWide(name);
  for (let attempt = 1;; attempt++) {
    // A call that succeeds can leave an older error in place, but this error must be of this call.
    clearLastError();
    const value = create(attributes, wide);
    const code = lastErrorCode();
    if (value !== 0n && code !== ERROR_ALREADY_EXISTS) return new Handle(value, label);
    if (value !== 0n) kernel32().CloseHandle(value);
    const isDenied = name !== undefined && code === ERROR_ACCESS_DENIED;
    const isTaken = isDenied && isHeld(name, object.open);
    // The object that denied access may have been closed since. Then the name is free.
    if (isDenied && !isTaken && attempt < MAX_CREATE_ATTEMPTS) continue;
    const known = name === undefined ? {} : whyNotCreated(name, code, isTaken);
    throw errorFromCode(code, api, object.attempt ?? `Cannot create ${label}`, known);
  }
}

/** Returns whether an object of the kind has the name, or denies access to this user. */
function isHeld(name: string, open: OpenCall): boolean {
  return tryToOpen(name, READ_CONTROL, open) !== ERROR_FILE_NOT_FOUND;
}

function whyNotCreated(name: string, code: number, isTaken: boolean): FailureOptions {
  if (code === ERROR_INVALID_HANDLE) {
    return { as: "AlreadyExists", hint: anotherKind(name) };
  }
  if (code !== ERROR_ACCESS_DENIED) return {};
  // Either an object of this name denies access, or this user is not allowed to create objects of
  // this name.
  if (isTaken) {
    return { as: "AlreadyExists", hint: "the object exists, and grants no access to this user" };
  }
  return name.startsWith("Global\\")
    ? { hint: "only services and elevated programs can create a Global\\ object" }
    : {};
}

/** Opens and closes an object. Returns 0 if that was possible, and otherwise the error code. */
function tryToOpen(name: string, access: number, open: OpenCall): number {
  const value = open(access, 0, encodeWide(name));
  if (value === 0n) return lastErrorCode();
  kernel32().CloseHandle(value);
  return 0;
}

/** An object to open, and the rights to ask for. */
export interface ExistingObject {
  /** The object's name in messages: `shared memory "Local\\x"`. */
  label: string;
  /** The full name. */
  name: string;
  /** The rights to ask for, as a mask. */
  access: number;
  /** The names of all rights to such an object, so that the message can name the missing ones. */
  rights: readonly NamedRight[];
  /** Whether child processes inherit the handle. */
  inheritable: boolean;
  /** The name of the function that opens the object. */
  api: string;
  /** Calls that function. */
  open: OpenCall;
}

/**
 * Opens an object by its name.
 *
 * @throws {Deno.errors.NotFound} If there is no object of this name.
 * @throws {Deno.errors.PermissionDenied} If the object does not grant this user the requested
 *   rights.
 * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
 */
export function openObject(object: ExistingObject): Handle {
  const { label, name, access, inheritable, api, open } = object;
  const value = open(access, inheritable ? 1 : 0, encodeWide(name));
  if (value !== 0n) return new Handle(value, label);
  const code = lastErrorCode();
  throw errorFromCode(code, api, `Cannot open ${label}`, whyNotOpened(object, code));
}

function whyNotOpened(object: ExistingObject, code: number): FailureOptions {
  switch (code) {
    case ERROR_FILE_NOT_FOUND:
      return { hint: "an object exists only while a process of this session has it open" };
    case ERROR_INVALID_HANDLE:
      return { as: "InvalidData", hint: anotherKind(object.name) };
    case ERROR_ACCESS_DENIED:
      return whichAreMissing(object);
    default:
      return {};
  }
}

/** Asks for each right alone, because Windows does not say which right it refused. */
function whichAreMissing({ name, access, rights, open }: ExistingObject): FailureOptions {
  const missing = [...rights, { name: "READ_CONTROL", mask: READ_CONTROL }].filter(
    ({ mask }) => (access & mask) !== 0 && tryToOpen(name, mask, open) === ERROR_ACCESS_DENIED,
  );
  const [first, ...more] = missing;
  // Nothing is missing if the owner has changed the descriptor between the two attempts.
  if (first === undefined) return {};
  const names = missing.map(({ name }) => name).join(" and ");
  const advice = more.length === 0 && first.without !== undefined ? `: ${first.without}` : "";
  return { hint: `the object does not grant this user ${names}${advice}` };
}

function anotherKind(name: string): string {
  const noun = nounOf(name);
  return "the name belongs to an object of another kind" + (noun === undefined ? "" : `, ${noun}`);
}

/**
 * Returns the kind of the object with a name, in the users' words.
 *
 * @returns The kind with its article: `"an event"`. It is `undefined` if there is no such object,
 *   or if this module does not open objects of its kind.
 */
export function nounOf(name: string): string | undefined {
  const { OpenEventW, OpenFileMappingW, OpenMutexW, OpenSemaphoreW } = kernel32();
  const kinds: readonly [noun: string, open: OpenCall][] = [
    ["shared memory", OpenFileMappingW],
    ["an event", OpenEventW],
    ["a semaphore", OpenSemaphoreW],
    ["a mutex", OpenMutexW],
  ];
  const isOfKind = (open: OpenCall) =>
    [0, ERROR_ACCESS_DENIED].includes(tryToOpen(name, READ_CONTROL, open));
  return kinds.find(([, open]) => isOfKind(open))?.[0];
}

/**
 * Creates an event without a name.
 *
 * @example Create an event and set it
 * ```ts
 * import { createEvent, setEvent } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * using event = createEvent("my work");
 * setEvent(event);
 * assertEquals(event.kind, "event for my work");
 * ```
 *
 * @param kind The purpose, for messages: `"my work"`.
 * @param manual Whether the event stays set until it is reset. Otherwise Windows resets it when it
 *   wakes one waiting thread.
 */
export function createEvent(kind: string, manual: boolean = false): Handle {
  const value = kernel32().CreateEventW(null, manual ? 1 : 0, 0, null);
  if (value === 0n) throw lastError("CreateEventW", `Cannot create an event for ${kind}`);
  return new Handle(value, `event for ${kind}`);
}

/**
 * Sets an event, so that a wait for the event ends.
 *
 * @example Set an event and wait for it
 * ```ts
 * import { createEvent, RegisteredWait, setEvent } from "@winipc/winipc/ffi";
 * import { assert } from "@std/assert";
 *
 * using event = createEvent("setEvent");
 * setEvent(event);
 * assert(await new RegisteredWait(event).signalled);
 * ```
 *
 * @throws {Deno.errors.BadResource} If the event is closed.
 * @throws {Deno.errors.PermissionDenied} If the handle grants only waiting.
 */
export function setEvent(event: Handle): void {
  if (!kernel32().SetEvent(event.value)) {
    throw notModified("SetEvent", `Cannot set ${event.kind}`);
  }
}

/**
 * Resets an event, so that a wait for the event lasts until it is set again.
 *
 * @example Reset an event before anything waits for it
 * ```ts
 * import { createEvent, RegisteredWait, resetEvent, setEvent } from "@winipc/winipc/ffi";
 * import { assertEquals } from "@std/assert";
 *
 * using event = createEvent("resetEvent", true);
 * setEvent(event);
 * resetEvent(event);
 * assertEquals(await new RegisteredWait(event, { timeout: 0 }).signalled, false);
 * ```
 *
 * @throws {Deno.errors.BadResource} If the event is closed.
 * @throws {Deno.errors.PermissionDenied} If the handle grants only waiting.
 */
export function resetEvent(event: Handle): void {
  if (!kernel32().ResetEvent(event.value)) {
    throw notModified("ResetEvent", `Cannot reset ${event.kind}`);
  }
}

/**
 * Returns whether an event stays set until `ResetEvent` is called.
 *
 * @param event A handle with the right `EVENT_QUERY_STATE`.
 */
export function isManual(event: Handle): boolean {
  // EVENT_BASIC_INFORMATION: EventType, 0 for a manual-reset event; EventState.
  const info = new Uint32Array(2);
  const status = ntdll().NtQueryEvent(event.value, 0, info, info.byteLength, null);
  if (status >= 0) return info[0] === 0;
  throw errorFromStatus(status, "NtQueryEvent", `Cannot find out how ${event.kind} is reset`);
}

function notModified(api: string, attempt: string): Error {
  const code = lastErrorCode();
  const denied = {
    hint: "the handle grants only waiting, not EVENT_MODIFY_STATE: " +
      'open the event without { access: "wait" }, if its owner grants that right',
  };
  return errorFromCode(code, api, attempt, code === ERROR_ACCESS_DENIED ? denied : {});
}

/**
 * Maximum number of objects that a wait thread waits for at once: `MAXIMUM_WAIT_OBJECTS` (64) minus
 * 1 for the script's thread.
 */
export const MAX_AT_ONCE = 63;
/** The timeout of a wait that has no time limit. */
export const INFINITE = 0xffff_ffff;
const WT_EXECUTEONLYONCE = 0x8;
const WT_EXECUTELONGFUNCTION = 0x10;

/**
 * Maximum delay of a callback that the event loop has missed, in milliseconds. A timer makes the
 * event loop run after that time.
 */
const LATEST_NOTICE = 10;

/** The waits that are not over, each under its number. */
const waits = new Map<bigint, RegisteredWait>();
let lastNumber = 0n;
let shared: GuardedCallback | undefined;
let holding = 0;
let notice: ReturnType<typeof setTimeout> | undefined;

/** The time limit of a wait, and whether the wait keeps the process alive. */
export interface RegisteredWaitOptions {
  /** Maximum waiting time in milliseconds. @default Infinity */
  timeout?: number;
  /** Whether the wait keeps the process alive. @default true */
  held?: boolean;
}

/**
 * A wait for an object to be signalled, on one of the system's wait threads.
 *
 * Use it only on the main thread of a script. A Worker can be ended at any moment, which frees the
 * callback, and Windows would call the freed callback.
 *
 * @example Wait for an event without blocking
 * ```ts
 * import { createEvent, RegisteredWait, setEvent } from "@winipc/winipc/ffi";
 * import { assert } from "@std/assert";
 *
 * using event = createEvent("RegisteredWait");
 * const wait = new RegisteredWait(event, { timeout: 5000 });
 * setEvent(event);
 * assert(await wait.signalled);
 * ```
 */
export class RegisteredWait extends Uncloneable {
  /** The number of waits that are not over. */
  static get count(): number {
    return waits.size;
  }

  /**
   * A promise for the end of the wait: `true` if the object was signalled, `false` if it timed out.
   */
  readonly signalled: Promise<boolean>;
  readonly #signalled = Promise.withResolvers<boolean>();
  readonly #number = ++lastNumber;
  readonly #wait: bigint;
  #held = false;

  /**
   * Begins to wait.
   *
   * @param object The object. It must stay open until the wait is over.
   * @throws {Deno.errors.BadResource} If the object is closed, or no wait for it is possible.
   */
  constructor(
    object: Handle,
    { timeout = Infinity, held = true }: RegisteredWaitOptions = {},
  ) {
    super();
    this.signalled = this.#signalled.promise;
    const out = new BigUint64Array(1);
    const { pointer } = sharedCallback();
    const milliseconds = timeout === Infinity ? INFINITE : timeout;
    const flags = WT_EXECUTELONGFUNCTION | WT_EXECUTEONLYONCE;
    const { RegisterWaitForSingleObject } = kernel32();
    if (
      !RegisterWaitForSingleObject(out, object.value, pointer, this.#number, milliseconds, flags)
    ) {
      throw lastError("RegisterWaitForSingleObject", `Cannot wait for ${object.kind}`);
    }
    this.#wait = out[0]!;
    waits.set(this.#number, this);
    this.hold(held);
    noticeSoon();
  }

  /** Sets whether the wait keeps the process alive. */
  hold(held: boolean): void {
    if (held === this.#held || !waits.has(this.#number)) return;
    this.#held = held;
    const before = holding;
    holding += held ? 1 : -1;
    // The shared callback keeps the process alive.
    if (before === 0 || holding === 0) sharedCallback().hold(held);
  }

  /**
   * Stops the wait before its object is closed. {@linkcode signalled} stays pending.
   *
   * If the object is signalled at the same moment, the wait can consume the signal without a
   * result. Neither Windows nor Wine prevents that. So do not cancel a wait for an object that
   * stays in use.
   */
  cancel(): void {
    this.#leave();
  }

  /**
   * Ends the wait, because the object was signalled or the time is over. The callback calls this.
   */
  end(timedOut: boolean): void {
    this.#leave();
    this.#signalled.resolve(!timedOut);
  }

  #leave(): void {
    this.hold(false);
    // UnregisterWait returns at once, even while the callback is running.
    if (waits.delete(this.#number)) kernel32().UnregisterWait(this.#wait);
    noticeSoon();
  }
}

/** Returns the callback of all waits, which the first call makes. */
function sharedCallback(): GuardedCallback {
  if (shared === undefined) {
    shared = GuardedCallback.wait((number, timedOut) => waits.get(number)?.end(timedOut));
    shared.hold(false);
    // The callback is freed when the script ends. Windows must not call it afterwards.
    addEventListener("unload", cancelAll);
  }
  return shared;
}

/** Sets the timer that makes the event loop run soon, or clears it if there are no waits. */
function noticeSoon(): void {
  if (waits.size === 0) {
    clearTimeout(notice);
    notice = undefined;
  } else if (notice === undefined) {
    const timer = setTimeout(() => notice = undefined, LATEST_NOTICE);
    Deno.unrefTimer(timer);
    notice = timer;
  }
}

function cancelAll(): void {
  for (const wait of waits.values()) wait.cancel();
}

/** The result of a wait: `undefined` if the time is over. */
export type Look = "signalled" | "abandoned" | undefined;

const WAIT_OBJECT_0 = 0;
const WAIT_ABANDONED = 0x80;
const WAIT_TIMEOUT = 0x102;

/**
 * Blocks this thread until an object is signalled.
 *
 * @param timeout Maximum waiting time in milliseconds, or `Infinity`.
 * @returns `undefined` if the object was not signalled in time.
 */
export function blockOn(object: Handle, timeout: number): Look {
  const milliseconds = timeout === Infinity ? INFINITE : timeout;
  const code = kernel32().WaitForSingleObject(object.value, milliseconds);
  if (code === WAIT_OBJECT_0) return "signalled";
  if (code === WAIT_ABANDONED) return "abandoned";
  if (code === WAIT_TIMEOUT) return undefined;
  throw lastError("WaitForSingleObject", `Cannot wait for ${object.kind}`);
}
