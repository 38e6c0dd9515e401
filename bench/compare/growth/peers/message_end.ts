/**
 * One end of a way that carries large messages. Arguments: `NAME near|far`. The near end sends, and
 * the far end checks each message and returns the time between two of them. Tasks:
 *
 * - `ring LENGTH COUNT`: through the RingChannel `NAME-LENGTH`.
 * - `pipe LENGTH COUNT`: through the named pipe `NAME`.
 * - `copy LENGTH COUNT`: the near end copies messages to mapped memory of the ring's size.
 *
 * @module
 */

import {
  connectPipe,
  listenPipe,
  type PipeConnection,
  RingChannel,
  type RingReceiver,
  type RingSender,
  SharedMemory,
} from "../../../../mod.ts";
import type { Side } from "../../link.ts";
import { check, stamp } from "./frame.ts";
import { now, PATIENCE, serve, type Task } from "./serve.ts";

/** An end of a way that is open for messages of one length. */
interface End extends AsyncDisposable {
  run(count: number): readonly number[] | Promise<readonly number[]>;
}

/** Opens an end for messages of one length. */
type Open = (length: number) => End | Promise<End>;

const MIN_CAPACITY = 2 ** 22;

const [name, side] = Deno.args as [string, Side];
/** Listens from the start on, so that the near end need not wait for the pipe. */
using listener = side === "far" ? listenPipe({ name }) : undefined;
/** The open end, and the task and the length that it is for. */
let current: { key: string; end: End } | undefined;

await using _end: AsyncDisposable = { [Symbol.asyncDispose]: async () => await closeEnd() };
await serve({
  ring: taskOf("ring", openRing),
  pipe: taskOf("pipe", openPipe),
  copy: taskOf("copy", openMemory),
});

/** Keeps the end open for the next task with the same length, because new memory is slower. */
function taskOf(way: string, open: Open): Task {
  return async (length, count) => {
    const key = `${way} ${length}`;
    if (current?.key !== key) {
      await closeEnd();
      current = { key, end: await open(Number(length)) };
    }
    return await current.end.run(Number(count));
  };
}

async function closeEnd(): Promise<void> {
  await current?.end[Symbol.asyncDispose]();
  current = undefined;
}

function openRing(length: number): End {
  using stack = new DisposableStack();
  const channel = stack.use(RingChannel.open(`${name}-${length}`));
  const run = side === "near"
    ? sendToRing(stack.use(channel.sender()), length)
    : receiveFromRing(stack.use(channel.receiver()), length);
  return endWith(stack.move(), run);
}

function openMemory(length: number): End {
  using stack = new DisposableStack();
  const capacity = Math.max(MIN_CAPACITY, 4 * length);
  const memory = stack.use(SharedMemory.anonymous(capacity));
  const { bytes } = stack.use(memory.map());
  return endWith(stack.move(), copyTo(bytes, length));
}

function endWith(stack: DisposableStack, run: (count: number) => number[]): End {
  return { run, [Symbol.asyncDispose]: () => Promise.resolve(stack.dispose()) };
}

/** Returns a frame whose pages are written: all unwritten pages are one page in the cache. */
function newFrame(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).fill(7);
}

function copyTo(memory: Uint8Array, length: number) {
  const frame = newFrame(length);
  return (count: number) => {
    const start = now();
    for (let number = 0, at = 0; number < count; number++) {
      stamp(frame, number);
      memory.set(frame, at);
      at = (at + length) % memory.length;
    }
    return [(now() - start) / count];
  };
}

function sendToRing(sender: RingSender, length: number) {
  const frame = newFrame(length);
  return (count: number) => {
    for (let number = 0; number < count; number++) {
      stamp(frame, number);
      sender.sendSync(frame, PATIENCE);
    }
    return [];
  };
}

function receiveFromRing(receiver: RingReceiver, length: number) {
  let wanted = 0;
  const checkNext = (frame: Uint8Array) => check(frame, length, wanted++);
  return (count: number) => {
    wanted = 0;
    receiver.waitForMessageSync(PATIENCE);
    const start = now();
    do {
      receiver.waitForMessageSync(PATIENCE);
      receiver.read(checkNext);
    } while (wanted < count);
    return [(now() - start) / (count - 1)];
  };
}

async function openPipe(length: number): Promise<End> {
  const connection = await (listener?.accept(PATIENCE) ?? connectPipe(name, PATIENCE));
  const frame = newFrame(length);
  return {
    run: (count) => (side === "near" ? sendToPipe : receiveFromPipe)(connection, frame, count),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

async function sendToPipe(connection: PipeConnection, frame: Uint8Array, count: number) {
  for (let number = 0; number < count; number++) {
    stamp(frame, number);
    await connection.write(frame, PATIENCE);
  }
  return [];
}

async function receiveFromPipe(connection: PipeConnection, frame: Uint8Array, count: number) {
  let start = 0;
  for (let number = 0; number < count; number++) {
    for (let at = 0; at < frame.length;) {
      const length = await connection.read(at === 0 ? frame : frame.subarray(at), PATIENCE);
      if (length === null) throw new Error("Expected further bytes, got the end of the pipe");
      at += length;
    }
    check(frame, frame.length, number);
    if (number === 0) start = now();
  }
  return [(now() - start) / (count - 1)];
}
