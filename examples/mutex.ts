/**
 * A record that several processes change in turn: each change has several steps, so a mutex keeps
 * the others out until it is done. Whoever finds that the last holder died looks whether its change
 * was done, and mends the record.
 *
 *     deno run --allow-ffi examples/mutex.ts --name accounts --times 1000
 *     deno run --allow-ffi examples/mutex.ts --name accounts --times 1 --die
 *     deno run --allow-ffi examples/mutex.ts --name accounts --times 1
 *
 * (In a local checkout it needs `--allow-read` as well, for its thread. The memory and the mutex
 * are there as long as a process has them: `--hold` keeps them until the input ends.)
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { SharedMemory, SharedMutex } from "@winipc/winipc";

/** Two accounts, whose sum never changes. */
const [LEFT, RIGHT] = [0, 1];
const SUM = 1_000_000;

/** What a process did with the accounts. */
export interface Report {
  /** How many times it moved one from the left to the right. */
  moved: number;
  /** How often it found that a holder had died, and mended what it left. */
  mended: number;
  /** What is on the right. */
  right: number;
}

/** Moves one from the left account to the right, many times; `die` ends the process in the middle of the last. */
export async function move(
  name: string,
  times: number,
  { die = false, signal }: { die?: boolean; signal?: AbortSignal } = {},
): Promise<Report> {
  using mutex = SharedMutex.openOrCreate(`${name}-mutex`);
  using memory = SharedMemory.openOrCreate(name, 8, {
    initialize: (view) => new Int32Array(view.buffer)[LEFT] = SUM,
  });
  using view = memory.map();
  const accounts = new Int32Array(view.buffer, 0, 2);
  let mended = 0;
  for (let i = 0; i < times; i++) {
    using lock = await mutex.lock(signal === undefined ? {} : { signal });
    if (lock.abandoned) {
      accounts[RIGHT] = SUM - accounts[LEFT]!;
      mended++;
    }
    if (accounts[LEFT]! + accounts[RIGHT]! !== SUM) throw new Error("Somebody came in between");
    accounts[LEFT]!--;
    if (die && i === times - 1) Deno.exit(3);
    accounts[RIGHT]!++;
  }
  return { moved: times, mended, right: accounts[RIGHT]! };
}

if (import.meta.main) {
  const { name, times, die, hold, timeout } = parseArgs(Deno.args, {
    string: ["name", "times", "timeout"],
    boolean: ["die", "hold"],
    default: { name: "winipc-accounts", times: "1000", timeout: "30000" },
  });
  using _memory = SharedMemory.openOrCreate(name, 8, {
    initialize: (view) => new Int32Array(view.buffer)[LEFT] = SUM,
  });
  using _mutex = SharedMutex.openOrCreate(`${name}-mutex`);
  const signal = AbortSignal.timeout(Number(timeout));
  const { moved, mended, right } = await move(name, Number(times), { die, signal });
  console.log(`Moved ${moved}, mended ${mended}; there are ${right} on the right`);
  if (hold) {
    console.log("Holding them until the input ends");
    for await (const _ of Deno.stdin.readable);
  }
}
