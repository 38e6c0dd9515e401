/**
 * Another Deno process that a test talks to, a line at a time.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";

/** The most that a peer may take for an answer, in milliseconds: Wine's first start takes several seconds. */
const PATIENCE = 30_000;

/** A process that runs one of the scripts in tests/peers. */
export class Peer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  private constructor(script: string, args: string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--allow-ffi",
        new URL(`./peers/${script}`, import.meta.url).href,
        ...args,
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = this.#child.stdout
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())
      .getReader();
    this.#input = this.#child.stdin.getWriter();
  }

  /** Starts a peer and waits until it says that it is ready. */
  static async start(script: string, ...args: string[]): Promise<Peer> {
    const peer = new Peer(script, args);
    const greeting = await peer.nextLine();
    if (greeting !== "ready") throw new Error(`Expected "ready" from ${script}, got "${greeting}"`);
    return peer;
  }

  /** The peer's process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Waits for the next line that the peer writes. */
  async nextLine(): Promise<string> {
    const timer = setTimeout(() => this.kill(), PATIENCE);
    try {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`Peer ${this.pid} ended, or said nothing for ${PATIENCE} ms`);
      return value;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends the peer a line. */
  async send(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Sends the peer a line and waits for its answer. */
  async ask(line: string): Promise<string> {
    await this.send(line);
    return await this.nextLine();
  }

  /** Ends the peer at once, as the task manager would. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It ended by itself meanwhile.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Waits until the process is gone. */
  async gone(): Promise<Deno.CommandStatus> {
    return await this.#child.status;
  }

  /** Ends the peer, whatever it does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#child.status;
    await this.#lines.cancel();
    await this.#input.close().catch(() => {});
  }
}
