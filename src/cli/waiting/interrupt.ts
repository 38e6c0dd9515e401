/**
 * Ctrl-C and Ctrl-Break as a signal that aborts.
 *
 * @module
 */

import { EXIT, Interrupted } from "../command_line/failure.ts";

/** Listens for Ctrl-C. The second Ctrl-C ends the process, if the command does not end in time. */
export class CtrlC implements Disposable {
  readonly #controller = new AbortController();
  readonly #listener = () => {
    if (this.#controller.signal.aborted) Deno.exit(EXIT.interrupted);
    this.#controller.abort(new Interrupted("Ctrl-C was pressed"));
  };

  constructor() {
    for (const signal of signals()) Deno.addSignalListener(signal, this.#listener);
  }

  /** Aborts with {@linkcode Interrupted} on Ctrl-C. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of signals()) Deno.removeSignalListener(signal, this.#listener);
  }
}

/**
 * Returns the signals of Ctrl-C and Ctrl-Break. A program can send another process only Ctrl-Break.
 * Linux does not have it.
 */
function signals(): Deno.Signal[] {
  return Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT"];
}
