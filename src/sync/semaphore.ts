/**
 * Semaphores: counts that processes share. A wait takes 1 from the count, and lasts while it is 0.
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
import type { WorkerTokenFields } from "../../ffi/worker_token.ts";
import { ntdll } from "../../ffi/win32/ntdll.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { objectName } from "../names.ts";
import type { WaitOptions } from "../wait/options.ts";
import { waitForOne, waitForOneSync, type WaitSyncOptions } from "./single_wait.ts";
import { assertOpen } from "./waitable_object.ts";
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
  sharedFromToken,
  SharedObject,
  WAIT_FOR_ACCESS_CHECKS,
  type WaitForAccessOptions,
  waitForShared,
} from "./shared_object.ts";

/** Maximum count of a semaphore: Windows keeps it in a signed integer of 32 bits. */
const MAX_COUNT = 2 ** 31 - 1;
const ERROR_TOO_MANY_POSTS = 298;
/** Hints for the errors of `ReleaseSemaphore`, by their codes. */
const HINTS: Readonly<Record<number, string>> = {
  5: "the handle does not grant SEMAPHORE_MODIFY_STATE, only to wait: " +
    'open the semaphore without { access: "wait" }, if its owner grants that',
  [ERROR_TOO_MANY_POSTS]: "the count would exceed its maximum: more was released than was taken",
};

/** Options for a new semaphore. */
export interface SemaphoreOptions extends NewObjectOptions {
  /** The first count, from 0 to `maximum`. @default 0 */
  initial?: number;
  /** The highest count, from 1 to 2,147,483,647. @default 2147483647 */
  maximum?: number;
}

/** The checks of {@linkcode SemaphoreOptions}. */
export const SEMAPHORE_CHECKS: OptionChecks<SemaphoreOptions> = {
  ...NEW_OBJECT_CHECKS,
  initial: integerFrom(0, MAX_COUNT),
  maximum: integerFrom(1, MAX_COUNT),
};

/** Options for opening a semaphore, or creating it if it does not exist. */
export interface OpenOrCreateSemaphoreOptions extends SemaphoreOptions, OpenAccessOptions {}

/** The checks of {@linkcode OpenOrCreateSemaphoreOptions}. */
export const OPEN_OR_CREATE_SEMAPHORE_CHECKS: OptionChecks<OpenOrCreateSemaphoreOptions> = {
  ...SEMAPHORE_CHECKS,
  ...OPEN_ACCESS_CHECKS,
};

/**
 * A semaphore that several processes can release and wait for. `release(n)` adds n to the count,
 * and each wait takes 1 from the count.
 *
 * @example Let two processes in at a time
 * ```ts
 * import { SharedSemaphore } from "@winipc/winipc/sync";
 *
 * using room = SharedSemaphore.openOrCreate("room for two", { initial: 2, maximum: 2 });
 * await room.wait({ timeout: 10_000 });
 * try {
 *   // At most two processes are here at the same time.
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
   * Creates a new semaphore with a name.
   *
   * @param name The name. A name without a prefix is shared within the session (`Local\`).
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {Deno.errors.PermissionDenied} If this user cannot create a `Global\` semaphore.
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
   * Creates a new semaphore without a name. Another process can use it only by a handle that it
   * inherits, or that is duplicated into it.
   */
  static anonymous(options: SemaphoreOptions = {}): SharedSemaphore {
    assertOptions(options, SEMAPHORE_CHECKS);
    return new SharedSemaphore(createSemaphore(undefined, options));
  }

  /**
   * Opens an existing semaphore by its name.
   *
   * @throws {Deno.errors.NotFound} If no process has the semaphore open.
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the semaphore with this access,
   *   or `owner` is `"self"` and another user owns the semaphore.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-opensemaphorew}
   */
  static open(name: string, options: OpenAccessOptions = {}): SharedSemaphore {
    const full = objectName(name);
    assertOptions(options, OPEN_ACCESS_CHECKS);
    return new SharedSemaphore(openShared(SEMAPHORE, full, options));
  }

  /**
   * Opens a semaphore by its name, or creates it if no process has it open.
   *
   * An existing semaphore keeps its `security` and its count: `initial` is for a new semaphore.
   * Pass the same `maximum` as the process that created the semaphore; the default is 2147483647
   * here too.
   *
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the semaphore with this access,
   *   or `owner` is `"self"` and another user owns the semaphore.
   * @throws {Deno.errors.InvalidData} If the semaphore exists with another `maximum`, or the name
   *   belongs to an object of another kind.
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
   * Waits until a semaphore with this name exists, and opens it.
   *
   * @throws {Deno.errors.TimedOut} If no process created the semaphore in time.
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the semaphore with this access,
   *   or `owner` is `"self"` and another user owns the semaphore.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   */
  static async waitFor(name: string, options: WaitForAccessOptions = {}): Promise<SharedSemaphore> {
    const full = objectName(name);
    assertOptions(options, WAIT_FOR_ACCESS_CHECKS);
    return new SharedSemaphore(await waitForShared(SEMAPHORE, full, options));
  }

  /**
   * Takes over a handle of a semaphore, such as a handle that another process duplicated into this
   * process. Closing the object closes the handle.
   *
   * If this throws, the handle stays open and keeps its owner.
   *
   * @param handle The handle's value in this process.
   * @throws {TypeError} If the value is neither a bigint nor an integer.
   * @throws {Deno.errors.InvalidData} If the handle does not grant exactly the expected access.
   * @throws {Deno.errors.BadResource} If the value is not a handle of a semaphore, or this script
   *   already owns the handle.
   * @throws {Deno.errors.PermissionDenied} If the handle does not let this process wait.
   */
  static fromHandle(
    handle: bigint | number,
    expected: ObjectFromHandleOptions = {},
  ): SharedSemaphore {
    assertOptions(expected, OBJECT_FROM_HANDLE_CHECKS);
    return new SharedSemaphore(adoptShared(SEMAPHORE, handle, expected));
  }

  /**
   * Takes over a semaphore that the parent process passed on under a key. The parent puts the
   * handle's value into the environment variable `WINIPC_INHERIT_` + key, such as `188 semaphore`.
   *
   * In a Worker, the object gets a duplicate of the handle. So each thread of the process can take
   * over the semaphore.
   *
   * @throws {Deno.errors.NotFound} If there is no variable for the key.
   * @throws {Deno.errors.BadResource} If the value is not a handle of a semaphore, or this script
   *   already took it over.
   * @throws {Deno.errors.InvalidData} If the variable has another form.
   * @throws {TypeError} If the key is invalid.
   */
  static inherited(key: string): SharedSemaphore {
    return new SharedSemaphore(inheritShared(SEMAPHORE, key));
  }

  /**
   * Takes over a semaphore that another thread of this process posted by
   * {@linkcode SharedObject.forWorker}. The semaphore is closed with this object, or when this Worker
   * ends.
   *
   * @param token The token, as the message brought it.
   * @throws {Deno.errors.BadResource} If the token was taken or closed, or belongs to another
   *   process.
   * @throws {TypeError} If the value is not a token of a semaphore.
   */
  static fromWorker(token: WorkerTokenFields): SharedSemaphore {
    return new SharedSemaphore(sharedFromToken(SEMAPHORE, token));
  }

  /**
   * Raises the count, which ends as many waits.
   *
   * @param count The number to add to the count, from 1 to 2,147,483,647.
   * @returns The count before.
   * @throws {RangeError} If the count would exceed the maximum. The count is then unchanged.
   * @throws {Deno.errors.BadResource} If the semaphore is closed.
   * @throws {Deno.errors.PermissionDenied} If the handle grants only waiting.
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
   * Waits until the count is above 0, and takes 1 from the count.
   *
   * @throws {Deno.errors.TimedOut} If there was nothing to take from the count in time.
   * @throws {Deno.errors.BadResource} If the semaphore is closed, also during the wait.
   */
  async wait(options: WaitOptions = {}): Promise<void> {
    const giveBack = () =>
      void kernel32().ReleaseSemaphore(this.#handle.value, 1, new Int32Array(1));
    await waitForOne(this, options, () => this.access === "modify" ? giveBack : undefined);
  }

  /**
   * Waits until the count is above 0, and takes 1 from the count. The thread is blocked during the
   * wait: this is for Workers and short scripts.
   *
   * @throws {Deno.errors.TimedOut} If there was nothing to take from the count in time.
   * @throws {Deno.errors.BadResource} If the semaphore is closed.
   */
  waitSync(options: WaitSyncOptions = {}): void {
    waitForOneSync(this, options);
  }

  /**
   * Returns a new object for the same semaphore, whose handle child processes inherit while it is
   * open.
   *
   * @throws {Deno.errors.BadResource} If the semaphore is closed.
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

/** Queries the maximum of a semaphore by a handle that grants `SEMAPHORE_QUERY_STATE`. */
function maximumOf(semaphore: Handle): number {
  // SEMAPHORE_BASIC_INFORMATION: CurrentCount, MaximumCount.
  const info = new Uint32Array(2);
  const status = ntdll().NtQuerySemaphore(semaphore.value, 0, info, info.byteLength, null);
  if (status >= 0) return info[1]!;
  throw errorFromStatus(
    status,
    "NtQuerySemaphore",
    `Cannot query the maximum of ${semaphore.kind}`,
  );
}
