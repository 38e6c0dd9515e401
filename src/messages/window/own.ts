/**
 * Messages that this thread itself answers, and the handlers that are at work on them.
 *
 * A send to a window of this thread must not wait for another thread that waits for this one. And a send
 * of a handler must not wait for an earlier send of this script: the program that got that one may itself
 * wait for the handler's answer.
 *
 * @module
 */

import type { AsyncLocalStorage } from "node:async_hooks";

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

/** A handler's work, from its begin to its answer. */
export class Handling {
  /** How many sends had begun when the handler began; 0 before that. */
  since = 0;
  #over = false;
  #outer: Handling | undefined = handlingNow();

  /** Whether the handler has answered, so that nobody waits for it. */
  get over(): boolean {
    return this.#over;
  }

  /** The handler within which this one was called, by a send of the script to itself. */
  get outer(): Handling | undefined {
    return this.#outer;
  }

  /** Notes that the handler has answered, or that nobody waits for its answer. */
  end(): void {
    this.#over = true;
    // A chain of handlers that are over would grow for as long as each sends to the next.
    this.#outer = unanswered(this.#outer);
  }
}

/** Tells in which handler an asynchronous operation began; `undefined` until there are handlers. */
let storage: AsyncLocalStorage<Handling> | undefined;
/** The number of sends so far, and 1: a `since` of 0 means that no handler sends. */
let sends = 1;

/** Makes handlers known to {@linkcode handlingNow}; to be called before the first of them. */
export async function loadHandling(): Promise<void> {
  const { AsyncLocalStorage } = await import("node:async_hooks");
  storage ??= new AsyncLocalStorage();
}

/** Numbers a send: 2, 3, 4, … in the order in which they begin. */
export function numberSend(): number {
  return ++sends;
}

/** Runs a handler, so that the sends that it begins are known to be its own. */
export function runHandler<R>(handling: Handling, handler: () => R): R {
  handling.since = sends;
  return storage === undefined ? handler() : storage.run(handling, handler);
}

/** The handler that this code is a part of, unless the handler has answered. */
export function handlingNow(): Handling | undefined {
  return unanswered(storage?.getStore());
}

/** The handler, or the one around it, that has not answered yet. */
export function unanswered(handling: Handling | undefined): Handling | undefined {
  while (handling?.over) handling = handling.outer;
  return handling;
}

/** A WM_COPYDATA as it came. */
export interface IncomingMessage {
  /** The number that tells what the data is. */
  id: bigint;
  /** The data. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The window that is named as the sender's, or 0. */
  sender: bigint;
}

/** A message of the sender's own as it came: two numbers. */
export interface IncomingNumbers {
  /** Which message. */
  number: number;
  /** Its first parameter, unsigned. */
  wParam: bigint;
  /** Its second parameter, signed. */
  lParam: bigint;
}
