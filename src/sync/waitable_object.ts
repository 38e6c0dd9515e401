/**
 * Objects that Windows can wait for, and waits for a single object.
 *
 * @module
 */

import { type Handle, Uncloneable } from "../../ffi/handle.ts";
import { assertInteger, assertOptions, type OptionChecks } from "../../ffi/arguments.ts";
import { blockOn, RegisteredWait } from "../../ffi/kernel_object.ts";
import { inWorker } from "../../ffi/platform.ts";
import { checkTimeout, WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import { timedOut, WaitJob } from "./wait_thread/job.ts";
import { waitOnThread } from "./wait_thread/pool.ts";
import { exitCodeOf, openProcess, startOf } from "../../ffi/process_thread.ts";

/** Anything with a handle that Windows can wait for, such as a `SharedEvent` or a child process. */
export interface Waitable {
  /** **UNSAFE**: the handle's value. */
  readonly unsafeHandle: bigint;
}

/**
 * A use of an object's handle. The handle stays open until the lease is disposed of, even if the
 * object is closed before.
 */
export interface Lease extends Disposable {
  /** The handle, which must not be closed by the user of the lease. */
  readonly handle: Handle;
  /** Whether a wait for the object keeps the process alive. */
  readonly held: boolean;
}

/** The callbacks of a user of an object's handle. */
export interface Tenant {
  /** Called when the object is closed. The wait must then end with this error. */
  onClose?: ((error: Error) => void) | undefined;
  /** Called by `ref()` and `unref()`: whether the wait must keep the process alive. */
  onHold?: (held: boolean) => void;
}

/** Throws `Deno.errors.BadResource` if an object is closed. */
export let assertOpen: (object: WaitableObject) => void;

let lendOf: (object: WaitableObject, tenant: Tenant) => Lease;

/**
 * An object with a handle that Windows can wait for.
 *
 * Closing the object ends the waits for it with `Deno.errors.BadResource`.
 *
 * @example Close an object while a task waits for it
 * ```ts
 * import { SharedEvent, type WaitableObject } from "@winipc/winipc/sync";
 * import { assert, assertRejects } from "@std/assert";
 *
 * const event = SharedEvent.anonymous();
 * const object: WaitableObject = event;
 * const wait = event.wait();
 * object.close();
 * assert(object.closed);
 * await assertRejects(() => wait, Deno.errors.BadResource);
 * ```
 */
export abstract class WaitableObject extends Uncloneable implements Disposable, Waitable {
  readonly #handle: Handle;
  readonly #tenants = new Set<Tenant>();
  #held = true;
  #closed = false;

  static {
    assertOpen = (object) => object.#assertOpen();
    lendOf = (object, tenant) => object.#lend(tenant);
  }

  /** Takes over a handle: closing this object closes it. */
  constructor(handle: Handle) {
    super();
    this.#handle = handle;
  }

  /** Whether the object is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * **UNSAFE**: the value of the object's handle, for Win32 calls of your own. Closing this object
   * closes the handle.
   *
   * @throws {Deno.errors.BadResource} If the object is closed.
   */
  get unsafeHandle(): bigint {
    this.#assertOpen();
    return this.#handle.value;
  }

  /** Makes a wait for this object keep the process alive, as it does by default. */
  ref(): void {
    this.#hold(true);
  }

  /** Lets the process end during a wait for this object. */
  unref(): void {
    this.#hold(false);
  }

  /** Closes the handle. The kernel object exists for as long as any handle to it is open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#tenants.size === 0) return this.#handle.close();
    const { kind } = this.#handle;
    const error = new Deno.errors.BadResource(`The ${kind} was closed while it was waited for`);
    for (const tenant of this.#tenants) tenant.onClose?.(error);
  }

  /** Closes the object at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Deno.errors.BadResource(`The ${this.#handle.kind} is closed`);
  }

  #hold(held: boolean): void {
    this.#held = held;
    for (const tenant of this.#tenants) tenant.onHold?.(held);
  }

  /** Lends the handle. After a close, the handle is closed with the last lease. */
  #lend(tenant: Tenant): Lease {
    this.#assertOpen();
    this.#tenants.add(tenant);
    return {
      handle: this.#handle,
      held: this.#held,
      [Symbol.dispose]: () => {
        if (this.#tenants.delete(tenant) && this.#closed && this.#tenants.size === 0) {
          this.#handle.close();
        }
      },
    };
  }
}

/**
 * Lends the handle of an object. The handle stays open until the lease is disposed of, even if the
 * object is closed before.
 *
 * @throws {Deno.errors.BadResource} If the object is closed.
 */
export function lend(object: WaitableObject, tenant: Tenant): Lease {
  return lendOf(object, tenant);
}

/** Options for a wait that blocks the thread. */
export interface WaitSyncOptions {
  /** Maximum time to wait, in milliseconds; 0 checks once. @default Infinity */
  timeout?: number;
}

/** The checks of {@linkcode WaitSyncOptions}. */
export const WAIT_SYNC_CHECKS: OptionChecks<WaitSyncOptions> = { timeout: checkTimeout };

/** Maximum number of registered waits at a time. Further waits go to the wait threads. */
const MAX_REGISTERED = 16;

/** Waits until an object is signalled, and blocks the calling thread during the wait. */
export function waitForOneSync(object: WaitableObject, options: WaitSyncOptions): void {
  assertOptions(options, WAIT_SYNC_CHECKS);
  const { timeout = Infinity } = options;
  using lease = lend(object, {});
  if (blockOn(lease.handle, timeout) === undefined) throw timedOut(lease.handle.kind, timeout);
}

/** Waits until an object is signalled. */
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
  /** Resolves when the object is signalled, and rejects when the wait ends before that. */
  readonly over: Promise<void>;
  /** Sets whether the wait keeps the process alive. */
  hold(held: boolean): void;
  /** Ends the wait with an error, before the object is closed. */
  stop(error: Error): void;
}

/**
 * Begins to wait until an object is signalled.
 *
 * This is a registered wait of the system. A wait thread does it instead in a Worker, with a
 * signal, or if there are {@linkcode MAX_REGISTERED} registered waits already.
 *
 * @param object The handle of the object, which must stay open until the wait is over.
 * @param options The timeout in milliseconds, the signal, and whether the wait keeps the process
 *   alive (`held`).
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
 * A process that this script did not start, to wait until it ends.
 *
 * The object belongs to the process that had the id when it was opened. While the object is open,
 * Windows does not give the id to another process.
 *
 * @example Wait for an answer, or for the end of the process that answers
 * ```ts
 * import { ProcessWatch, SharedEvent, waitAny } from "@winipc/winipc/sync";
 * import { assertEquals } from "@std/assert";
 *
 * // Here this process answers itself.
 * using answer = SharedEvent.anonymous({ signalled: true });
 * using process = ProcessWatch.open(Deno.pid);
 * const { index } = await waitAny([answer, process], { timeout: 5000 });
 * assertEquals(index, 0, `The process ended with ${process.exitCode} before it answered`);
 * ```
 */
export class ProcessWatch extends WaitableObject {
  /** The process id. */
  readonly pid: number;
  readonly #handle: Handle;

  private constructor(pid: number, handle: Handle) {
    super(handle);
    this.pid = pid;
    this.#handle = handle;
  }

  /**
   * Opens a process by its id.
   *
   * @throws {Deno.errors.NotFound} If there is no such process.
   * @throws {Deno.errors.PermissionDenied} If this user cannot wait for the process.
   * @see {@link https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-openprocess}
   */
  static open(pid: number): ProcessWatch {
    assertInteger("pid", pid, 0, 2 ** 32 - 1);
    return new ProcessWatch(pid, openProcess(pid, "end"));
  }

  /**
   * The exit code of the process; `undefined` while the process has not ended.
   *
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  get exitCode(): number | undefined {
    assertOpen(this);
    return blockOn(this.#handle, 0) === undefined ? undefined : exitCodeOf(this.#handle);
  }

  /**
   * The start time of the process as a FILETIME: units of 100 nanoseconds since 1601. The id and
   * the start time together identify a process, because Windows reuses ids.
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
   * @returns The exit code of the process.
   * @throws {Deno.errors.TimedOut} If the process did not end in time.
   * @throws {Deno.errors.BadResource} If this object is closed, also during the wait.
   */
  async wait(options: WaitOptions = {}): Promise<number> {
    await waitForOne(this, options);
    return exitCodeOf(this.#handle);
  }
}
