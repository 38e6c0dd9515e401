/**
 * A struct that several processes change, one at a time. Each change has several steps, so a mutex
 * keeps the others out until it is done. Whoever finds that the last holder died looks whether its
 * change was done, and mends the struct.
 *
 *     deno run --allow-ffi examples/mutex.ts --name ledger --who 0 --times 1000 --hold
 *     deno run --allow-ffi examples/mutex.ts --name ledger --who 1 --times 1000 --stop
 *     deno run --allow-ffi examples/mutex.ts --name ledger --who 2 --times 1
 *
 * The second one stops in the middle of its last change: end it, and the third one is told. (In a
 * local checkout it needs `--allow-read` as well, for its thread.)
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { array, SharedMemory, SharedMutex, struct, utf16 } from "@winipc/winipc";

/** What is shared: `version` is the sum of all `turns`, but in the middle of a change. */
export const Ledger = struct({
  version: "u32",
  writer: utf16(32),
  turns: array("u32", 3),
});

/** What a process saw when it changed the ledger. */
export interface Report {
  /** How many changes it made. */
  made: number;
  /** How often it found that a holder had died, and mended what that one had left. */
  mended: number;
  /** The version after its last change. */
  version: number;
}

/** How to change the ledger. */
export interface ChangeOptions {
  /** Which of the three the process is, from 0. */
  who: number;
  /** How many changes it makes. */
  times: number;
  /** What is called in the middle of the last one. */
  inTheMiddle?: () => void | Promise<void>;
  /** Ends it. */
  signal: AbortSignal;
}

/** Opens the ledger of a name and its mutex, or makes them. */
export function openLedger(name: string) {
  const mutex = SharedMutex.openOrCreate(`${name}-mutex`);
  const memory = SharedMemory.openOrCreate(name, Ledger.byteLength);
  const view = memory.map();
  const close = () => {
    view.close();
    memory.close();
    mutex.close();
  };
  return { mutex, ledger: Ledger.view(view), [Symbol.dispose]: close };
}

/** Changes the ledger of a name. */
export async function change(name: string, options: ChangeOptions): Promise<Report> {
  const { who, times, inTheMiddle, signal } = options;
  using opened = openLedger(name);
  const { mutex, ledger } = opened;
  let mended = 0;
  for (let made = 1; made <= times; made++) {
    using lock = await mutex.lock({ signal });
    const sum = [...ledger.turns].reduce((sum, turns) => sum + turns, 0);
    if (lock.abandoned) {
      ledger.version = sum;
      mended++;
    }
    if (ledger.version !== sum) throw new Error("Somebody came in between");
    ledger.turns.set(who, ledger.turns.get(who) + 1);
    ledger.writer = `process ${Deno.pid}`;
    if (made === times) await inTheMiddle?.();
    ledger.version++;
  }
  return { made: times, mended, version: ledger.version };
}

if (import.meta.main) {
  const { name, who, times, stop, hold, timeout } = parseArgs(Deno.args, {
    string: ["name", "who", "times", "timeout"],
    boolean: ["stop", "hold"],
    default: { name: "winipc-ledger", who: "0", times: "1000", timeout: "30000" },
  });
  // Memory and mutex are there as long as a process has them.
  using _held = openLedger(name);
  const { made, mended, version } = await change(name, {
    who: Number(who),
    times: Number(times),
    signal: AbortSignal.timeout(Number(timeout)),
    ...(stop ? { inTheMiddle: blockOn } : {}),
  });
  console.log(`Made ${made} changes, mended ${mended}; the version is ${version}`);
  if (hold) {
    console.log("Holding it until the input ends");
    for await (const _ of Deno.stdin.readable);
  }
}

async function blockOn(): Promise<void> {
  console.log("Stopped in the middle of a change, with the mutex: end this process");
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}
