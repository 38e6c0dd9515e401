/**
 * What the parts of the tour have in common: another process, and an account of
 * what went to and fro.
 *
 * @module
 */

/** The most that a part may take, in milliseconds. */
const PATIENCE = 60_000;

/** One part of the tour. */
export class Chapter {
  /** Ends the part when it takes too long. */
  readonly signal: AbortSignal = AbortSignal.timeout(PATIENCE);
  readonly #started = performance.now();
  #failures = 0;

  /** How many checks have failed. */
  get failures(): number {
    return this.#failures;
  }

  /** How long the part has taken. */
  get milliseconds(): number {
    return Math.round(performance.now() - this.#started);
  }

  /** Starts an example as another process; it is ended when the part is over. */
  start(example: string, ...args: string[]): Deno.ChildProcess {
    const script = new URL(`../${example}`, import.meta.url).href;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-ffi", "--allow-read", script, ...args],
      stdin: "null",
      stdout: "piped",
      signal: this.signal,
    }).spawn();
    this.tell("who", `process ${Deno.pid} (this one) and process ${child.pid}`);
    return child;
  }

  /** Waits a moment before something is looked at again, unless the part takes too long. */
  async moment(): Promise<void> {
    this.signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Adds a line to the account. */
  tell(what: string, text: string): void {
    console.log(`   ${what.padEnd(6)} ${text}`);
  }

  /** Adds a line on whether something is right. */
  check(what: string, right: boolean): void {
    if (!right) this.#failures++;
    this.tell(right ? "right" : "WRONG", what);
  }
}
