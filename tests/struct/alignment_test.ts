// Buffers that a script has made of a pointer, at an address that is not a multiple of 8. On ARM64, an
// atomic operation there would end the process.

import { assertEquals, assertThrows } from "@std/assert";
import { readConsistent, readNewest, struct } from "../../src/struct/mod.ts";
import { sharedLock, sharedReadWriteLock } from "../../src/sync/mod.ts";

const memory = new Uint8Array(4096);

/** Returns a buffer that begins at a multiple of 8 and some bytes more. */
function bufferAt(misalignment: number): ArrayBuffer {
  const start = Deno.UnsafePointer.value(Deno.UnsafePointer.of(memory));
  const address = (start + 7n) / 8n * 8n + BigInt(misalignment);
  const pointer = Deno.UnsafePointer.create(address)!;
  return Deno.UnsafePointerView.getArrayBuffer(pointer, 2048);
}

const State = struct({ sequence: "u32", small: "u8", time: "i64", speed: "f64", count: "u32" });
const REFUSED = "in memory, but atomic operations need a multiple of";

Deno.test("Fields are read and written at any address", () => {
  for (let misalignment = 0; misalignment < 8; misalignment++) {
    const buffer = bufferAt(misalignment);
    const view = State.view(buffer);
    view.time = -5n;
    view.speed = 1.5;
    view.count = 7;
    const { time, speed, count } = State.read(new Uint8Array(buffer).slice());
    assertEquals([view.time, view.speed, view.count], [-5n, 1.5, 7]);
    assertEquals([time, speed, count], [-5n, 1.5, 7]);
  }
});

Deno.test("Counters, copies and locks need a buffer at a multiple of their size in memory", () => {
  const Locks = struct({ lock: sharedLock, readWrite: sharedReadWriteLock });
  for (const misalignment of [1, 2, 3, 5, 6, 7]) {
    const buffer = bufferAt(misalignment);
    const counters = State.counters(buffer);
    assertEquals(counters.small.add(1), counters.small.load() - 1);
    const attempts = [
      () => counters.sequence,
      () => counters.time,
      () => readConsistent(buffer, State, { sequence: "sequence" }),
      () => readNewest(buffer, 4, [{ tick: 0, byteOffset: 8 }, { tick: 4, byteOffset: 16 }]),
      () => Locks.view(buffer).lock,
      () => Locks.view(buffer).readWrite,
    ];
    for (const attempt of attempts) {
      const text = `its buffer begins ${misalignment} bytes after a multiple of 8 ${REFUSED}`;
      assertThrows(attempt, RangeError, text);
    }
  }
});

Deno.test("Integers of 32 bits and locks need only a multiple of 4", () => {
  const buffer = bufferAt(4);
  const counters = State.counters(buffer);
  counters.sequence.store(2);
  assertThrows(() => counters.time, RangeError, `${REFUSED} 8`);
  assertEquals(readConsistent(buffer, State, { sequence: "sequence" })?.sequence, 2);
  using lock = struct({ lock: sharedLock }).view(bufferAt(4), 512).lock.tryLock();
  assertEquals(lock?.abandoned, false);
});
