/**
 * One wait that a wait thread does: its options, its cancellation and its outcome. The first wait
 * loads the pool of these threads.
 *
 * @module
 */

import { Cancellation } from "../../wait/options.ts";

/** The options of a job. */
export interface JobOptions {
  /** Maximum time to wait, in milliseconds. */
  timeout: number;
  /** Stops the wait. */
  signal: AbortSignal | undefined;
  /** The handles of the objects. They must stay open until {@linkcode WaitJob.gone} resolves. */
  handles: readonly bigint[];
  /** Whether the handle at the same index belongs to a mutex. */
  mutexes: readonly boolean[];
  /** Whether the wait is for all objects together, and not for any of them. */
  all: boolean;
  /** Whether the thread must do no other job until the mutexes are released. */
  alone: boolean;
  /** Whether the wait keeps the process alive. */
  held: boolean;
  /** The name of the objects in error messages. */
  label: string;
}

/** The outcome of a wait that took its objects. */
export interface JobOutcome {
  /** The index of the signalled object; 0 if the wait was for all objects. */
  index: number;
  /** Whether the owner of a mutex that was taken had died. */
  abandoned: boolean;
}

/** The thread that has a job, as the job sees it. */
export interface JobPlace {
  /** Cancels the wait. Without `looked`, the thread first checks the objects if it has not yet. */
  cancel(looked: boolean): void;
  /** Releases the mutexes that the job took. */
  release(): void;
  /** Sets whether the wait keeps the process alive. */
  hold(held: boolean): void;
}

/**
 * A wait for objects. Once its thread has begun it, only the thread can end it, even after a timeout
 * or a cancellation.
 */
export class WaitJob {
  /** The options of the wait. */
  readonly options: JobOptions;
  /** The outcome; rejects if nothing was taken. */
  readonly outcome: Promise<JobOutcome>;
  /** Resolves when no thread has the job any longer, so that its handles can be closed. */
  readonly gone: Promise<void>;
  readonly #gone = Promise.withResolvers<void>();
  readonly #outcome = Promise.withResolvers<JobOutcome>();
  readonly #cancellation: Cancellation;
  /** The thread that has the job, once there is one. */
  #place: JobPlace | undefined;
  #reason: { error: unknown } | undefined;
  /** Whether the script gave the wait up in a way that needs no look at the objects. */
  #looked = false;
  #held: boolean;
  #settled = false;

  /** Creates a job. Its timeout begins now. */
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
    // The thread keeps the process alive, and not this timer.
    this.#cancellation.unref();
  }

  /** Whether the wait keeps the process alive. */
  get held(): boolean {
    return this.#held;
  }

  /** Whether the outcome is known. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Whether the job takes mutexes, which the thread keeps until they are released. */
  get keeps(): boolean {
    return this.options.mutexes.includes(true);
  }

  /** Sets whether the wait keeps the process alive. */
  hold(held: boolean): void {
    this.#held = held;
    this.#place?.hold(held);
  }

  /** Cancels the wait with an error. If the objects are already taken, this changes nothing. */
  cancel(error: unknown): void {
    this.#giveUp(error, true);
  }

  /** Releases the mutexes that the job took, and waits until its handles can be closed. */
  async release(): Promise<void> {
    if (this.keeps) this.#place?.release();
    await this.gone;
  }

  /** Called by the thread's host when the thread has the job. */
  enter(place: JobPlace): void {
    this.#place = place;
    // The script can have given the wait up while the pool was loaded.
    if (this.#reason !== undefined) place.cancel(this.#looked);
  }

  /** Called by the thread's host when the thread no longer has the job or its mutexes. */
  leave(): void {
    this.#gone.resolve();
  }

  /** Called by the thread's host with the outcome of the wait. */
  satisfy(outcome: JobOutcome): void {
    this.#stop();
    this.#outcome.resolve(outcome);
  }

  /** Called by the thread's host if nothing was taken. An earlier reason to give up comes first. */
  fail(error: unknown): void {
    this.#stop();
    this.#outcome.reject(this.#reason === undefined ? error : this.#reason.error);
  }

  #giveUp(error: unknown, looked: boolean): void {
    // After the outcome, the thread can have given the slot to another job.
    if (this.#settled) return;
    this.#reason ??= { error };
    this.#looked ||= looked;
    this.#place?.cancel(looked);
  }

  #stop(): void {
    this.#settled = true;
    this.#cancellation[Symbol.dispose]();
  }
}

/** Creates the `TimedOut` of a wait whose time is over. */
export function timedOut(label: string, timeout: number): Error {
  return new Deno.errors.TimedOut(`Waited ${timeout} ms for ${label} and it was not signalled`);
}

/** `assignToThread()` of pool.ts, once it is loaded. */
let assign: ((job: WaitJob) => void) | undefined;

/** Runs a job on a wait thread that has room, or on a new wait thread. */
export function waitOnThread(job: WaitJob): void {
  if (assign === undefined) void loadPoolFor(job);
  else assign(job);
}

/** Loads the pool and then runs a job, because most scripts need no wait thread. */
async function loadPoolFor(job: WaitJob): Promise<void> {
  try {
    assign = (await import("./pool.ts")).assignToThread;
    assign(job);
  } catch (error) {
    job.fail(error);
    job.leave();
  }
}
