/**
 * The two ends of something, in two processes that measure the times.
 *
 * @module
 */

import type { Compiled } from "../tests/support/compile_c.ts";
import type { Peer } from "../tests/support/peer.ts";

/** Two processes that do the same task together. The near end measures it. */
export class EndPair implements AsyncDisposable {
  readonly #near: Peer;
  readonly #far: Peer;
  readonly #stack: AsyncDisposableStack;

  /** Takes over two ends. The stack ends both processes. */
  protected constructor(near: Peer, far: Peer, stack: AsyncDisposableStack) {
    this.#near = near;
    this.#far = far;
    this.#stack = stack;
  }

  /** Lets the ends do a task `count` times, and returns the times in nanoseconds. */
  async run(way: string, byteLength: number, count: number): Promise<readonly number[]> {
    const line = `${way} ${byteLength} ${count}`;
    const [answer] = await Promise.all([this.#near.ask(line), this.#far.ask(line)]);
    return answer.trim().split(" ").map(Number).slice(1);
  }

  /** Ends both processes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** Deletes a compiled program, unless its compiler failed. */
export async function deleteProgram(program: Promise<Compiled> | undefined): Promise<void> {
  await (await program?.catch(() => undefined))?.[Symbol.asyncDispose]();
}
