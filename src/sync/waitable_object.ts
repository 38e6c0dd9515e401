/**
 * Objects that can be waited for, and the waits for one of them.
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

/** Anything with a handle that can be waited for: the objects of this module, and child processes. */
export interface Waitable {
  /** **UNSAFE**: the handle. */
  readonly unsafeHandle: bigint;
}

/** A handle that is used for a while; it is closed later than the object if need be. */
export interface Lease extends Disposable {
  /** The handle. */
  readonly handle: Handle;
  /** Whether the process is to live for as long as the object is waited for. */
  readonly held: boolean;
}

/** Who uses the handle of an object, and wants to know when that changes. */
export interface Tenant {
  /** The object was closed, so that nobody is to wait for it any longer. */
  onClose?: ((error: Error) => void) | undefined;
  /** Whether the process is to live for as long as the wait lasts has changed. */
  onHold?: (held: boolean) => void;
}

/** Throws `Deno.errors.BadResource` if an object is closed. */
export let assertOpen: (object: WaitableObject) => void;

let lendOf: (object: WaitableObject, tenant: Tenant) => Lease;

/**
 * An object with a handle that can be waited for.
 *
 * When it is closed, waits for it are over with `Deno.errors.BadResource`.
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

  /**
   * Takes a handle over.
   */
  constructor(handle: Handle) {
    super();
    this.#handle = handle;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * **UNSAFE**: the object's handle, for a Win32 call of one's own. It is closed
   * with this object.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get unsafeHandle(): bigint {
    this.#assertOpen();
    return this.#handle.value;
  }

  /** Makes the process live for as long as something waits for this object, as it is at first. */
  ref(): void {
    this.#hold(true);
  }

  /** Lets the process end while something waits for this object. */
  unref(): void {
    this.#hold(false);
  }

  /** Closes the handle; the object lives on while another handle is open. */
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

  /** Whoever still waits when the object is closed uses the handle until that is over. */
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
 * Keeps an object's handle open, also beyond the object's own end, until the lease is disposed of.
 *
 * @throws {Deno.errors.BadResource} If it is closed.
 */
export function lend(object: WaitableObject, tenant: Tenant): Lease {
  return lendOf(object, tenant);
}

/** How long a call may block the thread. */
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
 */
export function waitForOneSync(object: WaitableObject, options: WaitSyncOptions): void {
  assertOptions(options, WAIT_SYNC_CHECKS);
  const { timeout = Infinity } = options;
  using lease = lend(object, {});
  if (blockOn(lease.handle, timeout) === undefined) throw timedOut(lease.handle.kind, timeout);
}

/**
 * Waits for an object.
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
   * @returns Its exit code.
   * @throws {Deno.errors.TimedOut} If it did not end in time.
   * @throws {Deno.errors.BadResource} If this object is closed, or is closed meanwhile.
   */
  async wait(options: WaitOptions = {}): Promise<number> {
    await waitForOne(this, options);
    return exitCodeOf(this.#handle);
  }
}
