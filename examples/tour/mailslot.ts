/**
 * The tour's mailslot: two other processes send all lines of a file, and this process collects
 * them.
 *
 * @module
 */

import { Mailslot } from "@winipc/winipc";
import { linesOf } from "../mailslot.ts";
import type { Chapter } from "./chapter.ts";

const SENDERS = 2;

/** Collects the lines that two processes send at once. */
export async function mailslot(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const file = new URL("../../README.md", import.meta.url);
  const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
  using mailslot = Mailslot.create(name);
  const path = decodeURIComponent(file.pathname.slice(1));
  const children = Array.from(
    { length: SENDERS },
    () =>
      chapter.startWith(
        ["--allow-ffi", "--allow-read"],
        "mailslot.ts",
        ...["send", "--name", name, "--file", path],
      ),
  );
  /** The lines of each process. */
  const collected = new Map<number, string[]>();
  for await (const { pid, text } of linesOf(mailslot, SENDERS, chapter.signal)) {
    if (text === undefined) continue;
    if (!collected.has(pid)) collected.set(pid, []);
    collected.get(pid)!.push(text);
  }
  const outputs = await Promise.all(children.map((child) => child.output()));
  for (const { stdout } of outputs) {
    chapter.print("answer", new TextDecoder().decode(stdout).trim());
  }
  const texts = [...collected.values()];
  chapter.check("the other processes exited without an error", outputs.every((out) => out.success));
  chapter.check(
    "every line of each process arrived, in its order",
    texts.length === SENDERS && texts.every((text) => text.join("\n") === lines.join("\n")),
  );
}
