/**
 * The tour's memory without a name, put into a process that is running already.
 *
 * @module
 */

import { send } from "../handle_transfer.ts";
import type { Chapter } from "./chapter.ts";

const COUNT = 100_000;

/** Puts a memory into another process by DuplicateHandle, and has it sort the numbers there. */
export async function handleTransfer(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const child = chapter.start("handle_transfer.ts", "receive", "--class", name);
  const output = new Response(child.stdout).text();
  const numbers = Array.from({ length: COUNT }, Math.random);
  chapter.tell("sent", `a handle of ${COUNT * 8} bytes without a name: ${COUNT} random numbers`);
  const sorted = await send(name, numbers, chapter.signal);
  chapter.tell("answer", (await output).trim().split(/\r?\n/).at(-1)!);
  numbers.sort((a, b) => a - b);
  chapter.check(
    "the memory here shows the numbers as the other process sorted them",
    sorted.every((number, index) => number === numbers[index]),
  );
  chapter.check("it ended well", (await child.status).success);
}
