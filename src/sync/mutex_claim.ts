/**
 * Which tasks of this script hold a mutex or want it.
 *
 * The kernel keeps threads apart, and knows nothing of tasks: a second lock on the thread that
 * holds a mutex would succeed. So the tasks of a script take turns before the kernel is asked,
 * mutex by mutex, whichever handle they come with.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-compareobjecthandles}
 * @module
 */

import type { Handle } from "../../ffi/handle.ts";
import { kernelbase } from "../../ffi/kernelbase.ts";
import { timedOut } from "./wait_job.ts";
import type { Tenant } from "./waitable_object.ts";

/** The claims of this script, in order. */
const claims = new Set<MutexClaim>();

/** A task's hold on a mutex, or its wish for one; ended when the mutex is released. */
export class MutexClaim {
  /** Is fulfilled when this one is over, and those that it waited for. */
  readonly over: Promise<void>;
  /** Whether others are to wait for it, rather than leave that to the kernel. */
  readonly inTurn: boolean;
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
    { inTurn, after }: { inTurn: boolean; after?: MutexClaim | undefined },
  ) {
    this.#mutex = mutex;
    this.inTurn = inTurn;
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
   * @param tenant Whose turn it is then, who is told when the mutex is closed.
   * @param options How long, and what for.
   */
  async wait(
    tenant: Tenant,
    { label, timeout, signal }: { label: string; timeout: number; signal: AbortSignal | undefined },
  ): Promise<void> {
    const stopped = Promise.withResolvers<never>();
    const abort = () => stopped.reject(signal?.reason);
    const late = () => stopped.reject(timedOut(label, timeout));
    const timer = timeout === Infinity ? undefined : setTimeout(late, timeout);
    tenant.onClose = stopped.reject;
    signal?.addEventListener("abort", abort);
    try {
      await Promise.race([this.over, stopped.promise]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Whether it is for the same mutex. */
  isFor(mutex: Handle): boolean {
    return this.#mutex === mutex ||
      kernelbase().CompareObjectHandles(this.#mutex.value, mutex.value) !== 0;
  }
}

/**
 * The claims for a mutex, in order.
 *
 * @param mutex The mutex.
 */
export function claimsFor(mutex: Handle): MutexClaim[] {
  return [...claims].filter((claim) => claim.isFor(mutex));
}
