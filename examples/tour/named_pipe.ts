/**
 * The tour's named pipe: clients send a text to another process at the same time, and receive the
 * text back.
 *
 * @module
 */

import { sendBytes } from "../pipe_echo.ts";
import type { Chapter } from "./chapter.ts";

const CLIENTS = 8;
const TIMES = 20;

/** Sends this project's README through several connections, and compares the returned bytes. */
export async function namedPipe(chapter: Chapter): Promise<void> {
  const text = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const sent = new TextEncoder().encode(text.repeat(TIMES));
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const child = chapter.start(
    "pipe_echo.ts",
    ...["serve", "--name", name, "--clients", `${CLIENTS}`],
  );
  const clients = Array.from({ length: CLIENTS }, () => sendBytes(name, sent, chapter.signal));
  const texts = (await Promise.all(clients)).map((bytes) => new TextDecoder().decode(bytes));
  const { success, stdout } = await child.output();
  const answers = new TextDecoder().decode(stdout).trim().split(/\r?\n/);
  chapter.print("sent", `${sent.length} bytes by each of ${CLIENTS} clients, and back`);
  chapter.print("answer", `${answers.at(-1)}`);
  chapter.check("the other process exited without an error", success);
  chapter.check(
    "every client received its text unchanged",
    texts.every((received) => received === text.repeat(TIMES)),
  );
}
