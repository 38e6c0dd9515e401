/**
 * Sends WM_COPYDATA as sender.c does, by a way of the library: each line of the standard input is
 * "WAY CLASS BYTES TIMES". It prints how many nanoseconds each send took, on one line. Argument: the
 * URL of the library, which can be that of another checkout.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";

type Library = typeof import("../../mod.ts");
type Send = (
  window: { handle: bigint },
  bytes: Uint8Array<ArrayBuffer>,
) => bigint | Promise<bigint>;

const { findWindow, sendCopyData, sendCopyDataSync }: Library = await import(Deno.args[0]!);
const ways: Record<string, Send> = { sendCopyData, sendCopyDataSync };

console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const [way, className, byteLength, times] = line.split(" ") as [string, string, string, string];
  const window = await findWindow({ class: className });
  const bytes = new Uint8Array(Number(byteLength)).fill(1);
  const samples = await timeEach(ways[way]!, { window, bytes, times: Number(times) });
  console.log(samples.map((nanoseconds) => nanoseconds.toFixed(0)).join(" "));
}

interface Task {
  window: { handle: bigint };
  bytes: Uint8Array<ArrayBuffer>;
  times: number;
}

/** Sends one message after another. Returns the time of each send in nanoseconds. */
async function timeEach(send: Send, { window, bytes, times }: Task): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < times; i++) {
    const before = performance.now();
    const sent = send(window, bytes);
    const answer = typeof sent === "bigint" ? sent : await sent;
    samples.push((performance.now() - before) * 1e6);
    if (answer !== 1n) throw new Error(`Expected the answer 1, got ${answer}`);
  }
  return samples;
}
