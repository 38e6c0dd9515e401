/**
 * The tour's messages between the windows of two processes.
 *
 * @module
 */

import { end, send } from "../copy_data.ts";
import type { Chapter } from "./chapter.ts";

/**
 * Sends a text by WM_COPYDATA, and checks the other process's answer and the text it sends back.
 */
export async function copyData(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const child = chapter.start("copy_data.ts", "receive", "--class", name);
  const output = new Response(child.stdout).text();
  const text = `数据 – created after the start: ${crypto.randomUUID()}`;
  chapter.print("sent", JSON.stringify(text));
  const { answer, reply } = await send(name, text, chapter.signal);
  chapter.print("answer", `${answer} characters`);
  chapter.print("back", JSON.stringify(reply));
  await end(name);
  const said = (await output).split(/\r?\n/);
  chapter.check(
    "the other process counted the characters correctly",
    answer === BigInt(text.length),
  );
  chapter.check(
    "the other process received the text unchanged",
    said.includes(`Received ${JSON.stringify(text)}`),
  );
  chapter.check("this process received the text in upper case", reply === text.toUpperCase());
  chapter.check(
    "the other process received this process's answer",
    said.includes("Sent it back in upper case, and got the answer 2"),
  );
  chapter.check("the other process exited without an error", (await child.status).success);
}
