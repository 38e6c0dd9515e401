/**
 * One end of two events, as event_end.c is. Arguments: `NAME near|far PROCESSORS LIBRARY`, where
 * LIBRARY is the URL of a checkout's folder. Each line of the standard input is a task:
 * `WAY BYTES COUNT`. The near end does some ways alone: those of {@linkcode ALONE}.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { useProcessors } from "./this_process.ts";

const [name, side, processors, checkout] = Deno.args as [string, "near" | "far", string, string];
useProcessors(BigInt(processors));
const library: typeof import("../../mod.ts") = await import(`${checkout}mod.ts`);
const { SharedEvent, SharedMutex, SharedSemaphore, waitAny } = library;

const isNear = side === "near";
const there = SharedEvent.openOrCreate(`${name}.there`);
const back = SharedEvent.openOrCreate(`${name}.back`);
const contended = SharedMutex.openOrCreate(`${name}.mutex`);
const [to, from] = isNear ? [there, back] : [back, there];
const never = SharedEvent.anonymous();
const mutex = SharedMutex.anonymous();
/** Not the mutex of the other ways: a lock of another way may not be quite released. */
const tried = SharedMutex.anonymous();
const semaphore = SharedSemaphore.anonymous();
const patient = { timeout: 20_000 };
const { signal } = new AbortController();
const samples: number[] = [];

/** Ways to wait for the event of the peer. Both ends do them. */
const WAITS: Readonly<Record<string, () => void | Promise<unknown>>> = {
  "waitSync": () => from.waitSync(patient),
  "wait": () => from.wait(),
  "wait-timeout": () => from.wait(patient),
  "wait-signal": () => from.wait({ signal }),
  "wait-any": () => waitAny([never, from]),
};

/** Ways to take something and give it back. The near end does them alone, if they name it. */
const ALONE: Readonly<Record<string, () => void | Promise<void>>> = {
  "tryLock": () => tried.tryLock()!.release(),
  "lock": async () => (await mutex.lock()).release(),
  "lock-timeout": async () => (await mutex.lock(patient)).release(),
  "semaphore-sync": () => {
    semaphore.release();
    semaphore.waitSync();
  },
  "semaphore": async () => {
    semaphore.release();
    await semaphore.wait();
  },
};

console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const [way, _byteLength, count] = line.split(" ") as [string, string, string];
  samples.length = 0;
  await run(way, Number(count));
  console.log([0, ...samples.map((nanoseconds) => nanoseconds.toFixed(1))].join(" "));
}

async function run(way: string, count: number): Promise<void> {
  const wait = WAITS[way];
  if (wait !== undefined) return await (isNear ? goThereAndBack(wait, count) : answer(wait, count));
  if (way === "contended") return await timeEach(lockContended, count);
  if (isNear) await timeEach(ALONE[way]!, count);
}

async function goThereAndBack(wait: () => void | Promise<unknown>, count: number): Promise<void> {
  await timeEach(async () => {
    to.set();
    const waiting = wait();
    if (waiting !== undefined) await waiting;
  }, count);
}

async function answer(wait: () => void | Promise<unknown>, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const waiting = wait();
    if (waiting !== undefined) await waiting;
    to.set();
  }
}

async function lockContended(): Promise<void> {
  (await contended.lock(patient)).release();
}

/** Does a task `count` times, and keeps the time of each in nanoseconds. */
async function timeEach(task: () => void | Promise<void>, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const start = performance.now();
    const doing = task();
    if (doing !== undefined) await doing;
    samples.push((performance.now() - start) * 1e6);
  }
}
