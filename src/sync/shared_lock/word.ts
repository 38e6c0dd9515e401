/**
 * The words of a lock in memory, how threads take and release them, and the system that locks run
 * on.
 *
 * | word | name       | meaning                                                               |
 * | ---: | ---------- | --------------------------------------------------------------------- |
 * |    0 | holder     | the holder's process id, and two bits; free if no other bit is set    |
 * |    1 | start      | the start time of the holder's thread; 0 if it is not written         |
 * |    2 | thread     | the holder's thread id                                                |
 * |  4–7 | event      | a random number in the name of the wake event; 0 if none waited       |
 *
 * Windows gives process ids as multiples of 4. Bit 0 of `holder` says that a thread may sleep until
 * the lock is free. Bit 1 changes each time that the lock is taken over from a dead holder, and
 * stays when the lock is released. In zeroed memory, all locks are free.
 *
 * To take a free lock, a thread puts its process id into `holder` by one compare-and-swap. Then it
 * stores `thread`, and `start` last. To release the lock, the holder stores 0 into `start`, and puts
 * 0 into the process id by a compare-and-swap. On ARM64, the store of `start` is a release: a thread
 * that sees it also sees `thread`. (With the thread of an earlier holder, the holder seems to have
 * died.) x64 keeps the order of stores, so a plain store is enough there.
 *
 * So `start` is 0, or it belongs to the process in `holder`. If the holder is killed while `start`
 * is 0, other threads find that its process has ended. If `start` is not 0, they find that its
 * thread has ended: a Worker can end while its process lives. (A new process can get the id of a
 * process that was killed while `start` was 0. If that happens before another thread looks, the
 * lock stays held until the new process ends, too.)
 *
 * A Worker that is terminated stops at the next call of a function in JavaScript. So no such call is
 * between two stores while `start` is 0: the lock of a Worker would stay held until its process ends.
 *
 * To take over a lock from a dead holder, a thread looks at the words before and after it asks the
 * system. If they are the same, they belong to the dead holder: only a live thread can have written
 * them again. The thread puts 0 into `start`, and its process id into `holder`, each by a
 * compare-and-swap. It gives up if the first one fails: then another thread is faster. Bit 1 lets
 * only one of several threads succeed, even if the new holder has the process id of the dead one.
 * (The process of that thread can be killed between the two steps. If the process of the dead
 * holder lives on, the lock then stays held until that process ends.)
 *
 * To sleep, a thread sets bit 0 and waits for the event. The holder that releases the lock clears
 * the bit and sets the event, which wakes one thread. A thread that has waited takes the lock with
 * bit 0 set, because others can still sleep. A thread that gives up passes the wake-up on. A wake-up
 * is lost only if its thread is killed, so no sleep is longer than 50 milliseconds.
 *
 * A hostile program can write anything into the words. So no loop here depends on them for its end,
 * except a wait, which has its timeout.
 *
 * Locks get the system (threads, events and the clock) as an object. So tests can run the locks
 * unchanged on another system, which tries all orders of their steps.
 *
 * The data that a lock protects is accessed plainly. The compare-and-swap of a release orders these
 * accesses before the next holder's. tests/channel/model/order_scenarios.ts checks this with the
 * memory order of ARM64.
 *
 * A line that ends in `// guard: NAME` must stay: tests/sync/shared_lock/model_test.ts shows that.
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
import { IS_X64 } from "../../../ffi/platform.ts";
import { EVENT_LOOP, type EventLoop } from "../../wait/event_loop.ts";
import { type Clock, timeLeft, type WaitOptions } from "../../wait/options.ts";
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
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      // A thread of another user can have the id of a dead thread: then the process decides.
      return start !== 0 && this.hasEnded({ process, thread, start: 0 });
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
      // A signal can be aborted while the event's own error is on its way: the caller looks at it.
      if (!(error instanceof Deno.errors.TimedOut)) throw error;
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

/** The length of a lock in bytes. */
export const LOCK_LENGTH = 32;

const HOLDER = 0;
const START = 1;
const THREAD = 2;
const EVENT = 4;
/** The number of words with the random number of the event. */
const EVENT_WORDS = 4;

/** The bit of `holder` that is set if a thread may sleep. */
const WAITING = 1;
/** The bit of `holder` that changes with each takeover from a dead holder. */
const TAKEOVER = 2;
/** The bits of `holder` that are the process id. */
const PROCESS = ~3;

/** Maximum attempts to take a lock that others change, so that none of them can keep a thread. */
const MAX_ATTEMPTS = 16;
/** Maximum sleep in milliseconds, after which a thread looks again: see the module's comment. */
export const MAX_SLEEP = 50;
/** Minimum time between two looks at the holder's thread by threads that do not wait, in ms. */
const CHECK_INTERVAL = 20;

/** The result of an attempt to take a lock. */
export type Taken = typeof HELD | typeof TAKEN | typeof ABANDONED;
/** Another thread holds the lock. */
export const HELD = 0;
/** This thread has the lock now. */
export const TAKEN = 1;
/** This thread has the lock now, whose last holder has died. */
export const ABANDONED = 2;

/** The time limit of a wait, and the name of the lock in messages. */
export interface LockWait {
  /** Maximum waiting time in milliseconds, or `Infinity`, for messages. */
  readonly timeout: number;
  /** The end of the waiting time by the system's clock. */
  readonly deadline: number;
  /** Stops the wait when this signal is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** The name of the lock, such as `lock "state.lock"`. */
  readonly label: string;
}

/** The words of a lock at a moment. */
interface Look extends Holder {
  /** The first word, without {@linkcode WAITING}. */
  readonly word: number;
}

function isSame(one: Look, other: Look): boolean {
  return one.start === other.start && one.thread === other.thread && one.word === other.word;
}

/** Returns the error of a release after the view was closed. */
export function unmapped(): Error {
  return new Deno.errors.BadResource(
    "Cannot release the lock: its memory was unmapped before. The other threads see the lock as held " +
      "until this thread ends: release it first, and close the view after that",
  );
}

/** A lock in memory, as one thread uses it. */
export class LockWord {
  readonly #words: Int32Array;
  readonly #system: LockSystem;
  /** The process id of this thread; 0 before the first use, which asks the system. */
  #process = 0;
  #thread = 0;
  #start = 0;
  /** {@linkcode TAKEOVER} or 0: the bit that this thread has seen last. */
  #takeover = 0;
  #lastCheck = -Infinity;

  /**
   * @param words The words of the lock, which can be followed by others.
   */
  constructor(words: Int32Array, system: LockSystem = SYSTEM) {
    this.#words = words;
    this.#system = system;
  }

  /** The process id of the holder; `undefined` if the lock is free. */
  get holder(): number | undefined {
    const process = Atomics.load(this.#words, HOLDER) & PROCESS;
    return process === 0 ? undefined : process >>> 0;
  }

  /** Whether this thread holds the lock. */
  get isOwn(): boolean {
    return this.#isSelf(this.#look());
  }

  /** Takes the lock if it is free: the usual case, in one compare-and-swap. */
  takeFree(): boolean {
    if (this.#process === 0) this.#begin();
    const free = this.#takeover;
    const held = this.#process | free;
    const words = this.#words;
    if (Atomics.compareExchange(words, HOLDER, free, held) !== free) return false;
    this.#noteHolder();
    return true;
  }

  /** Notes this thread, which has just put its process id into the lock, as the holder. */
  #noteHolder(): void {
    const words = this.#words;
    words[THREAD] = this.#thread;
    if (IS_X64) words[START] = this.#start;
    else Atomics.store(words, START, this.#start);
  }

  /** Takes the lock if it is free, or if its holder has died. Does not always ask the system. */
  tryTake(): Taken {
    const word = Atomics.load(this.#words, HOLDER);
    if ((word & PROCESS) !== 0) {
      const now = this.#system.now();
      if (now - this.#lastCheck < CHECK_INTERVAL) return HELD;
      this.#lastCheck = now;
    }
    return this.take(0);
  }

  /**
   * Takes the lock if it is free, or if its holder has died.
   *
   * @param waiting {@linkcode WAITING} if this thread has waited, and otherwise 0.
   */
  take(waiting: number): Taken {
    if (this.#process === 0) this.#begin();
    const words = this.#words;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const word = Atomics.load(words, HOLDER);
      const isFree = (word & PROCESS) === 0;
      if (!isFree && !this.#clearDead(word)) return HELD;
      const takeover = (word & TAKEOVER) ^ (isFree ? 0 : TAKEOVER); // guard: takeover-bit
      const held = this.#process | takeover | (word & WAITING) | waiting; // guard: others-sleep
      if (Atomics.compareExchange(words, HOLDER, word, held) !== word) continue;
      this.#noteHolder();
      this.#takeover = takeover;
      return isFree ? TAKEN : ABANDONED;
    }
    return HELD;
  }

  /** Releases the lock, which this thread holds, and wakes a thread that waits for it. */
  release(): void {
    const words = this.#words;
    if (words.length === 0) throw unmapped();
    const free = this.#takeover;
    const held = this.#process | free;
    words[START] = 0; // guard: release-start
    if (Atomics.compareExchange(words, HOLDER, held, free) === held) return;
    // The bit can have been set. Otherwise the memory is corrupt, and the lock belongs to another.
    const waited = held | WAITING;
    if (Atomics.compareExchange(words, HOLDER, waited, free) === waited) this.#wake(); // guard: wake
  }

  /** Looks at the lock for a short time, and takes it if it is free. */
  spin(): Taken {
    for (let look = this.#system.looks; look > 0; look--) {
      if ((Atomics.load(this.#words, HOLDER) & PROCESS) === 0) {
        const taken = this.take(0);
        if (taken !== HELD) return taken;
      }
      Atomics.pause();
    }
    return HELD;
  }

  /**
   * Waits for the lock and takes it. Lets the event loop run while the thread waits.
   *
   * @throws {Deno.errors.TimedOut} If the lock was not free in time.
   * @throws The reason of the signal, if the signal stops the wait.
   */
  async acquire(wait: LockWait): Promise<Taken> {
    const system = this.#system;
    const { signal, deadline } = wait;
    if (timeLeft(deadline, system) <= 0) return this.#takeNow(wait);
    const isSoon = system.looks > 0 && !this.isOwn;
    const found = isSoon ? system.eventLoop.blockBriefly(() => this.spin()) : HELD;
    if (found) return found;
    using event = system.openEvent(this.eventName("lock"));
    try {
      for (let attempt = 1;; attempt++) {
        const taken = this.take(WAITING);
        if (taken !== HELD) return taken;
        const left = timeLeft(deadline, system);
        if (left <= 0) throw this.timedOut(wait);
        const isMarked = this.#markWaiting();
        if (!isMarked && attempt % MAX_ATTEMPTS !== 0) continue;
        await event.sleep({
          timeout: Math.ceil(Math.min(left, MAX_SLEEP)),
          ...(signal ? { signal } : {}),
        });
        signal?.throwIfAborted();
      }
    } catch (error) {
      this.#passOn();
      throw error;
    }
  }

  /**
   * Waits for the lock and takes it. Blocks the thread.
   *
   * @throws {Deno.errors.TimedOut} If the lock was not free in time.
   */
  acquireSync(wait: LockWait): Taken {
    const system = this.#system;
    if (timeLeft(wait.deadline, system) <= 0) return this.#takeNow(wait);
    const found = this.spin();
    if (found !== HELD) return found;
    using event = system.openEvent(this.eventName("lock"));
    for (let attempt = 1;; attempt++) {
      const taken = this.take(WAITING);
      if (taken !== HELD) return taken;
      const left = timeLeft(wait.deadline, system);
      if (left <= 0) {
        this.#passOn();
        throw this.timedOut(wait);
      }
      const isMarked = this.#markWaiting();
      if (!isMarked && attempt % MAX_ATTEMPTS !== 0) continue;
      event.sleepSync(Math.ceil(Math.min(left, MAX_SLEEP)));
    }
  }

  /** Returns the name of an event of this lock. The first call chooses its random number. */
  eventName(suffix: "lock" | "readers"): string {
    const bytes = new Int32Array(EVENT_WORDS);
    for (let index = 0; index < EVENT_WORDS; index++) {
      // Several threads can choose at the same time: each word keeps its first number.
      let word = Atomics.load(this.#words, EVENT + index);
      if (word === 0) {
        const chosen = this.#system.randomWord();
        word = Atomics.compareExchange(this.#words, EVENT + index, 0, chosen) || chosen;
      }
      bytes[index] = word;
    }
    return `Local\\winipc.${new Uint8Array(bytes.buffer).toHex()}.${suffix}`;
  }

  /** Returns the error of a wait that was too long. */
  timedOut({ label, timeout }: Pick<LockWait, "label" | "timeout">): Error {
    const { holder } = this;
    const name = this.isOwn ? "a task of this thread" : `process ${holder}`;
    const who = holder === undefined ? "" : `: ${name} holds it`;
    return new Deno.errors.TimedOut(`Waited ${timeout} ms for ${label}${who}`);
  }

  /** Takes the lock if it is free, or if its holder has died. Throws if not. */
  #takeNow(wait: LockWait): Taken {
    const taken = this.take(0);
    if (taken === HELD) throw this.timedOut(wait);
    return taken;
  }

  #begin(): void {
    const { process, thread, start } = this.#system.self;
    [this.#process, this.#thread, this.#start] = [process, thread, start];
  }

  /** Sets the bit for a thread that is about to sleep. Returns whether the lock is still held. */
  #markWaiting(): boolean {
    const word = Atomics.load(this.#words, HOLDER);
    if ((word & PROCESS) === 0) return false;
    if ((word & WAITING) !== 0) return true;
    return Atomics.compareExchange(this.#words, HOLDER, word, word | WAITING) === word;
  }

  /** Wakes the next thread, because this thread gives up and may have used up a wake-up. */
  #passOn(): void {
    if (!this.#markWaiting()) this.#wake(); // guard: pass-on
  }

  #wake(): void {
    this.#system.setEvent(this.eventName("lock"));
  }

  #look(): Look {
    const start = Atomics.load(this.#words, START);
    const thread = Atomics.load(this.#words, THREAD);
    const word = Atomics.load(this.#words, HOLDER);
    return { start, thread, word: word & ~WAITING, process: word & PROCESS };
  }

  #isSelf({ process, thread, start }: Holder): boolean {
    if (this.#process === 0) this.#begin();
    return process === this.#process && thread === this.#thread && start === this.#start;
  }

  /**
   * Returns whether the holder has died, whose first word had a value before. If so, the start time
   * is 0 from then on.
   */
  #clearDead(word: number): boolean {
    const before = this.#look();
    if (before.word !== (word & ~WAITING) || this.#isSelf(before)) return false;
    if (!this.#system.hasEnded(before)) return false; // guard: only-dead
    if (!isSame(before, this.#look())) return false;
    const { start } = before;
    return Atomics.compareExchange(this.#words, START, start, 0) === start; // guard: clear-start
  }
}
