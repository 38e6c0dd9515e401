/**
 * Processes that do a part of a measurement.
 *
 * @module
 */

import { Peer } from "../../../tests/support/peer.ts";

/** Returns the command that runs a script of growth/peers. */
export function script(name: string, ...args: string[]): readonly string[] {
  const url = new URL(`peers/${name}.ts`, import.meta.url).href;
  return [Deno.execPath(), "run", "--no-prompt", "--allow-ffi", "--allow-read", url, ...args];
}

/** A process that does tasks for a measurement. */
export class End implements AsyncDisposable {
  readonly #peer: Peer;

  private constructor(peer: Peer) {
    this.#peer = peer;
  }

  /**
   * Starts a process.
   *
   * @throws {Error} If the process does not start.
   */
  static async start([program, ...args]: readonly string[]): Promise<End> {
    return new End(await Peer.startProgram(program!, ...args));
  }

  /**
   * Starts several processes at the same time. The end of `stack` ends them, also if one of them does
   * not start.
   */
  static async startAll(
    stack: AsyncDisposableStack,
    commands: readonly (readonly string[])[],
  ): Promise<End[]> {
    const starts = await Promise.allSettled(commands.map((command) => End.start(command)));
    for (const start of starts) if (start.status === "fulfilled") stack.use(start.value);
    return starts.map((start) => {
      if (start.status === "rejected") throw start.reason;
      return start.value;
    });
  }

  /**
   * Lets the process do a task.
   *
   * @param words The name of the task, and its arguments.
   * @returns The numbers that the task returns.
   * @throws {Error} If the task fails, or takes longer than 30 seconds.
   */
  async ask(...words: (string | number)[]): Promise<number[]> {
    const { error, numbers }: { error?: string; numbers: number[] } = JSON.parse(
      await this.#peer.ask(words.join(" ")),
    );
    if (error === undefined) return numbers;
    throw new Error(`Task "${words.join(" ")}" failed: ${error}`);
  }

  /** Ends the process, even if it is busy. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }
}
