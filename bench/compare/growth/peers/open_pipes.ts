/**
 * Many open pipes. The near end is the client of each, and the far end is the server, and answers
 * through the same pipe.
 *
 * @module
 */

import { connectPipe, listenPipe, type PipeConnection } from "../../../../mod.ts";
import { check, stamp } from "./frame.ts";
import type { Side } from "../../link.ts";
import type { OpenEnds } from "./open_ends.ts";
import { now, PATIENCE } from "./serve.ts";

const LENGTH = 64;

/** Opens the ends of pipes with a name. */
export function openPipes(name: string, side: Side): OpenEnds {
  return side === "near" ? nearEnds(name) : farEnds(name);
}

function nearEnds(name: string): OpenEnds {
  const connections: PipeConnection[] = [];
  const frame = new Uint8Array(LENGTH);
  return {
    async open(count) {
      for (let more = 0; more < count; more++) {
        connections.push(await connectPipe(name, PATIENCE));
      }
    },
    async trips(count) {
      for (const [number, connection] of connections.entries()) await write(connection, number);
      const times: number[] = [];
      for (let number = 0; number < count; number++) {
        const connection = connections[number % connections.length]!;
        const start = now();
        await write(connection, number);
        await read(connection, frame);
        check(frame, LENGTH, number);
        times.push(now() - start);
      }
      return times;
    },
    close: () => closeAll(connections),
  };

  async function write(connection: PipeConnection, number: number): Promise<void> {
    stamp(frame, number);
    await connection.write(frame, PATIENCE);
  }
}

function farEnds(name: string): OpenEnds {
  const connections: PipeConnection[] = [];
  const listener = listenPipe({ name });
  const frame = new Uint8Array(LENGTH);
  return {
    async open(count) {
      for (let more = 0; more < count; more++) connections.push(await listener.accept(PATIENCE));
    },
    async trips(count) {
      const inOrder = await sort(connections, frame);
      for (let number = 0; number < count; number++) {
        const connection = inOrder[number % inOrder.length]!;
        await read(connection, frame);
        check(frame, LENGTH, number);
        await connection.write(frame, PATIENCE);
      }
      return [];
    },
    close: () => closeAll(connections),
  };
}

/** Sorts connections by the numbers that their clients have sent. */
async function sort(
  connections: readonly PipeConnection[],
  frame: Uint8Array<ArrayBuffer>,
): Promise<PipeConnection[]> {
  const sorted: PipeConnection[] = [];
  for (const connection of connections) {
    await read(connection, frame);
    sorted[new Uint32Array(frame.buffer)[0]!] = connection;
  }
  return sorted;
}

async function read(connection: PipeConnection, frame: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < LENGTH;) {
    const length = await connection.read(at === 0 ? frame : frame.subarray(at), PATIENCE);
    if (length === null) throw new Error("Expected further bytes, got the end of the pipe");
    at += length;
  }
}

async function closeAll(connections: PipeConnection[]): Promise<void> {
  const closed = connections.splice(0).map((connection) => connection[Symbol.asyncDispose]());
  await Promise.all(closed);
}
