/**
 * Processes that do a part of a measurement.
 *
 * @module
 */

import { EndProcess } from "../run/end_process.ts";

/** Time limit for a line, in milliseconds. The first start of Wine takes several seconds. */
const LIMIT = 30_000;

/** Returns the command that runs a script of growth/peers. */
export function script(name: string, ...args: string[]): readonly string[] {
  const url = new URL(`peers/${name}.ts`, import.meta.url).href;
  return [Deno.execPath(), "run", "--no-prompt", "--allow-ffi", "--allow-read", url, ...args];
}

/** A process that does tasks for a measurement. */
export class End implements AsyncDisposable {
  readonly #process: EndProcess;

  private constructor(process: EndProcess) {
    this.#process = process;
  }

  /**
   * Starts a process.
   *
   * @param signal Ends the process at once, also in the middle of a task.
   * @throws {Error} If the process does not start.
   */
  static async start(command: readonly string[], signal?: AbortSignal): Promise<End> {
    await using stack = new AsyncDisposableStack();
    const process = stack.use(new EndProcess({ name: "process", command, signal }));
    const line = await process.nextLine(LIMIT);
    if (line !== "ready") {
      throw new Error(`Expected "ready" from ${command.join(" ")}, got "${line}"`);
    }
    stack.move();
    return new End(process);
  }

  /**
   * Starts several processes at the same time. `stack` ends them, also if one of them does not
   * start.
   */
  static async startAll(
    stack: AsyncDisposableStack,
    commands: readonly (readonly string[])[],
    signal?: AbortSignal,
  ): Promise<End[]> {
    const starts = await Promise.allSettled(commands.map((command) => End.start(command, signal)));
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
    await this.#process.send(words.join(" "));
    const { error, numbers }: { error?: string; numbers: number[] } = JSON.parse(
      await this.#process.nextLine(LIMIT),
    );
    if (error === undefined) return numbers;
    throw new Error(`Task "${words.join(" ")}" failed: ${error}`);
  }

  /** Ends the process at once, and waits until it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
