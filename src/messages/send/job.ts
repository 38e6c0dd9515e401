/**
 * A parcel that waits to be sent, and the promise of its answer.
 *
 * @module
 */

import { Cancellation } from "../../wait/options.ts";
import { type Handling, numberSend, unanswered } from "../window/own.ts";
import { deliveryError, ERROR_TIMEOUT, type Outcome, type Parcel } from "./delivery.ts";

/** How long a parcel is waited for, and who sends it. */
export interface SendJobOptions {
  /** Stops the wait. */
  signal?: AbortSignal | undefined;
  /** The handler that sends it. @default none */
  handling?: Handling | undefined;
}

/** A parcel on its way; its bytes are let go as soon as nobody waits for its answer any more. */
export class SendJob {
  /** What to send. */
  readonly parcel: Parcel;
  /** Its number among all sends, in the order in which they began. */
  readonly number: number = numberSend();
  /** How many sends had begun when the handler began that sends this; 0 if none does. */
  readonly since: number;
  readonly #deadline: number;
  readonly #cancellation: Cancellation;
  readonly #answer = Promise.withResolvers<bigint>();
  #over = false;

  /** Begins the wait; its timer is also what holds the process until it is over. */
  constructor(parcel: Parcel, { signal, handling }: SendJobOptions = {}) {
    this.parcel = parcel;
    this.since = unanswered(handling)?.since ?? 0;
    this.#deadline = performance.now() + parcel.timeout;
    this.#cancellation = new Cancellation({
      timeout: parcel.timeout,
      onTimeout: () => this.finish({ code: ERROR_TIMEOUT }),
      signal,
      onAbort: (reason) => this.fail(reason),
    });
  }

  /** The receiver's answer. */
  get answer(): Promise<bigint> {
    return this.#answer.promise;
  }

  /** Whether nobody waits for the answer any more. */
  get over(): boolean {
    return this.#over;
  }

  /** How much time is left, in milliseconds, at least 1. */
  get timeLeft(): number {
    return Math.max(1, Math.ceil(this.#deadline - performance.now()));
  }

  /** Tells what came of the parcel; once, and whatever comes later is not heard. */
  finish(outcome: Outcome): void {
    if (this.#over) return;
    if ("answer" in outcome) this.#answer.resolve(outcome.answer);
    else this.#answer.reject(deliveryError(this.parcel, outcome.code));
    this.#stop();
  }

  /** Tells that the parcel cannot be sent. */
  fail(reason: unknown): void {
    this.#answer.reject(reason);
    this.#stop();
  }

  #stop(): void {
    this.#over = true;
    this.parcel.bytes = new Uint8Array();
    this.#cancellation[Symbol.dispose]();
  }
}
