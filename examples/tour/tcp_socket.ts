/**
 * The tour's socket: another process receives the channel's text over TCP, and sends each line
 * back.
 *
 * @module
 */

import { sendLines } from "../tcp_socket.ts";
import type { Chapter } from "./chapter.ts";

/** Fewer times than in the part with the channel, because each message goes through the system. */
const TIMES = 5;

/** Sends this project's README to another process, and compares the returned lines. */
export async function tcpSocket(chapter: Chapter): Promise<void> {
  const text = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const lines = text.repeat(TIMES).split("\n");
  const child = chapter.startWith(["--allow-net=127.0.0.1"], "tcp_socket.ts", "echo");
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: greeting } = await output.read(); // "Listening on port 50123"
  const port = Number(greeting?.match(/\d+/)?.[0]);
  const { lines: count, wrong, milliseconds } = await sendLines(port, lines, chapter.signal);
  const { value: answer } = await output.read();
  await output.cancel();
  const { success } = await child.status;
  const rate = (2 * count / milliseconds * 1000).toLocaleString("en", { maximumFractionDigits: 0 });
  chapter.print(
    "sent",
    `${lines.length} lines to port ${port}, and back: ${rate} messages per second`,
  );
  chapter.print("answer", `${answer?.trim()}`);
  chapter.check("the other process exited without an error", success);
  chapter.check("every line came back unchanged", count === lines.length && wrong === 0);
}
