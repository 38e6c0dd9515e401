/**
 * The tour's message to another process's window.
 *
 * @module
 */

import { end, send } from "../copy_data.ts";
import type { Chapter } from "./chapter.ts";

/** Sends a text by WM_COPYDATA and checks what the other process heard and answered. */
export async function copyData(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const child = chapter.start("copy_data.ts", "receive", "--class", name);
  const output = new Response(child.stdout).text();
  const text = `数据 – made afterwards: ${crypto.randomUUID()}`;
  chapter.tell("sent", JSON.stringify(text));
  const answer = await send(name, text, chapter.signal);
  await end(name);
  const heard = (await output).split(/\r?\n/).find((line) => line.startsWith("Received"));
  chapter.tell("answer", `${answer} characters; ${heard}`);
  chapter.check(
    "the other process counted the characters that are here",
    answer === BigInt(text.length),
  );
  chapter.check("it heard the text as it was sent", heard === `Received ${JSON.stringify(text)}`);
  chapter.check("it ended well", (await child.status).success);
}
