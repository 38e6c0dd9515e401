/**
 * The tour's struct, which three processes change one at a time.
 *
 * @module
 */

import { change, openLedger } from "../mutex.ts";
import type { Chapter } from "./chapter.ts";

const TIMES = 300;

/** Has three processes change a struct, then kills one that holds the mutex. */
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
  chapter.tell("sent", `${TIMES} changes by each of three processes, with a mutex around each`);
  chapter.tell("answer", `version ${ledger.version}, ${[...ledger.turns].join(" + ")} changes`);
  chapter.check("the other processes ended well", ends.every(({ success }) => success));
  chapter.check("no change is lost", ledger.version === 3 * TIMES);

  const before = ledger.version;
  const holder = child(2, "--stop");
  const reader = holder.stdout.getReader();
  await reader.read(); // It says that it holds the mutex, in the middle of a change.
  await reader.cancel();
  const halfDone = ledger.turns.get(2) === 2 * TIMES && ledger.version === before + TIMES - 1;
  holder.kill("SIGKILL");
  await holder.status;
  const { mended, version } = await change(name, { who: 0, times: 1, signal });
  chapter.tell(
    "killed",
    `process ${holder.pid}, in the middle of a change: ${ledger.writer} mended it`,
  );
  chapter.check("the killed one had left a change half done", halfDone);
  chapter.check(
    "the next holder was told, and the sum is right",
    mended === 1 && version === before + TIMES + 1,
  );
}
