/**
 * A parcel that waits to be sent, and the promise of its answer. The first job loads the pool of
 * threads that send.
 *
 * @module
 */

import { EVENT_LOOP } from "../../wait/event_loop.ts";
import { Cancellation } from "../../wait/options.ts";
import { type Handling, numberSend, unanswered } from "../window/procedure.ts";
import {
  deliverHere,
  deliveryError,
  ERROR_TIMEOUT,
  type Outcome,
  type Parcel,
} from "./delivery.ts";

const NO_BYTES = new Uint8Array();

/** The signal and the handler of a send. */
export interface SendJobOptions {
  /** Stops the wait for the answer. */
  signal?: AbortSignal | undefined;
  /** The call of the handler that sends the parcel. @default no handler */
  handling?: Handling | undefined;
}

/**
 * A parcel to send.
 *
 * At first its bytes are the script's own, which the script can change as soon as its call returns.
 * A thread that is free copies them before that. Otherwise {@linkcode SendJob.keepBytes} does. They
 * are released as soon as they are handed over, or the wait for the answer is over.
 */
export class SendJob {
  readonly parcel: Parcel;
  /** The number of this send, in the order in which all sends began. */
  readonly number: number = numberSend();
  /** The number of the latest send when the sending handler began; 0 if no handler sends. */
  readonly since: number;
  readonly #byteLength: number;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;
  #cancellation: Cancellation | undefined;
  readonly #answer = Promise.withResolvers<bigint>();
  #over = false;

  constructor(parcel: Parcel, { signal, handling }: SendJobOptions = {}) {
    this.parcel = parcel;
    this.#byteLength = parcel.bytes.length;
    this.since = unanswered(handling)?.since ?? 0;
    this.#deadline = performance.now() + parcel.timeout;
    this.#signal = signal;
  }

  /** Sends the parcel to a window of this thread, and blocks the thread until its procedure answers. */
  deliverHere(): void {
    try {
      this.finish({ answer: deliverHere(this.parcel) });
    } catch (error) {
      this.fail(error);
    }
  }

  /** Copies the bytes that have not been handed over, so that the script can change its own. */
  keepBytes(): void {
    this.parcel.bytes = new Uint8Array(this.parcel.bytes);
  }

  /**
   * Hands the bytes over.
   *
   * @param atOnce Maximum number of bytes that the caller copies before the script goes on. If there
   *   are more, the result is a copy.
   */
  takeBytes(atOnce: number): Uint8Array {
    const { bytes } = this.parcel;
    this.#dropBytes();
    return bytes.length <= atOnce ? bytes : new Uint8Array(bytes);
  }

  /**
   * Waits for the receiver's answer. Its timer also keeps the process alive. Call it in the
   * event-loop turn that begins the send: it sets no timer for a send that is over by then.
   */
  async wait(): Promise<bigint> {
    if (!this.#over) {
      this.#cancellation = new Cancellation({
        timeout: this.timeLeft,
        onTimeout: () => this.finish({ code: ERROR_TIMEOUT }),
        signal: this.#signal,
        onAbort: (reason) => this.fail(reason),
      });
    }
    try {
      return await this.#answer.promise;
    } finally {
      // A script that sends to itself again and again must not keep the event loop from running.
      if (EVENT_LOOP.countWait()) await EVENT_LOOP.turn();
    }
  }

  /** Whether the wait for the answer is over. */
  get over(): boolean {
    return this.#over;
  }

  /** The time that is left, in milliseconds, at least 1. */
  get timeLeft(): number {
    return Math.max(1, Math.ceil(this.#deadline - performance.now()));
  }

  /** Settles the answer by the parcel's outcome. Later outcomes are ignored. */
  finish(outcome: Outcome): void {
    if (this.#over) return;
    if ("answer" in outcome) this.#answer.resolve(outcome.answer);
    else {
      const head = { ...this.parcel, byteLength: this.#byteLength };
      this.#answer.reject(deliveryError(head, outcome.code));
    }
    this.#stop();
  }

  /** Rejects the answer, because the wait for it is stopped or the parcel cannot be sent. */
  fail(reason: unknown): void {
    this.#answer.reject(reason);
    this.#stop();
  }

  #stop(): void {
    this.#over = true;
    this.#dropBytes();
    this.#cancellation?.[Symbol.dispose]();
  }

  #dropBytes(): void {
    this.parcel.bytes = NO_BYTES;
  }
}

/** `assignToThread()` of pool.ts, once it is loaded. */
let assign: ((job: SendJob) => void) | undefined;
/** The jobs that wait until the pool is loaded, in the order of their sends. */
const early: SendJob[] = [];

/** Sends a job's parcel on a thread, in the right order among the jobs for the same window. */
export function sendOnThread(job: SendJob): void {
  if (assign !== undefined) return assign(job);
  early.push(job);
  if (early.length === 1) void loadPool();
}

/** Loads the pool and then sends the jobs that wait for it, because most scripts send nothing. */
async function loadPool(): Promise<void> {
  try {
    assign = (await import("./pool.ts")).assignToThread;
    for (const job of early.splice(0)) assign(job);
  } catch (error) {
    for (const job of early.splice(0)) job.fail(error);
  }
}
