/**
 * The messages that have arrived and that wait for their sink.
 *
 * @module
 */

import type { RunContext } from "../run.ts";
import type { RouteSink } from "../sink.ts";

/**
 * Maximum number of messages and of bytes that wait for a sink that is full. Messages that arrive
 * while the queue is full are lost, and counted.
 */
export const MAX_MESSAGES = 8192;
export const MAX_BYTES = 4_194_304;

/** Passes messages to a sink, and keeps a limited number of them while the sink is full. */
export class ArrivalQueue implements Disposable {
  readonly #sink: RouteSink;
  readonly #counts: RunContext["counts"];
  readonly #givingUp: AbortSignal;
  readonly #wake = () => this.#changed.resolve();
  #waiting: Uint8Array[] = [];
  /** Index of the first message in `#waiting` that was not sent. */
  #first = 0;
  #bytes = 0;
  #changed = Promise.withResolvers<void>();
  #isOver = false;
  /** The error of the subscription. The messages before are still sent. */
  #failure: { readonly error: unknown } | undefined;
  /** The error of the sink, which can take nothing more. */
  #broken: { readonly error: unknown } | undefined;

  constructor(sink: RouteSink, { counts, givingUp }: RunContext) {
    this.#sink = sink;
    this.#counts = counts;
    this.#givingUp = givingUp;
    // A server that is gone does not answer that the subscription has ended.
    givingUp.addEventListener("abort", this.#wake, { once: true });
  }

  /** Takes a message that has arrived. It sends the message at once if none waits. */
  put(bytes: Uint8Array): void {
    if (this.#broken !== undefined) return this.#counts.lose(1);
    if (this.#counts.pending === 0 && this.#sendNow(bytes)) return;
    if (this.#counts.pending >= MAX_MESSAGES || this.#bytes >= MAX_BYTES) {
      return this.#counts.lose(1);
    }
    // The client's array can be a part of a much larger one.
    this.#waiting.push(bytes.slice());
    this.#bytes += bytes.length;
    this.#counts.pending++;
    this.#changed.resolve();
  }

  /** Ends the queue after the messages in it. */
  end(failure?: { readonly error: unknown }): void {
    this.#isOver = true;
    this.#failure ??= failure;
    this.#changed.resolve();
  }

  /**
   * Sends the messages that wait, until the queue has ended and is empty.
   *
   * @returns The error with which the queue was ended.
   * @throws The error of the sink, or the reason for giving up.
   */
  async run(): Promise<{ readonly error: unknown } | undefined> {
    for (;;) {
      while (this.#first < this.#waiting.length && this.#broken === undefined) {
        const bytes = this.#waiting[this.#first]!;
        const isTaken = await this.#sink.send(bytes, this.#givingUp);
        this.#first++;
        this.#bytes -= bytes.length;
        this.#counts.pending--;
        if (isTaken) this.#counts.deliver(bytes.length);
        else this.#counts.lose(1);
        if (this.#first >= MAX_MESSAGES) this.#forget();
      }
      this.#forget();
      if (this.#broken !== undefined) throw this.#broken.error;
      if (this.#isOver) return this.#failure;
      this.#givingUp.throwIfAborted();
      await this.#changed.promise;
      this.#changed = Promise.withResolvers();
    }
  }

  [Symbol.dispose](): void {
    this.#givingUp.removeEventListener("abort", this.#wake);
    this.#counts.lose(this.#counts.pending);
    this.#counts.pending = 0;
    this.#waiting = [];
    this.#first = 0;
    this.#isOver = true;
    this.#broken ??= { error: undefined };
  }

  /** Removes the messages that were sent. */
  #forget(): void {
    this.#waiting.splice(0, this.#first);
    this.#first = 0;
  }

  #sendNow(bytes: Uint8Array): boolean {
    try {
      if (!this.#sink.trySend(bytes)) return false;
    } catch (error) {
      this.#broken = { error };
      this.#counts.lose(1);
      this.#changed.resolve();
      return true;
    }
    this.#counts.deliver(bytes.length);
    return true;
  }
}
