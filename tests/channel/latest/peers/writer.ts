/**
 * Opens the writer of a latest value, and executes commands from its input.
 *
 *     writer.ts NAME
 *
 * - "write N" writes N once.
 * - "spin" writes as fast as possible, until the process is killed.
 * - "echo OTHER" answers each value of the latest value OTHER by the next number, after some
 *   microseconds.
 * - "close" closes the writer and ends the process.
 */

import { TextLineStream } from "@std/streams";
import { LatestValue } from "../../../../src/channel/mod.ts";
import { Marked } from "../marked_value.ts";

const [name] = Deno.args;
using writerValue = LatestValue.openOrCreate(name!, Marked);
using writer = writerValue.writer();
console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(
  new TextLineStream(),
);
for await (const line of lines) {
  const [word, number = "0"] = line.split(" ");
  if (word === "write") {
    writer.write({ marks: new Array<number>(Marked.marks).fill(Number(number)) });
    console.log("written");
  }
  if (word === "close") {
    writer.close();
    console.log("closed");
    break;
  }
  if (word === "echo") {
    using otherValue = LatestValue.open(number, Marked);
    using other = otherValue.reader();
    const words = new Int32Array(Marked.marks);
    console.log("echoing");
    for (let seen = 0;;) {
      if (!other.readInto(words) || words[0] === seen) continue;
      seen = words[0]!;
      for (const end = performance.now() + Math.random() / 100; performance.now() < end;);
      writer.value.marks.set(0, seen + 1);
      writer.publish();
    }
  }
  if (word === "spin") {
    console.log("spinning");
    const { marks } = writer.value;
    for (let mark = 1;; mark = (mark + 1) >>> 0) {
      for (let at = 0; at < Marked.marks; at++) marks.set(at, mark);
      writer.publish();
    }
  }
}
