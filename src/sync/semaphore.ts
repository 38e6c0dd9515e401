/**
 * Semaphores: a count that is taken from one at a time, and waited for when it is 0.
 *
 * @module
 */

import {
  assertInteger,
  assertOptions,
  integerFrom,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { errorFromCode, errorFromStatus, lastErrorCode } from "../../ffi/error.ts";
import type { Handle } from "../../ffi/handle.ts";
import { ntdll } from "../../ffi/win32/ntdll.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { objectName } from "../names.ts";
import type { WaitOptions } from "../wait/options.ts";
import { assertOpen, waitForOne, waitForOneSync, type WaitSyncOptions } from "./waitable_object.ts";
import {
  adoptShared,
  createShared,
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
  SEMAPHORE,
  SharedObject,
  WAIT_FOR_ACCESS_CHECKS,
  type WaitForAccessOptions,
  waitForShared,
} from "./shared_object.ts";

/** The most that a semaphore can count to. */
const MAX_COUNT = 2 ** 31 - 1;
const ERROR_TOO_MANY_POSTS = 298;
/** What is known of why a semaphore cannot be released, by the error's code. */
const HINTS: Readonly<Record<number, string>> = {
  5: "the handle does not grant SEMAPHORE_MODIFY_STATE, only to wait: " +
    'open the semaphore without { access: "wait" }, if its owner grants that',
  [ERROR_TOO_MANY_POSTS]:
    "it would count to more than its maximum: more was released than was taken",
};

/** What a new semaphore is to be like. */
export interface SemaphoreOptions extends NewObjectOptions {
  /** What it counts at first, from 0 to the maximum. @default 0 */
  initial?: number;
  /** The most that it counts to, from 1 to 2,147,483,647. @default 2147483647 */
  maximum?: number;
}

/** The checks of {@linkcode SemaphoreOptions}. */
export const SEMAPHORE_CHECKS: OptionChecks<SemaphoreOptions> = {
  ...NEW_OBJECT_CHECKS,
  initial: integerFrom(0, MAX_COUNT),
  maximum: integerFrom(1, MAX_COUNT),
};

/** How to open a semaphore, or to make it if it is not there. */
export interface OpenOrCreateSemaphoreOptions extends SemaphoreOptions, OpenAccessOptions {}

/** The checks of {@linkcode OpenOrCreateSemaphoreOptions}. */
export const OPEN_OR_CREATE_SEMAPHORE_CHECKS: OptionChecks<OpenOrCreateSemaphoreOptions> = {
  ...SEMAPHORE_CHECKS,
  ...OPEN_ACCESS_CHECKS,
};

/**
 * A semaphore that several processes can release and wait for: each release lets as many waits
 * go as it says, now or later.
 *
 * @example
 * ```ts
 * import { SharedSemaphore } from "@winipc/winipc/sync";
 *
 * // Two of any number of processes are let in …
 * using room = SharedSemaphore.openOrCreate("room for two", { initial: 2, maximum: 2 });
 * await room.wait({ timeout: 10_000 });
 * try {
 *   // … and do something here.
 * } finally {
 *   room.release();
 * }
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sync/semaphore-objects}
 */
export class SharedSemaphore extends SharedObject {
  readonly #handle: Handle;

  private constructor(origin: Origin) {
    super(SEMAPHORE, origin);
    this.#handle = origin.handle;
  }

  /**
   * Makes a new semaphore under a name.
   *
   * @param name The name; a bare one is shared within the session (`Local\`).
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {Deno.errors.PermissionDenied} If this user may not make a `Global\` semaphore.
   * @throws {TypeError} If an argument is of the wrong kind, or the name is invalid.
   * @throws {RangeError} If the name is too long.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-createsemaphorew}
   */
  static create(name: string, options: SemaphoreOptions = {}): SharedSemaphore {
    const full = objectName(name);
    assertOptions(options, SEMAPHORE_CHECKS);
    return new SharedSemaphore(createSemaphore(full, options));
  }

  /**
   * Makes a new semaphore without a name: other processes get at it only by a handle that is given
   * to them.
   */
  static anonymous(options: SemaphoreOptions = {}): SharedSemaphore {
    assertOptions(options, SEMAPHORE_CHECKS);
    return new SharedSemaphore(createSemaphore(undefined, options));
  }

  /**
   * Opens the semaphore of a name.
   *
   * @throws {Deno.errors.NotFound} If nobody holds it.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it, or another user made it.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-opensemaphorew}
   */
  static open(name: string, options: OpenAccessOptions = {}): SharedSemaphore {
    const full = objectName(name);
    assertOptions(options, OPEN_ACCESS_CHECKS);
    return new SharedSemaphore(openShared(SEMAPHORE, full, options));
  }

  /**
   * Opens the semaphore of a name, or creates it if nobody holds it. Of a semaphore that exists,
   * `security` and the count stay as they are: `initial` is for a new one. A `maximum` that is left out is
   * the largest also here: give the same one as the process that created it.
   *
   * @throws {Deno.errors.PermissionDenied} If this user may not open it, or another user made it.
   * @throws {Deno.errors.InvalidData} If the semaphore exists with another `maximum`, or the name belongs
   *   to an object of another kind.
   */
  static openOrCreate(name: string, options: OpenOrCreateSemaphoreOptions = {}): SharedSemaphore {
    const full = objectName(name);
    assertOptions(options, OPEN_OR_CREATE_SEMAPHORE_CHECKS);
    assertInitial(options);
    return new SharedSemaphore(
      openOrCreateShared(SEMAPHORE, full, options, {
        create: () => createSemaphore(full, options),
        settings: {
          asked: { maximum: options.maximum ?? MAX_COUNT },
          given: options.maximum !== undefined,
          read: (handle) => ({ maximum: maximumOf(handle) }),
        },
      }),
    );
  }

  /**
   * Waits until somebody makes the semaphore of a name, and opens it.
   *
   * @param options How to open it, and how long to wait.
   * @throws {Deno.errors.TimedOut} If nobody made it in time.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it, or another user made it.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   */
  static async waitFor(name: string, options: WaitForAccessOptions = {}): Promise<SharedSemaphore> {
    const full = objectName(name);
    assertOptions(options, WAIT_FOR_ACCESS_CHECKS);
    return new SharedSemaphore(await waitForShared(SEMAPHORE, full, options));
  }

  /**
   * Takes over a handle of a semaphore that came from elsewhere; closing the object closes it.
   *
   * What is refused stays open and belongs to whom it did.
   *
   * @param handle The handle's value in this process.
   * @param expected What the handle has to be like.
   * @throws {TypeError} If it is neither a bigint nor an integer.
   * @throws {Deno.errors.InvalidData} If it does not grant what is expected.
   * @throws {Deno.errors.BadResource} If it is no handle of a semaphore, or this script owns it already.
   * @throws {Deno.errors.PermissionDenied} If it does not let this process wait.
   */
  static fromHandle(
    handle: bigint | number,
    expected: ObjectFromHandleOptions = {},
  ): SharedSemaphore {
    assertOptions(expected, OBJECT_FROM_HANDLE_CHECKS);
    return new SharedSemaphore(adoptShared(SEMAPHORE, handle, expected));
  }

  /**
   * Takes the semaphore that the process that started this one passed on, under a key that the two
   * agreed on: it reads the variable `WINIPC_INHERIT_` and the key, such as `188 semaphore`.
   *
   * A Worker takes a handle of its own: all threads of the process can take it.
   *
   * @throws {Deno.errors.NotFound} If nothing was passed on under that key.
   * @throws {Deno.errors.BadResource} If it is no handle of a semaphore, or was taken already.
   * @throws {Deno.errors.InvalidData} If the variable says something else.
   * @throws {TypeError} If the key is invalid.
   */
  static inherited(key: string): SharedSemaphore {
    return new SharedSemaphore(inheritShared(SEMAPHORE, key));
  }

  /**
   * Raises the count, which lets as many waits go.
   *
   * @param count By how much, at least 1.
   * @returns What it was before.
   * @throws {RangeError} If it would be more than the maximum; nothing is changed then.
   * @throws {Deno.errors.BadResource} If it is closed.
   * @throws {Deno.errors.PermissionDenied} If it was opened only to be waited for.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-releasesemaphore}
   */
  release(count: number = 1): number {
    assertInteger("count", count, 1, MAX_COUNT);
    assertOpen(this);
    const previous = new Int32Array(1);
    if (kernel32().ReleaseSemaphore(this.#handle.value, count, previous)) return previous[0]!;
    const code = lastErrorCode();
    const attempt = `Cannot release ${this.#handle.kind} by ${count}`;
    const hint = HINTS[code];
    const cause = errorFromCode(
      code,
      "ReleaseSemaphore",
      attempt,
      hint === undefined ? {} : { hint },
    );
    throw code === ERROR_TOO_MANY_POSTS ? new RangeError(cause.message, { cause }) : cause;
  }

  /**
   * Waits until the semaphore counts more than 0, and takes one from the count.
   *
   * @throws {Deno.errors.TimedOut} If it counted 0 all the time.
   * @throws {Deno.errors.BadResource} If it is closed, or is closed meanwhile.
   */
  async wait(options: WaitOptions = {}): Promise<void> {
    await waitForOne(this, options);
  }

  /**
   * Takes one from the count like {@linkcode SharedSemaphore.wait}, and blocks the thread meanwhile:
   * for Workers and short
   * scripts.
   *
   * @throws {Deno.errors.TimedOut} If it counted 0 all the time.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  waitSync(options: WaitSyncOptions = {}): void {
    waitForOneSync(this, options);
  }

  /**
   * Gives the same semaphore by a handle that child processes inherit, for as long as it is open.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  override toInheritable(): SharedSemaphore {
    return new SharedSemaphore(inheritableOrigin(SEMAPHORE, this));
  }
}

function assertInitial({ maximum = MAX_COUNT, initial = 0 }: SemaphoreOptions): void {
  assertInteger("initial", initial, 0, maximum);
}

function createSemaphore(name: string | undefined, options: SemaphoreOptions): Origin {
  assertInitial(options);
  const { maximum = MAX_COUNT, initial = 0 } = options;
  return createShared(SEMAPHORE, name, options, {
    api: "CreateSemaphoreW",
    create: (attributes, name) => kernel32().CreateSemaphoreW(attributes, initial, maximum, name),
  });
}

/** Asks for the highest count of a semaphore, by a handle with SEMAPHORE_QUERY_STATE. */
function maximumOf(semaphore: Handle): number {
  // SEMAPHORE_BASIC_INFORMATION: CurrentCount, MaximumCount.
  const info = new Uint32Array(2);
  const status = ntdll().NtQuerySemaphore(semaphore.value, 0, info, info.byteLength, null);
  if (status >= 0) return info[1]!;
  throw errorFromStatus(
    status,
    "NtQuerySemaphore",
    `Cannot ask for the maximum of ${semaphore.kind}`,
  );
}
