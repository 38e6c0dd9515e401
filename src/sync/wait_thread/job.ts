/**
 * A wait that a wait thread does, as the script's own thread sees it.
 *
 * @module
 */

import { Cancellation } from "../../wait/options.ts";

/** What to wait for. */
export interface JobOptions {
  /** The most to wait, in milliseconds. */
  timeout: number;
  /** Stops the wait. */
  signal: AbortSignal | undefined;
  /** The objects' handles, which have to stay open until the job is over, and those of mutexes until they are released. */
  handles: readonly bigint[];
  /** Which of them are mutexes. */
  mutexes: readonly boolean[];
  /** Whether all of them have to be signalled, rather than any. */
  all: boolean;
  /** Whether a thread is to do nothing else until the mutexes are released. */
  alone: boolean;
  /** Whether the process lives for as long as the wait lasts. */
  held: boolean;
  /** What is waited for, for messages. */
  label: string;
}

/** What came of a wait. */
export interface JobOutcome {
  /** Which object was signalled; 0 where all were. */
  index: number;
  /** Whether a mutex was taken whose owner had died. */
  abandoned: boolean;
}

/** The thread that has a job. */
export interface JobPlace {
  /** Is told that nobody waits any more, after one more look if there was none. */
  cancel(looked: boolean): void;
  /** Has the mutexes released that were taken. */
  release(): void;
  /** Is told whether the process is to live for as long as the wait lasts. */
  hold(held: boolean): void;
}

/** A wait for objects; it ends when the thread says so, whoever gives up before. */
export class WaitJob {
  /** What to wait for. */
  readonly options: JobOptions;
  /** What came of it. */
  readonly outcome: Promise<JobOutcome>;
  /** Is fulfilled when no thread has it any more: its handles may be closed. */
  readonly gone: Promise<void>;
  /** Where it is. */
  place: JobPlace | undefined;
  readonly #gone = Promise.withResolvers<void>();
  readonly #outcome = Promise.withResolvers<JobOutcome>();
  readonly #cancellation: Cancellation;
  #reason: { error: unknown } | undefined;
  #held: boolean;
  #settled = false;

  /** Begins the time of a wait. */
  constructor(options: JobOptions) {
    const { timeout, signal, held, label } = options;
    this.options = options;
    this.outcome = this.#outcome.promise;
    this.gone = this.#gone.promise;
    this.#held = held;
    this.#cancellation = new Cancellation({
      timeout,
      onTimeout: () => this.#giveUp(timedOut(label, timeout), false),
      signal,
      onAbort: (reason) => this.cancel(reason),
    });
    // The thread is what holds the process.
    this.#cancellation.unref();
  }

  /** Whether the process lives for as long as the wait lasts. */
  get held(): boolean {
    return this.#held;
  }

  /** Whether it has been told what came of it. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Whether the thread takes mutexes, which have to be released. */
  get keeps(): boolean {
    return this.options.mutexes.includes(true);
  }

  /** Whether the process lives for as long as the wait lasts. */
  hold(held: boolean): void {
    this.#held = held;
    this.place?.hold(held);
  }

  /** Gives up; what has been signalled already is still told. */
  cancel(error: unknown): void {
    this.#giveUp(error, true);
  }

  /** Has the mutexes released that were taken; the handles are needed until that is done. */
  async release(): Promise<void> {
    if (this.keeps) this.place?.release();
    await this.gone;
  }

  /** Tells that no thread has it any more: the mutexes are released, if any were taken. */
  leave(): void {
    this.#gone.resolve();
  }

  /** Tells what came of it. */
  satisfy(outcome: JobOutcome): void {
    this.#stop();
    this.#outcome.resolve(outcome);
  }

  /** Tells that nothing was taken, and why. */
  fail(error: unknown): void {
    this.#stop();
    this.#outcome.reject(this.#reason === undefined ? error : this.#reason.error);
  }

  #giveUp(error: unknown, looked: boolean): void {
    // Its place may be another job's by now.
    if (this.#settled) return;
    this.#reason ??= { error };
    this.place?.cancel(looked);
  }

  #stop(): void {
    this.#settled = true;
    this.#cancellation[Symbol.dispose]();
  }
}

/** The error of a wait that took too long. */
export function timedOut(label: string, timeout: number): Error {
  return new Deno.errors.TimedOut(`Waited ${timeout} ms for ${label} and it was not signalled`);
}
