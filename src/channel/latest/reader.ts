/**
 * A reader's side of a latest value: what is known of the writer, and waiting for changes.
 *
 * @module
 */

import { assertOptions, oneOf, type OptionChecks } from "../../../ffi/arguments.ts";
import { deadlineAfter, timeLeft, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import { limitSleep, PeerLiveness } from "../peer/liveness.ts";
import { CLOSED } from "../peer/place.ts";
import type { WakeEvent, WakeOptions } from "../peer/wake_events.ts";
import { type LatestParts, WRITER } from "./layout.ts";

/** The state of a latest value's writer; {@linkcode LatestValue.writer} says what each means. */
export type WriterState = "alive" | "closed" | "dead" | "none";

/** Ends, throws or waits for the next writer; {@linkcode ChangesOptions.whenWriterGone} says when. */
export type WhenWriterGone = "end" | "throw" | "wait";

/** Says how long to wait for changes, and when to end. */
export interface ChangesOptions extends WaitOptions {
  /** The most to wait for each next change, in milliseconds. @default Infinity */
  timeout?: number;
  /**
   * Ends the iteration, which then throws the signal's reason. From a local checkout a signal needs
   * `--allow-read`, for a thread; from JSR nothing.
   */
  signal?: AbortSignal;
  /**
   * Ends the iteration, or not, when the writer was closed or its process has ended. The iteration gives
   * the writer's last value before.
   *
   * - `"end"`: the iteration ends in both cases.
   * - `"throw"`: the iteration ends if the writer was closed. It throws `Deno.errors.ConnectionReset` if
   *   the process has ended without closing it.
   * - `"wait"`: the iteration waits for the next writer, and goes on with its values.
   *
   * If there was no writer yet, the iteration waits for the first one, whatever this option says.
   *
   * @default "end"
   */
  whenWriterGone?: WhenWriterGone;
}

/** One who goes through changes. */
interface Iteration {
  /** What it sleeps with. */
  readonly wakeEvent: WakeEvent;
  /** The number of the value that it gave last; 0 at first. */
  seen: number;
}

const WHEN_WRITER_GONE: readonly WhenWriterGone[] = ["end", "throw", "wait"];

/** The checks of {@linkcode ChangesOptions}. */
export const CHANGES_CHECKS: OptionChecks<ChangesOptions> = {
  ...WAIT_CHECKS,
  whenWriterGone: oneOf(WHEN_WRITER_GONE),
};

const WAIT_OBJECT_0 = 0;

/** Reads the newest value, and waits for changes of it. */
export class LatestChanges implements Disposable {
  readonly #label: string;
  readonly #parts: LatestParts;
  readonly #options: WakeOptions;
  readonly #writer: PeerLiveness;
  readonly #iterations = new Set<Iteration>();
  #held = true;
  #closed = false;

  /**
   * Looks at a memory.
   *
   * @param label What is read, for messages: `latest value "Local\\x"`.
   * @param options Who may wake this reader.
   */
  constructor(label: string, parts: LatestParts, options: WakeOptions = {}) {
    this.#label = label;
    this.#parts = parts;
    this.#options = options;
    const ended = () => {
      for (const { wakeEvent: { event } } of this.#iterations) if (!event.closed) event.set();
    };
    this.#writer = new PeerLiveness(parts.header, WRITER, { ended, machine: parts.machine });
  }

  /** Checks how it is with the writer now. */
  checkWriter(): WriterState {
    const process = this.#writer.watch();
    if (process !== undefined && this.#hasEnded(process)) this.#writer.noteDeath();
    if (this.#writer.look() === "dead") return "dead";
    const { words, owners } = this.#parts.header;
    if (Atomics.load(owners, WRITER.owner) !== 0n) return "alive";
    return Atomics.load(words, WRITER.state) === CLOSED ? "closed" : "none";
  }

  /** Makes the process live for as long as something waits for changes, as it is at first. */
  ref(): void {
    this.#hold(true);
  }

  /** Lets the process end while something waits for changes. */
  unref(): void {
    this.#hold(false);
  }

  /**
   * Copies the newest value, and then each that is the newest when one asks again.
   *
   * @param words Where to; it is written to just before `read` is called.
   * @param read Gives what the iteration gives.
   * @param options How long, and what ends it.
   */
  async *changes<T>(
    words: Int32Array<ArrayBuffer>,
    read: () => T,
    options: ChangesOptions,
  ): AsyncGenerator<T, void, void> {
    if (this.#closed) throw new Deno.errors.BadResource(`The ${this.#label} is closed`);
    assertOptions(options, CHANGES_CHECKS);
    const { signal } = options;
    signal?.throwIfAborted();
    const { slots, machine: { eventLoop } } = this.#parts;
    const iteration = this.#begin();
    try {
      while (!this.#closed) {
        if (slots.newest === iteration.seen && !await this.#waitForNext(iteration, options)) return;
        if (eventLoop.countWait()) {
          await eventLoop.turn();
          continue;
        }
        iteration.seen = slots.copy(words);
        if (iteration.seen !== 0) yield read();
        signal?.throwIfAborted();
      }
    } finally {
      this.#iterations.delete(iteration);
      iteration.wakeEvent.close();
    }
  }

  /** Ends what waits for changes. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const { wakeEvent } of this.#iterations) wakeEvent.close();
    this.#writer[Symbol.dispose]();
  }

  /** Waits for another value than the one that was seen; tells whether there will be one. */
  async #waitForNext(
    { wakeEvent, seen }: Iteration,
    { signal, timeout = Infinity, whenWriterGone = "end" }: ChangesOptions,
  ): Promise<boolean> {
    const deadline = deadlineAfter(timeout, this.#parts.machine);
    while (!this.#closed) {
      // The writer that is watched now is the one that the second look below asks for.
      const most = limitSleep(this.#writer.awaitDeath(), Infinity); // guard: sleep-limit
      wakeEvent.raise();
      // What was done before that woke nobody: look once more, or sleep through it. A writer publishes
      // before it goes, so whoever sees that it is gone sees its last value after that.
      const state = this.#writer.look(); // guard: writer-state
      const isThere = this.#parts.slots.newest !== seen; // guard: second-look-latest
      const isOver = state !== "alive" && whenWriterGone !== "wait";
      if (isThere || isOver) {
        wakeEvent.lower();
        if (isThere) return true;
        if (state === "dead" && whenWriterGone === "throw") throw this.#reset();
        return false;
      }
      const left = timeLeft(deadline, this.#parts.machine);
      if (left === 0) throw this.#late(timeout);
      await this.#sleep(wakeEvent, Math.min(most, left), signal);
    }
    return false;
  }

  /** Sleeps until the reader is woken, or the time is over. */
  async #sleep({ event }: WakeEvent, most: number, signal: AbortSignal | undefined): Promise<void> {
    const timeout = Math.ceil(most);
    try {
      await event.wait(signal === undefined ? { timeout } : { timeout, signal });
    } catch (error) {
      signal?.throwIfAborted();
      // It is closed with this reader.
      const isOver = error instanceof Deno.errors.TimedOut || this.#closed;
      if (!isOver) throw error;
    }
  }

  #begin(): Iteration {
    const wakeEvent = this.#parts.wakeEvents.take(this.#options);
    if (!this.#held) wakeEvent.event.unref();
    const iteration = { wakeEvent, seen: 0 };
    this.#iterations.add(iteration);
    return iteration;
  }

  #hold(held: boolean): void {
    this.#held = held;
    for (const { wakeEvent: { event } } of this.#iterations) {
      if (held) event.ref();
      else event.unref();
    }
  }

  #hasEnded(process: bigint): boolean {
    return this.#parts.machine.waitMultiple(BigUint64Array.of(process), 0) === WAIT_OBJECT_0;
  }

  #late(timeout: number): Deno.errors.TimedOut {
    return new Deno.errors.TimedOut(`Waited ${timeout} ms for a change of ${this.#label}`);
  }

  #reset(): Deno.errors.ConnectionReset {
    return new Deno.errors.ConnectionReset(
      `The writer of ${this.#label} has died: its process or Worker ended without closing it`,
    );
  }
}

/** Whether a process has ended. */
