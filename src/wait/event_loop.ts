/**
 * Letting the event loop do its work, and blocking it for a moment.
 *
 * A script that awaits what is there already goes on before anything else in its event loop does. If
 * it does so again and again, no timer fires, no signal is heard and no file is read for as long as
 * there is more. So now and then such a wait lasts until the next event-loop turn.
 *
 * An event loop that falls asleep and wakes up takes several times as long as a thread that blocks for
 * the same. So where something is about to come, it is better to block, but not so long that all else
 * notices.
 *
 * @module
 */

/** The longest time without a turn, in milliseconds, once waits have been over at once. */
const MAX_LENGTH = 4;
/** How often the time is asked for, in milliseconds: that takes longer than a message. */
const LOOK_INTERVAL = 1;
/** The most waits until then. */
const MAX_WAITS = 1024;

/** How long a thread may block in an event-loop turn, in milliseconds. */
export const PATIENCE = 1;

/** What an event loop needs of its machine. */
export interface EventLoopOptions {
  /** The time, in milliseconds since some moment. */
  now: () => number;
  /** Calls a function in the next event-loop turn. */
  immediate: (callback: () => void) => void;
}

/** A thread's event loop: when it has turned last, and how long the thread may block it. */
export class EventLoop {
  readonly #now: () => number;
  readonly #immediate: (callback: () => void) => void;
  /** So many waits took about as long as the interval. */
  #enough = 16;
  /** How many waits there can be until the time is asked for. */
  #left = this.#enough;
  #lastLook = 0;
  #lastTurn = 0;
  #isDue = false;
  #turn: Promise<true> | undefined;
  /** How long the thread may still block in this event-loop turn, in milliseconds. */
  #patience = PATIENCE;

  /** Watches the event loop of this thread; each has one object of this class. */
  constructor({ now, immediate }: EventLoopOptions) {
    this.#now = now;
    this.#immediate = immediate;
  }

  /**
   * Counts a wait that could be over at once.
   *
   * @returns Whether the wait is to last until {@linkcode EventLoop.turn} is over.
   */
  countWait(): boolean {
    return --this.#left < 0 && this.#checkTime();
  }

  /**
   * Is fulfilled when the event loop has turned: the same promise for all who ask until then.
   *
   * @returns `true`, which is what a send that has succeeded gives.
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
   * Blocks, unless the thread has done so for long enough in this event-loop turn.
   *
   * @param wait Blocks, for {@linkcode PATIENCE} at most.
   * @returns What `wait` gives; `undefined` if it was not called.
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
    const isSoon = now - this.#lastLook < LOOK_INTERVAL;
    this.#enough = isSoon ? Math.min(this.#enough * 2, MAX_WAITS) : (this.#enough >> 1) + 1;
    this.#lastLook = now;
    this.#isDue = now - this.#lastTurn > MAX_LENGTH;
    // Until it has turned, each of them waits for that: what comes later must not be over sooner.
    this.#left = this.#isDue ? 0 : this.#enough;
    return this.#isDue;
  }
}

/** The event loop of this thread. */
export const EVENT_LOOP: EventLoop = new EventLoop({
  now: () => performance.now(),
  // Looked up when it is called: importing this asks nothing of its host.
  immediate: (callback) => void setImmediate(callback),
});
