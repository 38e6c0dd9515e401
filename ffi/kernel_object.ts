/**
 * Kernel objects: made and opened by name, where the last error tells more than the handle does;
 * events, which one thread sets and another waits for; and waits for any of them, on this thread or
 * on one of the system's.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sync/object-names}
 * @see {@link https://learn.microsoft.com/windows/win32/sync/event-objects}
 * @see {@link https://learn.microsoft.com/windows/win32/sync/wait-functions}
 *
 * @module
 */

import {
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

/** `READ_CONTROL`, the right to see who may do what. */
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
  /** How to do without the right, for the message. */
  without?: string;
}

/** Maximum attempts to create an object while others of its name come and go. */
const MAX_CREATE_ATTEMPTS = 16;

/** What opens an object: `OpenFileMappingW` and its kin. */
export type OpenCall = (
  access: number,
  inheritable: number,
  name: Uint16Array<ArrayBuffer>,
) => bigint;

/** What a new object is to be like, whatever its kind. */
export interface NewObject {
  /** The object as messages call it: `shared memory "Local\\x"`. */
  label: string;
  /** What is tried, for messages; by default to create it. */
  attempt?: string;
  /** Its full name; none: it has no name. */
  name?: string | undefined;
  /** Who may open it; none: what Windows gives to any object of this user. */
  sddl?: Sddl | undefined;
  /** Whether child processes inherit the handle. */
  inheritable: boolean;
  /** The function that makes it. */
  api: string;
  /** Calls that function. */
  create: (attributes: Uint8Array<ArrayBuffer>, name: Uint16Array<ArrayBuffer> | null) => bigint;
  /** Opens an object of the kind, to see whether one is there. */
  open: OpenCall;
}

/**
 * Makes a new object, never an older one in disguise.
 *
 * @throws {Deno.errors.AlreadyExists} If the name is taken, by whatever kind of object.
 * @throws {Deno.errors.PermissionDenied} If this user may not make a `Global\` object.
 */
export function createObject(object: NewObject): Handle {
  const { label, name, sddl, inheritable, api, create } = object;
  using descriptor = sddl === undefined ? undefined : new SecurityDescriptor(sddl);
  const attributes = securityAttributes(descriptor?.pointer ?? null, inheritable);
  const wide = name === undefined ? null : encodeWide(name);
  for (let attempt = 1;; attempt++) {
    // Success leaves an older error standing, and here it tells whether the object is new.
    kernel32().SetLastError(0);
    const value = create(attributes, wide);
    const code = lastErrorCode();
    if (value !== 0n && code !== ERROR_ALREADY_EXISTS) return new Handle(value, label);
    if (value !== 0n) kernel32().CloseHandle(value);
    const isDenied = name !== undefined && code === ERROR_ACCESS_DENIED;
    const isTaken = isDenied && isHeld(name, object.open);
    // The object that has denied access may have gone since: then the name is free.
    if (isDenied && !isTaken && attempt < MAX_CREATE_ATTEMPTS) continue;
    const known = name === undefined ? {} : whyNotCreated(name, code, isTaken);
    throw errorFromCode(code, api, object.attempt ?? `Cannot create ${label}`, known);
  }
}

/**
 * Whether somebody holds an object of the kind under a name, or one that does not admit this user.
 */
function isHeld(name: string, open: OpenCall): boolean {
  return tryToOpen(name, READ_CONTROL, open) !== ERROR_FILE_NOT_FOUND;
}

function whyNotCreated(name: string, code: number, isTaken: boolean): FailureOptions {
  if (code === ERROR_INVALID_HANDLE) {
    return { as: "AlreadyExists", hint: anotherKind(name) };
  }
  if (code !== ERROR_ACCESS_DENIED) return {};
  // Denied: an object is there and will not have us, or we may not make one here.
  if (isTaken) {
    return { as: "AlreadyExists", hint: "somebody holds it who does not admit this user" };
  }
  return name.startsWith("Global\\")
    ? { hint: "a Global\\ object is made only by services and elevated programs" }
    : {};
}

/** Tries whether an object can be opened: 0, or the error's code. */
function tryToOpen(name: string, access: number, open: OpenCall): number {
  const value = open(access, 0, encodeWide(name));
  if (value === 0n) return lastErrorCode();
  kernel32().CloseHandle(value);
  return 0;
}

/** What object to open, and how. */
export interface ExistingObject {
  /** The object as messages call it. */
  label: string;
  /** Its full name. */
  name: string;
  /** The rights to ask for, as a mask. */
  access: number;
  /** The rights to such an object by their names, to say which are missing. */
  rights: readonly NamedRight[];
  /** Whether child processes inherit the handle. */
  inheritable: boolean;
  /** The function that opens it. */
  api: string;
  /** That function. */
  open: OpenCall;
}

/**
 * Opens an object by its name.
 *
 * @throws {Deno.errors.NotFound} If nobody holds such an object.
 * @throws {Deno.errors.PermissionDenied} If it grants this user less than is asked for.
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
      return { hint: "it is there only while a process of this session holds it" };
    case ERROR_INVALID_HANDLE:
      return { as: "InvalidData", hint: anotherKind(object.name) };
    case ERROR_ACCESS_DENIED:
      return whichAreMissing(object);
    default:
      return {};
  }
}

/** Asks for each right alone, for Windows does not say which it refused. */
function whichAreMissing({ name, access, rights, open }: ExistingObject): FailureOptions {
  const missing = [...rights, { name: "READ_CONTROL", mask: READ_CONTROL }].filter(
    ({ mask }) => (access & mask) !== 0 && tryToOpen(name, mask, open) === ERROR_ACCESS_DENIED,
  );
  const [first, ...more] = missing;
  // Its owner may have changed the descriptor between the two looks.
  if (first === undefined) return {};
  const names = missing.map(({ name }) => name).join(" and ");
  const advice = more.length === 0 && first.without !== undefined ? `: ${first.without}` : "";
  return { hint: `it does not grant this user ${names}${advice}` };
}

function anotherKind(name: string): string {
  const noun = nounOf(name);
  return "the name belongs to an object of another kind" + (noun === undefined ? "" : `, ${noun}`);
}

/**
 * Tells of what kind the object of a name is.
 *
 * @returns What users call the kind, with its article; `undefined` if there is no such object, or
 *   it is of a kind that this module does not open.
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
 * Makes an event without a name.
 *
 * @param kind What it is for, for messages.
 * @param manual Whether it stays set until it is reset, rather than let one waiting thread go each
 *   time it is set.
 */
export function createEvent(kind: string, manual: boolean = false): Handle {
  const value = kernel32().CreateEventW(null, manual ? 1 : 0, 0, null);
  if (value === 0n) throw lastError("CreateEventW", `Cannot make an event for ${kind}`);
  return new Handle(value, `event for ${kind}`);
}

/**
 * Sets an event.
 *
 * @throws {Deno.errors.BadResource} If the event is closed.
 * @throws {Deno.errors.PermissionDenied} If the handle only lets this process wait.
 */
export function setEvent(event: Handle): void {
  if (!kernel32().SetEvent(event.value)) {
    throw notModified("SetEvent", `Cannot set ${event.kind}`);
  }
}

/**
 * Resets an event.
 *
 * @throws {Deno.errors.BadResource} If the event is closed.
 * @throws {Deno.errors.PermissionDenied} If the handle only lets this process wait.
 */
export function resetEvent(event: Handle): void {
  if (!kernel32().ResetEvent(event.value)) {
    throw notModified("ResetEvent", `Cannot reset ${event.kind}`);
  }
}

/**
 * Whether only a call of ResetEvent resets an event.
 *
 * @param event A handle with EVENT_QUERY_STATE.
 */
export function isManual(event: Handle): boolean {
  // EVENT_BASIC_INFORMATION: EventType, 0 for a manual-reset event; EventState.
  const info = new Uint32Array(2);
  const status = ntdll().NtQueryEvent(event.value, 0, info, info.byteLength, null);
  if (status >= 0) return info[0] === 0;
  throw errorFromStatus(status, "NtQueryEvent", `Cannot ask how ${event.kind} is reset`);
}

function notModified(api: string, attempt: string): Error {
  const code = lastErrorCode();
  const denied = {
    hint: "the handle does not grant EVENT_MODIFY_STATE, only to wait: " +
      'open the event without { access: "wait" }, if its owner grants that',
  };
  return errorFromCode(code, api, attempt, code === ERROR_ACCESS_DENIED ? denied : {});
}

/** No end to the wait. */
export const INFINITE = 0xffff_ffff;
const WT_EXECUTEONLYONCE = 0x8;
const WT_EXECUTELONGFUNCTION = 0x10;

/** How long a call that the event loop has missed may go unnoticed, in milliseconds. */
const LATEST_NOTICE = 10;

/** The waits that are not over, by their numbers. */
const waits = new Map<bigint, RegisteredWait>();
let lastNumber = 0n;
let shared: GuardedCallback | undefined;
let holding = 0;
let notice: ReturnType<typeof setTimeout> | undefined;

/** How to wait. */
export interface RegisteredWaitOptions {
  /** The most to wait, in milliseconds. @default Infinity */
  timeout?: number;
  /** Whether the process lives for as long as the wait lasts. @default true */
  held?: boolean;
}

/**
 * A wait for an object to be signalled.
 *
 * It is for a script's main thread: a Worker can be ended at any moment, and the callback with
 * it, which Windows would call all the same.
 */
export class RegisteredWait extends Uncloneable {
  /** How many waits there are that are not over. */
  static get count(): number {
    return waits.size;
  }

  /**
   * Is fulfilled when the wait is over: whether the object was signalled, and not the time over.
   */
  readonly signalled: Promise<boolean>;
  readonly #signalled = Promise.withResolvers<boolean>();
  readonly #number = ++lastNumber;
  readonly #wait: bigint;
  #held = false;

  /**
   * Begins to wait.
   *
   * @param object What to wait for, which has to stay open until the wait is over.
   * @throws {Deno.errors.BadResource} If the object is closed, or none that can be waited for.
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

  /** Whether the process lives for as long as the wait lasts. */
  hold(held: boolean): void {
    if (held === this.#held || !waits.has(this.#number)) return;
    this.#held = held;
    const before = holding;
    holding += held ? 1 : -1;
    // The callback is what holds the process.
    if (before === 0 || holding === 0) sharedCallback().hold(held);
  }

  /**
   * Stops waiting, for an object that is going to be closed; {@linkcode signalled} stays pending.
   *
   * What was signalled at the same moment may be taken and told to nobody: neither Windows
   * nor Wine promises more. So this is no way to stop a wait for an object that lives on.
   */
  cancel(): void {
    this.#leave();
  }

  /** Is told that the object was signalled, or the time is over. */
  end(timedOut: boolean): void {
    this.#leave();
    this.#signalled.resolve(!timedOut);
  }

  #leave(): void {
    this.hold(false);
    // It returns at once, also while the callback is running.
    if (waits.delete(this.#number)) kernel32().UnregisterWait(this.#wait);
    noticeSoon();
  }
}

/** The callback of all waits, which is made at the first call. */
function sharedCallback(): GuardedCallback {
  if (shared === undefined) {
    shared = GuardedCallback.wait((number, timedOut) => waits.get(number)?.end(timedOut));
    shared.hold(false);
    // The callback goes with the script, and Windows must not call it from then on.
    addEventListener("unload", cancelAll);
  }
  return shared;
}

/** Has the event loop run once more in a while, if there are waits and it is not to anyway. */
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

/** What came of a look at an object. */
export type Look = "signalled" | "abandoned" | undefined;

const WAIT_OBJECT_0 = 0;
const WAIT_ABANDONED = 0x80;
const WAIT_TIMEOUT = 0x102;

/**
 * Waits on this very thread, and blocks it meanwhile.
 *
 * @param timeout The most to wait, in milliseconds.
 * @returns `undefined` if it was not signalled in time.
 */
export function blockOn(object: Handle, timeout: number): Look {
  const milliseconds = timeout === Infinity ? INFINITE : timeout;
  const code = kernel32().WaitForSingleObject(object.value, milliseconds);
  if (code === WAIT_OBJECT_0) return "signalled";
  if (code === WAIT_ABANDONED) return "abandoned";
  if (code === WAIT_TIMEOUT) return undefined;
  throw lastError("WaitForSingleObject", `Cannot wait for ${object.kind}`);
}
