/**
 * One of two processes that share a processor: `one_processor.ts near|far NAME spins|sleeps`. They
 * send messages there through the channel NAME, and back through NAMEb.
 *
 * The far process sends each message back. The near process reads lines with a number of messages.
 * It prints the average time of a message there and back in microseconds.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { RingChannel } from "../../../../src/channel/mod.ts";
import { openLibrary } from "../../../support/open_library.ts";
import { soon } from "../../../support/soon.ts";

const THIS_PROCESS = 2n ** 64n - 1n;
const FIRST_PROCESSOR = 1n;
const [side, name, way] = Deno.args as ["near" | "far", string, "spins" | "sleeps"];
useOneProcessor();
// The library never spins on a machine with one processor.
if (way === "sleeps") Object.defineProperty(navigator, "hardwareConcurrency", { value: 1 });
using there = RingChannel.open(name);
using back = RingChannel.open(`${name}b`);
using sender = (side === "near" ? there : back).sender();
using receiver = (side === "near" ? back : there).receiver();
const message = new Uint8Array(64);

console.log("ready");
if (side === "far") {
  while (receiver.receiveSync() !== undefined) sender.sendSync(message, soon);
} else {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) console.log(`${goThereAndBack(Number(line))}`);
}

function goThereAndBack(count: number): number {
  const start = performance.now();
  for (let number = 0; number < count; number++) {
    sender.sendSync(message, soon);
    receiver.receiveSync(soon);
  }
  return (performance.now() - start) * 1000 / count;
}

function useOneProcessor(): void {
  using kernel32 = openLibrary("kernel32.dll", {
    SetProcessAffinityMask: { parameters: ["usize", "usize"], result: "i32" },
  });
  if (!kernel32.symbols.SetProcessAffinityMask(THIS_PROCESS, FIRST_PROCESSOR)) {
    throw new Error("Cannot put this process on one processor");
  }
}
