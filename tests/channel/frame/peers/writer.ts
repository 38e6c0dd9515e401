/**
 * Opens the writer of a latest frame, and executes commands from its input:
 * `writer.ts NAME SLOTS MAX_READERS`.
 *
 * - "publish N" publishes a frame with the mark N, and prints "published" or "dropped".
 * - "claim" fills a half of the next frame, and does not publish it.
 * - "spin" publishes as fast as possible, until the process is killed.
 * - "close" closes the writer and ends the process.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { LatestFrame } from "../../../../src/channel/mod.ts";
import { BYTE_LENGTH, publishMarked } from "../marked_frame.ts";

const [name, slots, maxReaders] = Deno.args;
using frames = LatestFrame.openOrCreate(name!, {
  byteLength: BYTE_LENGTH,
  slots: Number(slots),
  maxReaders: Number(maxReaders),
});
using writer = frames.writer();
console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
  new TextLineStream(),
);
for await (const line of lines) {
  const [word, number] = line.split(" ");
  if (word === "publish") {
    console.log(publishMarked(writer, Number(number)) ? "published" : "dropped");
  }
  if (word === "claim") {
    writer.claim()!.fill(0xff, 0, BYTE_LENGTH / 2);
    console.log("claimed");
  }
  if (word === "spin") {
    console.log("spinning");
    for (let mark = 1;; mark = (mark + 1) >>> 0) publishMarked(writer, mark);
  }
  if (word === "close") {
    writer.close();
    console.log("closed");
    break;
  }
}
