/**
 * Waiting for one object: an event, a semaphore, or the end of a process.
 *
 * A wait is registered with the system's wait threads, but goes to a wait thread of ours
 *
 * - if a signal may stop it: that thread can tell whether the object was taken before it stopped.
 *   Of a registered wait that is stopped, nobody can, and what was signalled at that moment could
 *   be lost;
 * - in a Worker, which may end while Windows still calls it;
 * - if many are registered already: each of those blocks a thread of the system's from
 *   when it is signalled until the script's thread runs.
 *
 * @module
 */

import type { Handle } from "../../ffi/handle.ts";
import { assertInteger, assertOptions, type OptionChecks } from "../../ffi/arguments.ts";
import { blockOn, RegisteredWait } from "../../ffi/object_wait.ts";
import { inWorker } from "../../ffi/platform.ts";
import { checkTimeout, WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import { timedOut, WaitJob } from "./wait_thread/job.ts";
import { assertOpen, lend, type Tenant, WaitableObject } from "./waitable_object.ts";
import { waitOnThread } from "./wait_thread/pool.ts";
import { exitCodeOf, openProcess, startOf } from "../../ffi/process_thread.ts";

/** How long a call may stand still. */
export interface WaitSyncOptions {
  /** The most to wait, in milliseconds; 0 looks once. @default Infinity */
  timeout?: number;
}

/** The checks of {@linkcode WaitSyncOptions}. */
export const WAIT_SYNC_CHECKS: OptionChecks<WaitSyncOptions> = { timeout: checkTimeout };

/** The most waits that are registered at a time. */
const MAX_REGISTERED = 16;

/**
 * Waits for an object on this very thread.
 *
 * @param object The object.
 * @param options How long.
 */
export function waitForOneSync(object: WaitableObject, options: WaitSyncOptions): void {
  assertOptions(options, WAIT_SYNC_CHECKS);
  const { timeout = Infinity } = options;
  using lease = lend(object, {});
  if (blockOn(lease.handle, timeout) === undefined) throw timedOut(lease.handle.kind, timeout);
}

/**
 * Waits for an object.
 *
 * @param object The object.
 * @param options How long.
 */
export async function waitForOne(object: WaitableObject, options: WaitOptions): Promise<void> {
  assertOptions(options, WAIT_CHECKS);
  const { timeout = Infinity, signal } = options;
  signal?.throwIfAborted();
  const tenant: Tenant = {};
  using lease = lend(object, tenant);
  const { handle, held } = lease;
  if (timeout === 0) {
    if (blockOn(handle, 0) === undefined) throw timedOut(handle.kind, 0);
    return;
  }
  const wait = beginWait(handle, { timeout, signal, held });
  tenant.onClose = (error) => wait.stop(error);
  tenant.onHold = (held) => wait.hold(held);
  await wait.over;
}

/** A wait that has begun. */
export interface PendingWait {
  /** Is fulfilled when the object is signalled, and rejected when the wait is over without that. */
  readonly over: Promise<void>;
  /** Whether the process lives for as long as the wait lasts. */
  hold(held: boolean): void;
  /** Ends the wait, for an object that is going to be closed. */
  stop(error: Error): void;
}

/**
 * Begins to wait for an object.
 *
 * @param object Its handle, which has to stay open until the wait is over.
 * @param options How long, and whether the process lives for as long as that.
 */
export function beginWait(
  object: Handle,
  { timeout = Infinity, signal, held }: {
    timeout?: number;
    signal?: AbortSignal | undefined;
    held: boolean;
  },
): PendingWait {
  if (signal !== undefined || inWorker() || RegisteredWait.count >= MAX_REGISTERED) {
    const job = new WaitJob({
      handles: [object.value],
      mutexes: [false],
      all: false,
      alone: false,
      held,
      label: object.kind,
      timeout,
      signal,
    });
    waitOnThread(job);
    return {
      over: job.outcome.then(() => {}),
      hold: (held) => job.hold(held),
      stop: (error) => job.cancel(error),
    };
  }
  const wait = new RegisteredWait(object, { timeout, held });
  const stopped = Promise.withResolvers<never>();
  const over = wait.signalled.then((signalled) => {
    if (!signalled) throw timedOut(object.kind, timeout);
  });
  return {
    over: Promise.race([over, stopped.promise]),
    hold: (held) => wait.hold(held),
    stop: (error) => {
      wait.cancel();
      stopped.reject(error);
    },
  };
}

/**
 * A process that somebody else has started, to wait until it ends.
 *
 * It stands for the one process that had the id when it was opened: while it is open, Windows
 * gives that id to no other.
 *
 * @example
 * ```ts ignore
 * import { ProcessWatch, SharedEvent, waitAny } from "@winipc/winipc/sync";
 *
 * using answer = SharedEvent.open("answer");
 * using process = ProcessWatch.open(1234);
 * const { index } = await waitAny([answer, process]);
 * if (index === 1) throw new Error(`It ended with ${process.exitCode} before it answered`);
 * ```
 */
export class ProcessWatch extends WaitableObject {
  /** Its process id. */
  readonly pid: number;
  readonly #handle: Handle;

  private constructor(pid: number, handle: Handle) {
    super(handle);
    this.pid = pid;
    this.#handle = handle;
  }

  /**
   * Opens a process.
   *
   * @param pid Its process id.
   * @throws {Deno.errors.NotFound} If there is no such process.
   * @throws {Deno.errors.PermissionDenied} If this user may not wait for it.
   * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-openprocess}
   */
  static open(pid: number): ProcessWatch {
    assertInteger("pid", pid, 0, 2 ** 32 - 1);
    return new ProcessWatch(pid, openProcess(pid, "end"));
  }

  /**
   * Its exit code; `undefined` while it has not ended.
   *
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  get exitCode(): number | undefined {
    assertOpen(this);
    return blockOn(this.#handle, 0) === undefined ? undefined : exitCodeOf(this.#handle);
  }

  /**
   * When it was started, as a FILETIME: units of 100 nanoseconds since 1601. With its id, that
   * tells it from every other process.
   *
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  get startTime(): bigint {
    assertOpen(this);
    return startOf(this.#handle);
  }

  /**
   * Waits until the process ends.
   *
   * @param options How long.
   * @returns Its exit code.
   * @throws {Deno.errors.TimedOut} If it did not end in time.
   * @throws {Deno.errors.BadResource} If this object is closed, or is closed meanwhile.
   */
  async wait(options: WaitOptions = {}): Promise<number> {
    await waitForOne(this, options);
    return exitCodeOf(this.#handle);
  }
}
