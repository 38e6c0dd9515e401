/**
 * The common code of the tour's parts: starts other processes, and prints and checks the results.
 *
 * @module
 */

/** Maximum time for a part, in milliseconds. */
const MAX_DURATION = 60_000;

/** One part of the tour. */
export class Chapter {
  /** Aborts the part if it takes too long. */
  readonly signal: AbortSignal = AbortSignal.timeout(MAX_DURATION);
  readonly #started = performance.now();
  #failures = 0;
  #isSkipped = false;

  /** The number of failed checks. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether the part could not be shown here. */
  get isSkipped(): boolean {
    return this.#isSkipped;
  }

  /** The time since the part started, in milliseconds. */
  get milliseconds(): number {
    return Math.round(performance.now() - this.#started);
  }

  /** Starts an example in another process. The process is killed if the part takes too long. */
  start(example: string, ...args: string[]): Deno.ChildProcess {
    return this.startWith(["--allow-ffi"], example, ...args);
  }

  /** Starts an example as `start` does, but with other permissions. */
  startWith(permissions: string[], example: string, ...args: string[]): Deno.ChildProcess {
    return this.#start([...permissions, fileUrl(`../${example}`), ...args], "inherit");
  }

  /** Starts the command `winipc`. Its words on the standard error are not printed. */
  startCommand(...words: string[]): Deno.ChildProcess {
    return this.#start(["--allow-ffi", fileUrl("../../cli.ts"), ...words], "piped");
  }

  #start(args: string[], stderr: "inherit" | "piped"): Deno.ChildProcess {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...args],
      stdin: "null",
      stdout: "piped",
      stderr,
      signal: this.signal,
    }).spawn();
    this.print("who", `process ${Deno.pid} (this one) and process ${child.pid}`);
    return child;
  }

  /** Waits for a millisecond, or throws if the part takes too long. */
  async moment(): Promise<void> {
    this.signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Prints a line with a label. */
  print(label: string, text: string): void {
    console.log(`   ${label.padEnd(6)} ${text}`);
  }

  /** Prints why the part cannot be shown here. */
  skip(reason: string): void {
    this.#isSkipped = true;
    this.print("none", reason);
  }

  /** Prints a claim and whether it is true. Counts a failure if it is not. */
  check(claim: string, isTrue: boolean): void {
    if (!isTrue) this.#failures++;
    this.print(isTrue ? "ok" : "FAILED", claim);
  }
}

function fileUrl(path: string): string {
  return new URL(path, import.meta.url).href;
}
