/**
 * One end of a named pipe, as pipe_end.c is. Arguments: `PATH near|far PROCESSORS bytes|messages`.
 * Each line of the standard input is a task: `WAY BYTES COUNT`. There are two further ways:
 *
 * - `idle-processor`: COUNT connections are open, and both ends read from each. Nothing is written.
 *   The near end prints its processor time in a second, in nanoseconds.
 * - `idle-stat`: the same. The near end times calls of `Deno.stat`.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { connectPipe, listenPipe, type PipeConnection, type PipeMode } from "../../mod.ts";
import { processorTime, useProcessors } from "./this_process.ts";

/** Time until all waits of an idle end are those of an idle pipe, in milliseconds. */
const TIME_TO_SETTLE = 500;
/** Time in which an idle end's processor time is counted, in milliseconds. */
const IDLE_TIME = 1000;
const STATS = 50;

const [path, side, processors, mode] = Deno.args as [string, "near" | "far", string, PipeMode];
useProcessors(BigInt(processors));
let samples: number[] = [];

type Way = (task: { bytes: Uint8Array<ArrayBuffer>; count: number }) => Promise<void>;
const ways: Record<string, Way> = side === "near" ? await openNear() : openFar();

console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const [way, byteLength, count] = line.split(" ") as [string, string, string];
  samples = [];
  await ways[way]!({ bytes: new Uint8Array(Number(byteLength)), count: Number(count) });
  console.log([0, ...samples.map((nanoseconds) => nanoseconds.toFixed(1))].join(" "));
}

/** Returns the time in nanoseconds. */
function now(): number {
  return performance.now() * 1e6;
}

async function openNear(): Promise<Record<string, Way>> {
  // On Wine, a server in C has no descriptor, and so no owner.
  const connection = await connectPipe(path, { mode, server: "anyone" });
  const connectAgain = () => connectPipe(`${path}c`, { mode });
  return {
    async echo({ bytes, count }) {
      for (let number = 0; number < count; number++) {
        const start = now();
        await connection.write(bytes);
        await readAll(connection, bytes);
        samples.push(now() - start);
      }
    },
    async "one-way"({ bytes, count }) {
      const start = now();
      for (let number = 0; number < count; number++) await connection.write(bytes);
      await readAll(connection, bytes.subarray(0, 1));
      samples.push((now() - start) / count);
    },
    async connect({ bytes, count }) {
      for (let number = 0; number < count; number++) {
        const start = now();
        const client = await connectAgain();
        if (await client.read(bytes) !== null) throw new Error("Expected the end of the pipe");
        client.close();
        samples.push(now() - start);
      }
    },
    async "idle-processor"({ bytes, count }) {
      await beIdle(connectAgain, bytes, count, async () => {
        const start = now();
        const before = processorTime();
        await sleep(IDLE_TIME);
        samples.push((processorTime() - before) / (now() - start) * 1e9);
      });
    },
    async "idle-stat"({ bytes, count }) {
      await beIdle(connectAgain, bytes, count, async () => {
        for (let number = 0; number < STATS; number++) {
          const start = now();
          await Deno.stat(".");
          samples.push(now() - start);
        }
      });
    },
  };
}

function openFar(): Record<string, Way> {
  const listener = listenPipe({ name: path, mode });
  const listenerOfConnect = listenPipe({ name: `${path}c`, mode });
  let accepted: Promise<PipeConnection> | undefined;
  const accept = () => accepted ??= listener.accept();
  const idle: Way = async ({ bytes, count }) => {
    const connections = await openAll(() => listenerOfConnect.accept(), count);
    // The near end closes all.
    for (const connection of connections) {
      await connection.read(bytes);
      connection.close();
    }
  };
  return {
    async echo({ bytes, count }) {
      const connection = await accept();
      for (let number = 0; number < count; number++) {
        await readAll(connection, bytes);
        await connection.write(bytes);
      }
    },
    async "one-way"({ bytes, count }) {
      const connection = await accept();
      for (let number = 0; number < count; number++) await readAll(connection, bytes);
      await connection.write(bytes.subarray(0, 1));
    },
    async connect({ count }) {
      for (let number = 0; number < count; number++) (await listenerOfConnect.accept()).close();
    },
    "idle-processor": idle,
    "idle-stat": idle,
  };
}

/** Reads one message, or as many bytes, which can come in parts. */
async function readAll(connection: PipeConnection, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const length = await connection.read(at === 0 ? bytes : bytes.subarray(at));
    if (length === null) throw new Error("Expected further bytes, got the end of the pipe");
    at += length;
  }
}

/** Calls a function while connections are open and idle. */
async function beIdle(
  connect: () => Promise<PipeConnection>,
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  measure: () => Promise<void>,
): Promise<void> {
  const connections = await openAll(connect, count);
  const reads = connections.map((connection) => connection.read(bytes).catch(() => {}));
  await sleep(TIME_TO_SETTLE);
  await measure();
  for (const connection of connections) connection.close();
  await Promise.all(reads);
}

async function openAll(
  open: () => Promise<PipeConnection>,
  count: number,
): Promise<PipeConnection[]> {
  const connections: PipeConnection[] = [];
  while (connections.length < count) connections.push(await open());
  return connections;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
