/**
 * A process of the model, up to the step that it is about to take.
 *
 * @module
 */

/** What a step gave: what was read, or what a wait ended with. */
export type Value = number | bigint | string | Uint8Array | undefined;

/** A step that a process is about to take. */
export interface Step {
  /** What it does, for messages. */
  readonly what: () => string;
  /** What it waits for: any of these has to be signalled. Without this, it waits for nothing. */
  readonly waits?: readonly number[];
}

/** What a process waits for in its event loop. */
interface Waiter {
  readonly waits: readonly number[];
  readonly over: (object: number) => void;
}

/** What a process has done, and what it is to do now. */
export interface Past {
  /** What its accesses and waits have given. */
  readonly history: readonly Value[];
  /** Whether it takes one step more, and which of the objects it waits for that ends the wait. */
  readonly choice?: number;
  /** How many words it then writes, other than by steps, before it is killed. @default Infinity */
  readonly mostWritten?: number;
}

/** What a process is to do. */
export type Body = (run: Run) => void | Promise<void>;

/** What ends a run, thrown where it is to take no further step. */
const STOP = new Error("The run stops here");
/** What a wait ends with when its time is over. */
export const TIME = 1;
/** By how much the clock has moved on then, in milliseconds. */
const A_WHILE = 1e6;
/** Enough for what follows one step in the queue of microtasks. */
const MICROTASKS = 40;
/** Enough for what is to be done at the end of a turn. */
const TURN_END = 4;

// What goes on after a stop in a promise that nobody waits for is stopped as well.
addEventListener("unhandledrejection", (event) => {
  if (event.reason === STOP) event.preventDefault();
});

/**
 * Runs a process's code from its beginning: through the steps it has taken, which give what they gave
 * then, one more, and up to the next one.
 */
export class Run {
  /** The run that goes on now. */
  static current: Run | undefined;

  /** What the process has said of what it did. */
  readonly notes: string[] = [];
  /** The process id, which is also what others wait for when they wait for its end. */
  readonly pid: number;
  /** The step that it is about to take; `undefined` if it has ended. */
  next: Step | undefined;
  /** What the step gave that was taken now, and the accesses after it that are no steps. */
  readonly taken: Value[] = [];
  /** How many words it has written since, other than by steps. */
  written = 0;
  /** What it failed with. */
  error: unknown;
  /** The time as it knows it, in milliseconds. */
  now = 0;
  /** Whether it has done what comes before all others begin. */
  isPrepared = false;
  /** Whether its last access by `Atomics` said that it is going to sleep. */
  isAnnounced = false;
  readonly #history: readonly Value[];
  readonly #mostWritten: number;
  #at = 0;
  #choice: number | undefined;
  #waiters: Waiter[] = [];
  #isOver = false;

  /**
   * @param pid The process id.
   * @param past What it has done, and what it is to do now.
   */
  constructor(pid: number, { history, choice, mostWritten = Infinity }: Past) {
    this.pid = pid;
    this.#history = history;
    this.#choice = choice;
    this.#mostWritten = mostWritten;
  }

  /** Runs until the process is about to take a step, or has ended. */
  async go(body: Body): Promise<void> {
    Run.current = this;
    try {
      this.#start(body);
      for (;;) {
        for (let count = 0; count < MICROTASKS && !this.#isDone; count++) await undefined;
        if (this.#isDone) break;
        this.#idle();
      }
    } catch (error) {
      if (error !== STOP) throw error;
    } finally {
      for (let count = 0; count < TURN_END; count++) await undefined;
      Run.current = undefined;
    }
  }

  /**
   * Takes a step, or stops before it.
   *
   * @param step The step.
   * @param take Takes it, and gives what it gives.
   */
  step(step: Step, take: (choice: number) => Value): Value {
    if (this.next !== undefined) throw STOP;
    if (this.#at < this.#history.length) return this.#history[this.#at++];
    if (this.#choice === undefined) this.stop(step);
    const value = take(this.#choice);
    this.#choice = undefined;
    this.taken.push(value);
    return value;
  }

  /**
   * Does something that is no step, since no order of it and of what others do makes a difference.
   *
   * @param isWrite Whether it writes, so that it makes a difference whether a process is killed
   *   before or after it.
   * @param act Does it, and gives what it gives.
   */
  act(isWrite: boolean, act: () => Value): Value {
    if (this.next !== undefined) throw STOP;
    if (this.#at < this.#history.length) return this.#history[this.#at++];
    if (isWrite && this.written++ === this.#mostWritten) {
      this.stop({ what: () => "is killed" });
    }
    const value = act();
    this.taken.push(value);
    return value;
  }

  /**
   * Stands still until an object is signalled.
   *
   * @param objects The objects.
   * @param take Is told which of them is.
   * @param isTimed Whether the time may be over before.
   */
  standStill(objects: readonly number[], take: (object: number) => void, isTimed: boolean): Value {
    const waits = isTimed ? [...objects, TIME] : objects;
    const object = this.step({ what: () => `waits for ${waits}`, waits }, (object) => {
      if (object !== TIME) take(object);
      return object;
    });
    if (object === TIME) this.now += A_WHILE;
    return object;
  }

  /** Waits in the event loop until an object is signalled. */
  wait(object: number, isTimed: boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const over = (ended: number) =>
      ended === TIME ? reject(new Deno.errors.TimedOut("The time is over")) : resolve();
    this.#waiters.push({ waits: isTimed ? [object, TIME] : [object], over });
    return promise;
  }

  /** Stops before a step. */
  stop(step: Step): never {
    this.next = step;
    throw STOP;
  }

  /** Asserts that it has not just said that it is going to sleep. */
  assertAwake(word: number): void {
    if (this.isAnnounced) throw new Error(`Word ${word} may be read before others know of the sleep`);
  }

  /** Runs something later in a way that stops with the run. */
  guard(task: () => void): () => void {
    return () => {
      try {
        task();
      } catch (error) {
        if (error !== STOP) throw error;
      }
    };
  }

  /** Is told which object a wait of the event loop ends with; set by whoever has the objects. */
  onSignalled: (object: number) => void = () => {};

  get #isDone(): boolean {
    return this.next !== undefined || this.#isOver;
  }

  async #start(body: Body): Promise<void> {
    try {
      await body(this);
    } catch (error) {
      if (this.next === undefined) this.error = error;
    }
    this.#isOver = true;
  }

  #idle(): void {
    const waits = this.#waiters.flatMap(({ waits }) => waits);
    const objects = [...new Set(waits)].filter((object) => object !== TIME);
    const object = this.standStill(objects, this.onSignalled, waits.includes(TIME));
    const waiter = this.#waiters.find(({ waits }) => waits.some((one) => one === object))!;
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    waiter.over(Number(object));
  }
}
