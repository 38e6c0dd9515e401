/**
 * Guards a struct with a mutex, so that only one process at a time changes it. Each change has
 * several steps. If a process dies during a change, the next process to lock the mutex repairs the
 * struct.
 *
 *     deno run --allow-ffi examples/mutex.ts --name ledger --who 0 --times 1000 --hold
 *     deno run --allow-ffi examples/mutex.ts --name ledger --who 1 --times 1000 --stop
 *     deno run --allow-ffi examples/mutex.ts --name ledger --who 2 --times 1
 *
 * The second process stops in the middle of its last change. End it, and the third process repairs
 * the struct.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { array, SharedMemory, SharedMutex, struct, utf16 } from "@winipc/winipc";

/** The shared struct. `version` is the sum of all `changes`, except in the middle of a change. */
export const Ledger = struct({
  version: "u32",
  writer: utf16(32),
  changes: array("u32", 3),
});

/** The result of a process's changes. */
export interface Report {
  /** The number of changes that it made. */
  made: number;
  /** The number of times that it repaired the struct after another process had died. */
  repaired: number;
  /** The version after its last change. */
  version: number;
}

/** Options of {@linkcode change}. */
export interface ChangeOptions {
  /** The number of the process, from 0 to 2. */
  who: number;
  /** The number of changes to make. */
  times: number;
  /** A function to call in the middle of the last change. */
  inTheMiddle?: () => void | Promise<void>;
  /** Aborts waiting for the mutex. */
  signal: AbortSignal;
}

/** Opens or creates a ledger and its mutex by name. */
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

/** Changes a ledger several times, with its mutex locked for each change. */
export async function change(name: string, options: ChangeOptions): Promise<Report> {
  const { who, times, inTheMiddle, signal } = options;
  using opened = openLedger(name);
  const { mutex, ledger } = opened;
  let repaired = 0;
  for (let made = 1; made <= times; made++) {
    using lock = await mutex.lock({ signal });
    const sum = [...ledger.changes].reduce((sum, count) => sum + count, 0);
    if (lock.abandoned) {
      ledger.version = sum;
      repaired++;
    }
    if (ledger.version !== sum) {
      throw new Error("Another process changed the ledger without the mutex");
    }
    ledger.changes.set(who, ledger.changes.get(who) + 1);
    ledger.writer = `process ${Deno.pid}`;
    if (made === times) await inTheMiddle?.();
    ledger.version++;
  }
  return { made: times, repaired, version: ledger.version };
}

if (import.meta.main) {
  const { name, who, times, stop, hold, timeout } = parseArgs(Deno.args, {
    string: ["name", "who", "times", "timeout"],
    boolean: ["stop", "hold"],
    default: { name: "winipc-ledger", who: "0", times: "1000", timeout: "30000" },
  });
  // The memory and the mutex exist while at least one process has them open.
  using _held = openLedger(name);
  const { made, repaired, version } = await change(name, {
    who: Number(who),
    times: Number(times),
    signal: AbortSignal.timeout(Number(timeout)),
    ...(stop ? { inTheMiddle: blockOn } : {}),
  });
  console.log(`Made ${made} changes, repaired ${repaired}, the version is ${version}`);
  if (hold) {
    console.log("Keeping the ledger open until the standard input ends");
    for await (const _ of Deno.stdin.readable);
  }
}

async function blockOn(): Promise<void> {
  console.log("Stopped in the middle of a change, with the mutex locked: end this process");
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}
