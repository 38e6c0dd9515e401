/**
 * The windows that this thread answers for: a send to one of them must not wait for
 * another thread that waits for this one.
 *
 * @module
 */

import type { IncomingMessage, IncomingNumbers } from "./incoming_message.ts";

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

/** The handlers of a listener, for what its own thread sends to it. */
export interface OwnListener {
  /** Gives the answer to a WM_COPYDATA. */
  hear(message: IncomingMessage): Promise<bigint>;
  /** Gives the answer to another message; `undefined` if the listener leaves it to the system. */
  hearNumbers(message: IncomingNumbers): Promise<bigint> | undefined;
}

/** The windows whose procedures run on this thread. */
export const windowsOfThisThread: WindowMap<true> = new WindowMap();

/** The listeners whose handlers run on this thread, while their windows are another one's. */
export const listenersOfThisThread: WindowMap<OwnListener> = new WindowMap();
