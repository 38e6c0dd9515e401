/**
 * A call that waits for its result.
 *
 * @module
 */

import { Cancellation, type WaitOptions } from "../wait/options.ts";
import { type Calls, Outgoing } from "./calls.ts";
import { toError } from "./error.ts";
import { type AnswerFrame, KIND, type RequestFrame } from "./frame.ts";

/** A call that waits for its result. */
export class PendingCall extends Outgoing {
  /** Is settled by the answer, by the signal or by the timeout. */
  readonly result: Promise<unknown>;
  readonly #name: string;
  #args: unknown;
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;
  #cancellation: Cancellation | undefined;

  /** Begins a call. The options were checked. */
  constructor(calls: Calls, name: string, { args, options }: CallRequest) {
    super();
    this.#name = name;
    this.#args = args;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (options !== undefined) this.#watch(calls, options);
    calls.begin(this);
  }

  request(id: number): RequestFrame {
    const args = this.#args;
    this.#args = undefined;
    return [KIND.call, id, this.#name, args];
  }

  answer(frame: AnswerFrame): boolean {
    if (frame[0] === KIND.result) this.#settle(this.#resolve, frame[2]);
    else if (frame[0] === KIND.error) this.fail(toError(frame[2]));
    else throw new Deno.errors.InvalidData(`The peer answered call ${this.id} as a stream`);
    return true;
  }

  fail(error: unknown): void {
    this.#settle(this.#reject, error);
  }

  #settle(settle: (value: unknown) => void, value: unknown): void {
    this.#cancellation?.[Symbol.dispose]();
    settle(value);
  }

  #watch(calls: Calls, { timeout = Infinity, signal }: WaitOptions): void {
    const stop = (reason: unknown) => {
      calls.giveUp(this, reason);
      this.fail(reason);
    };
    this.#cancellation = new Cancellation({
      timeout,
      onTimeout: () =>
        stop(
          new Deno.errors.TimedOut(`Waited ${timeout} ms for the result of "${this.#name}"`),
        ),
      signal,
      onAbort: stop,
    });
  }
}

/** The arguments and the options of a call. */
interface CallRequest {
  args: unknown;
  options: WaitOptions | undefined;
}
