// Alone: counts the threads of this process, and fills Deno's pool with waits.

import { assert, assertEquals, assertLess } from "@std/assert";
import { RingChannel } from "../../mod.ts";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { ParkedWait } from "../../src/sync/pool_thread_wait.ts";
import { poll } from "../../src/wait/options.ts";
import { countThreads } from "../support/count_threads.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";

const PIPES = 40;
/** Maximum number of pool threads that wait at a time. */
const MAX_WAITS = 2 * navigator.hardwareConcurrency;
/** Makes pipes. Returns each server's end and each client's end. */
async function makePipes(stack: AsyncDisposableStack): Promise<[PipeConnection, PipeConnection][]> {
  const name = randomName();
  const listener = stack.use(listenPipe({ name }));
  const pipes: [PipeConnection, PipeConnection][] = [];
  for (let count = 0; count < PIPES; count++) {
    const client = stack.use(await connectPipe(name, soon));
    pipes.push([stack.use(await listener.accept(soon)), client]);
  }
  return pipes;
}

/** The number of file operations of {@linkcode findFiles}. */
const FILES = 20;

/** Makes file operations one after the other. They need a free thread of the pool. */
async function findFiles(): Promise<void> {
  for (let count = 0; count < FILES; count++) await Deno.stat(new URL(import.meta.url));
}

/** Writes a byte at each end, and asserts that each read returns the byte of the other end. */
async function assertAllRead(
  pipes: [PipeConnection, PipeConnection][],
  reads: Promise<number[]>[],
): Promise<void> {
  await Promise.all(pipes.flat().map((end, index) => end.write(Uint8Array.of(index))));
  const expected = pipes.flatMap((_, index) => [[1, 2 * index + 1], [1, 2 * index]]);
  assertEquals(await within("all reads end", Promise.all(reads)), expected);
}

/** Begins to read a byte. Returns the number of bytes, and the byte. */
async function readByte(end: PipeConnection): Promise<number[]> {
  const into = new Uint8Array(10);
  return [await end.read(into) ?? -1, into[0]!];
}

Deno.test(`${PIPES} idle pipes use no thread of the pool, and few threads at all`, async () => {
  await using stack = new AsyncDisposableStack();
  const pipes = await makePipes(stack);
  const before = countThreads();
  const reads = pipes.flat().map(readByte);
  // Some of them wait on threads of the pool, but only for 100 ms.
  await poll("free threads", () => ParkedWait.isPossible || undefined, soon);
  await within("the files are found", findFiles());
  assertLess(countThreads() - before, 30);
  await assertAllRead(pipes, reads);
});

Deno.test("A listener that waits for clients uses no thread of the pool", async () => {
  await poll("free threads", () => ParkedWait.count === 0 || undefined, soon);
  const name = randomName();
  using listener = listenPipe({ name });
  const accepting = listener.accept(soon);
  const next = listener.accept(soon).catch(() => {});
  await using _client = await connectPipe(name, soon);
  // A further instance waits now, while accept() does.
  await using _connection = await accepting;
  assertEquals(ParkedWait.count, 0);
  listener.close();
  await next;
});

Deno.test("Pipes wait on at most 2 threads of the pool for each processor", async () => {
  await using stack = new AsyncDisposableStack();
  const pipes = await makePipes(stack);
  // All reads begin before any wait can end: nothing is awaited.
  const reads = pipes.flat().map(readByte);
  assertEquals(ParkedWait.count, MAX_WAITS);
  await assertAllRead(pipes, reads);
});

Deno.test("Pipes and channels share the threads of the pool that they wait on", async () => {
  await using stack = new AsyncDisposableStack();
  const pipes = await makePipes(stack);
  const channels: RingChannel[] = [];
  // A receiver waits on its thread until a message comes.
  while (channels.length < MAX_WAITS) {
    const channel = stack.use(RingChannel.anonymous({ capacity: 1024 }));
    channels.push(channel);
    channel.receiver().receive().catch(() => {});
  }
  const count = (waits: number) =>
    poll(`${waits} waits`, () => ParkedWait.count === waits || undefined, soon);
  await count(MAX_WAITS);
  channels[0]!.close();
  await count(MAX_WAITS - 1);
  // The first read takes that thread. All others wait in another way.
  const reads = pipes.flat().map(readByte);
  assertEquals(ParkedWait.count, MAX_WAITS);
  await within("the files are found", findFiles());
  await assertAllRead(pipes, reads);
  for (const channel of channels) channel.close();
});

Deno.test("PipeConnection.flushed() of many pipes leaves threads of the pool to others", async () => {
  await using stack = new AsyncDisposableStack();
  const pipes = await makePipes(stack);
  const flushes = pipes.map(async ([server]) => {
    await server.write(Uint8Array.of(1));
    await server.flushed();
  });
  await poll("full threads", () => !ParkedWait.isPossible || undefined, soon);
  await within("the files are found", findFiles());
  assertEquals(ParkedWait.count, MAX_WAITS);
  const read = pipes.map(([, client]) => client.read(new Uint8Array(1), soon));
  assertEquals(await Promise.all(read), pipes.map(() => 1));
  await within("all bytes are flushed", Promise.all(flushes));
});

Deno.test(`${PIPES} pipes in use let file operations end after a few trips`, async () => {
  // A file operation takes some turns of the event loop. Each end makes about one trip in a turn.
  const maxTrips = 15 * 2 * PIPES * FILES;
  await using stack = new AsyncDisposableStack();
  const pipes = await makePipes(stack);
  let isOver = false;
  let trips = 0;
  const playing = pipes.flat().map(async (end, index) => {
    const isFirst = index % 2 === 0;
    const into = new Uint8Array(8);
    if (isFirst) await end.write(into);
    for (;;) {
      const length = await end.read(into, soon);
      if (length === null) return;
      trips++;
      if ((isOver || trips > maxTrips) && isFirst) return end.close();
      await end.write(into.subarray(0, length), soon);
    }
  });
  await findFiles();
  isOver = true;
  await within("all trips end", Promise.all(playing));
  assert(trips > PIPES);
  assertLess(trips, maxTrips);
});
