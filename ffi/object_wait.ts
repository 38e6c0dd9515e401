/**
 * Waiting for kernel objects: by blocking the thread, or in the system's thread pool.
 *
 * @module
 */

import { GuardedCallback } from "./callback.ts";
import { lastError } from "./error.ts";
import { type Handle, Uncloneable } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";

/** No end to the wait. */
export const INFINITE = 0xffff_ffff;
const WT_EXECUTEONLYONCE = 0x8;
const WT_EXECUTELONGFUNCTION = 0x10;

/** How long a call that the event loop has missed may go unnoticed, in milliseconds. */
const LATEST_NOTICE = 10;

/** The waits that are not over, by their numbers. */
const waits = new Map<bigint, RegisteredWait>();
let lastNumber = 0n;
let shared: GuardedCallback | undefined;
let holding = 0;
let notice: ReturnType<typeof setTimeout> | undefined;

/** How to wait. */
export interface RegisteredWaitOptions {
  /** The most to wait, in milliseconds. @default Infinity */
  timeout?: number;
  /** Whether the process lives for as long as the wait lasts. @default true */
  held?: boolean;
}

/**
 * A wait for an object to be signalled.
 *
 * It is for a script's main thread: a Worker can be ended at any moment, and the callback with
 * it, which Windows would call all the same.
 */
export class RegisteredWait extends Uncloneable {
  /** How many waits there are that are not over. */
  static get count(): number {
    return waits.size;
  }

  /** Is fulfilled when the wait is over: whether the object was signalled, and not the time over. */
  readonly signalled: Promise<boolean>;
  readonly #signalled = Promise.withResolvers<boolean>();
  readonly #number = ++lastNumber;
  readonly #wait: bigint;
  #held = false;

  /**
   * Begins to wait.
   *
   * @param object What to wait for, which has to stay open until the wait is over.
   * @param options How.
   * @throws {Deno.errors.BadResource} If the object is closed, or none that can be waited for.
   */
  constructor(
    object: Handle,
    { timeout = Infinity, held = true }: RegisteredWaitOptions = {},
  ) {
    super();
    this.signalled = this.#signalled.promise;
    const out = new BigUint64Array(1);
    const { pointer } = sharedCallback();
    const milliseconds = timeout === Infinity ? INFINITE : timeout;
    const flags = WT_EXECUTELONGFUNCTION | WT_EXECUTEONLYONCE;
    const { RegisterWaitForSingleObject } = kernel32();
    if (
      !RegisterWaitForSingleObject(out, object.value, pointer, this.#number, milliseconds, flags)
    ) {
      throw lastError("RegisterWaitForSingleObject", `Cannot wait for ${object.kind}`);
    }
    this.#wait = out[0]!;
    waits.set(this.#number, this);
    this.hold(held);
    noticeSoon();
  }

  /** Whether the process lives for as long as the wait lasts. */
  hold(held: boolean): void {
    if (held === this.#held || !waits.has(this.#number)) return;
    this.#held = held;
    const before = holding;
    holding += held ? 1 : -1;
    // The callback is what holds the process.
    if (before === 0 || holding === 0) sharedCallback().hold(held);
  }

  /**
   * Stops waiting, for an object that is going to be closed; {@linkcode signalled} stays pending.
   *
   * What was signalled at the same moment may be taken and told to nobody: neither Windows
   * nor Wine promises more. So this is no way to stop a wait for an object that lives on.
   */
  cancel(): void {
    this.#leave();
  }

  /** Is told that the object was signalled, or the time is over. */
  end(timedOut: boolean): void {
    this.#leave();
    this.#signalled.resolve(!timedOut);
  }

  #leave(): void {
    this.hold(false);
    // It returns at once, also while the callback is running.
    if (waits.delete(this.#number)) kernel32().UnregisterWait(this.#wait);
    noticeSoon();
  }
}

/** The callback of all waits, which is made at the first call. */
function sharedCallback(): GuardedCallback {
  if (shared === undefined) {
    shared = GuardedCallback.wait((number, timedOut) => waits.get(number)?.end(timedOut));
    shared.hold(false);
    // The callback goes with the script, and Windows must not call it from then on.
    addEventListener("unload", cancelAll);
  }
  return shared;
}

/** Has the event loop run once more in a while, if there are waits and it is not to anyway. */
function noticeSoon(): void {
  if (waits.size === 0) {
    clearTimeout(notice);
    notice = undefined;
  } else if (notice === undefined) {
    const timer = setTimeout(() => notice = undefined, LATEST_NOTICE);
    Deno.unrefTimer(timer);
    notice = timer;
  }
}

function cancelAll(): void {
  for (const wait of waits.values()) wait.cancel();
}

/** What came of a look at an object. */
export type Look = "signalled" | "abandoned" | undefined;

const WAIT_OBJECT_0 = 0;
const WAIT_ABANDONED = 0x80;
const WAIT_TIMEOUT = 0x102;

/**
 * Waits on this very thread, which stands still meanwhile.
 *
 * @param timeout The most to wait, in milliseconds.
 * @returns `undefined` if it was not signalled in time.
 */
export function blockOn(object: Handle, timeout: number): Look {
  const milliseconds = timeout === Infinity ? INFINITE : timeout;
  const code = kernel32().WaitForSingleObject(object.value, milliseconds);
  if (code === WAIT_OBJECT_0) return "signalled";
  if (code === WAIT_ABANDONED) return "abandoned";
  if (code === WAIT_TIMEOUT) return undefined;
  throw lastError("WaitForSingleObject", `Cannot wait for ${object.kind}`);
}
