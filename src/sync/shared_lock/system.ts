/**
 * The system that locks in memory run on: threads, events and the clock.
 *
 * Locks get the system as an object. So tests can run the locks unchanged on another system, which
 * tries all orders of their steps (see tests/sync/shared_lock/model_test.ts).
 *
 * @module
 */

import { unless } from "../../../ffi/error.ts";
import type { Handle } from "../../../ffi/handle.ts";
import { blockOn } from "../../../ffi/kernel_object.ts";
import {
  currentThread,
  openProcess,
  openThread,
  threadStartOf,
} from "../../../ffi/process_thread.ts";
import { EVENT_LOOP, type EventLoop } from "../../wait/event_loop.ts";
import type { Clock, WaitOptions } from "../../wait/options.ts";
import { SharedEvent } from "../event.ts";

/** The thread that holds a lock or a place, as the words of the lock name it. */
export interface Holder {
  /** The process id. */
  readonly process: number;
  /** The thread id. */
  readonly thread: number;
  /**
   * The start time of the thread: its FILETIME in milliseconds, modulo 2³², and 1 instead of 0. If
   * it is 0, the holder has not written its thread yet.
   */
  readonly start: number;
}

/** An event that wakes a thread which waits for a lock. */
export interface LockEvent extends Disposable {
  /** Waits until the event is set, or for the timeout in milliseconds, without an error. */
  sleep(options: WaitOptions): Promise<void>;
  /** Blocks the thread until the event is set, or for the timeout in milliseconds. */
  sleepSync(timeout: number): void;
}

/** All that locks in memory use of the system. */
export interface LockSystem extends Clock {
  /** The calling thread. All numbers are signed, as in the words of a lock. */
  readonly self: Holder;
  /** Maximum looks at a lock before a sleep. With one processor it is 0. */
  readonly looks: number;
  /** The event loop of this thread. */
  readonly eventLoop: Pick<EventLoop, "blockBriefly">;
  /** Returns whether a holder has ended; `false` if this user cannot know. */
  hasEnded(holder: Holder): boolean;
  /** Returns a random number that is not 0. */
  randomWord(): number;
  /** Opens the event of a name, or creates it. */
  openEvent(name: string): LockEvent;
  /** Sets the event of a name if there is one. */
  setEvent(name: string): void;
}

/**
 * Maximum looks before a sleep. They take about 50 microseconds: a sleep and its wake-up take that
 * long, too.
 */
const LOOKS = 1000;
const UNITS_PER_MILLISECOND = 10_000n;

class Windows implements LockSystem {
  #self: Holder | undefined;
  readonly eventLoop = EVENT_LOOP;

  get self(): Holder {
    if (this.#self === undefined) {
      const { id, start } = currentThread();
      this.#self = { process: Deno.pid | 0, thread: id | 0, start: startWord(start) };
    }
    return this.#self;
  }

  get looks(): number {
    return navigator.hardwareConcurrency > 1 ? LOOKS : 0;
  }

  now(): number {
    return performance.now();
  }

  hasEnded({ process, thread, start }: Holder): boolean {
    try {
      if (start === 0) {
        using handle = openProcess(process >>> 0, "end");
        return isSignalled(handle);
      }
      using handle = openThread(thread >>> 0);
      return startWord(threadStartOf(handle)) !== start || isSignalled(handle);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      if (error instanceof Deno.errors.PermissionDenied) return false;
      throw error;
    }
  }

  randomWord(): number {
    return crypto.getRandomValues(new Int32Array(1))[0]! || 1;
  }

  openEvent(name: string): LockEvent {
    return new WindowsEvent(unlessRefused(() => SharedEvent.openOrCreate(name)));
  }

  setEvent(name: string): void {
    unlessRefused(() => {
      using event = unless(Deno.errors.NotFound, () => SharedEvent.open(name));
      event?.set();
    });
  }
}

/** An event of a lock, or an event that is never set if another program denies the lock's event. */
class WindowsEvent implements LockEvent {
  readonly #event: SharedEvent;

  constructor(event: SharedEvent = SharedEvent.anonymous()) {
    this.#event = event;
  }

  async sleep(options: WaitOptions): Promise<void> {
    try {
      await this.#event.wait(options);
    } catch (error) {
      if (!(error instanceof Deno.errors.TimedOut) || options.signal?.aborted) throw error;
    }
  }

  sleepSync(timeout: number): void {
    unless(Deno.errors.TimedOut, () => this.#event.waitSync({ timeout }));
  }

  [Symbol.dispose](): void {
    this.#event.close();
  }
}

function startWord(start: bigint): number {
  return Number(BigInt.asIntN(32, start / UNITS_PER_MILLISECOND)) || 1;
}

function isSignalled(handle: Handle): boolean {
  return blockOn(handle, 0) !== undefined;
}

/** Calls a function. Returns `undefined` if a program of another user has made the event. */
function unlessRefused<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    const { InvalidData, PermissionDenied } = Deno.errors;
    if (error instanceof PermissionDenied || error instanceof InvalidData) return undefined;
    throw error;
  }
}

/** The system that all locks of this thread share. */
export const SYSTEM: LockSystem = new Windows();
