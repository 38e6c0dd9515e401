/**
 * The script's thread, as the threads see it that it has started.
 *
 * @module
 */

import type { Handle } from "../../ffi/handle.ts";
import { closeByMyself } from "../../ffi/reaper.ts";
import { currentThread, openSameThread, type ThreadIdentity } from "../../ffi/thread.ts";
import { standStill } from "../../ffi/wait.ts";
import { inWorker } from "../../ffi/worker.ts";

/** How often a thread looks whether a mortal parent has ended, where it cannot wait for that, in milliseconds. */
const LOOK_INTERVAL = 250;

/** A script's thread as its own threads are told of it; the process ends with the main thread. */
export type ParentIdentity = ThreadIdentity | "main";

/** This thread, for those that it starts. */
export function asParent(): ParentIdentity {
  return inWorker() ? currentThread() : "main";
}

/**
 * The thread that started this one. When it ends, which a Worker can at any moment, this thread has to
 * end as well, and to take nothing more for it.
 */
export class Parent implements Disposable {
  /** How often to look whether it has ended, in milliseconds; `Infinity` if it ends with the process. */
  readonly lookInterval: number;
  readonly #thread: Handle | undefined;

  /**
   * Opens the thread; this one closes all that it opens by itself from then on.
   *
   * @param identity The thread, by {@linkcode asParent} there.
   */
  constructor(identity: ParentIdentity) {
    closeByMyself();
    this.lookInterval = identity === "main" ? Infinity : LOOK_INTERVAL;
    this.#thread = identity === "main" ? undefined : openSameThread(identity);
  }

  /** Its handle, to wait for its end; none if it ends with the process, or has ended already. */
  get handles(): bigint[] {
    return this.#thread === undefined ? [] : [this.#thread.value];
  }

  /** Whether it has ended. */
  get hasEnded(): boolean {
    if (this.#thread === undefined) return this.lookInterval !== Infinity;
    return standStill(this.#thread, 0) !== undefined;
  }

  /** Closes the handle. */
  [Symbol.dispose](): void {
    this.#thread?.close();
  }
}
