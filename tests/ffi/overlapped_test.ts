import { assert, assertEquals, assertThrows } from "@std/assert";
import { blockOn, createEvent } from "../../ffi/kernel_object.ts";
import type { Handle } from "../../ffi/handle.ts";
import { OverlappedOperation } from "../../ffi/file.ts";
import { makePipe } from "../io/pipe_pair.ts";
import { countOperations } from "../pipe/count_operations.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { runPeer } from "../support/run_peer.ts";

const ERROR_BROKEN_PIPE = 109;
const ERROR_OPERATION_ABORTED = 995;

/** An operation and the event that says when it is over. */
function operationOn(file: Handle) {
  const done = createEvent("the end of an operation", true);
  const operation = new OverlappedOperation(file, done);
  return {
    operation,
    untilOver: () => assertEquals(blockOn(done, 10_000), "signalled"),
    [Symbol.dispose]: () => {
      operation.close();
      done.close();
    },
  };
}

Deno.test("OverlappedOperation reads and writes, at once or later", () => {
  using pipe = makePipe();
  using reads = operationOn(pipe.server);
  using writes = operationOn(pipe.client);
  const [read, write] = [reads.operation, writes.operation];
  read.reserve(10);
  write.reserve(10);
  for (let round = 0; round < 100; round++) {
    write.data.fill(round, 0, 5);
    const isFirst = round % 2 === 0;
    if (isFirst) {
      assertEquals(read.beginRead(), undefined);
      assert(read.isInFlight);
    }
    assertEquals(write.beginWrite(5), { length: 5, code: 0 });
    if (isFirst) reads.untilOver();
    const result = isFirst ? read.takeResult() : read.beginRead();
    assertEquals([result, read.isInFlight], [{ length: 5, code: 0 }, false]);
    assertEquals(read.data.subarray(0, 5), new Uint8Array(5).fill(round));
  }
});

Deno.test("OverlappedOperation.cancel() ends a read, and the next read gets the bytes", () => {
  using pipe = makePipe();
  using reads = operationOn(pipe.server);
  using writes = operationOn(pipe.client);
  const [read, write] = [reads.operation, writes.operation];
  read.reserve(10);
  write.reserve(10);
  read.cancel();
  assertEquals(read.beginRead(), undefined);
  read.cancel();
  reads.untilOver();
  assertEquals(read.takeResult(), { length: 0, code: ERROR_OPERATION_ABORTED });
  write.data.fill(3, 0, 2);
  write.beginWrite(2);
  assertEquals(read.beginRead(), { length: 2, code: 0 });
});

Deno.test("OverlappedOperation reports the end of the peer, during a read and before it", () => {
  using pipe = makePipe();
  using reads = operationOn(pipe.server);
  const { operation } = reads;
  operation.reserve(10);
  assertEquals(operation.beginRead(), undefined);
  pipe.client.close();
  reads.untilOver();
  assertEquals(operation.takeResult(), { length: 0, code: ERROR_BROKEN_PIPE });
  assertEquals(operation.beginRead(), { length: 0, code: ERROR_BROKEN_PIPE });
  assert(!operation.isInFlight);
});

Deno.test("OverlappedOperation.close() ends the operation in flight, and frees the memory once", () => {
  using pipe = makePipe();
  const before = countOperations();
  for (let round = 0; round < 50; round++) {
    using reads = operationOn(pipe.server);
    const { operation } = reads;
    operation.reserve(65_536);
    operation.reserve(65_536);
    const { data } = operation;
    operation.beginRead();
    assertEquals(countOperations(), before + 1);
    operation.close();
    operation.close();
    assertEquals([data.length, operation.data.length, operation.isInFlight], [0, 0, false]);
    assertThrows(() => data.set([1]), TypeError);
  }
  assertEquals(countOperations(), before);
});

Deno.test("OverlappedOperation keeps its memory until Windows no longer writes to it, even if the script forgets it", async () => {
  // The reads are never forgotten, because nobody takes their results.
  const flags = ["--allow-read", "--v8-flags=--expose-gc"];
  const lines = await runPeer("ffi/peers/forgotten_operations.ts", [], { flags });
  assertEquals(lines, ["5", "5", "5"]);
});

Deno.test("OverlappedOperation leaves no handle open", async () => {
  await assertLeavesNoHandle(50, () => {
    using pipe = makePipe();
    using reads = operationOn(pipe.server);
    reads.operation.reserve(10);
    reads.operation.beginRead();
  });
});
