/**
 * Opens a reader of a latest frame, and executes commands from its input: `reader.ts NAME`.
 *
 * - "acquire" acquires the newest frame, holds it and prints its mark.
 * - "look" prints the mark of the frame that is held.
 * - "release" releases the frame.
 * - "check N" checks as many frames as possible for N milliseconds, and for longer on a busy machine,
 *   where the writer seldom runs. It prints how many different frames it has checked, or the error.
 * - "spin" acquires and releases frames as fast as possible, until the process is killed.
 * - "changes N" waits for each further frame, up to the one with the mark N. It prints each mark.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { type Frame, LatestFrame } from "../../../../src/channel/mod.ts";
import { soon } from "../../../support/soon.ts";
import { checkFrames, markOf } from "../marked_frame.ts";

using frames = await LatestFrame.waitFor(Deno.args[0]!, soon);
using reader = frames.reader();
let held: Frame | undefined;
console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
  new TextLineStream(),
);
for await (const line of lines) {
  const [word, number] = line.split(" ");
  if (word === "acquire") {
    held = reader.acquire();
    console.log(held ? markOf(held) : "none");
  }
  if (word === "look") console.log(markOf(held!));
  if (word === "release") {
    held?.release();
    console.log("released");
  }
  if (word === "check") console.log(checkFrames(reader, Number(number)));
  if (word === "spin") {
    console.log("spinning");
    for (;;) {
      using frame = reader.acquire();
      if (frame !== undefined && Math.random() < 0.1) markOf(frame);
    }
  }
  if (word === "changes") {
    for await (const frame of reader.changes({ ...soon, whenWriterGone: "wait" })) {
      const mark = markOf(frame);
      console.log(mark);
      if (mark === Number(number)) break;
    }
  }
}
