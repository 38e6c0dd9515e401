/**
 * The tour's turns: processes that change one record, and one that dies in the middle.
 *
 * @module
 */

import { ProcessWatch, SharedMemory, SharedMutex } from "@winipc/winipc";
import { move } from "../mutex.ts";
import type { Chapter } from "./chapter.ts";

const TIMES = 500;
const SUM = 1_000_000;

/** Has three processes change a record in turn, lets a fourth die while it does, and mends the record. */
export async function mutex(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  using memory = SharedMemory.openOrCreate(name, 8, {
    initialize: (view) => new Int32Array(view.buffer)[0] = SUM,
  });
  using _mutex = SharedMutex.create(`${name}-mutex`);
  using view = memory.map();
  const accounts = new Int32Array(view.buffer, 0, 2);
  const start = (...args: string[]) => chapter.start("mutex.ts", "--name", name, ...args);

  const children = [start("--times", `${TIMES}`), start("--times", `${TIMES}`)];
  const mine = await move(name, TIMES, { signal: chapter.signal });
  for (const child of children) {
    const { success, stdout } = await child.output();
    chapter.tell("answer", new TextDecoder().decode(stdout).trim());
    chapter.check("the other process ended well", success);
  }
  chapter.check(
    `${TIMES} changes by each of three processes are ${accounts[1]}`,
    mine.mended === 0 && accounts[1] === 3 * TIMES && accounts[0]! + accounts[1]! === SUM,
  );

  const dying = start("--times", "1", "--die");
  using watch = ProcessWatch.open(dying.pid);
  await watch.wait({ signal: chapter.signal });
  await dying.output();
  chapter.check("a fourth one died in the middle of a change", accounts[0]! + accounts[1]! < SUM);
  const { mended, right } = await move(name, 1, { signal: chapter.signal });
  chapter.check("the next one was told, and mended it", mended === 1 && right === 3 * TIMES + 2);
}
