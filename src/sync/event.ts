/**
 * Events: one process sets an event, and other processes wait until it is set.
 *
 * @module
 */

import { assertBoolean, assertOptions, oneOf, type OptionChecks } from "../../ffi/arguments.ts";
import { isManual, resetEvent, setEvent } from "../../ffi/kernel_object.ts";
import { unless } from "../../ffi/error.ts";
import type { Handle } from "../../ffi/handle.ts";
import type { WorkerTokenFields } from "../../ffi/worker_token.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { objectName } from "../names.ts";
import type { WaitOptions } from "../wait/options.ts";
import { waitForOne, waitForOneSync, type WaitSyncOptions } from "./single_wait.ts";
import { assertOpen } from "./waitable_object.ts";
import {
  adoptShared,
  createShared,
  EVENT,
  inheritableOrigin,
  inheritShared,
  NEW_OBJECT_CHECKS,
  type NewObjectOptions,
  OBJECT_FROM_HANDLE_CHECKS,
  type ObjectAccess,
  type ObjectFromHandleOptions,
  OPEN_ACCESS_CHECKS,
  type OpenAccessOptions,
  openOrCreateShared,
  openShared,
  type Origin,
  sharedFromToken,
  SharedObject,
  WAIT_FOR_ACCESS_CHECKS,
  type WaitForAccessOptions,
  waitForShared,
} from "./shared_object.ts";

/** Options for a new event. */
export interface EventOptions extends NewObjectOptions {
  /**
   * How the event is reset. With `"auto"`, the first wait that ends resets the event, so each
   * `set()` ends one wait. With `"manual"`, only {@linkcode SharedEvent.reset} resets the event,
   * which ends every wait until then.
   *
   * @default "auto"
   */
  reset?: "auto" | "manual";
  /** Whether the new event is set. @default false */
  signalled?: boolean;
}

/** The checks of {@linkcode EventOptions}. */
export const EVENT_CHECKS: OptionChecks<EventOptions> = {
  ...NEW_OBJECT_CHECKS,
  reset: oneOf(["auto", "manual"]),
  signalled: assertBoolean,
};

/** Options for opening an event, or creating it if it does not exist. */
export interface OpenOrCreateEventOptions extends EventOptions, OpenAccessOptions {}

/** The checks of {@linkcode OpenOrCreateEventOptions}. */
export const OPEN_OR_CREATE_EVENT_CHECKS: OptionChecks<OpenOrCreateEventOptions> = {
  ...EVENT_CHECKS,
  ...OPEN_ACCESS_CHECKS,
};

/**
 * Returns how an event is reset, without waiting for the event.
 *
 * @throws {Deno.errors.PermissionDenied} If the event does not grant the right to query it.
 */
export let resetOf: (event: SharedEvent) => "auto" | "manual";

/** Creates the `SharedEvent` of an origin, for callers that label the event themselves. */
export let sharedEventOver: (origin: Origin) => SharedEvent;

/**
 * An event that several processes can set and wait for.
 *
 * Setting an event that is already set changes nothing. To count, use `SharedSemaphore`.
 *
 * @example Wait until another process sets an event
 * ```ts
 * import { SharedEvent } from "@winipc/winipc/sync";
 *
 * // One process waits …
 * using ready = SharedEvent.create("ready");
 * const wait = ready.wait({ timeout: 10_000 });
 *
 * // … and another process ends the wait.
 * using same = SharedEvent.open("ready");
 * same.set();
 * await wait;
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sync/event-objects}
 */
export class SharedEvent extends SharedObject {
  readonly #handle: Handle;

  static {
    sharedEventOver = (origin) => new SharedEvent(origin);
    resetOf = (event) => {
      // The handle of an opened event does not grant the right to query the event.
      using queried = event.#handle.duplicate({ access: EVENT.query });
      return isManual(queried) ? "manual" : "auto";
    };
  }

  private constructor(origin: Origin) {
    super(EVENT, origin);
    this.#handle = origin.handle;
  }

  /**
   * Creates a new event with a name.
   *
   * @param name The name. A name without a prefix is shared within the session (`Local\`).
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {Deno.errors.PermissionDenied} If this user cannot create a `Global\` event.
   * @throws {TypeError} If an argument is of the wrong kind, or the name is invalid.
   * @throws {RangeError} If the name is too long.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-createeventw}
   */
  static create(name: string, options: EventOptions = {}): SharedEvent {
    const full = objectName(name);
    assertOptions(options, EVENT_CHECKS);
    return new SharedEvent(createEvent(full, options));
  }

  /**
   * Creates a new event without a name. Another process can use it only by a handle that it
   * inherits, or that is duplicated into it.
   */
  static anonymous(options: EventOptions = {}): SharedEvent {
    assertOptions(options, EVENT_CHECKS);
    return new SharedEvent(createEvent(undefined, options));
  }

  /**
   * Opens an existing event by its name.
   *
   * @example Wait for an event that grants nothing but waiting
   * ```ts
   * import { SharedEvent } from "@winipc/winipc/sync";
   * import { assertThrows } from "@std/assert";
   *
   * // Another program grants everyone the right to wait (SYNCHRONIZE), and no more.
   * using theirs = SharedEvent.create("theirs", { security: "D:P(A;;0x100000;;;WD)" });
   *
   * using event = SharedEvent.open("theirs", { access: "wait" });
   * theirs.set();
   * await event.wait({ timeout: 10_000 });
   * assertThrows(() => event.set(), Deno.errors.PermissionDenied, "EVENT_MODIFY_STATE");
   * ```
   *
   * @throws {Deno.errors.NotFound} If no process has the event open.
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the event with this access, or
   *   `owner` is `"self"` and another user owns the event.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-openeventw}
   */
  static open(name: string, options: OpenAccessOptions = {}): SharedEvent {
    const full = objectName(name);
    assertOptions(options, OPEN_ACCESS_CHECKS);
    return new SharedEvent(openShared(EVENT, full, options));
  }

  /**
   * Opens an event by its name, or creates it if no process has it open.
   *
   * An existing event keeps its `security` and its state: `signalled` is for a new event. Pass the
   * same `reset` as the process that created the event; the default is `"auto"` here too.
   *
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the event with this access, or
   *   `owner` is `"self"` and another user owns the event.
   * @throws {Deno.errors.InvalidData} If the event exists with another `reset`, or the name belongs
   *   to an object of another kind.
   */
  static openOrCreate(name: string, options: OpenOrCreateEventOptions = {}): SharedEvent {
    const full = objectName(name);
    assertOptions(options, OPEN_OR_CREATE_EVENT_CHECKS);
    return new SharedEvent(
      openOrCreateShared(EVENT, full, options, {
        create: () => createEvent(full, options),
        settings: {
          asked: { reset: options.reset ?? "auto" },
          given: options.reset !== undefined,
          read: (handle) => ({ reset: isManual(handle) ? "manual" : "auto" }),
        },
      }),
    );
  }

  /**
   * Waits until an event with this name exists, and opens it.
   *
   * @throws {Deno.errors.TimedOut} If no process created the event in time.
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the event with this access, or
   *   `owner` is `"self"` and another user owns the event.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   */
  static async waitFor(name: string, options: WaitForAccessOptions = {}): Promise<SharedEvent> {
    const full = objectName(name);
    assertOptions(options, WAIT_FOR_ACCESS_CHECKS);
    return new SharedEvent(await waitForShared(EVENT, full, options));
  }

  /**
   * Takes over a handle of an event, such as a handle that another process duplicated into this
   * process. Closing the object closes the handle.
   *
   * If this throws, the handle stays open and keeps its owner.
   *
   * @param handle The handle's value in this process.
   * @throws {TypeError} If the value is neither a bigint nor an integer.
   * @throws {Deno.errors.InvalidData} If the handle does not grant exactly the expected access.
   * @throws {Deno.errors.BadResource} If the value is not a handle of an event, or this script
   *   already owns the handle.
   * @throws {Deno.errors.PermissionDenied} If the handle does not let this process wait.
   */
  static fromHandle(
    handle: bigint | number,
    expected: ObjectFromHandleOptions = {},
  ): SharedEvent {
    assertOptions(expected, OBJECT_FROM_HANDLE_CHECKS);
    return new SharedEvent(adoptShared(EVENT, handle, expected));
  }

  /**
   * Takes over an event that the parent process passed on under a key. The parent puts the handle's
   * value into the environment variable `WINIPC_INHERIT_` + key, such as `188 event`.
   *
   * In a Worker, the object gets a duplicate of the handle. So each thread of the process can take
   * over the event.
   *
   * @throws {Deno.errors.NotFound} If there is no variable for the key.
   * @throws {Deno.errors.BadResource} If the value is not a handle of an event, or this script
   *   already took it over.
   * @throws {Deno.errors.InvalidData} If the variable has another form.
   * @throws {TypeError} If the key is invalid.
   */
  static inherited(key: string): SharedEvent {
    return new SharedEvent(inheritShared(EVENT, key));
  }

  /**
   * Takes over an event that another thread of this process posted by
   * {@linkcode SharedObject.forWorker}. The event is closed with this object, or when this Worker
   * ends.
   *
   * @param token The token, as the message brought it.
   * @throws {Deno.errors.BadResource} If the token was taken or closed, or belongs to another
   *   process.
   * @throws {TypeError} If the value is not a token of an event.
   */
  static fromWorker(token: WorkerTokenFields): SharedEvent {
    return new SharedEvent(sharedFromToken(EVENT, token));
  }

  /**
   * Sets the event. This ends one wait if the event's `reset` is `"auto"`, and all waits if it is
   * `"manual"`.
   *
   * @throws {Deno.errors.BadResource} If the event is closed.
   * @throws {Deno.errors.PermissionDenied} If the handle grants only waiting.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-setevent}
   */
  set(): void {
    assertOpen(this);
    setEvent(this.#handle);
  }

  /**
   * Resets the event, so that a wait that begins now does not end before the next `set()`.
   *
   * @throws {Deno.errors.BadResource} If the event is closed.
   * @throws {Deno.errors.PermissionDenied} If the handle grants only waiting.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-resetevent}
   */
  reset(): void {
    assertOpen(this);
    resetEvent(this.#handle);
  }

  /**
   * Waits until the event is set.
   *
   * @throws {Deno.errors.TimedOut} If the event was not set in time.
   * @throws {Deno.errors.BadResource} If the event is closed, also during the wait.
   */
  async wait(options: WaitOptions = {}): Promise<void> {
    await waitForOne(this, options, () => undoing(this.#handle, this.access));
  }

  /**
   * Waits until the event is set, and blocks the thread during the wait. This is for Workers and
   * short scripts.
   *
   * @throws {Deno.errors.TimedOut} If the event was not set in time.
   * @throws {Deno.errors.BadResource} If the event is closed.
   */
  waitSync(options: WaitSyncOptions = {}): void {
    waitForOneSync(this, options);
  }

  /**
   * Returns a new object for the same event, whose handle child processes inherit while it is open.
   *
   * @throws {Deno.errors.BadResource} If the event is closed.
   */
  override toInheritable(): SharedEvent {
    return new SharedEvent(inheritableOrigin(EVENT, this));
  }
}

/** Returns a function that gives back what a wait took: it sets an auto-reset event again. */
function undoing(event: Handle, access: ObjectAccess): (() => void) | undefined {
  // The handle of an opened event does not grant the right to query the event.
  const duplicate = () => event.duplicate({ access: EVENT.query });
  using queried = unless(Deno.errors.PermissionDenied, duplicate);
  if (queried === undefined) return undefined;
  if (isManual(queried)) return () => {};
  return access === "modify" ? () => setEvent(event) : undefined;
}

/**
 * Creates an event.
 *
 * @param name The full name; `undefined` for an anonymous event.
 * @param label The event's name in error messages. @default its kind and name
 */
export function createEvent(
  name: string | undefined,
  options: EventOptions,
  label?: string,
): Origin {
  const { reset = "auto", signalled = false } = options;
  const manual = reset === "manual" ? 1 : 0;
  return createShared(EVENT, name, options, {
    api: "CreateEventW",
    create: (attributes, name) =>
      kernel32().CreateEventW(attributes, manual, signalled ? 1 : 0, name),
  }, label);
}
