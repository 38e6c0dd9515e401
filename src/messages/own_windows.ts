/**
 * The windows that this thread answers for: a send to one of them must not wait for
 * another thread that waits for this one.
 *
 * @module
 */

import type { IncomingMessage } from "./incoming_message.ts";

/** Something known of windows, by their handles, of which only the low 32 bits count. */
class WindowMap<T> {
  readonly #entries = new Map<bigint, T>();

  /** Notes what is known of a window. */
  set(handle: bigint, value: T): void {
    this.#entries.set(BigInt.asUintN(32, handle), value);
  }

  /** What is known of a window. */
  get(handle: bigint): T | undefined {
    return this.#entries.get(BigInt.asUintN(32, handle));
  }

  /** Forgets a window. */
  delete(handle: bigint): void {
    this.#entries.delete(BigInt.asUintN(32, handle));
  }
}

/** Hands a message to the handler of a listener, and gives its answer. */
export type OwnHandler = (message: IncomingMessage) => Promise<bigint>;

/** The windows whose procedures run on this thread. */
export const windowsOfThisThread: WindowMap<true> = new WindowMap();

/** The listeners whose handlers run on this thread, while their windows are another one's. */
export const listenersOfThisThread: WindowMap<OwnHandler> = new WindowMap();
