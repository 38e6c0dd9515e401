/**
 * Compares round trips of WM_COPYDATA with C: a C sender and a C receiver, compiled in
 * this run, and the library's sends to its listener.
 *
 *     deno task report:copy-data
 *
 * All processes share one processor. Otherwise the ratios would depend on where the system puts
 * them: to wake a process on another processor takes as long as the message. The rounds are
 * interleaved. The exit code is 1 if the C pair cannot run.
 *
 * @module
 */

import { findWindow, sendCopyData, sendCopyDataSync } from "../mod.ts";
import { compileC } from "../tests/support/compile_c.ts";
import { openLibrary } from "../tests/support/open_library.ts";
import { Peer } from "../tests/support/peer.ts";

/** The message sizes, and the number of messages of each size in a round. */
const SIZES = [
  { name: "5 B", byteLength: 5, times: 200 },
  { name: "1 KiB", byteLength: 1024, times: 200 },
  { name: "64 KiB", byteLength: 65_536, times: 100 },
  // The maximum that a listener accepts on Wine.
  { name: "768 KiB", byteLength: 786_432, times: 20 },
];
const ROUNDS = 15;

/** The compared ways, and the maximum median time of each as a multiple of the C pair's. */
const WAYS = {
  "C to C": {},
  "sendCopyDataSync() to a listener": { bound: 1.15 },
  "sendCopyData() to a listener": { bound: 1.6 },
  "sendCopyDataSync() to a listener that reads each message at once": {},
} as const;
type Way = keyof typeof WAYS;

const peerUrl = (name: string) => new URL(`./peers/${name}`, import.meta.url);
const uniqueClass = () => `winipc-bench-${crypto.randomUUID()}`;

useOneProcessor();
await using receiverProgram = await compileC(peerUrl("receiver.c"));
await using senderProgram = await compileC(peerUrl("sender.c"));
const theirClass = uniqueClass();
await using _receiver = await Peer.startProgram(receiverProgram.path, theirClass);
await using sender = await Peer.startProgram(senderProgram.path, theirClass);
await using busy = await openListener("busy");
await using eager = await openListener("eager");

const measure: Record<Way, (byteLength: number, times: number) => Promise<number[]>> = {
  "C to C": async (byteLength, times) => {
    const line = await sender.ask(`${byteLength} ${times}`);
    return line.trim().split(" ").map((nanoseconds) => Number(nanoseconds) / 1000);
  },
  "sendCopyDataSync() to a listener": (byteLength, times) =>
    timeEach(byteLength, times, (bytes) => sendCopyDataSync(busy.window, bytes)),
  "sendCopyData() to a listener": (byteLength, times) =>
    timeEach(byteLength, times, (bytes) => sendCopyData(busy.window, bytes)),
  "sendCopyDataSync() to a listener that reads each message at once": (byteLength, times) =>
    timeEach(byteLength, times, (bytes) => sendCopyDataSync(eager.window, bytes)),
};

for (const { name, byteLength, times } of SIZES) {
  const samples = new Map<Way, number[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const way of Object.keys(WAYS) as Way[]) {
      const taken = await measure[way](byteLength, times);
      // The first round only warms up, so its samples are dropped.
      samples.set(way, round === 0 ? [] : [...samples.get(way)!, ...taken]);
    }
  }
  console.log(`\n${name}, there and back`);
  const inC = medianOf(samples.get("C to C")!);
  for (const [way, { bound }] of Object.entries(WAYS) as [Way, { bound?: number }][]) {
    const median = medianOf(samples.get(way)!);
    const ratio = median / inC;
    const over = bound !== undefined && ratio > bound;
    const bounds = bound === undefined ? "" : ` (${over ? "OVER" : "within"} ${bound})`;
    console.log(`  ${median.toFixed(0).padStart(6)} µs  ${ratio.toFixed(2)}  ${way}${bounds}`);
  }
}

/** Puts this process and its child processes on one processor. */
function useOneProcessor(): void {
  const THIS_PROCESS = 2n ** 64n - 1n;
  const FIRST_PROCESSOR = 1n;
  using kernel32 = openLibrary("kernel32.dll", {
    SetProcessAffinityMask: { parameters: ["usize", "usize"], result: "i32" },
  });
  if (!kernel32.symbols.SetProcessAffinityMask(THIS_PROCESS, FIRST_PROCESSOR)) {
    throw new Error("Cannot put this process on one processor");
  }
}

async function openListener(script: "busy" | "eager") {
  const className = uniqueClass();
  const peer = await Peer.startProgram(
    Deno.execPath(),
    ...["run", "--no-prompt", "--allow-ffi", "--allow-read"],
    ...[peerUrl("listener.ts").href, className, script],
  );
  const window = await findWindow({ class: className });
  return { window, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
}

async function timeEach(
  byteLength: number,
  times: number,
  send: (bytes: Uint8Array<ArrayBuffer>) => bigint | Promise<bigint>,
): Promise<number[]> {
  const bytes = new Uint8Array(byteLength);
  const microseconds: number[] = [];
  for (let i = 0; i < times; i++) {
    const before = performance.now();
    const sent = send(bytes);
    const answer = typeof sent === "bigint" ? sent : await sent;
    microseconds.push((performance.now() - before) * 1000);
    if (answer !== 1n) throw new Error(`Expected the answer 1, got ${answer}`);
  }
  return microseconds;
}

function medianOf(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}
