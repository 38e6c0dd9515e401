// Alone: measures times while pipes wait on threads of Deno's pool.

import { assert, assertEquals, assertLess } from "@std/assert";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { ParkedWait } from "../../src/sync/pool_thread_wait.ts";
import { countThreads } from "../support/count_threads.ts";
import { randomName } from "../support/random_name.ts";
import { within } from "../support/within.ts";

const PIPES = 40;
const soon = { timeout: 20_000 };

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

/** Returns the time of several file operations one after the other, in milliseconds. */
async function timeStats(): Promise<number> {
  const before = performance.now();
  for (let count = 0; count < 20; count++) await Deno.stat(new URL(import.meta.url));
  return performance.now() - before;
}

Deno.test(`${PIPES} idle pipes use no thread of the pool, and few threads at all`, async () => {
  const quick = await timeStats();
  await using stack = new AsyncDisposableStack();
  const pipes = await makePipes(stack);
  const before = countThreads();
  const reads = pipes.flat().map((end) => {
    const into = new Uint8Array(10);
    return end.read(into, soon).then((length) => [length, into[0]]);
  });
  // Some of them wait on threads of the pool, but only for 100 ms.
  const deadline = performance.now() + 10_000;
  while (!ParkedWait.isPossible && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert(ParkedWait.isPossible);
  // Without free threads these took as long as the reads.
  assertLess(await timeStats(), 500 + 5 * quick);
  assertLess(countThreads() - before, 30);
  await Promise.all(pipes.flat().map((end, index) => end.write(Uint8Array.of(index))));
  const expected = pipes.flatMap((_, index) => [[1, 2 * index + 1], [1, 2 * index]]);
  assertEquals(await within("all reads end", Promise.all(reads)), expected);
});

Deno.test(`${PIPES} pipes in use leave threads of the pool to others`, async () => {
  const quick = await timeStats();
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
      if (isOver && isFirst) return end.close();
      await end.write(into.subarray(0, length), soon);
    }
  });
  await timeStats();
  const time = await timeStats();
  isOver = true;
  await within("all trips end", Promise.all(playing));
  assert(trips > PIPES);
  assertLess(time, 3000 + 20 * quick);
});
