/**
 * The tour's channel: another process receives a text line by line, and sends each line back.
 *
 * @module
 */

import { sendLines } from "../ring_channel.ts";
import type { Chapter } from "./chapter.ts";

const TIMES = 200;

/** Sends this project's README to another process many times, and compares the returned lines. */
export async function ringChannel(chapter: Chapter): Promise<void> {
  const text = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const lines = text.repeat(TIMES).split("\n");
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const child = chapter.start("ring_channel.ts", "echo", "--name", name);
  const { lines: count, wrong, milliseconds } = await sendLines(name, lines, chapter.signal);
  const { success } = await child.output();
  const rate = (2 * count / milliseconds * 1000).toLocaleString("en", { maximumFractionDigits: 0 });
  chapter.print("sent", `${lines.length} lines, and back: ${rate} messages per second`);
  chapter.check("the other process exited without an error", success);
  chapter.check("every line came back unchanged", count === lines.length && wrong === 0);
}
