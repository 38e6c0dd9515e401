/**
 * Mutexes: whoever holds one is alone, among all processes.
 *
 * The kernel keeps threads apart, and knows nothing of tasks: a second lock on the thread that
 * holds a mutex would succeed. So the tasks of a script queue for each mutex before the kernel is
 * asked, whichever handle they come with.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-compareobjecthandles}
 * @module
 */

import { type Handle, Uncloneable } from "../../ffi/handle.ts";
import { kernel32, kernelbase } from "../../ffi/win32/kernel32.ts";
import { Cancellation, WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import { timedOut, WaitJob } from "./wait_thread/job.ts";
import {
  assertOpen,
  lend,
  type Tenant,
  WAIT_SYNC_CHECKS,
  type WaitSyncOptions,
} from "./waitable_object.ts";
import { lastError } from "../../ffi/error.ts";
import { objectName } from "../names.ts";
import { assertOptions, type OptionChecks } from "../../ffi/arguments.ts";
import { blockOn } from "../../ffi/kernel_object.ts";
import {
  adoptShared,
  createShared,
  inheritableOrigin,
  inheritShared,
  MUTEX,
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
import { waitOnThread } from "./wait_thread/pool.ts";

/** Makes a lock of what was locked: its name for messages, whether its last holder died, and its release. */
export let lockOver: (label: string, abandoned: boolean, release: () => void) => MutexLock;

/** A lock of a mutex, or of several; whoever has it is alone until it is released. */
export class MutexLock extends Uncloneable implements Disposable {
  /**
   * Whether a process or a thread ended while it held the mutex: what it guards may be half
   * done.
   */
  readonly abandoned: boolean;
  readonly #release: () => void;
  readonly #label: string;
  #released = false;

  static {
    lockOver = (...args) => new MutexLock(...args);
  }

  private constructor(label: string, abandoned: boolean, release: () => void) {
    super();
    this.#label = label;
    this.abandoned = abandoned;
    this.#release = release;
  }

  /** Whether it is released. */
  get released(): boolean {
    return this.#released;
  }

  /**
   * Releases the mutex.
   *
   * @throws {Deno.errors.BadResource} If it is released already.
   */
  release(): void {
    if (this.#released) {
      throw new Deno.errors.BadResource(
        `Cannot release ${this.#label}: the lock is released already`,
      );
    }
    this.#released = true;
    this.#release();
  }

  /** Releases the mutex, if it is not released, at the end of a `using` block. */
  [Symbol.dispose](): void {
    if (!this.#released) this.release();
  }
}

/** The claims of this script, in order. */
const claims = new Set<MutexClaim>();

/** A task's hold on a mutex, or its wish for one; ended when the mutex is released. */
export class MutexClaim {
  /** Is fulfilled when this one is over, and those that it waited for. */
  readonly over: Promise<void>;
  /** Whether others are to wait for it, rather than leave that to the kernel. */
  readonly isOrdered: boolean;
  readonly #mutex: Handle;
  readonly #ended = Promise.withResolvers<void>();

  /**
   * Makes a claim.
   *
   * @param mutex The mutex, which has to stay open until the claim ends.
   * @param options Whether others are to wait for it, and which one it waits for itself.
   */
  constructor(
    mutex: Handle,
    { isOrdered, after }: { isOrdered: boolean; after?: MutexClaim | undefined },
  ) {
    this.#mutex = mutex;
    this.isOrdered = isOrdered;
    this.over = Promise.all([after?.over, this.#ended.promise]).then(() => {});
    claims.add(this);
  }

  /** Ends it: the mutex is released, or will never be taken. */
  end(): void {
    claims.delete(this);
    this.#ended.resolve();
  }

  /**
   * Waits until it is over, and those that it waited for.
   *
   * @param tenant The claim's own use of the mutex, which is told when the mutex is closed.
   * @param options How long, and what for.
   */
  async wait(
    tenant: Tenant,
    { label, timeout, signal }: { label: string; timeout: number; signal: AbortSignal | undefined },
  ): Promise<void> {
    const { promise: stopped, reject: stop } = Promise.withResolvers<never>();
    tenant.onClose = stop;
    using _ = new Cancellation({
      timeout,
      onTimeout: () => stop(timedOut(label, timeout)),
      signal,
      onAbort: stop,
    });
    await Promise.race([this.over, stopped]);
  }

  /** Whether it is for the same mutex. */
  isFor(mutex: Handle): boolean {
    return this.#mutex === mutex ||
      kernelbase().CompareObjectHandles(this.#mutex.value, mutex.value) !== 0;
  }
}

/**
 * The claims for a mutex, in order.
 */
export function claimsFor(mutex: Handle): MutexClaim[] {
  return [...claims].filter((claim) => claim.isFor(mutex));
}

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
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {Deno.errors.PermissionDenied} If this user may not make a `Global\` mutex.
   * @throws {TypeError} If an argument is of the wrong kind, or the name is invalid.
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
   */
  static anonymous(options: NewObjectOptions = {}): SharedMutex {
    assertOptions(options, NEW_OBJECT_CHECKS);
    return new SharedMutex(createMutex(undefined, options));
  }

  /**
   * Opens the mutex of a name.
   *
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
   * @throws {Deno.errors.NotFound} If nothing was passed on under that key.
   * @throws {Deno.errors.BadResource} If it is no handle of a mutex, or was taken already.
   * @throws {Deno.errors.InvalidData} If the variable says something else.
   * @throws {TypeError} If the key is invalid.
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
   * Locks the mutex on this very thread, and blocks it until the mutex is free: for Workers and
   * short scripts. The lock has to be released on this thread, too.
   *
   * @throws {Deno.errors.WouldBlock} If another task of this script holds it or wants it, which
   *   could not go on while the thread blocks; also just after the release of a lock of
   *   {@linkcode SharedMutex.lock}, which takes until the event loop turns.
   * @throws {Deno.errors.TimedOut} If it was not free in time.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  lockSync(options: WaitSyncOptions = {}): MutexLock {
    assertOptions(options, WAIT_SYNC_CHECKS);
    const { timeout = Infinity } = options;
    assertOpen(this);
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
    assertOpen(this);
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
      const claim = new MutexClaim(handle, { isOrdered: true });
      return lockOver(handle.kind, look === "abandoned", () => {
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
  const after = claimsFor(handle).filter(({ isOrdered }) => isOrdered).at(-1);
  const claim = new MutexClaim(handle, { isOrdered: true, after });
  try {
    if (after) await after.wait(tenant, { label: handle.kind, timeout, signal });
    // It may have been given up, or closed, in the moment after the claim before it was over.
    signal?.throwIfAborted();
    assertOpen(mutex);
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
    tenant.onClose = undefined;
    return lockOver(handle.kind, abandoned, () => {
      void job.release().then(() => lease[Symbol.dispose]());
      claim.end();
    });
  } catch (error) {
    claim.end();
    lease[Symbol.dispose]();
    throw error;
  }
}
