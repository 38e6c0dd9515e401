/**
 * One end of two channels, NAME to the far end and NAMEb back, as ring_end.c is. Arguments:
 * `NAME near|far PROCESSORS`. Each line of the standard input is a task: `WAY BYTES COUNT`.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { RingChannel, SharedMemory } from "../../mod.ts";
import { RECEIVER } from "../../src/channel/ring/layout.ts";
import { openLibrary } from "../../tests/support/open_library.ts";

/** Length of messages, in bytes: `LONG` for the way `copies`, and `SHORT` for all other ways. */
const SHORT = 64;
const LONG = 65_536;
const ROUNDS_TOGETHER = 64;
const SENDS_TOGETHER = 128;
const THIS_PROCESS = 2n ** 64n - 1n;

const [name, side, processors] = Deno.args as [string, "near" | "far", string];
useProcessors(BigInt(processors));
using there = RingChannel.open(name);
using back = RingChannel.open(`${name}b`);
const [outName, outChannel, inChannel] = side === "near"
  ? [name, there, back]
  : [`${name}b`, back, there];
using sender = outChannel.sender();
using receiver = inChannel.receiver();
using view = SharedMemory.open(outName).map();
const header = new Int32Array(view.buffer);
const outWords = wordsOf(sender.ring);
const outNumbers = numbersOf(sender.ring);
const inWords = wordsOf(receiver.ring);
const inNumbers = numbersOf(receiver.ring);
/** The messages that are sent. Only the number in them changes. */
const shortWords = new Int32Array(SHORT / 4);
const shortMessage = new Uint8Array(shortWords.buffer);
const longWords = new Int32Array(LONG / 4);
const longMessage = new Uint8Array(longWords.buffer);
let slept = 0;
let samples: number[] = [];
/** The number that the next message must contain. */
let wanted = 0;

const near: Record<string, (count: number) => void | Promise<void>> = {
  stream: sendNumbers,
  awaited: sendAwaited,
  send: sendPlainly,
  copies: sendCopies,
  spin: (count) => goThereAndBack(count, ROUNDS_TOGETHER, sendWord, receiveWord),
  copied: (count) => goThereAndBack(count, ROUNDS_TOGETHER, sendSync, receiveSync),
  sleep: (count) => goThereAndBack(count, 1, sendSync, receiveSync),
  promise: goThereAndBackByPromise,
};
const far: typeof near = {
  stream: (count) => readAll(count, () => receiver.readAt(checkNumber)),
  awaited: (count) => readAll(count, () => receiver.read(checkShortBytes)),
  send: (count) => readAll(count, () => receiver.readAt(checkWord)),
  copies: (count) => readAll(count, () => receiver.read(checkLongBytes)),
  spin: (count) => answer(count, ROUNDS_TOGETHER, sendWord, receiveWord),
  copied: (count) => answer(count, ROUNDS_TOGETHER, sendSync, receiveSync),
  sleep: (count) => answer(count, 1, sendSync, receiveSync),
  promise: answerByPromise,
};

console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const [way, _length, count] = line.split(" ") as [string, string, string];
  [slept, samples] = [0, []];
  await (side === "near" ? near : far)[way]!(Number(count));
  console.log([slept, ...samples.map((nanoseconds) => nanoseconds.toFixed(1))].join(" "));
}

function useProcessors(mask: bigint): void {
  using kernel32 = openLibrary("kernel32.dll", {
    SetProcessAffinityMask: { parameters: ["usize", "usize"], result: "i32" },
  });
  if (!kernel32.symbols.SetProcessAffinityMask(THIS_PROCESS, mask)) {
    throw new Error(`Cannot put this process on processors ${mask}`);
  }
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>) {
  return new Int32Array(buffer, byteOffset, length >> 2);
}

function numbersOf({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>) {
  return new Float64Array(buffer, byteOffset, length >> 3);
}

/** Returns the time in nanoseconds. */
function now(): number {
  return performance.now() * 1e6;
}

function claim(): number {
  const offset = sender.claimAt(SHORT);
  return offset >= 0 ? offset : claimAfterWaiting() | 0;
}

function claimAfterWaiting(): number {
  for (;;) {
    sender.waitForRoomSync(SHORT);
    const offset = sender.claimAt(SHORT);
    if (offset >= 0) return offset;
  }
}

// The work for each message is in its own function, which V8 compiles once. V8 optimizes less in a
// loop that it must replace while the loop runs.

function sendNumber(number: number): void {
  const first = claim() >>> 3;
  outNumbers[first] = number;
  outNumbers[first + 1] = number;
  outNumbers[first + 2] = number;
  outNumbers[first + 3] = number;
  outNumbers[first + 4] = number;
  outNumbers[first + 5] = number;
  outNumbers[first + 6] = number;
  outNumbers[first + 7] = number;
  sender.commit();
}

function sendNumbers(count: number): void {
  for (let number = 0; number < count; number++) sendNumber(number);
  sender.flush();
}

function shortOf(number: number): Uint8Array {
  shortWords[0] = number;
  return shortMessage;
}

async function sendAwaited(count: number): Promise<void> {
  for (let number = 0; number < count; number++) await sender.send(shortOf(number));
}

/** Awaits every 128th send, so that the number of sends that wait for room stays small. */
async function sendPlainly(count: number): Promise<void> {
  for (let number = 0; number < count; number += SENDS_TOGETHER) {
    await sendSome(number, Math.min(number + SENDS_TOGETHER, count));
  }
  sender.flush();
}

function sendSome(from: number, to: number): Promise<boolean> | undefined {
  let sent: Promise<boolean> | undefined;
  for (let number = from; number < to; number++) sent = sender.send(shortOf(number));
  return sent;
}

function sendCopies(count: number): void {
  for (let number = 0; number < count; number++) {
    longWords[0] = number;
    sender.sendSync(longMessage);
  }
}

function checkNumber(_ring: Uint8Array, offset: number, length: number): void {
  if (inNumbers[offset >>> 3] !== wanted++ || length !== SHORT) throw wrongMessage();
}

function checkWord(_ring: Uint8Array, offset: number, length: number): void {
  if (inWords[offset >>> 2] !== wanted++ || length !== SHORT) throw wrongMessage();
}

function checkLongBytes(bytes: Uint8Array): void {
  checkBytes(bytes, LONG);
}

function checkShortBytes(bytes: Uint8Array): void {
  checkBytes(bytes, SHORT);
}

function checkBytes(bytes: Uint8Array, length: number): void {
  const first = bytes[0]! | bytes[1]! << 8 | bytes[2]! << 16 | bytes[3]! << 24;
  if (first !== wanted++ || bytes.length !== length) throw wrongMessage();
}

/** Calls `read` until it has read `count` messages, and times that. */
function readAll(count: number, read: () => void): void {
  wanted = 0;
  receiver.waitForMessageSync();
  const start = now();
  do read(); while (wanted < count && receiver.waitForMessageSync());
  samples.push((now() - start) / count);
}

function sendWord(number: number): void {
  outWords[claim() >>> 2] = number;
  sender.commit();
  sender.flush();
}

function receiveWord(number: number): void {
  wanted = number;
  receiver.waitForMessageSync();
  receiver.readAt(checkWord);
}

function sendSync(number: number): void {
  sender.sendSync(shortOf(number));
}

function receiveSync(number: number): void {
  wanted = number;
  checkReceived(receiver.receiveSync());
}

function goThereAndBack(
  count: number,
  together: number,
  send: (number: number) => void,
  receive: (number: number) => void,
): void {
  for (let number = 0; number < count * together;) {
    const start = now();
    for (let index = 0; index < together; index++, number++) {
      if (together === 1) countWakeFlag();
      send(number);
      receive(number);
    }
    samples.push((now() - start) / together);
  }
}

function answer(
  count: number,
  together: number,
  send: (number: number) => void,
  receive: (number: number) => void,
): void {
  for (let number = 0; number < count * together; number++) {
    receive(number);
    if (together === 1) countWakeFlag();
    send(number);
  }
}

async function goThereAndBackByPromise(count: number): Promise<void> {
  wanted = 0;
  for (let number = 0; number < count; number++) {
    const start = now();
    countWakeFlag();
    await sender.send(shortOf(number));
    checkReceived(await receiver.receive());
    samples.push(now() - start);
  }
}

async function answerByPromise(count: number): Promise<void> {
  wanted = 0;
  for (let number = 0; number < count; number++) {
    checkReceived(await receiver.receive());
    countWakeFlag();
    await sender.send(shortOf(number));
  }
}

function checkReceived(bytes: Uint8Array | undefined): void {
  if (bytes === undefined) throw wrongMessage();
  checkShortBytes(bytes);
}

function countWakeFlag(): void {
  if (header[RECEIVER.sleeping] !== 0) slept++;
}

function wrongMessage(): Error {
  return new Error(`Expected message ${wanted}, got another message`);
}
