/**
 * A mutex that is held.
 *
 * @module
 */

import { Uncloneable } from "../../ffi/uncloneable.ts";

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
