/**
 * The ends that were taken by one object of a ring.
 *
 * @module
 */

/** Keeps the ends that are open, to close them with the ring. */
export class Ends {
  readonly #ends = new Set<{ readonly closed: boolean; close(): void }>();

  /** Takes an end in, and gives it back. */
  add<T extends { readonly closed: boolean; close(): void }>(end: T): T {
    for (const other of this.#ends) if (other.closed) this.#ends.delete(other);
    this.#ends.add(end);
    return end;
  }

  /** Closes all of them, each whatever becomes of the others. */
  close(): void {
    using stack = new DisposableStack();
    for (const end of this.#ends) stack.defer(() => end.close());
    this.#ends.clear();
  }
}
