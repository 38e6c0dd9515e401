/**
 * Forgets operations, collects garbage, and prints the number of operations that still have memory:
 * after some whose read is in flight, after the end of these reads, and after some that have never
 * begun.
 *
 * @module
 */

import { createEvent } from "../../../ffi/kernel_object.ts";
import { OverlappedOperation } from "../../../ffi/file.ts";
import { makePipe, type PipePair } from "../../io/pipe_pair.ts";
import { countOperations } from "../../pipe/count_operations.ts";
import { READ_SIZE } from "../../../src/io/reader.ts";

const COUNT = 5;

async function collect(): Promise<void> {
  for (let round = 0; round < 5; round++) {
    Reflect.get(globalThis, "gc")();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function forget(pipes: PipePair[], begin: boolean): void {
  for (const { server } of pipes) {
    const operation = new OverlappedOperation(server, createEvent("the end of a read", true));
    operation.reserve(READ_SIZE);
    if (begin) operation.beginRead();
  }
}

const before = countOperations();
const pipes = Array.from({ length: COUNT }, makePipe);
forget(pipes, true);
await collect();
console.log(countOperations() - before);

// Windows writes into the memory of the reads.
for (const { client } of pipes) {
  const operation = new OverlappedOperation(client, createEvent("the end of a write", true));
  operation.reserve(READ_SIZE);
  operation.data.fill(7);
  if (operation.beginWrite(READ_SIZE)?.code !== 0) throw new Error("The write has failed");
  operation.close();
}
await collect();
console.log(countOperations() - before);

forget(pipes, false);
await collect();
console.log(countOperations() - before);
