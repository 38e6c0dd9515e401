/**
 * The command `winipc` as a process that goes on, with which a test exchanges texts.
 *
 * @module
 */

import { commandLine, type Ended } from "./winipc.ts";
import { within } from "../support/within.ts";

/** One output of the process. It is read only while a test waits for a text. */
class Reading {
  #text = "";
  readonly #decoder = new TextDecoder();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.getReader();
  }

  /** The text that was read. Line breaks are `\n`. */
  get text(): string {
    return this.#text.replaceAll("\r\n", "\n");
  }

  /** Reads until the text has a part. */
  async until(part: string): Promise<void> {
    while (!this.text.includes(part)) {
      if (await this.#isOver()) {
        throw new Error(`Expected ${JSON.stringify(part)}, got ${this.text}`);
      }
    }
  }

  /** Reads to the end, and returns all text. */
  async whole(): Promise<string> {
    while (!await this.#isOver());
    return this.text;
  }

  /** Closes the output, as `head` does. */
  async close(): Promise<void> {
    await this.#reader.cancel();
  }

  async #isOver(): Promise<boolean> {
    const { value, done } = await this.#reader.read();
    if (!done) this.#text += this.#decoder.decode(value, { stream: true });
    return done;
  }
}

/** A process of the command. Its outputs are no terminals. */
export class Running implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #out: Reading;
  readonly #err: Reading;
  readonly #line: string;

  /** @param flags The permissions of the process. @default ["--allow-ffi"] */
  constructor(args: readonly string[], flags?: readonly string[]) {
    this.#line = `winipc ${args.join(" ")}`;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: commandLine(args, flags),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#out = new Reading(this.#child.stdout);
    this.#err = new Reading(this.#child.stderr);
  }

  /** Starts `winipc listen`, and waits until it listens. */
  static async listen(...args: string[]): Promise<Running> {
    const running = new Running(["listen", ...args]);
    try {
      await running.untilErr("Listening on ");
      return running;
    } catch (error) {
      await running[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits until the standard output has a text. */
  async untilOut(text: string): Promise<void> {
    await within(`${this.#line} prints ${JSON.stringify(text)}`, this.#out.until(text));
  }

  /** Waits until the standard error has a text. */
  async untilErr(text: string): Promise<void> {
    await within(`${this.#line} says ${JSON.stringify(text)}`, this.#err.until(text));
  }

  /** Writes to the standard input. */
  async write(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /** Ends the standard input. */
  async closeInput(): Promise<void> {
    await this.#input.close();
  }

  /** Closes the standard output, as `head` does. */
  async closeOutput(): Promise<void> {
    await this.#out.close();
  }

  /** Ends the process at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Waits until the process has ended by itself. */
  async ended(): Promise<Ended> {
    const ended = Promise.all([this.#child.status, this.#out.whole(), this.#err.whole()]);
    const [{ code }, out, err] = await within(`${this.#line} ends`, ended);
    return { code, out, err };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.kill();
    } catch {
      // The process has already ended by itself.
    }
    await this.#child.status;
    await Promise.all([this.#out.close(), this.#err.close()]);
    await this.#input.close().catch(() => {});
  }
}
