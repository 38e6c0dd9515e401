/**
 * One end of two channels, NAME there and NAMEb back, which does what ring_end.c does:
 * `ring_end.ts NAME near|far PROCESSORS`, and then lines `WAY BYTES COUNT`.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { RingChannel, SharedMemory } from "../../mod.ts";
import { RECEIVER } from "../../src/channel/ring/ring_header.ts";
import { openLibrary } from "../../tests/open_library.ts";

/** What a line asks for. */
interface Command {
  byteLength: number;
  count: number;
}

const ROUNDS_TOGETHER = 64;
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
const { ring } = sender;
const ringWords = new Int32Array(ring.buffer, ring.byteOffset, ring.length >> 2);
let slept = 0;
let samples: number[] = [];
/** The number that the next message has to have in it. */
let wanted = 0;
let inWords: Int32Array<ArrayBuffer> | undefined;
/** The message that is sent again and again, with a number in it. */
let message = new Int32Array(0);
let messageBytes = new Uint8Array(0);

const near: Record<string, (command: Command) => void | Promise<void>> = {
  stream: sendNumbers,
  send: sendOneByOne,
  copies: sendCopies,
  spin: (command) => goThereAndBack(command, ROUNDS_TOGETHER, sendWord, receiveWord),
  copied: (command) => goThereAndBack(command, ROUNDS_TOGETHER, sendSync, receiveSync),
  sleep: (command) => goThereAndBack(command, 1, sendSync, receiveSync),
  promise: goThereAndBackByPromise,
};
const far: typeof near = {
  stream: readNumbers,
  send: readAll,
  copies: readAll,
  spin: (command) => answer(command, ROUNDS_TOGETHER, sendWord, receiveWord),
  copied: (command) => answer(command, ROUNDS_TOGETHER, sendSync, receiveSync),
  sleep: (command) => answer(command, 1, sendSync, receiveSync),
  promise: answerByPromise,
};

console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const [way, byteLength, count] = line.split(" ") as [string, string, string];
  [slept, samples] = [0, []];
  await (side === "near" ? near : far)[way]!({
    byteLength: Number(byteLength),
    count: Number(count),
  });
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

/** The time, in nanoseconds. */
function now(): number {
  return performance.now() * 1e6;
}

function claim(byteLength: number): number {
  let offset = sender.claimAt(byteLength);
  while (offset < 0) {
    sender.waitForRoomSync(byteLength);
    offset = sender.claimAt(byteLength);
  }
  return offset;
}

function sendNumbers({ byteLength, count }: Command): void {
  const numbers = new Float64Array(ring.buffer, ring.byteOffset, ring.length >> 3);
  for (let number = 0; number < count; number++) {
    const first = claim(byteLength) >> 3;
    const end = first + (byteLength >> 3);
    for (let index = first; index < end; index++) numbers[index] = number;
    sender.commit();
  }
  sender.flush();
}

async function sendOneByOne({ byteLength, count }: Command): Promise<void> {
  const message = new Uint8Array(byteLength);
  const words = new Int32Array(message.buffer);
  for (let number = 0; number < count; number++) {
    words[0] = number;
    await sender.send(message);
  }
}

function sendCopies({ byteLength, count }: Command): void {
  const message = new Uint8Array(byteLength);
  const words = new Int32Array(message.buffer);
  for (let number = 0; number < count; number++) {
    words[0] = number;
    sender.sendSync(message);
  }
}

function readNumbers({ byteLength, count }: Command): void {
  let numbers: Float64Array<ArrayBuffer> | undefined;
  let number = 0;
  const visit = (ring: Uint8Array<ArrayBuffer>, offset: number, length: number) => {
    numbers ??= new Float64Array(ring.buffer, ring.byteOffset, ring.length >> 3);
    if (numbers[offset >> 3] !== number++ || length !== byteLength) throw wrongMessage(number);
  };
  receiver.waitForMessageSync();
  const start = now();
  do receiver.readAt(visit); while (number < count && receiver.waitForMessageSync());
  samples.push((now() - start) / count);
}

function readAll({ byteLength, count }: Command): void {
  let number = 0;
  const visit = (bytes: Uint8Array<ArrayBuffer>) => {
    const first = bytes[0]! | bytes[1]! << 8 | bytes[2]! << 16 | bytes[3]! << 24;
    if (first !== number++ || bytes.length !== byteLength) throw wrongMessage(number);
  };
  receiver.waitForMessageSync();
  const start = now();
  do receiver.read(visit); while (number < count && receiver.waitForMessageSync());
  samples.push((now() - start) / count);
}

function sendWord({ byteLength }: Command, number: number): void {
  ringWords[claim(byteLength) >> 2] = number;
  sender.commit();
  sender.flush();
}

function checkWord(ring: Uint8Array<ArrayBuffer>, offset: number): void {
  inWords ??= new Int32Array(ring.buffer, ring.byteOffset, ring.length >> 2);
  if (inWords[offset >> 2] !== wanted) throw wrongMessage(wanted);
}

function receiveWord(number: number): void {
  wanted = number;
  receiver.waitForMessageSync();
  receiver.readAt(checkWord);
}

function sendSync({ byteLength }: Command, number: number): void {
  sender.sendSync(messageOf(byteLength, number));
}

function receiveSync(number: number): void {
  checkFirst(receiver.receiveSync(), number);
}

function goThereAndBack(
  command: Command,
  together: number,
  send: (command: Command, number: number) => void,
  receive: (number: number) => void,
): void {
  for (let number = 0; number < command.count * together;) {
    const start = now();
    for (let index = 0; index < together; index++, number++) {
      if (together === 1) countSleeper();
      send(command, number);
      receive(number);
    }
    samples.push((now() - start) / together);
  }
}

function answer(
  command: Command,
  together: number,
  send: (command: Command, number: number) => void,
  receive: (number: number) => void,
): void {
  for (let number = 0; number < command.count * together; number++) {
    receive(number);
    if (together === 1) countSleeper();
    send(command, number);
  }
}

async function goThereAndBackByPromise({ byteLength, count }: Command): Promise<void> {
  for (let number = 0; number < count; number++) {
    const start = now();
    countSleeper();
    await sender.send(messageOf(byteLength, number));
    checkFirst(await receiver.receive(), number);
    samples.push(now() - start);
  }
}

async function answerByPromise({ byteLength, count }: Command): Promise<void> {
  for (let number = 0; number < count; number++) {
    checkFirst(await receiver.receive(), number);
    countSleeper();
    await sender.send(messageOf(byteLength, number));
  }
}

function messageOf(byteLength: number, number: number): Uint8Array<ArrayBuffer> {
  if (messageBytes.length !== byteLength) {
    message = new Int32Array(byteLength >> 2);
    messageBytes = new Uint8Array(message.buffer);
  }
  message[0] = number;
  return messageBytes;
}

function checkFirst(bytes: Uint8Array<ArrayBuffer> | undefined, number: number): void {
  if (bytes === undefined || new Int32Array(bytes.buffer, 0, 1)[0] !== number) {
    throw wrongMessage(number);
  }
}

function countSleeper(): void {
  if (header[RECEIVER.sleeping] !== 0) slept++;
}

function wrongMessage(number: number): Error {
  return new Error(`Message ${number} is another one than was sent`);
}
