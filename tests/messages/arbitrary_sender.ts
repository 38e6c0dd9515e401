/**
 * Starts and controls the program that sends arbitrary messages to windows.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Bits, compileC } from "../support/compile_c.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";

/** How a message gets to a window: it is posted to the window or to its thread, or sent. */
export type Way = "post" | "thread" | "send";

/**
 * A parameter of a message: a number, a new random number each time, or the address of
 * `ExitProcess`.
 */
export type Parameter = bigint | number | "random" | "ExitProcess";

/** The result of an order to the program. */
export interface Report {
  /** Whether the window is gone. */
  gone: boolean;
  /** The number of messages that the system took, or that were answered. */
  taken: number;
  /** The number of messages that the system refused. */
  refused: number;
  /** The number of WM_COPYDATA that were not answered 0. */
  data: number;
}

/** The program that sends arbitrary messages, in its process. */
export class ArbitrarySender implements AsyncDisposable {
  readonly #peer: Peer;
  readonly #program: AsyncDisposable;
  #data = 0;

  private constructor(peer: Peer, program: AsyncDisposable) {
    this.#peer = peer;
    this.#program = program;
  }

  /** Compiles the program for 64 or 32 bits and starts it. */
  static async start(bits: Bits): Promise<ArbitrarySender> {
    const program = await compileC(peerUrl("messages/peers/arbitrary_sender.c"), { bits });
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    return new ArbitrarySender(await Peer.startProgram(program.path, `${seed}`), program);
  }

  /** The number of WM_COPYDATA of all orders that were not answered 0. */
  get data(): number {
    return this.#data;
  }

  /**
   * Sends a range of messages. Leaves out messages that close a window, unless the range is one
   * message.
   */
  async act(
    way: Way,
    window: { handle: bigint },
    [first, last]: readonly [number, number],
    [wParam, lParam]: readonly [Parameter, Parameter] = [0, 0],
  ): Promise<Report> {
    await this.#peer.send(`${way} ${window.handle} ${first} ${last} ${wParam} ${lParam}`);
    return await this.#report();
  }

  /** Sends one message, and asserts that the system takes it. */
  async actOnce(
    way: Way,
    window: { handle: bigint },
    message: number,
    parameters?: readonly [Parameter, Parameter],
  ): Promise<void> {
    const { taken } = await this.act(way, window, [message, message], parameters);
    assertEquals(taken, 1);
  }

  /** Shows and paints a window. The window's thread must take messages for this. */
  async show(window: { handle: bigint }): Promise<void> {
    await this.#peer.send(`show ${window.handle}`);
    assertEquals((await this.#report()).taken, 1);
  }

  /**
   * Starts to send and post all messages, and data, until the window is gone.
   *
   * @returns The result, when the window is gone.
   */
  async flood(window: { handle: bigint }): Promise<{ end: Promise<Report> }> {
    await this.#peer.send(`flood ${window.handle}`);
    return { end: this.#report() };
  }

  /** Ends the program. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
    await this.#program[Symbol.asyncDispose]();
  }

  async #report(): Promise<Report> {
    const line = await this.#peer.nextLine();
    const [outcome, taken, refused, data] = line.split(" ");
    if (outcome !== "done" && outcome !== "gone") throw new Error(`The sender said ${line}`);
    this.#data += Number(data);
    return {
      gone: outcome === "gone",
      taken: Number(taken),
      refused: Number(refused),
      data: Number(data),
    };
  }
}
