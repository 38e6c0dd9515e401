/**
 * The end of a wait that did not get what it waited for: its time is over, or its signal is aborted.
 *
 * @module
 */

import { MAX_TIMER } from "./options.ts";

/** What can end a wait, and how the wait takes it. */
export interface CancellationOptions {
  /** The most to wait, in milliseconds. @default Infinity */
  timeout?: number;
  /** Ends the wait when its time is over: with a `TimedOut` that names what was waited for. */
  onTimeout?: () => void;
  /** Stops the wait. */
  signal?: AbortSignal | undefined;
  /** Ends the wait when its signal is aborted: with the signal's reason. */
  onAbort?: (reason: unknown) => void;
}

/**
 * Watches the timeout and the signal of one wait, from its construction until it is disposed of.
 *
 * - It calls each function at most once, and neither after the disposal. It does not dispose of itself:
 *   the wait may go on until what it waits for has been let go, and be aborted after its time is over.
 * - It calls the functions inside the timer and inside the signal's event. So a waiter that leaves a
 *   queue in one of them gets no item that comes later in the same event-loop turn.
 * - The disposal removes the timer and the listener, whatever ended the wait: `using` covers every path.
 * - A timeout of more than {@linkcode MAX_TIMER} has no timer, as `Infinity` has none: `setTimeout` would
 *   take it for 1 ms.
 *
 * It does not see a signal that was aborted before: the wait calls `signal.throwIfAborted()` first.
 */
export class Cancellation implements Disposable {
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #abort: () => void;

  constructor({ timeout = Infinity, onTimeout, signal, onAbort }: CancellationOptions) {
    this.#signal = signal;
    this.#abort = () => onAbort?.(signal?.reason);
    if (timeout <= MAX_TIMER) this.#timer = setTimeout(() => onTimeout?.(), timeout);
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Lets the process end before the time is over. */
  unref(): void {
    if (this.#timer !== undefined) Deno.unrefTimer(this.#timer);
  }

  /** Removes the timer and the listener. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}
