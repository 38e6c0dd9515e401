/**
 * The tour's bank, whose accounts three processes change. A lock in the same memory lets only one of
 * them change the accounts at a time.
 *
 * @module
 */

import { openBank, transfer } from "../shared_lock.ts";
import type { Chapter } from "./chapter.ts";

const TIMES = 50_000;

/** Makes transfers by three processes, and then kills a process that has the lock. */
export async function sharedLock(chapter: Chapter): Promise<void> {
  const { signal } = chapter;
  const name = `winipc-tour-${crypto.randomUUID()}`;
  using opened = openBank(name);
  const { bank } = opened;
  const child = (...args: string[]) =>
    chapter.start("shared_lock.ts", "--name", name, "--times", String(TIMES), ...args);
  const outputs = [child().output(), child().output()];
  const { sum } = await transfer(name, { times: TIMES, signal });
  const ends = await Promise.all(outputs);
  chapter.print("sent", `${TIMES} transfers from each of three processes, each with the lock`);
  chapter.print("answer", `${bank.transfers} transfers were made, and the sum is ${sum}`);
  chapter.check(
    "the other processes exited without an error",
    ends.every(({ success }) => success),
  );
  chapter.check("no transfer was lost", bank.transfers === 3 * TIMES && sum === 0);

  const holder = child("--stop");
  const reader = holder.stdout.getReader();
  await reader.read(); // The process prints a line when it stops in the middle of a transfer.
  await reader.cancel();
  holder.kill("SIGKILL");
  await holder.status;
  const made = bank.transfers;
  const report = await transfer(name, { times: 1, signal });
  chapter.print("killed", `process ${holder.pid}, in the middle of a transfer`);
  chapter.check(
    "the next process noticed this, and undid the transfer",
    report.undone === 1 && report.transfers === made + 1 && report.sum === 0,
  );
}
