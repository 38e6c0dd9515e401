/**
 * A launch of copy_data_report.ts: new processes that send and receive WM_COPYDATA.
 *
 * @module
 */

import { compileC, type Compiled } from "../tests/support/compile_c.ts";
import { Peer } from "../tests/support/peer.ts";

/** The checkout of this file. */
const ROOT = new URL("../", import.meta.url);
const FLAGS = ["run", "--no-prompt", "--allow-ffi", "--allow-read"];

/** A way to send a message and to take it. */
export interface Way {
  /** The sender: the program in C, or a function of the library. */
  readonly send: "C" | "sendCopyData" | "sendCopyDataSync";
  /** The receiver: the program in C, or a listener whose script reads messages so. */
  readonly to: "C" | "busy" | "eager";
  /** The folder of the checkout whose library sends and receives. @default this checkout */
  readonly checkout?: URL;
}

/** The compiled programs of the pair in C. */
export class CPrograms implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  /** The path of the sender. */
  readonly sender: string;
  /** The path of the receiver. */
  readonly receiver: string;

  private constructor(sender: Compiled, receiver: Compiled, stack: AsyncDisposableStack) {
    this.sender = sender.path;
    this.receiver = receiver.path;
    this.#stack = stack;
  }

  /** Compiles the programs. */
  static async compile(): Promise<CPrograms> {
    await using stack = new AsyncDisposableStack();
    const sender = stack.use(await compileC(new URL("bench/peers/sender.c", ROOT)));
    const receiver = stack.use(await compileC(new URL("bench/peers/receiver.c", ROOT)));
    return new CPrograms(sender, receiver, stack.move());
  }

  /** Deletes the programs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** Processes that send and receive. Each process starts when a way first needs it. */
export class Launch implements AsyncDisposable {
  readonly #programs: CPrograms;
  readonly #stack = new AsyncDisposableStack();
  readonly #peers = new Map<string, Promise<Peer>>();
  /** The classes of the receivers' windows. */
  readonly #classes = new Map<string, string>();

  constructor(programs: CPrograms) {
    this.#programs = programs;
  }

  /** Sends `times` messages, one after another. Returns the time of each in nanoseconds. */
  async run(way: Way, byteLength: number, times: number): Promise<readonly number[]> {
    const className = await this.#receiver(way);
    const sender = await this.#sender(way, className);
    const task = way.send === "C" ? "" : `${way.send} ${className} `;
    const answer = await sender.ask(`${task}${byteLength} ${times}`);
    return answer.trim().split(" ").map(Number);
  }

  /** Ends all processes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }

  /** Starts the receiver of a way. Returns the class of its window. */
  async #receiver({ to, checkout = ROOT }: Way): Promise<string> {
    const key = `${to} of ${checkout.href}`;
    const className = this.#classes.get(key) ?? `winipc-bench-${crypto.randomUUID()}`;
    this.#classes.set(key, className);
    const script = new URL("bench/peers/listener.ts", checkout).href;
    await (to === "C"
      ? this.#start(this.#programs.receiver, className)
      : this.#start(Deno.execPath(), ...FLAGS, script, className, to));
    return className;
  }

  async #sender({ send, checkout = ROOT }: Way, className: string): Promise<Peer> {
    if (send === "C") return await this.#start(this.#programs.sender, className);
    const script = new URL("bench/peers/sender.ts", ROOT).href;
    const library = new URL("mod.ts", checkout).href;
    return await this.#start(Deno.execPath(), ...FLAGS, script, library);
  }

  /** Starts a program, unless it runs already. */
  async #start(program: string, ...args: string[]): Promise<Peer> {
    const key = [program, ...args].join(" ");
    const peer = this.#peers.get(key) ??
      Peer.startProgram(program, ...args).then((peer) => this.#stack.use(peer));
    this.#peers.set(key, peer);
    return await peer;
  }
}
