/**
 * The two outputs of the command: data on the standard output, words on the standard error.
 *
 * @module
 */

import { OutputClosed } from "../command_line/failure.ts";
import { fitWidth } from "./columns.ts";

/** The number of characters that are collected before they are written, for long lists. */
const MAX_COLLECTED = 16_384;

/** Clears the line of the cursor, and moves the cursor to its beginning. */
const CLEAR_LINE = "\r\x1b[K";

/**
 * Writes to the standard output and the standard error.
 *
 * Lines of one turn of the event loop are written together. If the reader has closed the standard
 * output, as `head` does, the signal {@linkcode Output.closed} aborts and further lines throw
 * {@linkcode OutputClosed}. If the output fails otherwise, as on a full disk, they throw that error.
 */
export class Output {
  /** Whether the standard output is a terminal, for which colours and live pictures are made. */
  readonly isTerminal: boolean = Deno.stdout.isTerminal();
  /** Whether the standard error is a terminal. Only there is progress shown. */
  readonly #showsStatus: boolean = Deno.stderr.isTerminal();
  readonly #closed = new AbortController();
  readonly #encoder = new TextEncoder();
  #collected = "";
  #hasStatus = false;

  /** Aborts when the standard output turns out to be closed, or fails. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** The size of the terminal in columns and rows; a usual size if there is no terminal. */
  get size(): { columns: number; rows: number } {
    if (!this.isTerminal && !this.#showsStatus) return { columns: 80, rows: 24 };
    return Deno.consoleSize();
  }

  /** Prints a line of data. */
  line(text: string): void {
    this.write(`${text}\n`);
  }

  /** Prints data. */
  write(text: string): void {
    this.#closed.signal.throwIfAborted();
    if (text === "") return;
    this.clearStatus();
    if (this.#collected === "") queueMicrotask(() => this.#writeCollected());
    this.#collected += text;
    if (this.#collected.length > MAX_COLLECTED) this.flush();
  }

  /** Prints bytes as they are. */
  writeBytes(bytes: Uint8Array): void {
    this.flush();
    this.#writeAll(bytes);
    this.#closed.signal.throwIfAborted();
  }

  /**
   * Writes all collected data.
   *
   * @throws {OutputClosed} If nobody reads the standard output any more.
   * @throws The error of writing, with a text for people, if the output fails otherwise.
   */
  flush(): void {
    this.#writeCollected();
    this.#closed.signal.throwIfAborted();
  }

  /** Prints a line of words on the standard error. */
  note(text: string): void {
    this.#writeCollected();
    this.clearStatus();
    writeToStderr(this.#encoder.encode(`${text}\n`));
  }

  /**
   * Shows the progress of long work on a line of its own, until the next output. Does nothing if
   * the standard error is no terminal.
   */
  status(text: string): void {
    if (!this.#showsStatus) return;
    this.#writeCollected();
    const line = fitWidth(text, this.size.columns - 1);
    writeToStderr(this.#encoder.encode(`${CLEAR_LINE}${line}`));
    this.#hasStatus = true;
  }

  /** Removes the progress, if it is shown. */
  clearStatus(): void {
    if (!this.#hasStatus) return;
    this.#hasStatus = false;
    writeToStderr(this.#encoder.encode(CLEAR_LINE));
  }

  #writeCollected(): void {
    if (this.#collected === "") return;
    const bytes = this.#encoder.encode(this.#collected);
    this.#collected = "";
    this.#writeAll(bytes);
  }

  #writeAll(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length && !this.#closed.signal.aborted;) {
        at += Deno.stdout.writeSync(bytes.subarray(at));
      }
    } catch (error) {
      this.#closed.abort(failureOf(error));
    }
  }
}

/** Returns the error for a failed write: only a closed reader is no failure of the command. */
function failureOf(cause: unknown): Error {
  const { code, message } = cause as Error & { readonly code?: string };
  // A pipe without a reader brings errors 109, 232 or 233 of Windows. Each has the class or the code.
  return cause instanceof Deno.errors.BrokenPipe || code === "EPIPE"
    ? new OutputClosed("Nobody reads the standard output", { cause })
    : new Error(`Cannot write to the standard output: ${message}`, { cause });
}

/** Words that nobody reads are not worth a failure. */
function writeToStderr(bytes: Uint8Array): void {
  try {
    Deno.stderr.writeSync(bytes);
  } catch {
    // The standard error is closed.
  }
}
