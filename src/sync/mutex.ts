/**
 * Mutexes: at most one task of all processes holds a mutex at a time.
 *
 * The kernel distinguishes threads, not tasks: a second lock on the thread that already holds a
 * mutex would succeed. So the tasks of a script queue for each mutex before the kernel is asked.
 * There is one queue for all handles of the same mutex.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-compareobjecthandles}
 * @module
 */

import { type Handle, Uncloneable } from "../../ffi/handle.ts";
import type { WorkerTokenFields } from "../../ffi/worker_token.ts";
import { kernel32, kernelbase } from "../../ffi/win32/kernel32.ts";
import { EVENT_LOOP } from "../wait/event_loop.ts";
import {
  Cancellation,
  deadlineAfter,
  timeLeft,
  WAIT_CHECKS,
  type WaitOptions,
  within,
} from "../wait/options.ts";
import { timedOut, WaitJob, waitOnThread } from "./wait_thread/job.ts";
import { WAIT_SYNC_CHECKS, type WaitSyncOptions } from "./single_wait.ts";
import { assertOpen, type Lease, lend, type Tenant } from "./waitable_object.ts";
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
  sharedFromToken,
  SharedObject,
  WAIT_FOR_OBJECT_CHECKS,
  type WaitForObjectOptions,
  waitForShared,
} from "./shared_object.ts";

/**
 * Creates the lock of mutexes that are already taken. `label` names them in error messages,
 * `abandoned` says whether their last holder died, and `release` releases them.
 */
export let lockOver: (label: string, abandoned: boolean, release: () => void) => MutexLock;

/**
 * A lock of one mutex, or of several. No other task locks them before this lock is released.
 *
 * @example Release a lock before the end of its block
 * ```ts
 * import { type MutexLock, SharedMutex } from "@winipc/winipc/sync";
 * import { assertEquals } from "@std/assert";
 *
 * using mutex = SharedMutex.openOrCreate("released early");
 * using lock: MutexLock = await mutex.lock({ timeout: 5000 });
 * assertEquals([lock.abandoned, lock.released], [false, false]);
 *
 * lock.release();
 * assertEquals(lock.released, true);
 * ```
 */
export class MutexLock extends Uncloneable implements Disposable {
  /**
   * Whether a process or a thread ended while it held the mutex. Data that the mutex protects can
   * then be half-written.
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

  /** Whether the lock is released. */
  get released(): boolean {
    return this.#released;
  }

  /**
   * Releases the mutex.
   *
   * @throws {Deno.errors.BadResource} If the lock is already released.
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

  /** Releases the mutex at the end of a `using` block, unless it is already released. */
  [Symbol.dispose](): void {
    if (!this.#released) this.release();
  }
}

/** The name under which all copies of this module on a thread keep their claims. */
const CLAIMS = Symbol.for("@winipc/winipc: claims on mutexes");

/**
 * Returns the claims of this script's tasks on all mutexes, the oldest first. All copies of this
 * module on a thread have the same claims, such as two versions that a script imports: Windows
 * would let the thread lock a mutex once for each copy.
 */
function allClaims(): Set<MutexClaim> {
  const known: unknown = Reflect.get(globalThis, CLAIMS);
  if (known instanceof Set) return known;
  const claims = new Set<MutexClaim>();
  Object.defineProperty(globalThis, CLAIMS, { value: claims });
  return claims;
}

/** The claims that have ended, but whose wait thread has not released the mutex yet. */
const releases = new Map<MutexClaim, Promise<void>>();

/** Maximum time that a task waits for a wait thread to release a mutex, in milliseconds. */
const MAX_RELEASE = 1000;

/** A task that waits for a mutex or holds it. The claim ends with the release or the failure. */
export class MutexClaim {
  /** Resolves when this claim and the claims before it have ended. */
  readonly over: Promise<void>;
  /** Whether later claims wait for this claim. If not, the kernel decides which comes first. */
  readonly isOrdered: boolean;
  readonly #mutex: Handle;
  readonly #ended = Promise.withResolvers<void>();

  /**
   * Begins a claim, which waits for the claim `after`.
   *
   * @param mutex The mutex, which must stay open until the claim ends.
   */
  constructor(
    mutex: Handle,
    { isOrdered, after }: { isOrdered: boolean; after?: MutexClaim | undefined },
  ) {
    this.#mutex = mutex;
    this.isOrdered = isOrdered;
    this.over = after === undefined
      ? this.#ended.promise
      : Promise.all([after.over, this.#ended.promise]).then(() => {});
    allClaims().add(this);
  }

  /**
   * Ends the claim, when the mutex is released or the task has given up.
   *
   * @param released Resolves when the wait thread has released the mutex, if one holds it.
   */
  end(released?: Promise<void>): void {
    allClaims().delete(this);
    this.#ended.resolve();
    if (released === undefined) return;
    releases.set(this, released);
    void released.then(() => releases.delete(this));
  }

  /**
   * Waits until this claim and the claims before it have ended.
   *
   * @param tenant The waiting task's use of the mutex: its `onClose` ends the wait if the mutex is
   *   closed.
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

  /** Whether the claim is on this mutex, even if by another handle. */
  isFor(mutex: Handle): boolean {
    return this.#mutex === mutex ||
      kernelbase().CompareObjectHandles(this.#mutex.value, mutex.value) !== 0;
  }
}

/** Returns the claims on a mutex, the oldest first. */
export function claimsFor(mutex: Handle): MutexClaim[] {
  return [...allClaims()].filter((claim) => claim.isFor(mutex));
}

/** Options for opening a mutex, or creating it if it does not exist. */
export interface OpenOrCreateMutexOptions extends NewObjectOptions, OpenObjectOptions {}

/** The checks of {@linkcode OpenOrCreateMutexOptions}. */
export const OPEN_OR_CREATE_MUTEX_CHECKS: OptionChecks<OpenOrCreateMutexOptions> = {
  ...NEW_OBJECT_CHECKS,
  ...OPEN_OBJECT_CHECKS,
};

/**
 * Opens a mutex by its full name, or creates it if it does not exist. `label` is the mutex's name
 * in error messages; by default that is its kind and name.
 */
export let openOrCreateMutex: (
  name: string,
  options: OpenOrCreateMutexOptions,
  label?: string,
) => SharedMutex;

/**
 * A mutex that one task of one process holds at a time.
 *
 * For Windows, a mutex belongs to a thread, and that thread can lock it again. Here, a mutex
 * belongs to a {@linkcode MutexLock}. While a lock exists, no other task gets one. That
 * includes the tasks of other processes and threads, and tasks of the same script that use another
 * handle. If the holder dies, Windows releases the mutex, and the next lock is `abandoned`.
 *
 * @example Lock a mutex until the end of a block
 * ```ts
 * import { SharedMutex } from "@winipc/winipc/sync";
 *
 * using mutex = SharedMutex.openOrCreate("one at a time");
 * {
 *   using lock = await mutex.lock({ timeout: 10_000 });
 *   if (lock.abandoned) console.log("The last holder died: check the data");
 *   // No other task that locks the mutex is here.
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
   * Creates a new mutex with a name.
   *
   * @param name The name. A name without a prefix is shared within the session (`Local\`).
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {Deno.errors.PermissionDenied} If this user cannot create a `Global\` mutex.
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
   * Creates a new mutex without a name. Another process can use it only by a handle that it
   * inherits, or that is duplicated into it.
   */
  static anonymous(options: NewObjectOptions = {}): SharedMutex {
    assertOptions(options, NEW_OBJECT_CHECKS);
    return new SharedMutex(createMutex(undefined, options));
  }

  /**
   * Opens an existing mutex by its name.
   *
   * @throws {Deno.errors.NotFound} If no process has the mutex open.
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the mutex, or `owner` is
   *   `"self"` and another user owns the mutex.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-openmutexw}
   */
  static open(name: string, options: OpenObjectOptions = {}): SharedMutex {
    const full = objectName(name);
    assertOptions(options, OPEN_OBJECT_CHECKS);
    return new SharedMutex(openShared(MUTEX, full, options));
  }

  /**
   * Opens a mutex by its name, or creates it if no process has it open. An existing mutex keeps its
   * `security`.
   *
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the mutex, or `owner` is
   *   `"self"` and another user owns the mutex.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   */
  static openOrCreate(name: string, options: OpenOrCreateMutexOptions = {}): SharedMutex {
    const full = objectName(name);
    assertOptions(options, OPEN_OR_CREATE_MUTEX_CHECKS);
    return openOrCreateMutex(full, options);
  }

  /**
   * Waits until a mutex with this name exists, and opens it.
   *
   * @throws {Deno.errors.TimedOut} If no process created the mutex in time.
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the mutex, or `owner` is
   *   `"self"` and another user owns the mutex.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   */
  static async waitFor(name: string, options: WaitForObjectOptions = {}): Promise<SharedMutex> {
    const full = objectName(name);
    assertOptions(options, WAIT_FOR_OBJECT_CHECKS);
    return new SharedMutex(await waitForShared(MUTEX, full, options));
  }

  /**
   * Takes over a handle of a mutex, such as a handle that another process duplicated into this
   * process. Closing the object closes the handle.
   *
   * If this throws, the handle stays open and keeps its owner.
   *
   * @param handle The handle's value in this process.
   * @throws {TypeError} If the value is neither a bigint nor an integer.
   * @throws {Deno.errors.BadResource} If the value is not a handle of a mutex, or this script
   *   already owns the handle.
   * @throws {Deno.errors.PermissionDenied} If the handle does not let this process wait.
   */
  static fromHandle(handle: bigint | number): SharedMutex {
    return new SharedMutex(adoptShared(MUTEX, handle));
  }

  /**
   * Takes over a mutex that the parent process passed on under a key. The parent puts the handle's
   * value into the environment variable `WINIPC_INHERIT_` + key, such as `188 mutex`.
   *
   * In a Worker, the object gets a duplicate of the handle. So each thread of the process can take
   * over the mutex.
   *
   * @throws {Deno.errors.NotFound} If there is no variable for the key.
   * @throws {Deno.errors.BadResource} If the value is not a handle of a mutex, or this script
   *   already took it over.
   * @throws {Deno.errors.InvalidData} If the variable has another form.
   * @throws {TypeError} If the key is invalid.
   */
  static inherited(key: string): SharedMutex {
    return new SharedMutex(inheritShared(MUTEX, key));
  }

  /**
   * Takes over a mutex that another thread of this process posted by
   * {@linkcode SharedObject.forWorker}. The mutex is closed with this object, or when this Worker
   * ends.
   * A lock belongs to the thread that took it, as between processes.
   *
   * @param token The token, as the message brought it.
   * @throws {Deno.errors.BadResource} If the token was taken or closed, or belongs to another
   *   process.
   * @throws {TypeError} If the value is not a token of a mutex.
   */
  static fromWorker(token: WorkerTokenFields): SharedMutex {
    return new SharedMutex(sharedFromToken(MUTEX, token));
  }

  /**
   * Waits until the mutex is free, and locks it. A free mutex is locked at once, and this thread
   * then owns it. Otherwise a thread of this module waits, and the event loop keeps running. That
   * thread then owns the mutex until the lock is released.
   *
   * The tasks of a script get the mutex in the order in which they called this.
   *
   * @throws {Deno.errors.TimedOut} If the mutex was not free in time.
   * @throws {Deno.errors.BadResource} If the mutex is closed, also during the wait.
   */
  async lock(options: WaitOptions = {}): Promise<MutexLock> {
    assertOptions(options, WAIT_CHECKS);
    options.signal?.throwIfAborted();
    // A script that locks a mutex again and again must not keep the event loop from running.
    const isTurnDue = EVENT_LOOP.countWait();
    const lock = isTurnDue ? undefined : this.tryLock();
    return lock ?? await lockInOrder(this, options, isTurnDue);
  }

  /**
   * Locks the mutex for the calling thread, and blocks this thread until the mutex is free. This is
   * for Workers and short scripts.
   *
   * @throws {Deno.errors.WouldBlock} If a task of this script holds the mutex or waits for it: that
   *   task cannot continue while this thread is blocked. A released lock of `waitAny()` or
   *   `waitAll()` still counts as held until the event loop has run.
   * @throws {Deno.errors.TimedOut} If the mutex was not free in time.
   * @throws {Deno.errors.BadResource} If the mutex is closed.
   */
  lockSync(options: WaitSyncOptions = {}): MutexLock {
    assertOptions(options, WAIT_SYNC_CHECKS);
    const { timeout = Infinity } = options;
    assertOpen(this);
    if (claimsFor(this.#handle).length > 0) {
      throw new Deno.errors.WouldBlock(
        `Cannot lock ${this.#handle.kind} on this thread: a task of this script holds it, waits ` +
          "for it, or has just released it, and cannot continue while the thread is blocked; " +
          "use lock()",
      );
    }
    const lock = lockHere(this, timeout);
    if (lock === undefined) throw timedOut(this.#handle.kind, timeout);
    return lock;
  }

  /**
   * Locks the mutex for the calling thread if it is free now.
   *
   * @returns The lock; `undefined` if the mutex is held, or a task of this script waits for it.
   * @throws {Deno.errors.BadResource} If the mutex is closed.
   */
  tryLock(): MutexLock | undefined {
    assertOpen(this);
    return claimsFor(this.#handle).length > 0 ? undefined : lockHere(this, 0);
  }

  /**
   * Returns a new object for the same mutex, whose handle child processes inherit while it is open.
   *
   * @throws {Deno.errors.BadResource} If the mutex is closed.
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

/** Locks a mutex that no task of the script claims, on the calling thread. */
function lockHere(mutex: SharedMutex, timeout: number): MutexLock | undefined {
  using stack = new DisposableStack();
  const lease = stack.use(lend(mutex, {}));
  const lock = take(lease, timeout, () => new MutexClaim(lease.handle, { isOrdered: true }));
  if (lock !== undefined) stack.move();
  return lock;
}

/**
 * Takes a mutex for the calling thread. The thread must not own the mutex, because it would get it
 * again: so no earlier claim of the script may be in force, except on wait threads.
 *
 * @param claim Returns the claim, which ends with the lock, as the lease does.
 */
function take(lease: Lease, timeout: number, claim: () => MutexClaim): MutexLock | undefined {
  const { handle } = lease;
  const look = blockOn(handle, timeout);
  if (look === undefined) return undefined;
  const claimed = claim();
  return lockOver(handle.kind, look === "abandoned", () => {
    const done = kernel32().ReleaseMutex(handle.value);
    const error = done ? undefined : lastError("ReleaseMutex", `Cannot release ${handle.kind}`);
    claimed.end();
    lease[Symbol.dispose]();
    if (error) throw error;
  });
}

/**
 * Locks a mutex after the earlier tasks of the script: on this thread if the mutex is free then, and
 * otherwise on a wait thread.
 */
async function lockInOrder(
  mutex: SharedMutex,
  { timeout = Infinity, signal }: WaitOptions,
  isTurnDue: boolean,
): Promise<MutexLock> {
  const deadline = deadlineAfter(timeout);
  const tenant: Tenant = {};
  const lease = lend(mutex, tenant);
  const { handle } = lease;
  let { held } = lease;
  tenant.onHold = (now) => held = now;
  const after = claimsFor(handle).filter(({ isOrdered }) => isOrdered).at(-1);
  const claim = new MutexClaim(handle, { isOrdered: true, after });
  try {
    if (after) await after.wait(tenant, { label: handle.kind, timeout, signal });
    if (isTurnDue) await EVENT_LOOP.turn();
    await untilReleased(handle);
    // An abort or a close can come between the end of the earlier claim and this line.
    signal?.throwIfAborted();
    assertOpen(mutex);
    const lock = take(lease, 0, () => claim);
    if (lock !== undefined) {
      tenant.onClose = undefined;
      return lock;
    }
    return await lockOnThread(lease, claim, {
      tenant,
      held,
      timeout: Math.ceil(timeLeft(deadline)),
      signal,
    });
  } catch (error) {
    claim.end();
    lease[Symbol.dispose]();
    throw error;
  }
}

/** Locks a mutex on a wait thread, which then owns it until the lock is released. */
async function lockOnThread(
  lease: Lease,
  claim: MutexClaim,
  options: { tenant: Tenant; held: boolean; timeout: number; signal: AbortSignal | undefined },
): Promise<MutexLock> {
  const { tenant, held, timeout, signal } = options;
  const { handle } = lease;
  const job = new WaitJob({
    handles: [handle.value],
    mutexes: [true],
    all: false,
    alone: false,
    held,
    label: handle.kind,
    timeout,
    signal,
  });
  waitOnThread(job);
  tenant.onClose = (error) => job.cancel(error);
  tenant.onHold = (held) => job.hold(held);
  const { abandoned } = await job.outcome;
  // From now on the mutex can be closed: the lease of the lock keeps its handle open.
  tenant.onClose = undefined;
  return lockOver(handle.kind, abandoned, () => {
    const released = job.release();
    claim.end(released);
    void released.then(() => lease[Symbol.dispose]());
  });
}

/** Waits until no wait thread still holds a mutex for a claim that has ended. */
async function untilReleased(mutex: Handle): Promise<void> {
  for (const [claim, released] of releases) {
    if (claim.isFor(mutex)) await within(released, MAX_RELEASE);
  }
}
