/**
 * Locks of mutexes, and the order in which the tasks of this script get them.
 *
 * The kernel keeps threads apart, and knows nothing of tasks: a second lock on the thread that
 * holds a mutex would succeed. So the tasks of a script queue for each mutex before the kernel is
 * asked, whichever handle they come with.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-compareobjecthandles}
 * @module
 */

import { Uncloneable } from "../../ffi/uncloneable.ts";
import type { Handle } from "../../ffi/handle.ts";
import { kernelbase } from "../../ffi/win32/kernel32.ts";
import { Cancellation } from "../wait/cancel.ts";
import { timedOut } from "./wait_thread/job.ts";
import type { Tenant } from "./waitable_object.ts";

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

  /**
   * Takes a lock over.
   *
   * @param label What is locked, for messages.
   * @param abandoned Whether its last holder died.
   * @param release Releases it.
   */
  constructor(label: string, abandoned: boolean, release: () => void) {
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
 *
 * @param mutex The mutex.
 */
export function claimsFor(mutex: Handle): MutexClaim[] {
  return [...claims].filter((claim) => claim.isFor(mutex));
}
