/**
 * The tour's memory without a name, whose handle is sent to a running process.
 *
 * @module
 */

import { send } from "../handle_transfer.ts";
import type { Chapter } from "./chapter.ts";

const COUNT = 100_000;

/** Sends a handle of a memory to another process, which sorts the numbers in the memory. */
export async function handleTransfer(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const child = chapter.start("handle_transfer.ts", "receive", "--class", name);
  const output = new Response(child.stdout).text();
  const numbers = Array.from({ length: COUNT }, Math.random);
  chapter.print("sent", `a handle of memory without a name: ${COUNT} random numbers`);
  const sorted = await send(name, numbers, chapter.signal);
  chapter.print("answer", (await output).trim().split(/\r?\n/).at(-1)!);
  numbers.sort((a, b) => a - b);
  chapter.check(
    "this process sees the numbers sorted",
    sorted.every((number, index) => number === numbers[index]),
  );
  chapter.check("the other process exited without an error", (await child.status).success);
}
