/**
 * Runs the command `winipc`, or any program, on a terminal.
 *
 * The terminal is a Windows console without a window (tests/cli/peers/terminal.c), on Wine too. It
 * passes on each character that the program writes, with the escape codes. A character that takes
 * two columns is not passed on reliably.
 *
 * @module
 */

import { compileC, type Compiled } from "../support/compile_c.ts";
import { peerUrl } from "../support/peer_url.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { within } from "../support/within.ts";
import { screenOf } from "./screen.ts";
import { commandLine } from "./winipc.ts";

/** Options of a {@linkcode Terminal}. */
export interface TerminalOptions {
  /** The terminal's width in columns, at most 250. @default 80 */
  readonly columns?: number;
  /** The terminal's height in rows. @default 24 */
  readonly rows?: number;
  /** Environment variables besides those of this process, such as `{ NO_COLOR: "1" }`. */
  readonly env?: Readonly<Record<string, string>>;
  /** The permissions of `winipc`. @default ["--allow-ffi"] */
  readonly flags?: readonly string[];
  /** Time limit of each wait in milliseconds. @default 30_000 */
  readonly timeout?: number;
}

/** What a program on a terminal left behind. */
export interface TerminalEnded {
  readonly code: number;
  /** All characters that the program wrote, with the escape codes. Line breaks are `\n`. */
  readonly text: string;
  /** The lines that the terminal shows at the end, without colours. */
  readonly lines: readonly string[];
}

let compiled: Promise<Compiled> | undefined;

/** Compiles the terminal once for all tests of a file. */
function terminalProgram(): Promise<Compiled> {
  if (compiled === undefined) {
    compiled = compileC(peerUrl("cli/peers/terminal.c"));
    compiled.then(({ path }) => {
      const folder = path.slice(0, path.lastIndexOf("\\"));
      globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    }).catch(() => {});
  }
  return compiled;
}

/** A terminal on which a program runs. */
export class Terminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #timeout: number;
  readonly #reading: Promise<string>;
  #text = "";
  #changed = Promise.withResolvers<void>();
  #isOver = false;

  private constructor(terminal: string, words: readonly string[], options: TerminalOptions) {
    const { columns = 80, rows = 24, env = {}, timeout = 30_000 } = options;
    this.#timeout = timeout;
    this.#child = new Deno.Command(terminal, {
      args: [String(columns), String(rows), ...words],
      // An empty NO_COLOR allows colours, also where NO_COLOR is set for the tests themselves.
      env: { NO_COLOR: "", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** Starts `winipc` with arguments on a terminal. */
  static winipc(args: readonly string[], options: TerminalOptions = {}): Promise<Terminal> {
    return Terminal.start([Deno.execPath(), ...commandLine(args, options.flags)], options);
  }

  /** Starts a program with its arguments on a terminal. */
  static async start(words: readonly string[], options: TerminalOptions = {}): Promise<Terminal> {
    const { path } = await terminalProgram();
    return new Terminal(path, words, options);
  }

  /** All characters that the program has written up to now, with the escape codes. */
  get text(): string {
    return this.#text.replaceAll("\r\n", "\n");
  }

  /** The lines that the terminal shows now, without colours. */
  get lines(): string[] {
    return screenOf(this.text);
  }

  /**
   * Waits until the program has written a text, with its escape codes.
   *
   * @param isThere The text, or a function that returns whether the text and the lines are as expected.
   */
  async until(
    isThere: string | ((text: string, lines: readonly string[]) => boolean),
  ): Promise<void> {
    const what = typeof isThere === "string" ? JSON.stringify(isThere) : String(isThere);
    const deadline = performance.now() + this.#timeout * SLOWNESS;
    while (
      !(typeof isThere === "string" ? this.text.includes(isThere) : isThere(this.text, this.lines))
    ) {
      const left = deadline - performance.now();
      if (this.#isOver || left <= 0) {
        throw new Error(`Expected ${what} on the terminal, got ${JSON.stringify(this.text)}`);
      }
      const { promise } = this.#changed;
      await Promise.race([promise, within("the terminal changes", promise, left).catch(() => {})]);
    }
  }

  /** Types keys. `"\x03"` is Ctrl-C, and `"\x1c"` is Ctrl-Break. */
  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** Changes the size of the terminal. The size of the console's memory limits the width to 250. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.type(`\x18${columns} ${rows}\n`);
  }

  /** Waits for the end of the program. */
  async ended(): Promise<TerminalEnded> {
    const errors = await within("the program on the terminal ends", this.#reading, this.#timeout);
    const { code } = await this.#child.status;
    if (errors !== "") throw new Error(errors);
    return { code, text: this.text, lines: this.lines };
  }

  /** Ends the terminal, and the program with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    // At the end of the standard input, the terminal ends the program.
    await this.#keys.close().catch(() => {});
    await this.#reading;
    await this.#child.status;
  }

  /** Collects the output until its end. Returns the errors of the terminal itself. */
  async #read(): Promise<string> {
    const errors = new Response(this.#child.stderr).text();
    for await (const part of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#text += part;
      this.#wake();
    }
    this.#isOver = true;
    this.#wake();
    return await errors;
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }
}

/**
 * Runs `winipc` on a terminal to its end.
 *
 * @param args The words after `winipc`.
 */
export async function winipcOnTerminal(
  args: readonly string[],
  options: TerminalOptions = {},
): Promise<TerminalEnded> {
  await using terminal = await Terminal.winipc(args, options);
  return await terminal.ended();
}
