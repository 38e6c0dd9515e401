/**
 * Events: one process sets them, and others wait for that.
 *
 * @module
 */

import { assertBoolean, assertOptions, oneOf, type OptionChecks } from "../../ffi/arguments.ts";
import { isManual, resetEvent, setEvent } from "../../ffi/kernel_object.ts";
import type { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { objectName } from "../names.ts";
import type { WaitOptions } from "../wait/options.ts";
import { assertOpen, waitForOne, waitForOneSync, type WaitSyncOptions } from "./waitable_object.ts";
import {
  adoptShared,
  createShared,
  EVENT,
  inheritableOrigin,
  inheritShared,
  NEW_OBJECT_CHECKS,
  type NewObjectOptions,
  OBJECT_FROM_HANDLE_CHECKS,
  type ObjectFromHandleOptions,
  OPEN_ACCESS_CHECKS,
  type OpenAccessOptions,
  openOrCreateShared,
  openShared,
  type Origin,
  SharedObject,
  WAIT_FOR_ACCESS_CHECKS,
  type WaitForAccessOptions,
  waitForShared,
} from "./shared_object.ts";

/** What a new event is to be like. */
export interface EventOptions extends NewObjectOptions {
  /**
   * What resets it: `"auto"`, the one wait that it lets go; `"manual"`, only
   * {@linkcode SharedEvent.reset}, so that it lets everybody go who waits until then.
   *
   * @default "auto"
   */
  reset?: "auto" | "manual";
  /** Whether it is set from the beginning. @default false */
  signalled?: boolean;
}

/** The checks of {@linkcode EventOptions}. */
export const EVENT_CHECKS: OptionChecks<EventOptions> = {
  ...NEW_OBJECT_CHECKS,
  reset: oneOf(["auto", "manual"]),
  signalled: assertBoolean,
};

/** How to open an event, or to make it if it is not there. */
export interface OpenOrCreateEventOptions extends EventOptions, OpenAccessOptions {}

/** The checks of {@linkcode OpenOrCreateEventOptions}. */
export const OPEN_OR_CREATE_EVENT_CHECKS: OptionChecks<OpenOrCreateEventOptions> = {
  ...EVENT_CHECKS,
  ...OPEN_ACCESS_CHECKS,
};

/** Makes the object for an event that was opened or made, and may have a label of its own. */
export let sharedEventOver: (origin: Origin) => SharedEvent;

/**
 * An event that several processes can set and wait for.
 *
 * Setting one that is set already changes nothing: it is no counter. For that,
 * there is `SharedSemaphore`.
 *
 * @example
 * ```ts
 * import { SharedEvent } from "@winipc/winipc/sync";
 *
 * // One process waits …
 * using ready = SharedEvent.create("ready");
 * const wait = ready.wait({ timeout: 10_000 });
 *
 * // … and another one lets it go.
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
  }

  private constructor(origin: Origin) {
    super(EVENT, origin);
    this.#handle = origin.handle;
  }

  /**
   * Makes a new event under a name.
   *
   * @param name The name; a bare one is shared within the session (`Local\`).
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {Deno.errors.PermissionDenied} If this user may not make a `Global\` event.
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
   * Makes a new event without a name: other processes get at it only by a handle that is given
   * to them.
   */
  static anonymous(options: EventOptions = {}): SharedEvent {
    assertOptions(options, EVENT_CHECKS);
    return new SharedEvent(createEvent(undefined, options));
  }

  /**
   * Opens the event of a name.
   *
   * @example Wait for an event that may only be waited for
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
   * @throws {Deno.errors.NotFound} If nobody holds it.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it, or another user made it.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-openeventw}
   */
  static open(name: string, options: OpenAccessOptions = {}): SharedEvent {
    const full = objectName(name);
    assertOptions(options, OPEN_ACCESS_CHECKS);
    return new SharedEvent(openShared(EVENT, full, options));
  }

  /**
   * Opens the event of a name, or creates it if nobody holds it. Of an event that exists, `security` and
   * `signalled` stay as they are. A `reset` that is left out is `"auto"` also here: give the same one as
   * the process that created it.
   *
   * @throws {Deno.errors.PermissionDenied} If this user may not open it, or another user made it.
   * @throws {Deno.errors.InvalidData} If the event exists with another `reset`, or the name belongs to an
   *   object of another kind.
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
   * Waits until somebody makes the event of a name, and opens it.
   *
   * @param options How to open it, and how long to wait.
   * @throws {Deno.errors.TimedOut} If nobody made it in time.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it, or another user made it.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   */
  static async waitFor(name: string, options: WaitForAccessOptions = {}): Promise<SharedEvent> {
    const full = objectName(name);
    assertOptions(options, WAIT_FOR_ACCESS_CHECKS);
    return new SharedEvent(await waitForShared(EVENT, full, options));
  }

  /**
   * Takes over a handle of an event that came from elsewhere; closing the object closes it.
   *
   * What is refused stays open and belongs to whom it did.
   *
   * @param handle The handle's value in this process.
   * @param expected What the handle has to be like.
   * @throws {TypeError} If it is neither a bigint nor an integer.
   * @throws {Deno.errors.InvalidData} If it does not grant what is expected.
   * @throws {Deno.errors.BadResource} If it is no handle of an event, or this script owns it already.
   * @throws {Deno.errors.PermissionDenied} If it does not let this process wait.
   */
  static fromHandle(
    handle: bigint | number,
    expected: ObjectFromHandleOptions = {},
  ): SharedEvent {
    assertOptions(expected, OBJECT_FROM_HANDLE_CHECKS);
    return new SharedEvent(adoptShared(EVENT, handle, expected));
  }

  /**
   * Takes the event that the process that started this one passed on, under a key that the two
   * agreed on: it reads the variable `WINIPC_INHERIT_` and the key, such as `188 event`.
   *
   * A Worker takes a handle of its own: all threads of the process can take it.
   *
   * @throws {Deno.errors.NotFound} If nothing was passed on under that key.
   * @throws {Deno.errors.BadResource} If it is no handle of an event, or was taken already.
   * @throws {Deno.errors.InvalidData} If the variable says something else.
   * @throws {TypeError} If the key is invalid.
   */
  static inherited(key: string): SharedEvent {
    return new SharedEvent(inheritShared(EVENT, key));
  }

  /**
   * Sets the event: lets one wait go, or every one if it is reset by hand.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.PermissionDenied} If it was opened only to be waited for.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-setevent}
   */
  set(): void {
    assertOpen(this);
    setEvent(this.#handle);
  }

  /**
   * Takes back that it was set, if nobody has been let go by it.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.PermissionDenied} If it was opened only to be waited for.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-resetevent}
   */
  reset(): void {
    assertOpen(this);
    resetEvent(this.#handle);
  }

  /**
   * Waits until the event is set.
   *
   * @throws {Deno.errors.TimedOut} If it was not set in time.
   * @throws {Deno.errors.BadResource} If it is closed, or is closed meanwhile.
   */
  async wait(options: WaitOptions = {}): Promise<void> {
    await waitForOne(this, options);
  }

  /**
   * Waits until the event is set, and blocks the thread meanwhile: for Workers and short
   * scripts.
   *
   * @throws {Deno.errors.TimedOut} If it was not set in time.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  waitSync(options: WaitSyncOptions = {}): void {
    waitForOneSync(this, options);
  }

  /**
   * Gives the same event by a handle that child processes inherit, for as long as it is open.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  override toInheritable(): SharedEvent {
    return new SharedEvent(inheritableOrigin(EVENT, this));
  }
}

/**
 * Makes an event.
 *
 * @param name Its full name, or `undefined` for one without.
 * @param label What messages call it. @default its name
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
