/**
 * Another process with which a test exchanges lines of text.
 *
 * @module
 */

import { type PeerPath, peerUrl } from "./peer_url.ts";
import { SLOWNESS } from "./slowness.ts";

/** Time limit for a peer's answer, in milliseconds: Wine's first start takes several seconds. */
const PATIENCE = 30_000 * SLOWNESS;

/** A process with which a test exchanges lines of text. */
export class Peer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  /** Read only while a test waits for a line, because each read takes one of Deno's few threads. */
  readonly #output: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #decoder = new TextDecoder();
  #text = "";
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  private constructor(program: string, args: string[]) {
    this.#child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#output = this.#child.stdout.getReader();
    this.#input = this.#child.stdin.getWriter();
  }

  /**
   * Starts a script and waits until it writes "ready". The script has the permission that the README
   * names.
   */
  static async start(script: PeerPath, ...args: string[]): Promise<Peer> {
    return await Peer.startProgram(
      Deno.execPath(),
      "run",
      "--no-prompt",
      "--allow-ffi",
      peerUrl(script).href,
      ...args,
    );
  }

  /** Starts a program and waits until it writes "ready". */
  static async startProgram(program: string, ...args: string[]): Promise<Peer> {
    const peer = new Peer(program, args);
    const greeting = await peer.nextLine();
    if (greeting === "ready") return peer;
    await peer[Symbol.asyncDispose]();
    throw new Error(`Expected "ready" from ${[program, ...args].join(" ")}, got "${greeting}"`);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits for the next line that the peer writes. */
  async nextLine(): Promise<string> {
    const timer = setTimeout(() => this.kill(), PATIENCE);
    try {
      for (;;) {
        const [line, ...rest] = this.#text.split(/\r?\n/);
        if (rest.length > 0) {
          this.#text = rest.join("\n");
          return line!;
        }
        const { value, done } = await this.#output.read();
        if (done) throw new Error(`Peer ${this.pid} ended, or wrote no line for ${PATIENCE} ms`);
        this.#text += this.#decoder.decode(value, { stream: true });
      }
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
      // The peer has already ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Waits until the process has ended. */
  async gone(): Promise<Deno.CommandStatus> {
    return await this.#child.status;
  }

  /** Ends the peer, even if it is busy. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#child.status;
    await this.#output.cancel();
    await this.#input.close().catch(() => {});
  }
}
