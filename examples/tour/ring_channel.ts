/**
 * The tour's channel: a real text goes to another process line by line, and comes back.
 *
 * @module
 */

import { sendLines } from "../ring_channel.ts";
import type { Chapter } from "./chapter.ts";

const TIMES = 200;

/** Sends the project's own README to another process, many times, and compares what comes back. */
export async function ringChannel(chapter: Chapter): Promise<void> {
  const text = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const lines = text.repeat(TIMES).split("\n");
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const child = chapter.start("ring_channel.ts", "echo", "--name", name);
  const { lines: count, wrong, milliseconds } = await sendLines(name, lines, chapter.signal);
  const { success } = await child.output();
  const rate = (2 * count / milliseconds * 1000).toLocaleString("en", { maximumFractionDigits: 0 });
  chapter.tell("sent", `${lines.length} lines of a text, and back: ${rate} messages a second`);
  chapter.check("the other process ended well", success);
  chapter.check("every line came back as it was sent", count === lines.length && wrong === 0);
}
