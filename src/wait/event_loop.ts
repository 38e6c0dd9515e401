/**
 * Lets the event loop run between waits, and limits how long a thread blocks it.
 *
 * A script that awaits a message which has already arrived goes on before the event loop does
 * anything else. If the script does so again and again, no timer fires, no signal arrives and no
 * file is read. So from time to time such a wait lasts until the next event-loop turn.
 *
 * An event loop takes several times as long to fall asleep and wake up as a thread that blocks. So
 * a thread that expects a message soon should block, but only for a short time.
 *
 * @module
 */

/** Maximum time between two event-loop turns while all waits end at once, in milliseconds. */
const MAX_LENGTH = 4;
/** Interval between two looks at the clock, in milliseconds: a look takes longer than a message. */
const LOOK_INTERVAL = 1;
/** Maximum number of waits between two looks at the clock. */
const MAX_WAITS = 1024;

/** Maximum time that a thread blocks within one event-loop turn, in milliseconds. */
export const PATIENCE = 1;

/** Minimum number of short waits in a row after which the next wait is expected to be short, too. */
const MIN_STREAK = 3;
/** Maximum number of short waits in a row that are asked for, after many blocks in vain. */
const MAX_STREAK = 96;
/** Number of successful blocks in a row that halve the number of short waits that are asked for. */
const FORGIVING_BLOCKS = 4;

/**
 * Learns from earlier waits for one object whether the thread should block for the next wait.
 *
 * The next wait is expected to be short after three waits in a row of less than
 * {@linkcode PATIENCE}. A block in vain doubles that number, if the caller records blocks. So a
 * script that its own tasks signal blocks ever more rarely. Successful blocks halve the number.
 */
export class ShortWaits {
  #inARow = 0;
  #needed = MIN_STREAK;
  #successes = 0;

  /** Whether the next wait is expected to be short. */
  get areExpected(): boolean {
    return this.#inARow >= this.#needed;
  }

  /** Records the duration of a wait; `Infinity` if it was given up. */
  note(milliseconds: number): void {
    this.#inARow = milliseconds < PATIENCE ? this.#inARow + 1 : 0;
  }

  /** Records whether the object was signalled while the thread blocked for it. */
  noteBlock(isSignalled: boolean): void {
    if (!isSignalled) {
      this.#successes = 0;
      this.#needed = Math.min(this.#needed * 2, MAX_STREAK);
    } else if (++this.#successes % FORGIVING_BLOCKS === 0) {
      this.#needed = Math.max(this.#needed >> 1, MIN_STREAK);
    }
  }
}

/** The clock and the scheduler of an event loop. */
export interface EventLoopOptions {
  /** Returns the time in milliseconds since a fixed moment. */
  now: () => number;
  /** Calls a function in the next event-loop turn. */
  immediate: (callback: () => void) => void;
}

/** Records the event-loop turns of a thread, and how long the thread can still block its loop. */
export class EventLoop {
  readonly #now: () => number;
  readonly #immediate: (callback: () => void) => void;
  /** An estimate of how many waits fit into {@linkcode LOOK_INTERVAL}. */
  #enough = 16;
  /** The number of waits until the next look at the clock. */
  #left = this.#enough;
  #lastLook = 0;
  #lastTurn = 0;
  #isDue = false;
  #turn: Promise<true> | undefined;
  /** The time that the thread can still block in this event-loop turn, in milliseconds. */
  #patience = PATIENCE;

  /** Watches the event loop of this thread. Each thread has one object of this class. */
  constructor({ now, immediate }: EventLoopOptions) {
    this.#now = now;
    this.#immediate = immediate;
  }

  /**
   * Counts a wait that can end at once.
   *
   * @returns Whether the wait must last until {@linkcode EventLoop.turn} is fulfilled.
   */
  countWait(): boolean {
    return --this.#left < 0 && this.#checkTime();
  }

  /**
   * Waits until the next event-loop turn. All calls until then return the same promise.
   *
   * @returns `true`, so that a successful send can return this promise.
   */
  turn(): Promise<true> {
    return this.#turn ??= new Promise((resolve) =>
      this.#immediate(() => {
        [this.#turn, this.#isDue] = [undefined, false];
        this.#lastTurn = this.#now();
        resolve(true);
      })
    );
  }

  /**
   * Calls a function that blocks, unless the thread has already blocked for {@linkcode PATIENCE} in
   * this event-loop turn.
   *
   * @param wait Blocks for at most {@linkcode PATIENCE} milliseconds.
   * @returns The result of `wait`, or `undefined` if it was not called.
   */
  blockBriefly<T>(wait: () => T): T | undefined {
    if (this.#patience <= 0) return undefined;
    if (this.#patience === PATIENCE) this.#immediate(() => this.#patience = PATIENCE);
    const before = this.#now();
    const found = wait();
    this.#patience -= this.#now() - before;
    return found;
  }

  #checkTime(): boolean {
    if (this.#isDue) return true;
    const now = this.#now();
    const elapsed = now - this.#lastLook;
    this.#enough = elapsed < LOOK_INTERVAL
      ? Math.min(this.#enough * 2, MAX_WAITS)
      : ((this.#enough * LOOK_INTERVAL / elapsed) | 0) + 1;
    this.#lastLook = now;
    this.#isDue = now - this.#lastTurn > MAX_LENGTH;
    // Every wait now lasts until the next event-loop turn, so that later waits do not end earlier.
    this.#left = this.#isDue ? 0 : this.#enough;
    return this.#isDue;
  }
}

/** The event loop of this thread. */
export const EVENT_LOOP: EventLoop = new EventLoop({
  now: () => performance.now(),
  // setImmediate is looked up at the call, so that the import needs nothing from its host.
  immediate: (callback) => void setImmediate(callback),
});

/** The parts of a wait that {@linkcode lookOrBlock} needs. */
export interface Looking<T> {
  /**
   * Blocks until an object is signalled.
   *
   * @param timeout Maximum time in milliseconds; 0 looks once.
   * @returns `undefined` if no object was signalled in time.
   */
  look: (timeout: number) => T | undefined;
  /** The earlier waits for the objects. Without any, the thread does not block. */
  shortWaits: readonly ShortWaits[];
  /** Throws if the wait was stopped while the event loop ran. */
  assertCanGoOn: () => void;
}

/**
 * Looks once, or blocks for up to 1 ms if the wait is expected to be short.
 *
 * @returns The result of the look.
 */
export async function lookOrBlock<T>(
  { look, shortWaits, assertCanGoOn }: Looking<T>,
): Promise<T | undefined> {
  const expected = shortWaits.filter(({ areExpected }) => areExpected);
  let found: T | undefined | "late";
  if (expected.length === 0) {
    found = look(0);
  } else {
    const block = () => look(PATIENCE) ?? "late";
    found = EVENT_LOOP.blockBriefly(block);
    if (found === undefined) {
      // The thread has already blocked for as long as it may in this event-loop turn.
      await EVENT_LOOP.turn();
      assertCanGoOn();
      found = EVENT_LOOP.blockBriefly(block);
    }
    if (found !== undefined) {
      for (const waits of expected) waits.noteBlock(found !== "late");
    }
  }
  if (found === undefined || found === "late") return undefined;
  // Objects that are signalled again and again must not keep the event loop from running.
  if (EVENT_LOOP.countWait()) await EVENT_LOOP.turn();
  return found;
}
