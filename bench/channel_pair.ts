/**
 * Two processes that send each other messages, to measure them.
 *
 * @module
 */

import { declareRingChannel, RingChannel } from "../mod.ts";
import { compileC, type Compiled } from "../tests/support/compile_c.ts";
import { Peer } from "../tests/support/peer.ts";

/** The programs in bench/peers that are both ends of a pair. */
export type Program =
  | "ring_end.ts"
  | "ring_end.c"
  | "event_end.c"
  | "plain_ring.c"
  | "boost_queue.cpp";

/** What the ends do: the ways that ring_end.ts and ring_end.c know. */
export interface Task {
  /** How messages go. */
  readonly way: string;
  /** How long each is, in bytes. */
  readonly byteLength: number;
  /** Whether the ends are on two processors, or share one. */
  readonly processors: 1 | 2;
  /** The folder of the checkout whose library the ends use. @default this one */
  readonly checkout?: URL;
}

/** What a pair has measured. */
export interface Measured {
  /** How long it took, in nanoseconds: for each message, or each of them there and back. */
  readonly nanoseconds: readonly number[];
  /** How often an end that sent something found the other one asleep. */
  readonly slept: number;
}

const compiled = new Map<Program, Promise<Compiled>>();
const ROOT = new URL("../", import.meta.url);
const peerUrl = (name: string, checkout: URL = ROOT) => new URL(`bench/peers/${name}`, checkout);

/** Two ends, in two processes. */
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
   * @param program What each of them is.
   * @param task What they are for.
   * @throws {Error} If there is no compiler for them, or they do not start.
   */
  static async start(program: Program, task: Task): Promise<ChannelPair> {
    await using stack = new AsyncDisposableStack();
    const name = `winipc-bench-${crypto.randomUUID()}`;
    stack.use(RingChannel.create(name));
    stack.use(RingChannel.create(`${name}b`));
    const words = await commandOf(program, task.checkout);
    const start = async (side: "near" | "far", processor: number) =>
      stack.use(await Peer.startProgram(words[0]!, ...words.slice(1), name, side, `${processor}`));
    const near = await start("near", 1);
    const far = await start("far", task.processors);
    return new ChannelPair(task, near, far, stack.move());
  }

  /** Has the ends do their task so many times, and tells what they have measured. */
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

/** Deletes the programs that were compiled. */
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
