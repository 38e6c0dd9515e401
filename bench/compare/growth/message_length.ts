/**
 * The bytes of a message: how fast large messages are.
 *
 * @module
 */

import { RingChannel } from "../../../mod.ts";
import { declareRingChannel } from "../../../src/channel/ring/c/mod.ts";
import { compileC, type Compiled } from "../../../tests/support/compile_c.ts";
import { removeFolder } from "../../../tests/support/remove_folder.ts";
import { End, script } from "./end.ts";
import { type Growing, repetitions } from "./growing.ts";

const UNIT = "bytes a second";
/** Minimum capacity of a ring in bytes. A ring has room for four messages. */
const MIN_CAPACITY = 2 ** 22;
const LIMITS = { min: 4, max: 100_000 };

/** Returns the command that runs an end with these arguments. */
type CommandOf = (...args: string[]) => readonly string[];

/** The two ends of the messages of one language. */
interface Pair {
  readonly near: End;
  readonly far: End;
  /** The name of the pair, from which the names of its rings and pipes are made. */
  readonly name: string;
}

/**
 * The bytes of a message, from 1 KiB to 64 MiB.
 *
 * @param hasC Whether there is a C compiler.
 */
export function messageLength(hasC: boolean): Growing {
  return {
    of: "bytes of a message",
    units: {
      "RingChannel": UNIT,
      ...(hasC ? { "C ring": UNIT } : {}),
      "named pipe": UNIT,
      "Uint8Array.set": UNIT,
      ...(hasC ? { "memcpy": UNIT } : {}),
    },
    numbers: [2 ** 10, 2 ** 12, 2 ** 14, 2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26],
    smokeNumbers: [2 ** 10, 2 ** 16],
    async *launch(lengths, signal) {
      await using stack = new AsyncDisposableStack();
      const start = async (command: CommandOf) => await startPair(stack, command, signal);
      const ours = await start((...args) => script("message_end", ...args));
      const path = hasC ? stack.use(await compileEnd()).path : undefined;
      const inC = path === undefined ? undefined : await start((...args) => [path, ...args]);
      for (const x of lengths) {
        yield { name: "RingChannel", x, y: await throughRing(ours, x) };
        if (inC) yield { name: "C ring", x, y: await throughRing(inC, x) };
        yield { name: "named pipe", x, y: await throughPipe(ours, x) };
        yield { name: "Uint8Array.set", x, y: await byCopy(ours.near, x) };
        if (inC) yield { name: "memcpy", x, y: await byCopy(inC.near, x) };
      }
    },
  };
}

async function startPair(
  stack: AsyncDisposableStack,
  command: CommandOf,
  signal?: AbortSignal,
): Promise<Pair> {
  const name = `winipc-growth-${crypto.randomUUID()}`;
  const commands = [command(name, "near"), command(name, "far")];
  const [near, far] = await End.startAll(stack, commands, signal);
  return { near: near!, far: far!, name };
}

async function throughRing(pair: Pair, length: number): Promise<number> {
  using _channel = RingChannel.create(`${pair.name}-${length}`, { capacity: capacityFor(length) });
  return await rate(length, twiceAround(length), (count) => exchange(pair, "ring", length, count));
}

async function throughPipe(pair: Pair, length: number): Promise<number> {
  const first = Math.max(2, Math.floor(MIN_CAPACITY / length));
  return await rate(length, first, (count) => exchange(pair, "pipe", length, count));
}

async function byCopy(near: End, length: number): Promise<number> {
  return await rate(
    length,
    twiceAround(length),
    async (count) => (await near.ask("copy", length, count))[0]!,
  );
}

/** Sends messages from end to end, and returns the time of one in nanoseconds. */
async function exchange(
  { near, far }: Pair,
  way: string,
  length: number,
  count: number,
): Promise<number> {
  const answers = await Promise.all([far, near].map((end) => end.ask(way, length, count)));
  return answers[0]![0]!;
}

/**
 * Returns the bytes that `run` sends in a second. A first run of `first` messages gives the number
 * of messages of the measured run.
 */
async function rate(
  length: number,
  first: number,
  run: (count: number) => Promise<number>,
): Promise<number> {
  const count = repetitions(await run(first), LIMITS);
  return length / await run(count) * 1e9;
}

/** Returns the number of messages that go twice around the ring, so that all pages are written. */
function twiceAround(length: number): number {
  return Math.ceil(2 * capacityFor(length) / length);
}

function capacityFor(length: number): number {
  return Math.max(MIN_CAPACITY, 4 * length);
}

async function compileEnd(): Promise<Compiled> {
  const include = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    await Deno.writeTextFile(`${include}\\winipc_ring.h`, declareRingChannel());
    return await compileC(new URL("peers/message_end.c", import.meta.url), { include });
  } finally {
    await removeFolder(include);
  }
}
