/**
 * Waiting for several objects at once.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitformultipleobjects}
 * @module
 */

import { assertBigInteger, assertObject, assertOptions, show } from "../../ffi/arguments.ts";
import { Handle, queryObject } from "../../ffi/handle.ts";
import { WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import { lockOver, MutexClaim, type MutexLock, SharedMutex } from "./mutex.ts";
import { type JobOutcome, WaitJob } from "./wait_thread/job.ts";
import { MAX_AT_ONCE, MAX_OBJECTS } from "./wait_thread/protocol.ts";
import { type Lease, lend, type Tenant, type Waitable, WaitableObject } from "./waitable_object.ts";
import { waitOnThread } from "./wait_thread/pool.ts";

/** `MAXIMUM_WAIT_OBJECTS`: Windows can take no more at the same moment. */
const MAX_TOGETHER = 64;

/** The most objects that a message names. */
const MAX_NAMED = 4;
const MAX_HANDLE = 2n ** 64n - 1n;

/** Which object was signalled. */
export interface WaitAnyResult {
  /** Its place among the objects. */
  index: number;
  /** Its lock, if it is a mutex: to be released. */
  lock?: MutexLock;
}

/** What came of a wait for all objects. */
export interface WaitAllResult {
  /** The lock of the mutexes among them, if there are any: released together. */
  lock?: MutexLock;
}

/**
 * Waits until one of several objects is signalled, and takes that one and no other.
 *
 * Objects are events, semaphores, mutexes, processes, and whatever else has an `unsafeHandle` that
 * can be waited for. Where several are signalled, the first of them is likely to be taken. The
 * process lives on for as long as it waits, unless all of the objects are `unref()`ed before.
 * More than 63 objects are looked at in parts, for 4 milliseconds each.
 *
 * @example
 * ```ts
 * import { SharedEvent, SharedSemaphore, waitAny } from "@winipc/winipc/sync";
 * import { assertEquals } from "@std/assert";
 *
 * using stop = SharedEvent.anonymous();
 * using work = SharedSemaphore.anonymous({ initial: 1 });
 * assertEquals(await waitAny([stop, work], { timeout: 5000 }), { index: 1 });
 * ```
 *
 * @param objects The objects, from 1 to 3969.
 * @throws {Deno.errors.TimedOut} If none was signalled in time.
 * @throws {Deno.errors.BadResource} If one is closed, is closed meanwhile, or cannot be waited for.
 * @throws {RangeError} If there are none, or too many.
 * @throws {TypeError} If one is a mutex and no `SharedMutex`.
 */
export async function waitAny(
  objects: readonly Waitable[],
  options: WaitOptions = {},
): Promise<WaitAnyResult> {
  assertWaitables(objects, MAX_OBJECTS);
  assertOptions(options, WAIT_CHECKS);
  const wait = await waitForSeveral(objects, false, options);
  const { index } = wait.outcome;
  return wait.lock === undefined ? { index } : { index, lock: wait.lock };
}

/**
 * Waits until all of several objects are signalled at the same moment, and takes them together;
 * until then, none is taken.
 *
 * Each such wait has a thread of its own. The process lives on for as long as it waits, unless all
 * of the objects are `unref()`ed before.
 *
 * @example
 * ```ts
 * import { SharedEvent, SharedMutex, waitAll } from "@winipc/winipc/sync";
 *
 * using ready = SharedEvent.anonymous({ signalled: true });
 * using mutex = SharedMutex.anonymous();
 * const { lock } = await waitAll([ready, mutex], { timeout: 5000 });
 * lock?.release();
 * ```
 *
 * @param objects The objects, from 1 to 64, each of them once.
 * @throws {Deno.errors.TimedOut} If they were not in time.
 * @throws {Deno.errors.BadResource} If one is closed, is closed meanwhile, or cannot be waited for.
 * @throws {RangeError} If there are none, or too many.
 * @throws {TypeError} If one is there twice, or is a mutex and no `SharedMutex`.
 */
export async function waitAll(
  objects: readonly Waitable[],
  options: WaitOptions = {},
): Promise<WaitAllResult> {
  assertWaitables(objects, MAX_TOGETHER);
  assertOptions(options, WAIT_CHECKS);
  if (new Set(objects).size < objects.length) {
    throw new TypeError("Expected each object once, got one of them twice");
  }
  const { lock } = await waitForSeveral(objects, true, options);
  return lock === undefined ? {} : { lock };
}

async function waitForSeveral(
  objects: readonly Waitable[],
  all: boolean,
  { timeout = Infinity, signal }: WaitOptions,
): Promise<{ outcome: JobOutcome; lock?: MutexLock }> {
  signal?.throwIfAborted();
  const tenant: Tenant = {};
  const leases: Lease[] = [];
  const claims: MutexClaim[] = [];
  const leave = () => {
    for (const claim of claims) claim.end();
    for (const lease of leases) lease[Symbol.dispose]();
  };
  try {
    for (const object of objects) leases.push(leaseOf(object, tenant));
    const mutexes = objects.map((object) => object instanceof SharedMutex);
    for (const [at, { handle }] of leases.entries()) {
      if (mutexes[at]) claims.push(new MutexClaim(handle, { isOrdered: false }));
    }
    const label = `${all ? "all" : "any"} of ${describe(leases)}`;
    const job = new WaitJob({
      handles: leases.map(({ handle }) => handle.value),
      mutexes,
      all,
      // A mutex may be held by another job of a thread, which would let this one in too.
      alone: all || claims.length > 0 || objects.length > MAX_AT_ONCE,
      held: leases.some(({ held }) => held),
      label,
      timeout,
      signal,
    });
    waitOnThread(job);
    tenant.onClose = (error) => job.cancel(error);
    const outcome = await job.outcome;
    tenant.onClose = undefined;
    if (!(all ? claims.length > 0 : mutexes[outcome.index])) {
      void job.release().then(leave);
      return { outcome };
    }
    const what = all ? `the mutexes among ${describe(leases)}` : leases[outcome.index]!.handle.kind;
    const lock = lockOver(what, outcome.abandoned, () => void job.release().then(leave));
    return { outcome, lock };
  } catch (error) {
    leave();
    throw error;
  }
}

/** How messages call several objects: by their names, if these are few. */
function describe(leases: readonly Lease[]): string {
  if (leases.length > MAX_NAMED) return `${leases.length} objects`;
  return leases.map(({ handle }) => handle.kind).join(", ");
}

function leaseOf(object: Waitable, tenant: Tenant): Lease {
  if (object instanceof WaitableObject) return lend(object, tenant);
  const attempt = `Cannot wait for handle ${object.unsafeHandle}`;
  const { type } = queryObject(object.unsafeHandle, attempt);
  if (type === "Mutant") {
    throw new TypeError(`${attempt}: it is one of a mutex, which only a SharedMutex may lock`);
  }
  // Whoever owns it may close it meanwhile.
  const handle = Handle.duplicateOf(object.unsafeHandle, `handle ${object.unsafeHandle}`);
  return { handle, held: true, [Symbol.dispose]: () => handle.close() };
}

function assertWaitables(objects: unknown, most: number): asserts objects is readonly Waitable[] {
  if (!Array.isArray(objects)) {
    throw new TypeError(`Expected the objects to wait for to be an array, got ${show(objects)}`);
  }
  const { length } = objects;
  if (length < 1 || length > most) {
    throw new RangeError(`Expected from 1 to ${most} objects to wait for, got ${length}`);
  }
  for (const [index, object] of objects.entries()) {
    // One that is closed throws where it is asked for its handle, and says what it is.
    if (object instanceof WaitableObject) continue;
    assertObject(`object ${index} to wait for`, object);
    const handle = "unsafeHandle" in object ? object.unsafeHandle : undefined;
    assertBigInteger(`the unsafeHandle of object ${index} to wait for`, handle, 0n, MAX_HANDLE);
  }
}
