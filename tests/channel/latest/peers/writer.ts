/**
 * Writes a latest value, or is refused, and does as it is told.
 *
 *     writer.ts NAME
 *
 * "spin" has it write until it is killed, as fast as it can; "write N" writes N once; "close" has it close
 * and end; "echo OTHER"
 * has it answer each value of another one by the next number, some microseconds later.
 */

import { TextLineStream } from "@std/streams";
import { LatestValue } from "../../../../mod.ts";
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
