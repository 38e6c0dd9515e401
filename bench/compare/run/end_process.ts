/**
 * A process that writes lines, and that may not end before its input does.
 *
 * @module
 */

/** Maximum number of characters of the standard error that an error shows. */
const SHOWN_CHARACTERS = 2000;
/** Time limit for the rest of the standard error of a process that has ended, in milliseconds. */
const REST_LIMIT = 1000;

/** Options of an {@linkcode EndProcess}. */
export interface EndProcessOptions {
  /** The name of the process in errors, such as `near end`. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Further environment variables. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** Kills the process. @default nothing does */
  readonly signal?: AbortSignal | undefined;
}

/** A process that writes lines: an end of a pair, or a process of a growth measurement. */
export class EndProcess implements AsyncDisposable {
  /** The name of the process in errors, such as `near end`. */
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #signal: AbortSignal | undefined;
  readonly #kill = () => this.kill();
  readonly #lines: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #decoder = new TextDecoder();
  #text = "";
  readonly #errors: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #errorsRead: Promise<void>;
  #errorText = "";

  /**
   * Starts a process.
   *
   * @throws {Deno.errors.NotFound} If there is no such program.
   */
  constructor({ name, command, env = {}, signal }: EndProcessOptions) {
    signal?.throwIfAborted();
    const [program, ...args] = command;
    this.#name = name;
    this.#signal = signal;
    this.#child = new Deno.Command(program!, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env,
    }).spawn();
    signal?.addEventListener("abort", this.#kill);
    this.#lines = this.#child.stdout.getReader();
    this.#errors = this.#child.stderr.getReader();
    this.#errorsRead = this.#readErrors();
  }

  /**
   * Waits until the process writes a line.
   *
   * @param limit Time limit in milliseconds. When it is over, the process is killed.
   * @throws {Error} If the process ends first, or writes no line in time.
   */
  async nextLine(limit: number): Promise<string> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.kill();
    }, limit);
    try {
      for (;;) {
        const end = this.#text.indexOf("\n");
        if (end !== -1) {
          const line = this.#text.slice(0, end);
          this.#text = this.#text.slice(end + 1);
          return line.trimEnd();
        }
        const { value, done } = await this.#lines.read();
        if (isLate) throw new Error(`the ${this.#name} wrote no line for ${limit / 1000} s`);
        if (done) throw await this.#errorOfEnd();
        this.#text += this.#decoder.decode(value, { stream: true });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Sends the process a line.
   *
   * @throws {Error} If the line cannot be written. The error has the exit code of the process.
   */
  async send(line: string): Promise<void> {
    const input = this.#child.stdin.getWriter();
    try {
      await input.write(new TextEncoder().encode(`${line}\n`));
    } catch {
      throw await this.#errorOfEnd();
    } finally {
      input.releaseLock();
    }
  }

  /** Closes the standard input. For a near end, this is the signal to end. */
  async closeInput(): Promise<void> {
    await this.#child.stdin.close().catch(() => {});
  }

  /** Rejects when the process ends, with its exit code and its standard error. */
  async failure(): Promise<never> {
    await this.#child.status;
    throw await this.#errorOfEnd();
  }

  /**
   * Waits until the process has ended.
   *
   * @param limit Time limit in milliseconds. When it is over, the process is killed.
   * @throws {Error} If its exit code is not 0.
   */
  async finish(limit: number): Promise<void> {
    const timer = setTimeout(() => this.kill(), limit);
    const { success } = await this.#child.status;
    clearTimeout(timer);
    if (!success) throw await this.#errorOfEnd();
  }

  /** Ends the process at once. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // The process has ended. Before Deno knows that, Windows denies the access.
      const hasEnded = error instanceof TypeError || error instanceof Deno.errors.PermissionDenied;
      if (!hasEnded) throw error;
    }
  }

  /** Ends the process at once, and waits until it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#kill);
    this.kill();
    await this.#child.status;
    await Promise.all([this.#lines.cancel(), this.#errors.cancel(), this.closeInput()]);
  }

  async #errorOfEnd(): Promise<Error> {
    const { code } = await this.#child.status;
    let timer;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, REST_LIMIT));
    await Promise.race([this.#errorsRead, late]);
    clearTimeout(timer);
    const said = this.#errorText.trim();
    return new Error(`the ${this.#name} ended with exit code ${code}${said && `:\n${said}`}`);
  }

  async #readErrors(): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { value, done } = await this.#errors.read();
      if (done) return;
      const all = this.#errorText + decoder.decode(value, { stream: true });
      this.#errorText = all.slice(-SHOWN_CHARACTERS);
    }
  }
}
