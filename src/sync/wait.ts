/**
 * Waits for several objects at once, and waits until a function of the script returns a value.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitformultipleobjects}
 * @module
 */

import {
  assertBigInteger,
  assertFunction,
  assertObject,
  assertOptions,
  dropPromise,
  integerFrom,
  type OptionChecks,
  show,
} from "../../ffi/arguments.ts";
import { Handle, queryObject } from "../../ffi/handle.ts";
import { MAX_AT_ONCE } from "../../ffi/kernel_object.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { lookOrBlock, type ShortWaits } from "../wait/event_loop.ts";
import { MAX_TIMER, poll, WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import { lockOver, MutexClaim, type MutexLock, SharedMutex } from "./mutex.ts";
import { historyOf } from "./single_wait.ts";
import { type JobOutcome, WaitJob, waitOnThread } from "./wait_thread/job.ts";
import { type Lease, lend, type Tenant, type Waitable, WaitableObject } from "./waitable_object.ts";

/** Maximum number of objects that Windows can take at the same moment: `MAXIMUM_WAIT_OBJECTS`. */
const MAX_TOGETHER = 64;
/** Maximum number of objects of a wait: a wait thread has 63 slots, for 63 objects each. */
const MAX_OBJECTS = MAX_AT_ONCE ** 2;

/** Maximum number of objects that an error message names, so that it stays short. */
const MAX_NAMED = 4;
const MAX_HANDLE = 2n ** 64n - 1n;

/** The result of {@linkcode waitAny}. */
export interface WaitAnyResult {
  /** The index of the signalled object in the list. */
  index: number;
  /** The lock of the object if it is a mutex. The caller must release the lock. */
  lock?: MutexLock;
}

/** The result of {@linkcode waitAll}. */
export interface WaitAllResult {
  /** One lock of all mutexes in the list, if there are any. The caller must release the lock. */
  lock?: MutexLock;
}

/**
 * Waits until one of several objects is signalled, and takes only that object.
 *
 * An object is an event, a semaphore, a mutex or a process, or has an `unsafeHandle` that Windows
 * can wait for. If several objects are signalled, the first of them is likely to be taken. The wait
 * keeps the process alive, unless all of the objects were `unref()`ed before. More than 63 objects
 * are checked in groups, for 4 ms each.
 *
 * @example Wait for work, or for the signal to stop
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
 * @throws {Deno.errors.TimedOut} If no object was signalled in time.
 * @throws {Deno.errors.BadResource} If an object is closed, also during the wait, or Windows cannot
 *   wait for it.
 * @throws {RangeError} If the list is empty or too long.
 * @throws {TypeError} If an object is the handle of a mutex, and not a `SharedMutex`.
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
 * Waits until all of several objects are signalled at the same moment, and takes them together.
 * Until then, no object is taken.
 *
 * Each of these waits has its own thread. The wait keeps the process alive, unless all of the
 * objects were `unref()`ed before.
 *
 * @example Wait for an event and a mutex together
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
 * @throws {Deno.errors.TimedOut} If the objects were not all signalled in time.
 * @throws {Deno.errors.BadResource} If an object is closed, also during the wait, or Windows cannot
 *   wait for it.
 * @throws {RangeError} If the list is empty or too long.
 * @throws {TypeError} If an object is in the list twice, or is the handle of a mutex, and not a
 *   `SharedMutex`.
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
  const began = performance.now();
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
    if (!all && claims.length === 0 && objects.length <= MAX_TOGETHER) {
      let closed: Error | undefined;
      tenant.onClose = (error) => closed = error;
      const assertCanGoOn = () => {
        if (closed !== undefined) throw closed;
        signal?.throwIfAborted();
      };
      const handles = leases.map(({ handle }) => handle.value);
      // A thread that blocks keeps the process alive.
      const mayBlock = timeout > 0 && leases.some(({ held }) => held);
      const index = await lookOrBlock({
        look: lookAt(handles),
        shortWaits: mayBlock ? shortWaitsOf(objects) : [],
        assertCanGoOn,
      });
      if (index !== undefined) {
        noteWait(objects[index]!, began);
        leave();
        return { outcome: { index, abandoned: false } };
      }
      assertCanGoOn();
    }
    const label = `${all ? "all" : "any"} of ${describe(leases)}`;
    const job = new WaitJob({
      handles: leases.map(({ handle }) => handle.value),
      mutexes,
      all,
      // A thread that holds a mutex for one job would at once get it for another job too.
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
    if (!all) noteWait(objects[outcome.index]!, began);
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

/** Returns a function that blocks until any object is signalled, and returns the object's index. */
function lookAt(values: readonly bigint[]): (timeout: number) => number | undefined {
  const { WaitForMultipleObjectsEx } = kernel32();
  const handles = BigUint64Array.from(values);
  return (timeout) => {
    const code = WaitForMultipleObjectsEx(handles.length, handles, 0, timeout, 0);
    // If this call fails, so does that of the wait thread, which finds out for which object.
    return code < handles.length ? code : undefined;
  };
}

function shortWaitsOf(objects: readonly Waitable[]): ShortWaits[] {
  return objects.flatMap((object) =>
    object instanceof WaitableObject ? historyOf(object).shortWaits : []
  );
}

/** Records how long a wait for several objects took, for the object that ended it. */
function noteWait(object: Waitable, began: number): void {
  if (object instanceof WaitableObject) historyOf(object).note(performance.now() - began);
}

/** Returns a label of several objects for error messages: up to four names, or their number. */
function describe(leases: readonly Lease[]): string {
  if (leases.length > MAX_NAMED) return `${leases.length} objects`;
  return leases.map(({ handle }) => handle.kind).join(", ");
}

function leaseOf(object: Waitable, tenant: Tenant): Lease {
  if (object instanceof WaitableObject) return lend(object, tenant);
  const attempt = `Cannot wait for handle ${object.unsafeHandle}`;
  const { type } = queryObject(object.unsafeHandle, attempt);
  if (type === "Mutant") {
    throw new TypeError(`${attempt}: it belongs to a mutex, and only a SharedMutex can lock it`);
  }
  // A duplicate, because the handle's owner can close it during the wait.
  const handle = Handle.duplicateOf(object.unsafeHandle, `handle ${object.unsafeHandle}`);
  return { handle, held: true, [Symbol.dispose]: () => handle.close() };
}

function assertWaitables(objects: unknown, max: number): asserts objects is readonly Waitable[] {
  if (!Array.isArray(objects)) {
    throw new TypeError(`Expected the objects to wait for to be an array, got ${show(objects)}`);
  }
  const { length } = objects;
  if (length < 1 || length > max) {
    throw new RangeError(`Expected from 1 to ${max} objects to wait for, got ${length}`);
  }
  for (const [index, object] of objects.entries()) {
    // A closed object throws later, when it is lent: that error names the object.
    if (object instanceof WaitableObject) continue;
    assertObject(`object ${index} to wait for`, object);
    const handle = "unsafeHandle" in object ? object.unsafeHandle : undefined;
    assertBigInteger(`the unsafeHandle of object ${index} to wait for`, handle, 0n, MAX_HANDLE);
  }
}

/** Options of {@linkcode waitUntil}. */
export interface WaitUntilOptions extends WaitOptions {
  /**
   * The pause between two calls of the function, in milliseconds. By default, the pauses grow from
   * 1 to 32 milliseconds.
   */
  interval?: number;
}

/** The checks of {@linkcode WaitUntilOptions}. */
const WAIT_UNTIL_CHECKS: OptionChecks<WaitUntilOptions> = {
  ...WAIT_CHECKS,
  interval: integerFrom(1, MAX_TIMER),
};

/**
 * Calls a function again and again, until the function returns a value other than `undefined` and
 * `false`. This is for the memory of a program that has no event for its readers.
 *
 * @example Wait until another program has written its signature
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { waitUntil } from "@winipc/winipc/sync";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * using view = memory.map();
 * setTimeout(() => view.bytes[0] = 0x57, 10); // the other program
 *
 * const version = await waitUntil(() => view.bytes[0] !== 0 && view.bytes[0], { timeout: 5000 });
 * assertEquals(version, 0x57);
 * ```
 *
 * @param check Looks, and returns the value, or `undefined` or `false` if there is none yet.
 * @throws {Deno.errors.TimedOut} If the function returned no value in time.
 * @throws {TypeError} If the function returns a promise.
 */
export async function waitUntil<T>(
  check: () => T | undefined | false,
  options: WaitUntilOptions = {},
): Promise<T> {
  assertFunction("check", check);
  assertOptions(options, WAIT_UNTIL_CHECKS);
  const look = () => {
    const found = check();
    if (dropPromise(found)) {
      throw new TypeError(
        "Expected check() to return a value, got a promise: call waitUntil() with a function that is not async",
      );
    }
    return found === false ? undefined : found;
  };
  return await poll("a value from check()", look, options);
}
