/**
 * One end of a named pipe by Deno's `node:net`, as pipe_end.c is. Arguments:
 * `PATH near|far PROCESSORS`. It needs `--allow-all`. Each line of the standard input is a task:
 * `WAY BYTES COUNT`. It knows the ways `echo` and `one-way`.
 *
 * @module
 */

import { connect, createServer, type Socket } from "node:net";
import { TextLineStream } from "@std/streams";
import { useProcessors } from "./this_process.ts";

const [path, side, processors] = Deno.args as [string, "near" | "far", string];
useProcessors(BigInt(processors));
const isNear = side === "near";
let samples: number[] = [];
/** The number of bytes that have come and are not taken yet. */
let arrived = 0;
/** The number of bytes that the task waits for, and the function that continues the task. */
let wanted = Infinity;
let goOn = () => {};

const connected = Promise.withResolvers<Socket>();
if (isNear) {
  const socket = connect(path, () => connected.resolve(socket));
} else {
  await new Promise<void>((resolve) => createServer(connected.resolve).listen(path, resolve));
}
void connected.promise.then((socket) =>
  socket.on("data", ({ length }) => {
    arrived += length;
    if (arrived >= wanted) goOn();
  })
);

console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const [way, byteLength, count] = line.split(" ") as [string, string, string];
  samples = [];
  const run = way === "echo" ? echo : goOneWay;
  await run(await connected.promise, new Uint8Array(Number(byteLength)), Number(count));
  console.log([0, ...samples.map((nanoseconds) => nanoseconds.toFixed(1))].join(" "));
}

/** Returns the time in nanoseconds. */
function now(): number {
  return performance.now() * 1e6;
}

async function echo(socket: Socket, bytes: Uint8Array, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const start = now();
    if (isNear) socket.write(bytes);
    await read(bytes.length);
    if (!isNear) socket.write(bytes);
    samples.push(now() - start);
  }
  // A server does not measure.
  if (!isNear) samples = [];
}

async function goOneWay(socket: Socket, bytes: Uint8Array, count: number): Promise<void> {
  if (!isNear) {
    for (let number = 0; number < count; number++) await read(bytes.length);
    socket.write(bytes.subarray(0, 1));
    return;
  }
  const start = now();
  for (let number = 0; number < count; number++) {
    if (!socket.write(bytes)) await new Promise<void>((resolve) => socket.once("drain", resolve));
  }
  await read(1);
  samples.push((now() - start) / count);
}

/** Waits until so many bytes have come, and takes them. */
async function read(length: number): Promise<void> {
  if (arrived < length) {
    await new Promise<void>((resolve) => [wanted, goOn] = [length, resolve]);
    wanted = Infinity;
  }
  arrived -= length;
}
