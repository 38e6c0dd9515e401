/**
 * Moves money between accounts in shared memory. A lock in the same struct lets only one process at
 * a time change them. While the lock is free, it costs no call of Windows. If a process dies in the
 * middle of a transfer, the next process to take the lock undoes the transfer.
 *
 *     deno run --allow-ffi examples/shared_lock.ts --times 1000000 --hold
 *     deno run --allow-ffi examples/shared_lock.ts --times 1000000 --stop
 *     deno run --allow-ffi examples/shared_lock.ts --times 1
 *
 * The second process stops in the middle of its last transfer. End it, and the third process undoes
 * that transfer.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { array, type HeldLock, sharedLock, SharedMemory, struct } from "@winipc/winipc";

const ACCOUNTS = 8;

/** The shared struct. The sum of all balances is 0, except in the middle of a transfer. */
export const Bank = struct({
  lock: sharedLock,
  transfers: "u32",
  balances: array("i32", ACCOUNTS),
  /** The balances before the transfer that is going on, so that it can be undone. */
  journal: struct({ isOpen: "bool", before: array("i32", ACCOUNTS), transfers: "u32" }),
});

/** The result of a process's transfers. */
export interface Report {
  /** The number of transfers that were undone because their process had died. */
  undone: number;
  /** The number of transfers of all processes. */
  transfers: number;
  /** The sum of all balances. */
  sum: number;
}

/** Options of {@linkcode transfer}. */
export interface TransferOptions {
  /** The number of transfers to make. */
  times: number;
  /** A function to call in the middle of the last transfer. */
  inTheMiddle?: () => void | Promise<void>;
  /** Aborts waiting for the lock. */
  signal: AbortSignal;
}

/** Opens the bank of a name, or creates it. New memory is zeroed: its lock is free. */
export function openBank(name: string) {
  const memory = SharedMemory.openOrCreate(name, Bank.byteLength);
  const view = memory.map();
  const close = () => {
    view.close();
    memory.close();
  };
  return { bank: Bank.view(view), [Symbol.dispose]: close };
}

/** Makes transfers, with the lock taken for each of them. */
export async function transfer(
  name: string,
  { times, inTheMiddle, signal }: TransferOptions,
): Promise<Report> {
  using opened = openBank(name);
  const { bank } = opened;
  const { lock, balances, journal } = bank;
  let undone = 0;
  for (let made = 1; made <= times; made++) {
    // Without contention, tryLock() takes the lock at once. A promise would take longer.
    using held: HeldLock = lock.tryLock() ?? await lock.lock({ signal });
    if (held.abandoned && undo(bank)) undone++;
    const [from, to, amount] = [made % ACCOUNTS, (made + 3) % ACCOUNTS, made % 100];
    journal.before.set(balances);
    journal.transfers = bank.transfers;
    journal.isOpen = true;
    balances.set(to, balances.get(to) + amount);
    if (made === times) await inTheMiddle?.();
    balances.set(from, balances.get(from) - amount);
    bank.transfers++;
    journal.isOpen = false;
  }
  using _held = await lock.lock({ signal });
  const sum = [...balances].reduce((sum, balance) => sum + balance, 0);
  return { undone, transfers: bank.transfers, sum };
}

/** Undoes the transfer of a process that has died, if there is one. */
function undo(bank: ReturnType<typeof openBank>["bank"]): boolean {
  const { balances, journal } = bank;
  if (!journal.isOpen) return false;
  balances.set(journal.before);
  bank.transfers = journal.transfers;
  journal.isOpen = false;
  return true;
}

if (import.meta.main) {
  const { name, times, stop, hold, timeout } = parseArgs(Deno.args, {
    string: ["name", "times", "timeout"],
    boolean: ["stop", "hold"],
    default: { name: "winipc-bank", times: "1000000", timeout: "30000" },
  });
  // The memory exists while at least one process has it open.
  using _opened = openBank(name);
  const { undone, transfers, sum } = await transfer(name, {
    times: Number(times),
    signal: AbortSignal.timeout(Number(timeout)),
    ...(stop ? { inTheMiddle: blockOn } : {}),
  });
  console.log(`Undid ${undone} transfers; ${transfers} were made, and the sum is ${sum}`);
  if (hold) {
    console.log("Keeping the bank open until the standard input ends");
    for await (const _ of Deno.stdin.readable);
  }
}

async function blockOn(): Promise<void> {
  console.log("Stopped in the middle of a transfer, with the lock: end this process");
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}
