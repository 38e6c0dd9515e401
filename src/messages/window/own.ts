/**
 * Messages that this thread answers itself, and the handlers that are running for them.
 *
 * A send to a window of this thread must not wait for a thread that waits for this thread. And a
 * handler's send must not wait for an earlier send of this script: the receiver of the earlier send
 * may be waiting for the handler's answer.
 *
 * @module
 */

import type { AsyncLocalStorage } from "node:async_hooks";

/** A map by the handles of windows. Only the low 32 bits of a handle count. */
class WindowMap<T> {
  readonly #entries = new Map<bigint, T>();

  set(handle: bigint, value: T): void {
    this.#entries.set(BigInt.asUintN(32, handle), value);
  }

  get(handle: bigint): T | undefined {
    return this.#entries.get(BigInt.asUintN(32, handle));
  }

  delete(handle: bigint): void {
    this.#entries.delete(BigInt.asUintN(32, handle));
  }
}

/** A listener's handlers, for messages that their own thread sends to the listener. */
export interface OwnListener {
  /** Returns the answer to a WM_COPYDATA. */
  hear(message: IncomingMessage): Promise<bigint>;
  /**
   * Returns the answer to another message, or `undefined` if the listener leaves it to the system.
   */
  hearNumbers(message: IncomingNumbers): Promise<bigint> | undefined;
}

/** The windows whose procedures run on this thread. */
export const windowsOfThisThread: WindowMap<true> = new WindowMap();

/** The listeners whose handlers run on this thread. Their windows belong to other threads. */
export const listenersOfThisThread: WindowMap<OwnListener> = new WindowMap();

/** One call of a handler, from its start to its answer. */
export class Handling {
  /** The number of the latest send when the handler began, at least 1; 0 before that. */
  since = 0;
  #over = false;
  #outer: Handling | undefined = handlingNow();

  /** Whether the handler has answered, or its answer is not waited for any more. */
  get over(): boolean {
    return this.#over;
  }

  /** The handler whose send caused this call, if the script has sent to itself. */
  get outer(): Handling | undefined {
    return this.#outer;
  }

  /** Notes that the handler has answered, or that its answer is not waited for any more. */
  end(): void {
    this.#over = true;
    // Otherwise the chain of ended handlers would grow for as long as each handler sends to the
    // next.
    this.#outer = unanswered(this.#outer);
  }
}

/** Finds the handler that began an asynchronous operation; `undefined` until there are handlers. */
let storage: AsyncLocalStorage<Handling> | undefined;
/** The number of the latest send. It starts at 1, because a `since` of 0 means "no handler". */
let sends = 1;

/** Enables {@linkcode handlingNow}. Must be called before the first handler runs. */
export async function loadHandling(): Promise<void> {
  const { AsyncLocalStorage } = await import("node:async_hooks");
  storage ??= new AsyncLocalStorage();
}

/** Returns the number of a new send: 2, 3, 4, … in the order in which the sends begin. */
export function numberSend(): number {
  return ++sends;
}

/** Runs a handler, and marks the sends that it begins as its own. */
export function runHandler<R>(handling: Handling, handler: () => R): R {
  handling.since = sends;
  return storage === undefined ? handler() : storage.run(handling, handler);
}

/** Returns the innermost unanswered handler that has called the running code, if there is one. */
export function handlingNow(): Handling | undefined {
  return unanswered(storage?.getStore());
}

/** Returns the handler, or else the nearest handler around it, that has not answered yet. */
export function unanswered(handling: Handling | undefined): Handling | undefined {
  while (handling?.over) handling = handling.outer;
  return handling;
}

/** A WM_COPYDATA as it arrived. */
export interface IncomingMessage {
  /** The number that identifies the kind of data. */
  id: bigint;
  /** The data. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The handle of the window that the message names as its sender, or 0. */
  sender: bigint;
}

/** A message other than WM_COPYDATA as it arrived. */
export interface IncomingNumbers {
  /** The message's number. */
  number: number;
  /** The message's first parameter, unsigned. */
  wParam: bigint;
  /** The message's second parameter, signed. */
  lParam: bigint;
}
