/**
 * How an end waits for its peer: it spins for a short time, then raises its wake flag and sleeps.
 *
 * A wait has these steps, and is over as soon as its condition holds:
 *
 * 1. Publish the pending messages of this thread, because the peer may need them to answer.
 * 2. Check the condition.
 * 3. Spin: check it again and again, without any call of the system. {@linkcode Spin} decides
 *    whether that is worth its time. If the first checks fail, all else that is pending is
 *    published, such as free room.
 * 4. Raise the wake flag and check the condition a second time. See wake.ts for the reason.
 * 5. Sleep until the wake event is set, the peer's process ends or the time is over. Then go to
 *    step 4.
 *
 * A synchronous wait sleeps in one blocking call. A wait by a promise sleeps in one of these ways:
 *
 * - If the last three sleeps took less than 1 ms each, the end first blocks the thread for up to
 *   1 ms. The event loop would need several times as long to fall asleep and wake up.
 * - Then a thread of Deno's pool waits for the event ("parked", see pool_thread_wait.ts).
 * - Where the wait cannot be parked, the event itself waits, which is slower.
 *
 * @module
 */

import { lastError } from "../../../ffi/error.ts";
import type { WaitOptions } from "../../sync/mod.ts";
import { PATIENCE, ShortWaits } from "../../wait/event_loop.ts";
import { labelOf } from "./memory.ts";
import { deadlineAfter, timeLeft } from "../../wait/options.ts";
import { limitSleep, type Liveness } from "./place.ts";
import type { Machine, Parking } from "./machine.ts";
import type { WakeFlag } from "./wake.ts";

/** Maximum count of failures: an end then spins in only one of 2⁷ = 128 waits. */
const MAX_FAILURES = 7;
/** Number of looks in a spin before `later` is called: enough for an answer that comes at once. */
const FIRST_LOOKS = 16;
/** Number of successes in a row that halve the count of failures. */
const FORGIVING_STREAK = 4;

/**
 * Spins: checks a condition again and again for a short time, before an end goes to sleep.
 *
 * This avoids a sleep if the peer is at work on another processor and answers soon. It only delays
 * the sleep if the peer sleeps, or if it waits for the processor that this end uses. An end cannot
 * see which is the case, so it learns from its earlier spins:
 *
 * - After a failed spin, the next waits go to sleep without spinning: 1 wait after the first
 *   failure, then 3, 7 and so on, up to 127. Then the end tries again.
 * - Four successes in a row halve the count of failures. One success is not enough: if both ends
 *   share a processor, a spin can succeed only because the peer's spin has failed.
 * - A synchronous spin is long enough for a sleeping peer to wake up and answer. So two ends that went
 *   to sleep can begin to spin again.
 */
export class Spin {
  readonly #maxLooks: number;
  #failures = 0;
  /** Successes since the last failure. */
  #successes = 0;
  /** The number of waits that still go by without a spin. */
  #skipped = 0;

  /**
   * @param maxLooks Maximum looks of a spin. Each look and its pause take 10 to 50 nanoseconds.
   * @param processors The number of processors. With one, a spin has no looks at all, because the
   *   peer cannot run during a spin.
   */
  constructor(maxLooks: number, processors: number) {
    this.#maxLooks = processors > 1 ? maxLooks : 0;
  }

  /**
   * Calls `look` until it returns true or the spin is over. If earlier spins failed, this can
   * return at once.
   *
   * @param look Returns whether the condition holds.
   * @param later Is called once, after the first looks, if the condition does not hold by then.
   * @returns Whether the condition held.
   */
  until(look: () => boolean, later?: () => void): boolean {
    if (this.#skipped > 0) {
      this.#skipped--;
      return false;
    }
    for (let count = this.#maxLooks; count > 0; count--) {
      if (look()) {
        if (++this.#successes % FORGIVING_STREAK === 0) this.#failures >>= 1;
        return true;
      }
      if (this.#maxLooks - count === FIRST_LOOKS) later?.();
      Atomics.pause();
    }
    this.#successes = 0;
    this.#failures = Math.min(this.#failures + 1, MAX_FAILURES);
    this.#skipped = 2 ** this.#failures - 1;
    return false;
  }
}

/** Maximum looks of a synchronous wait, which blocks the thread in any case. */
const MAX_LOOKS_SYNC = 4096;
/** Maximum looks of a wait by a promise: few, because they block the event loop. */
const MAX_LOOKS_ASYNC = 512;

const WAIT_OBJECT_0 = 0;
const WAIT_TIMEOUT = 0x102;

/**
 * Maximum sleep of an end with many peers, or with a shared wake event, in milliseconds. The death
 * of one of these processes may wake nobody, so the end has to look for it.
 */
const MAX_SLEEP = 200;

/** The parts of an end that its waits need. */
export interface EndWaitOptions {
  /** The memory of the end and its peer. */
  buffer: ArrayBuffer;
  /** The end's wake flag, with the event that wakes the end. */
  wakeFlag: WakeFlag;
  /** The state of the peer, or of all peers. */
  peer: Liveness;
  /** The machine that the end runs on. */
  machine: Machine;
  /**
   * Whether the wake event belongs to several ends. Each end that was woken then wakes the next
   * one. An end also looks every 200 ms, because a woken end can be killed before it does so.
   */
  isShared?: boolean;
  /**
   * Whether a peer can come without waking this end. Without a peer, the end looks every 500 ms.
   */
  seeksPeer?: boolean;
  /**
   * Is called before each sleep, when the wake flag is raised. A sender wakes the receiver here,
   * which may keep the room that the sender waits for.
   */
  beforeSleep?: () => void;
}

/** Makes an end wait until a condition holds: it spins, and then sleeps until it is woken. */
export class EndWait implements Disposable {
  readonly #buffer: ArrayBuffer;
  readonly #wakeFlag: WakeFlag;
  readonly #peer: Liveness;
  readonly #isShared: boolean;
  readonly #seeksPeer: boolean;
  readonly #maxSleep: number;
  readonly #beforeSleep: (() => void) | undefined;
  /** The last parked wait, which the next wait by a promise uses again. */
  #parked: Parking | undefined;
  #closed = false;
  /** Whether a wait by a promise keeps the process alive. */
  #isHeld = true;
  /** The earlier sleeps of waits by a promise. */
  readonly #shortSleeps = new ShortWaits();
  readonly #machine: Machine;
  readonly #spinSync: Spin;
  readonly #spin: Spin;

  constructor(
    { buffer, wakeFlag, peer, machine, isShared = false, seeksPeer = false, beforeSleep }:
      EndWaitOptions,
  ) {
    this.#beforeSleep = beforeSleep;
    this.#buffer = buffer;
    this.#isShared = isShared;
    this.#seeksPeer = seeksPeer;
    this.#maxSleep = isShared || peer.isMany ? MAX_SLEEP : Infinity;
    this.#wakeFlag = wakeFlag;
    this.#peer = peer;
    this.#machine = machine;
    this.#spinSync = new Spin(MAX_LOOKS_SYNC, machine.processors);
    this.#spin = new Spin(MAX_LOOKS_ASYNC, machine.processors);
  }

  /**
   * Blocks the thread until a condition holds.
   *
   * @param look Returns whether the condition holds. It must also return true if the peer is closed
   *   or dead.
   * @param timeout Maximum wait in milliseconds.
   * @returns Whether the condition held in time.
   */
  untilSync(look: () => boolean, timeout: number): boolean {
    const { flushQueue } = this.#machine;
    flushQueue.flushUrgent();
    if (look()) return true;
    if (timeout === 0) {
      // A script that polls never comes to the steps below. But its peer may wait for room, or may
      // have died.
      flushQueue.flushAll();
      this.#peer.checkNowAndThen();
      return look();
    }
    const deadline = deadlineAfter(timeout, this.#machine);
    if (this.#spinSync.until(look, () => flushQueue.flushAll())) return true;
    flushQueue.flushAll();
    // A parked wait would reset the event that has to wake this wait.
    this.#unpark();
    for (let sleeps = 0;; sleeps++) {
      const process = this.#peer.watch();
      const longest = this.#limitSleep(process);
      this.#wakeFlag.raise(); // guard: raise-first-sync
      const left = timeLeft(deadline, this.#machine);
      const ready = look(); // guard: second-look-sync
      if (ready || left === 0) {
        this.#leave(sleeps > 0);
        return ready;
      }
      this.#beforeSleep?.();
      const end = this.#sleepSync(process, Math.min(left, longest));
      if (end === "ended") this.#peer.noteDeath(); // guard: death-sync
      if (end === "late") this.#peer.checkNowAndThen();
    }
  }

  /**
   * Waits until a condition holds, by a promise.
   *
   * @param look Returns whether the condition holds. It must also return true if the peer is closed
   *   or dead.
   * @returns Whether the condition held in time.
   */
  async until(
    look: () => boolean,
    { timeout = Infinity, signal }: WaitOptions,
  ): Promise<boolean> {
    const { flushQueue } = this.#machine;
    flushQueue.flushUrgent();
    if (look() || this.#spin.until(look, () => flushQueue.flushAll())) return true;
    flushQueue.flushAll();
    const deadline = deadlineAfter(timeout, this.#machine);
    for (let sleeps = 0;; sleeps++) {
      const longest = this.#limitSleep(this.#peer.awaitDeath()); // guard: sleep-limit
      this.#wakeFlag.raise();
      const left = Math.ceil(timeLeft(deadline, this.#machine));
      // A script that polls never sleeps, so only this check finds that one of many peers has died.
      if (left === 0) this.#peer.checkNowAndThen();
      const ready = look(); // guard: second-look
      if (ready || left === 0) {
        this.#leave(sleeps > 0);
        return ready;
      }
      try {
        const timeout = Math.min(left, longest);
        this.#beforeSleep?.();
        const isWoken = await this.#sleep({ timeout, ...(signal && { signal }) });
        // Another end can have the place now, and the memory can be unmapped.
        if (this.#closed) {
          if (isWoken) this.#passOn();
          return look();
        }
        if (!isWoken) this.#peer.checkNowAndThen();
      } catch (error) {
        if (!this.#closed) this.#leave(true);
        throw error;
      }
    }
  }

  /**
   * Sets whether a wait by a promise keeps the process alive.
   *
   * A parked wait always keeps it alive. So `hold(false)` ends that, and the event itself waits.
   */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (isHeld) {
      this.#wakeFlag.event.ref();
    } else {
      this.#wakeFlag.event.unref();
      this.#unpark();
    }
  }

  /** Ends a parked wait, which then looks a last time. No wait can follow. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#unpark();
  }

  /** Returns the maximum sleep in milliseconds while the end watches `process`, or no process. */
  #limitSleep(process: bigint | undefined): number {
    return this.#seeksPeer ? limitSleep(process, this.#maxSleep) : this.#maxSleep;
  }

  /** Sleeps until the event is set. Returns whether it was set in time. */
  async #sleep(options: WaitOptions): Promise<boolean> {
    const began = this.#machine.now();
    const isWoken = this.#sleepBriefly() || await this.#park(options);
    this.#shortSleeps.note(this.#machine.now() - began);
    return isWoken;
  }

  /**
   * Blocks for up to 1 ms if the last three sleeps were that short. Returns whether the end was
   * woken. If it is not woken in time, this can cost a tick of the scheduler (15 ms).
   */
  #sleepBriefly(): boolean {
    if (!this.#shortSleeps.areExpected) return false; // guard: streak
    const sleep = () => this.#sleepSync(undefined, PATIENCE);
    return this.#machine.eventLoop.blockBriefly(sleep) === "woken";
  }

  /** Sleeps without blocking this thread. Returns whether the event was set in time. */
  async #park(options: WaitOptions): Promise<boolean> {
    // A parked wait that is given up can still reset the event. If several ends share the event,
    // the wake-up of another end would be lost.
    const mayPark = !this.#isShared && this.#isHeld;
    const { event } = this.#wakeFlag;
    const parked = mayPark ? this.#machine.park(event, this.#parked) : undefined;
    if (parked !== undefined) {
      this.#parked = parked;
      return await parked.wait(options);
    }
    try {
      await event.wait(options);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.TimedOut) return false;
      throw error;
    }
  }

  #unpark(): void {
    this.#parked?.stop();
    this.#parked = undefined;
  }

  /**
   * Sets the event again, for the next end in this place: this wait was woken after its own end was
   * closed, and the wake-up can be meant for the next end.
   */
  #passOn(): void {
    if (!this.#wakeFlag.event.closed) this.#wakeFlag.event.set();
  }

  /** Ends the sleep: lowers the flag or, if other ends share it, wakes the next one. */
  #leave(hasSlept: boolean): void {
    if (!this.#isShared) this.#wakeFlag.lower();
    else if (hasSlept) this.#wakeFlag.event.set();
  }

  /** Blocks until the event is set, `process` ends (`"ended"`) or the time is over (`"late"`). */
  #sleepSync(process: bigint | undefined, timeout: number): "woken" | "ended" | "late" {
    const event = this.#wakeFlag.event.unsafeHandle;
    const handles = process === undefined
      ? BigUint64Array.of(event)
      : BigUint64Array.of(event, process);
    const code = this.#machine.waitMultiple(handles, timeout);
    if (code === WAIT_OBJECT_0 + 1) return "ended";
    if (code === WAIT_OBJECT_0) return "woken";
    if (code === WAIT_TIMEOUT) return "late";
    throw lastError(
      "WaitForMultipleObjectsEx",
      `Cannot wait for the peer in the ${labelOf(this.#buffer)}`,
    );
  }
}
