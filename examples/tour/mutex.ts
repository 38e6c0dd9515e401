/**
 * The tour's struct, which three processes change. A mutex lets only one of them change it at a
 * time.
 *
 * @module
 */

import { change, openLedger } from "../mutex.ts";
import type { Chapter } from "./chapter.ts";

const TIMES = 300;

/** Changes a struct with three processes, and then kills a process that has locked the mutex. */
export async function mutex(chapter: Chapter): Promise<void> {
  const { signal } = chapter;
  const name = `winipc-tour-${crypto.randomUUID()}`;
  using opened = openLedger(name);
  const { ledger } = opened;
  const child = (who: number, ...args: string[]) => {
    const common = ["--name", name, "--who", String(who), "--times", String(TIMES)];
    return chapter.start("mutex.ts", ...common, ...args);
  };
  const outputs = [child(1).output(), child(2).output()];
  await change(name, { who: 0, times: TIMES, signal });
  const ends = await Promise.all(outputs);
  chapter.print(
    "sent",
    `${TIMES} changes from each of three processes, each change with the mutex`,
  );
  chapter.print("answer", `version ${ledger.version}, ${[...ledger.changes].join(" + ")} changes`);
  chapter.check(
    "the other processes exited without an error",
    ends.every(({ success }) => success),
  );
  chapter.check("no change was lost", ledger.version === 3 * TIMES);

  const before = ledger.version;
  const holder = child(2, "--stop");
  const reader = holder.stdout.getReader();
  await reader.read(); // The process prints a line when it stops in the middle of a change.
  await reader.cancel();
  const halfDone = ledger.changes.get(2) === 2 * TIMES && ledger.version === before + TIMES - 1;
  holder.kill("SIGKILL");
  await holder.status;
  const { repaired, version } = await change(name, { who: 0, times: 1, signal });
  chapter.print(
    "killed",
    `process ${holder.pid}, in the middle of a change; ${ledger.writer} repaired the struct`,
  );
  chapter.check("the killed process left an incomplete change", halfDone);
  chapter.check(
    "the next process detected this, and repaired the sum",
    repaired === 1 && version === before + TIMES + 1,
  );
}
