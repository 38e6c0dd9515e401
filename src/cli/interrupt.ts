/**
 * Ctrl-C as a signal that aborts.
 *
 * @module
 */

import { EXIT, Interrupted } from "./failure.ts";

/** Listens for Ctrl-C. The second Ctrl-C ends the process, if the command does not end in time. */
export class CtrlC implements Disposable {
  readonly #controller = new AbortController();
  readonly #listener = () => {
    if (this.#controller.signal.aborted) Deno.exit(EXIT.interrupted);
    this.#controller.abort(new Interrupted("Ctrl-C was pressed"));
  };

  constructor() {
    Deno.addSignalListener("SIGINT", this.#listener);
  }

  /** Aborts with {@linkcode Interrupted} on Ctrl-C. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGINT", this.#listener);
  }
}
