import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Handle } from "../../ffi/handle.ts";
import { FileOperation } from "../../src/io/operation.ts";
import { ParkedWait } from "../../src/sync/pool_thread_wait.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { makePipe } from "./pipe_pair.ts";

/** Begins a read of up to 10 bytes. */
function readFrom(file: Handle): FileOperation {
  const operation = new FileOperation(file);
  operation.reserve(10);
  operation.beginRead();
  return operation;
}

/** Writes a byte. */
function write(file: Handle): void {
  using operation = new FileOperation(file);
  operation.reserve(1);
  assertEquals(operation.beginWrite(1)?.code, 0);
}

Deno.test("FileOperation.untilOver() tells whether the operation was over in time, and the operation goes on", async () => {
  using pipe = makePipe();
  using read = readFrom(pipe.server);
  for (const timeout of [0, 1, 30, 150]) {
    assertEquals(await read.untilOver({ timeout }), false);
    assert(read.isInFlight);
  }
  const over = read.untilOver(soon);
  write(pipe.client);
  assertEquals([await over, read.isInFlight, read.takeResult().length], [true, false, 1]);
  assertEquals(await read.untilOver({ timeout: 0 }), true);
});

Deno.test("FileOperation.untilOver() ends in each way of waiting, also if hold() changes the way", async () => {
  using pipe = makePipe();
  using read = readFrom(pipe.server);
  for (let round = 0; round < 60; round++) {
    const over = read.untilOver(soon);
    if (round % 4 === 0) read.hold(round % 8 === 0);
    if (round % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 3 * round));
    if (round % 4 === 1) read.hold(round % 8 === 1);
    if (round % 6 === 0) await null;
    write(pipe.client);
    assert(await within(`wait ${round} ends`, over));
    assertEquals(read.takeResult().length, 1);
    assertEquals(read.beginRead(), undefined);
  }
  read.hold(true);
});

Deno.test("FileOperation.untilOver() rejects with the reason of its signal in each way of waiting", async () => {
  using pipe = makePipe();
  using read = readFrom(pipe.server);
  for (const [isHeld, pause] of [[true, 0], [true, 20], [true, 200], [false, 0], [false, 20]]) {
    read.hold(isHeld === true);
    const controller = new AbortController();
    const over = read.untilOver({ ...soon, signal: controller.signal });
    setTimeout(() => controller.abort(new Error("on purpose")), Number(pause));
    await assertRejects(() => over, Error, "on purpose");
    assert(read.isInFlight);
  }
  read.hold(true);
  const over = read.untilOver(soon);
  write(pipe.client);
  assert(await over);
});

Deno.test("FileOperation.untilOver() rejects if its signal is aborted while the way of waiting changes", async () => {
  // After 100 ms, a registered wait takes over from a thread of the pool.
  for (let round = 0; round < 5; round++) {
    await Promise.all([97, 98, 99, 100, 101, 102].map(async (pause) => {
      using pipe = makePipe();
      using read = readFrom(pipe.server);
      const controller = new AbortController();
      const over = read.untilOver({ signal: controller.signal });
      over.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, pause));
      controller.abort(new Error("on purpose"));
      await assertRejects(() => within("the wait ends", over, 5000), Error, "on purpose");
    }));
  }
});

Deno.test("FileOperation uses a thread of the pool for at most 100 ms", async () => {
  using pipe = makePipe();
  using stack = new DisposableStack();
  const reads: Promise<boolean>[] = [];
  while (ParkedWait.isPossible) {
    const { server } = stack.use(makePipe());
    reads.push(stack.use(readFrom(server)).untilOver({}));
  }
  for (const read of reads) read.catch(() => {});
  using late = readFrom(pipe.server);
  const over = late.untilOver(soon);
  const before = performance.now();
  while (!ParkedWait.isPossible) {
    assert(performance.now() - before < 10_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  write(pipe.client);
  assert(await over);
});

Deno.test("FileOperation.close() ends each kind of wait with BadResource, and leaves no handle open", async () => {
  await assertLeavesNoHandle(20, async (index) => {
    using pipe = makePipe();
    const read = readFrom(pipe.server);
    read.hold(index % 2 === 0);
    const over = read.untilOver({});
    if (index % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 2 * index));
    read.close();
    read.close();
    await assertRejects(() => within("the wait ends", over), Deno.errors.BadResource, "pipe");
    assertEquals(await read.untilOver({}), true);
  });
});
