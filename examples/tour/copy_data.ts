/**
 * The tour's messages between the windows of two processes.
 *
 * @module
 */

import { end, send } from "../copy_data.ts";
import type { Chapter } from "./chapter.ts";

/** Sends a text by WM_COPYDATA, and checks what the other process heard, answered and sent back. */
export async function copyData(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const child = chapter.start("copy_data.ts", "receive", "--class", name);
  const output = new Response(child.stdout).text();
  const text = `数据 – made afterwards: ${crypto.randomUUID()}`;
  chapter.tell("sent", JSON.stringify(text));
  const { answer, reply } = await send(name, text, chapter.signal);
  chapter.tell("answer", `${answer} characters`);
  chapter.tell("back", JSON.stringify(reply));
  await end(name);
  const said = (await output).split(/\r?\n/);
  chapter.check(
    "the other process counted the characters that are here",
    answer === BigInt(text.length),
  );
  chapter.check(
    "it heard the text as it was sent",
    said.includes(`Received ${JSON.stringify(text)}`),
  );
  chapter.check("its own text came to a window of this one", reply === text.toUpperCase());
  chapter.check(
    "it got the answer of that window",
    said.includes("Sent it back in capitals, and was answered 2"),
  );
  chapter.check("it ended well", (await child.status).success);
}
