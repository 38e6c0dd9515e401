/**
 * The limits of a subcommand that goes on until something ends it: `--timeout` and `--count`.
 *
 * @module
 */

/** The signal of a subcommand, which also aborts when its time is over. */
export class TimeLimit implements Disposable {
  /** Aborts with the signal's reason, or with `TimedOut` when the time is over. */
  readonly signal: AbortSignal;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param timeout The value of `--timeout` in milliseconds. */
  constructor(signal: AbortSignal, timeout: number | undefined) {
    if (timeout === undefined) {
      this.signal = signal;
      return;
    }
    const controller = new AbortController();
    const late = () =>
      controller.abort(
        new Deno.errors.TimedOut(`The time of --timeout ${timeout} (milliseconds) is over`),
      );
    this.#timer = setTimeout(late, timeout);
    this.signal = AbortSignal.any([signal, controller.signal]);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
