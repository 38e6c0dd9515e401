/**
 * Mutexes, events and semaphores that processes share, waits for one or several of them, and locks
 * inside shared memory.
 *
 * ```ts
 * import { SharedEvent, SharedMutex } from "@winipc/winipc/sync";
 *
 * using mutex = SharedMutex.openOrCreate("one at a time");
 * using event = SharedEvent.openOrCreate("something happened");
 * {
 *   using lock = await mutex.lock({ timeout: 5000 });
 *   event.set();
 * }
 * await event.wait({ timeout: 5000 });
 * ```
 *
 * This module starts threads of its own, because only a thread can hold a mutex or wait for several
 * objects at once.
 *
 * @module
 */

export { DuplicatedHandle } from "../../ffi/process_thread.ts";
export type { Sddl, Security } from "../../ffi/security.ts";
export type {
  HandedOver,
  WorkerToken,
  WorkerTokenFields,
  WorkerTokenKind,
} from "../../ffi/worker_token.ts";
export type { WaitOptions } from "../wait/options.ts";
export { type EventOptions, type OpenOrCreateEventOptions, SharedEvent } from "./event.ts";
export { type HeldLock, SharedLock, sharedLock } from "./shared_lock/lock.ts";
export { SharedReadWriteLock, sharedReadWriteLock } from "./shared_lock/read_write_lock.ts";
export { MutexLock, type OpenOrCreateMutexOptions, SharedMutex } from "./mutex.ts";
export {
  type NewObjectOptions,
  type ObjectAccess,
  type ObjectFromHandleOptions,
  type OpenAccessOptions,
  type OpenObjectOptions,
  SharedObject,
  type SharedObjectKind,
  type WaitForAccessOptions,
  type WaitForObjectOptions,
} from "./shared_object.ts";
export { ProcessWatch } from "./process_watch.ts";
export type { WaitSyncOptions } from "./single_wait.ts";
export { type Waitable, WaitableObject } from "./waitable_object.ts";
export {
  type OpenOrCreateSemaphoreOptions,
  type SemaphoreOptions,
  SharedSemaphore,
} from "./semaphore.ts";
export { waitAll, type WaitAllResult, waitAny, type WaitAnyResult } from "./wait.ts";
export { waitUntil, type WaitUntilOptions } from "./wait.ts";
