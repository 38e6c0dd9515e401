/**
 * How an end waits for its peer: it spins for a while without asking the system, then raises its wake flag and
 * sleeps.
 *
 * @module
 */

import { lastError } from "../../../ffi/error.ts";
import type { WaitOptions } from "../../sync/mod.ts";
import { PATIENCE } from "../../wait/event_loop.ts";
import { labelOf } from "./memory.ts";
import { deadlineAfter, timeLeft } from "../../wait/options.ts";
import { limitSleep, type Liveness } from "./liveness.ts";
import type { Machine, Parking } from "./machine.ts";
import type { WakeFlag } from "./wake.ts";

/** After so many failures in a row, it is tried only once in 2 to the power of that many waits. */
const MAX_FAILURES = 7;
/** What comes at once, comes within so many looks. */
const GLANCES = 16;
/** So many successes in a row make up for half of the failures. */
const FORGIVING_STREAK = 4;

/**
 * Looks again and again for a while, before one goes to sleep.
 *
 * That is of use where another processor is at work on it, and nothing but a delay where the other
 * side sleeps or waits for this very processor. Nobody can tell, so it is tried: after each
 * failure, twice as many waits go by without. Each try is long enough for one who sleeps to be woken
 * and to answer, so that two that both sleep come to spin again.
 *
 * On one processor a try that succeeds may owe that to the other side's, which has failed. So it
 * takes several in a row to make up for a failure.
 */
export class Spin {
  readonly #most: number;
  #failures = 0;
  #successes = 0;
  #without = 0;

  /**
   * @param most The most looks; with the pause after it, each takes from 10 to 50 nanoseconds.
   * @param processors How many processors there are.
   */
  constructor(most: number, processors: number) {
    // With one processor, nobody else can do anything meanwhile.
    this.#most = processors > 1 ? most : 0;
  }

  /**
   * Looks until there is something, or not.
   *
   * @param later Is called when it has not come at once.
   * @returns Whether there was.
   */
  until(look: () => boolean, later?: () => void): boolean {
    if (this.#without > 0) {
      this.#without--;
      return false;
    }
    for (let count = this.#most; count > 0; count--) {
      if (look()) {
        if (++this.#successes % FORGIVING_STREAK === 0) this.#failures >>= 1;
        return true;
      }
      if (this.#most - count === GLANCES) later?.();
      Atomics.pause();
    }
    this.#successes = 0;
    this.#failures = Math.min(this.#failures + 1, MAX_FAILURES);
    this.#without = 2 ** this.#failures - 1;
    return false;
  }
}

/** Maximum looks of an end that blocks anyway. */
const LOOKS_BLOCKED = 4096;
/** Maximum looks while the event loop is blocked. */
const LOOKS_IN_TURN = 512;

/** After so many short sleeps in a row, the next one is expected to be short, too. */
const STREAK = 3;

const WAIT_OBJECT_0 = 0;
const WAIT_TIMEOUT = 0x102;

/** The longest sleep where others have to be asked for whether they are there, in milliseconds. */
const MAX_SLEEP = 200;

/** What an end waits with. */
export interface EndWaitOptions {
  /** The memory of the two ends. */
  buffer: ArrayBuffer;
  /** The end's flag, whose event wakes it. */
  wakeFlag: WakeFlag;
  /** The peer, or all of them. */
  peer: Liveness;
  /** The machine that the end runs on. */
  machine: Machine;
  /**
   * Whether its event wakes other ends as well. An end that was woken then wakes the next one, and
   * looks from time to time, for one that was woken may have been ended before it did so.
   */
  isShared?: boolean;
  /** Whether a peer may come without waking this end: it then looks for one from time to time. */
  seeksPeer?: boolean;
}

/** Waits until something is there: spins for a while, and then sleeps until the end's event is set. */
export class EndWait implements Disposable {
  readonly #buffer: ArrayBuffer;
  readonly #wakeFlag: WakeFlag;
  readonly #peer: Liveness;
  readonly #isShared: boolean;
  readonly #seeksPeer: boolean;
  readonly #longestSleep: number;
  /** For waits by promises. */
  #parked: Parking | undefined;
  #closed = false;
  /** Whether the process lives for as long as a wait by a promise lasts. */
  #isHeld = true;
  /** How often in a row a sleep was over soon. */
  #quick = 0;
  readonly #machine: Machine;
  readonly #spinSync: Spin;
  readonly #spin: Spin;

  /** @param options What to wait with. */
  constructor(
    { buffer, wakeFlag, peer, machine, isShared = false, seeksPeer = false }: EndWaitOptions,
  ) {
    this.#buffer = buffer;
    this.#isShared = isShared;
    this.#seeksPeer = seeksPeer;
    this.#longestSleep = isShared || peer.isMany ? MAX_SLEEP : Infinity;
    this.#wakeFlag = wakeFlag;
    this.#peer = peer;
    this.#machine = machine;
    this.#spinSync = new Spin(LOOKS_BLOCKED, machine.processors);
    this.#spin = new Spin(LOOKS_IN_TURN, machine.processors);
  }

  /**
   * Waits, and blocks meanwhile.
   *
   * @param look Looks whether what is waited for is there; also when the peer is gone.
   * @param timeout The most to wait, in milliseconds.
   * @returns Whether it was there in time.
   */
  untilSync(look: () => boolean, timeout: number): boolean {
    const { flushQueue } = this.#machine;
    flushQueue.flushUrgent();
    if (look()) return true;
    if (timeout === 0) {
      // A script that polls never sleeps: its peer may wait for room, or may have ended.
      flushQueue.flushAll();
      this.#peer.checkNowAndThen();
      return look();
    }
    const deadline = deadlineAfter(timeout, this.#machine);
    if (this.#spinSync.until(look, () => flushQueue.flushAll())) return true;
    flushQueue.flushAll();
    // It would take what this one is woken by.
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
      const end = this.#sleepSync(process, Math.min(left, longest));
      if (end === "ended") this.#peer.noteDeath(); // guard: death-sync
      if (end === "late") this.#peer.checkNowAndThen();
    }
  }

  /**
   * Waits.
   *
   * @param look Looks whether what is waited for is there; also when the peer is gone.
   * @returns Whether it was there in time.
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
      const longest = this.#limitSleep(this.#peer.awaitDeath());
      this.#wakeFlag.raise();
      const left = Math.ceil(timeLeft(deadline, this.#machine));
      // A script that polls never sleeps, and many peers are not watched.
      if (left === 0) this.#peer.checkNowAndThen();
      const ready = look(); // guard: second-look
      if (ready || left === 0) {
        this.#leave(sleeps > 0);
        return ready;
      }
      try {
        const timeout = Math.min(left, longest);
        const isWoken = await this.#sleep({ timeout, ...(signal && { signal }) });
        // The place is somebody else's by now, and the memory may be gone.
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
   * Sets whether the process lives for as long as a wait by a promise lasts.
   *
   * A wait that is parked always holds the process. So it is ended, and goes on as a registered one.
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

  /** Whoever waits is to look whether it is closed, and nobody will wait any more. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#unpark();
  }

  /** Decides how long the end may sleep that watches a process, or nobody. */
  #limitSleep(process: bigint | undefined): number {
    return this.#seeksPeer ? limitSleep(process, this.#longestSleep) : this.#longestSleep;
  }

  /** Sleeps until the event is set; tells whether it was in time. */
  async #sleep(options: WaitOptions): Promise<boolean> {
    const began = this.#machine.now();
    const isWoken = this.#glance() || await this.#park(options);
    this.#quick = this.#machine.now() - began < PATIENCE ? this.#quick + 1 : 0;
    return isWoken;
  }

  /**
   * Blocks for up to 1 ms if the last three sleeps were that short. If the end is not woken in time,
   * this can cost a tick of the scheduler (15 ms).
   */
  #glance(): boolean {
    if (this.#quick < STREAK) return false; // guard: streak
    const sleep = () => this.#sleepSync(undefined, PATIENCE);
    return this.#machine.eventLoop.blockBriefly(sleep) === "woken";
  }

  /** Sleeps without blocking the thread. */
  async #park(options: WaitOptions): Promise<boolean> {
    // What wakes one of several ends is not to be taken by one that does not sleep.
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

  /** Has the place's next end look: what this wait took after its own end was closed may be the next one's. */
  #passOn(): void {
    if (!this.#wakeFlag.event.closed) this.#wakeFlag.event.set();
  }

  /** Does not sleep any more. Others may: the next one of them is to look as well. */
  #leave(hasSlept: boolean): void {
    if (!this.#isShared) this.#wakeFlag.lower();
    else if (hasSlept) this.#wakeFlag.event.set();
  }

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
