/**
 * Mutexes: whoever holds one is alone, among all processes.
 *
 * @module
 */

import { lastError } from "../../ffi/error.ts";
import type { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { objectName } from "../names/object_name.ts";
import { assertOptions, type OptionChecks } from "../../ffi/arguments.ts";
import { blockOn } from "../../ffi/wait.ts";
import { WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import { claimsFor, MutexClaim, MutexLock } from "./mutex_lock.ts";
import { MUTEX } from "./object_kind.ts";
import {
  adoptShared,
  createShared,
  inheritableOrigin,
  inheritShared,
  NEW_OBJECT_CHECKS,
  type NewObjectOptions,
  OPEN_OBJECT_CHECKS,
  type OpenObjectOptions,
  openOrCreateShared,
  openShared,
  type Origin,
  SharedObject,
  WAIT_FOR_OBJECT_CHECKS,
  type WaitForObjectOptions,
  waitForShared,
} from "./shared_object.ts";
import { WAIT_SYNC_CHECKS, type WaitSyncOptions } from "./single_wait.ts";
import { timedOut, WaitJob } from "./wait_thread/job.ts";
import { lend, type Tenant } from "./waitable_object.ts";
import { waitOnThread } from "./wait_thread/pool.ts";

/** How to open a mutex, or to make it if it is not there. */
export interface OpenOrCreateMutexOptions extends NewObjectOptions, OpenObjectOptions {}

/** The checks of {@linkcode OpenOrCreateMutexOptions}. */
export const OPEN_OR_CREATE_MUTEX_CHECKS: OptionChecks<OpenOrCreateMutexOptions> = {
  ...NEW_OBJECT_CHECKS,
  ...OPEN_OBJECT_CHECKS,
};

/** Opens the mutex of a full name, or makes it; messages call it by its name, or by a label. */
export let openOrCreateMutex: (
  name: string,
  options: OpenOrCreateMutexOptions,
  label?: string,
) => SharedMutex;

/**
 * A mutex that one task of one process holds at a time.
 *
 * For Windows a mutex belongs to a thread, which can lock it again and again. Here it belongs
 * to a lock, and no second one is given while there is one, be it to another process, to another
 * thread, or to another task of the same script, whichever handle it comes with. A holder that
 * dies loses the mutex, and the next lock says so.
 *
 * @example
 * ```ts
 * import { SharedMutex } from "@winipc/winipc/sync";
 *
 * using mutex = SharedMutex.openOrCreate("one at a time");
 * {
 *   using lock = await mutex.lock({ timeout: 10_000 });
 *   if (lock.abandoned) console.log("Somebody died here, look what was left");
 *   // Nobody else is here.
 * }
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/sync/mutex-objects}
 */
export class SharedMutex extends SharedObject {
  readonly #handle: Handle;

  static {
    openOrCreateMutex = (name, options, label) =>
      new SharedMutex(
        openOrCreateShared(MUTEX, name, options, {
          create: () => createMutex(name, options, label),
          label,
        }),
      );
  }

  private constructor(origin: Origin) {
    super(MUTEX, origin);
    this.#handle = origin.handle;
  }

  /**
   * Makes a new mutex under a name.
   *
   * @param name The name; a bare one is shared within the session (`Local\`).
   * @param options What it is to be like.
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {Deno.errors.PermissionDenied} If this user may not make a `Global\` mutex.
   * @throws {TypeError} If an argument is of the wrong kind, or the name is none.
   * @throws {RangeError} If the name is too long.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-createmutexw}
   */
  static create(name: string, options: NewObjectOptions = {}): SharedMutex {
    const full = objectName(name);
    assertOptions(options, NEW_OBJECT_CHECKS);
    return new SharedMutex(createMutex(full, options));
  }

  /**
   * Makes a new mutex without a name: other processes get at it only by a handle that is given
   * to them.
   *
   * @param options What it is to be like.
   */
  static anonymous(options: NewObjectOptions = {}): SharedMutex {
    assertOptions(options, NEW_OBJECT_CHECKS);
    return new SharedMutex(createMutex(undefined, options));
  }

  /**
   * Opens the mutex of a name.
   *
   * @param name The name.
   * @param options How.
   * @throws {Deno.errors.NotFound} If nobody holds it.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it, or another user made it.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-openmutexw}
   */
  static open(name: string, options: OpenObjectOptions = {}): SharedMutex {
    const full = objectName(name);
    assertOptions(options, OPEN_OBJECT_CHECKS);
    return new SharedMutex(openShared(MUTEX, full, options));
  }

  /**
   * Opens the mutex of a name, or makes it if nobody holds it.
   *
   * @param name The name.
   * @param options What it is to be like if it is new, and how to open it if it is not.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it, or another user made it.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   */
  static openOrCreate(name: string, options: OpenOrCreateMutexOptions = {}): SharedMutex {
    const full = objectName(name);
    assertOptions(options, OPEN_OR_CREATE_MUTEX_CHECKS);
    return openOrCreateMutex(full, options);
  }

  /**
   * Waits until somebody makes the mutex of a name, and opens it.
   *
   * @param name The name.
   * @param options How to open it, and how long to wait.
   * @throws {Deno.errors.TimedOut} If nobody made it in time.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it, or another user made it.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   */
  static async waitFor(name: string, options: WaitForObjectOptions = {}): Promise<SharedMutex> {
    const full = objectName(name);
    assertOptions(options, WAIT_FOR_OBJECT_CHECKS);
    return new SharedMutex(await waitForShared(MUTEX, full, options));
  }

  /**
   * Takes over a handle of a mutex that came from elsewhere; closing the object closes it.
   *
   * What is refused stays open and belongs to whom it did.
   *
   * @param handle The handle's value in this process.
   * @throws {TypeError} If it is neither a bigint nor an integer.
   * @throws {Deno.errors.BadResource} If it is no handle of a mutex, or this script owns it already.
   * @throws {Deno.errors.PermissionDenied} If it does not let this process wait.
   */
  static fromHandle(handle: bigint | number): SharedMutex {
    return new SharedMutex(adoptShared(MUTEX, handle));
  }

  /**
   * Takes the mutex that the process that started this one passed on, under a key that the two
   * agreed on: it reads the variable `WINIPC_INHERIT_` and the key, such as `188 mutex`.
   *
   * A Worker takes a handle of its own: all threads of the process can take it.
   *
   * @param key The key.
   * @throws {Deno.errors.NotFound} If nothing was passed on under that key.
   * @throws {Deno.errors.BadResource} If it is no handle of a mutex, or was taken already.
   * @throws {Deno.errors.InvalidData} If the variable says something else.
   * @throws {TypeError} If the key is none.
   */
  static inherited(key: string): SharedMutex {
    return new SharedMutex(inheritShared(MUTEX, key));
  }

  /**
   * Waits until the mutex is free, and locks it. The event loop runs on meanwhile and while it is
   * held: a thread of this module owns it until the lock is released.
   *
   * The tasks of a script come in the order in which they asked.
   *
   * @param options How long to wait.
   * @throws {Deno.errors.TimedOut} If it was not free in time.
   * @throws {Deno.errors.BadResource} If it is closed, or is closed meanwhile.
   */
  async lock(options: WaitOptions = {}): Promise<MutexLock> {
    assertOptions(options, WAIT_CHECKS);
    const { timeout = Infinity, signal } = options;
    signal?.throwIfAborted();
    return await lockOnThread(this, timeout, signal);
  }

  /**
   * Locks the mutex on this very thread, which stands still until it is free: for Workers and
   * short scripts. The lock has to be released on this thread, too.
   *
   * @param options How long to wait.
   * @throws {Deno.errors.WouldBlock} If another task of this script holds it or wants it, which
   *   could not go on while the thread blocks; also just after the release of a lock of
   *   {@linkcode SharedMutex.lock}, which takes until the event loop turns.
   * @throws {Deno.errors.TimedOut} If it was not free in time.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  lockSync(options: WaitSyncOptions = {}): MutexLock {
    assertOptions(options, WAIT_SYNC_CHECKS);
    const { timeout = Infinity } = options;
    void this.unsafeHandle;
    if (claimsFor(this.#handle).length > 0) {
      throw new Deno.errors.WouldBlock(
        `Cannot lock ${this.#handle.kind} on this thread: a task of this script holds it, wants ` +
          "it, or has just released it, and could not go on while the thread blocks; use lock()",
      );
    }
    const lock = lockHere(this, timeout);
    if (lock === undefined) throw timedOut(this.#handle.kind, timeout);
    return lock;
  }

  /**
   * Locks the mutex on this very thread if it is free now.
   *
   * @returns The lock; `undefined` if somebody else holds it, or a task of this script wants it.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  tryLock(): MutexLock | undefined {
    void this.unsafeHandle;
    return claimsFor(this.#handle).length > 0 ? undefined : lockHere(this, 0);
  }

  /**
   * Gives the same mutex by a handle that child processes inherit, for as long as it is open.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  override toInheritable(): SharedMutex {
    return new SharedMutex(inheritableOrigin(MUTEX, this));
  }
}

function createMutex(
  name: string | undefined,
  options: NewObjectOptions,
  label?: string,
): Origin {
  return createShared(MUTEX, name, options, {
    api: "CreateMutexW",
    create: (attributes, name) => kernel32().CreateMutexW(attributes, 0, name),
  }, label);
}

/** Locks on the script's own thread, for a mutex that no task of the script claims. */
function lockHere(mutex: SharedMutex, timeout: number): MutexLock | undefined {
  const lease = lend(mutex, {});
  const { handle } = lease;
  try {
    const look = blockOn(handle, timeout);
    if (look !== undefined) {
      const claim = new MutexClaim(handle, { inTurn: true });
      return new MutexLock(handle.kind, look === "abandoned", () => {
        const done = kernel32().ReleaseMutex(handle.value);
        const error = done ? undefined : lastError("ReleaseMutex", `Cannot release ${handle.kind}`);
        claim.end();
        lease[Symbol.dispose]();
        if (error) throw error;
      });
    }
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
  lease[Symbol.dispose]();
}

/** Locks on a wait thread, after the tasks of the script that came before. */
async function lockOnThread(
  mutex: SharedMutex,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<MutexLock> {
  const deadline = performance.now() + timeout;
  const tenant: Tenant = {};
  const lease = lend(mutex, tenant);
  const { handle } = lease;
  let { held } = lease;
  tenant.onHold = (now) => held = now;
  const after = claimsFor(handle).filter(({ inTurn }) => inTurn).at(-1);
  const claim = new MutexClaim(handle, { inTurn: true, after });
  try {
    if (after) await after.wait(tenant, { label: handle.kind, timeout, signal });
    // It may have been given up, or closed, in the moment between its turn and this.
    signal?.throwIfAborted();
    void mutex.unsafeHandle;
    const left = Math.max(0, Math.ceil(deadline - performance.now()));
    const job = new WaitJob({
      handles: [handle.value],
      mutexes: [true],
      all: false,
      alone: false,
      held,
      label: handle.kind,
      timeout: left,
      signal,
    });
    waitOnThread(job);
    tenant.onClose = (error) => job.cancel(error);
    tenant.onHold = (held) => job.hold(held);
    const { abandoned } = await job.outcome;
    // The mutex may be closed from now on; the lock keeps its handle.
    tenant.onClose = () => {};
    return new MutexLock(handle.kind, abandoned, () => {
      void job.release().then(() => lease[Symbol.dispose]());
      claim.end();
    });
  } catch (error) {
    claim.end();
    lease[Symbol.dispose]();
    throw error;
  }
}
