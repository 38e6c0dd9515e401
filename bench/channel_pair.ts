/**
 * Two processes that exchange messages and measure the times.
 *
 * @module
 */

import { RingChannel } from "../mod.ts";
import { declareRingChannel } from "../src/channel/ring/c/mod.ts";
import { compileC, type Compiled } from "../tests/support/compile_c.ts";
import { Peer } from "../tests/support/peer.ts";

/** The programs in bench/peers that are both ends of a pair. */
export type Program =
  | "ring_end.ts"
  | "ring_end.c"
  | "event_end.c"
  | "plain_ring.c"
  | "boost_queue.cpp";

/** The task of both ends. */
export interface Task {
  /** How messages are sent and received: a way that the program knows. */
  readonly way: string;
  /** Length of each message, in bytes. */
  readonly byteLength: number;
  /** Number of processors for the two ends: each end has its own, or both share one. */
  readonly processors: 1 | 2;
  /** The folder of the checkout whose library the ends use. @default this checkout */
  readonly checkout?: URL;
}

/** The measurements of a pair. */
export interface Measured {
  /** Times of a message, or of a round trip, in nanoseconds. */
  readonly nanoseconds: readonly number[];
  /** Number of times that a sender found its receiver asleep. */
  readonly slept: number;
}

const compiled = new Map<Program, Promise<Compiled>>();
const ROOT = new URL("../", import.meta.url);
const peerUrl = (name: string, checkout: URL = ROOT) => new URL(`bench/peers/${name}`, checkout);

/** The two ends of two channels, in two processes. */
export class ChannelPair implements AsyncDisposable {
  readonly #task: Task;
  readonly #near: Peer;
  readonly #far: Peer;
  readonly #stack: AsyncDisposableStack;

  private constructor(task: Task, near: Peer, far: Peer, stack: AsyncDisposableStack) {
    this.#task = task;
    this.#near = near;
    this.#far = far;
    this.#stack = stack;
  }

  /**
   * Starts both ends.
   *
   * @param program The program that is started as both ends.
   * @param task The task that `run()` repeats.
   * @throws {Error} If there is no compiler for the program, or an end does not start.
   */
  static async start(program: Program, task: Task): Promise<ChannelPair> {
    await using stack = new AsyncDisposableStack();
    const name = `winipc-bench-${crypto.randomUUID()}`;
    // Another checkout may have another version of the ring.
    const library: Pick<typeof import("../mod.ts"), "RingChannel"> = task.checkout === undefined
      ? { RingChannel }
      : await import(new URL("mod.ts", task.checkout).href);
    stack.use(library.RingChannel.create(name));
    stack.use(library.RingChannel.create(`${name}b`));
    const words = await commandOf(program, task.checkout);
    const start = async (side: "near" | "far", processor: number) =>
      stack.use(await Peer.startProgram(words[0]!, ...words.slice(1), name, side, `${processor}`));
    const near = await start("near", 1);
    const far = await start("far", task.processors);
    return new ChannelPair(task, near, far, stack.move());
  }

  /** Lets the ends do their task `count` times, and returns their measurements. */
  async run(count: number): Promise<Measured> {
    const { way, byteLength } = this.#task;
    const line = `${way} ${byteLength} ${count}`;
    const answers = await Promise.all([this.#far.ask(line), this.#near.ask(line)]);
    const numbers = answers.map((answer) => answer.trim().split(" ").map(Number));
    return {
      nanoseconds: numbers.flatMap(([_, ...samples]) => samples),
      slept: numbers.reduce((sum, [slept]) => sum + slept!, 0),
    };
  }

  /** Ends both processes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** Deletes the compiled programs. */
export async function deletePrograms(): Promise<void> {
  for (const program of compiled.values()) {
    await (await program.catch(() => undefined))?.[Symbol.asyncDispose]();
  }
  compiled.clear();
}

async function commandOf(program: Program, checkout?: URL): Promise<string[]> {
  if (program === "ring_end.ts") {
    const flags = ["run", "--no-prompt", "--allow-ffi", "--allow-read"];
    return [Deno.execPath(), ...flags, peerUrl(program, checkout).href];
  }
  let found = compiled.get(program);
  if (found === undefined) {
    found = compile(program);
    compiled.set(program, found);
  }
  return [(await found).path];
}

async function compile(program: Program): Promise<Compiled> {
  const include = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    await Deno.writeTextFile(`${include}\\winipc_ring.h`, declareRingChannel());
    return await compileC(peerUrl(program), { include });
  } finally {
    await Deno.remove(include, { recursive: true });
  }
}
