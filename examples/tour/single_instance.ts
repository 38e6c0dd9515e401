/**
 * The tour's script that runs once: this process is the first, and a later one hands its arguments
 * over.
 *
 * @module
 */

import { SingleInstance } from "@winipc/winipc/instance";
import type { Chapter } from "./chapter.ts";

const FILES = ["second.png", "third.png"];

/** Lets a later process hand over its files. */
export async function singleInstance(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const opened: string[] = [];
  await using instance = await SingleInstance.acquire(name, {
    onSecond: (args) => void opened.push(...args),
  });
  const child = chapter.start("single_instance.ts", ...FILES, "--name", name);
  const { success, stdout } = await child.output();
  chapter.print("answer", new TextDecoder().decode(stdout).trim());
  chapter.check("this process is the first", instance !== undefined);
  chapter.check("the later process exited without an error", success);
  chapter.check("this process got its arguments", opened.join() === FILES.join());
}
