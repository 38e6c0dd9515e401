import { assertEquals, assertThrows } from "@std/assert";
import {
  array,
  bits,
  readConsistent,
  safe,
  SharedMemory,
  struct,
  type StructTarget,
} from "../../mod.ts";

const Pair = struct({ begin: "u32", end: "u32", speed: "f64", text: array("u8", 3) }, { pack: 4 });
const PAIR = { begin: "begin", end: "end" };
const Counted = struct({ number: "u32", speed: "f32" });

function bytesOfPair(values: { begin: number; end: number; speed: number }): ArrayBuffer {
  const memory = new ArrayBuffer(Pair.byteLength);
  Pair.write(memory, values);
  return memory;
}

Deno.test("readConsistent() copies a struct whose two counters are equal", () => {
  const memory = bytesOfPair({ begin: 7, end: 7, speed: 61.5 });
  const value = readConsistent(memory, Pair, PAIR);
  assertEquals(value, { begin: 7, end: 7, speed: 61.5, text: new Uint8Array(3) });
  Pair.write(memory, { speed: 1 });
  assertEquals(value?.speed, 61.5);
});

Deno.test("readConsistent() returns undefined if the two counters stay different", () => {
  const memory = bytesOfPair({ begin: 8, end: 7, speed: 61.5 });
  assertEquals(readConsistent(memory, Pair, PAIR), undefined);
  assertEquals(readConsistent(memory, Pair, PAIR, { attempts: 1 }), undefined);
});

Deno.test("readConsistent() returns undefined while the sequence has the parity of a write", () => {
  const memory = new ArrayBuffer(Counted.byteLength);
  const read = (number: number, writing?: "odd" | "even") => {
    Counted.write(memory, { number });
    const lock = { sequence: "number", ...(writing ? { writing } : {}) };
    return readConsistent(memory, Counted, lock)?.number;
  };
  assertEquals([read(4), read(5)], [4, undefined]);
  assertEquals([read(4, "odd"), read(2 ** 32 - 1, "odd")], [4, undefined]);
  assertEquals([read(4, "even"), read(2 ** 32 - 1, "even")], [undefined, 2 ** 32 - 1]);
});

Deno.test("readConsistent() accepts one counter as both counters, for a tick without a seqlock", () => {
  const memory = new ArrayBuffer(Counted.byteLength);
  Counted.write(memory, { number: 5, speed: 1.5 });
  const lock = { begin: "number", end: "number" };
  assertEquals(readConsistent(memory, Counted, lock), { number: 5, speed: 1.5 });
});

Deno.test("readConsistent() accepts nested counters of 32 and 64 bits", () => {
  const Nested = struct({
    header: struct({ begin: "i64", counts: array("u64", 2) }),
    end: "i32",
    whole: safe("u64"),
  });
  const memory = new ArrayBuffer(Nested.byteLength);
  Nested.write(memory, { header: { begin: -1n, counts: [0n, 2n] }, end: -1, whole: 2 });
  for (
    const lock of [{ begin: "header.begin", end: "end" }, {
      begin: "whole",
      end: "header.counts[1]",
    }, {
      sequence: "header.counts[1]",
    }]
  ) {
    assertEquals(readConsistent(memory, Nested, lock)?.whole, 2, JSON.stringify(lock));
  }
});

Deno.test("readConsistent() reads a struct that begins and ends within a word", () => {
  const Odd = struct({ tag: "u8", mark: "u16", count: "u32", speed: "f64", last: "u8" }, {
    pack: 1,
  });
  const values = { tag: 1, mark: 0x203, count: 4, speed: 5.5, last: 6 };
  assertEquals(Odd.offsetOf("count"), 3);
  // The buffer ends with the struct: its last word is not whole.
  const buffer = new ArrayBuffer(9 + Odd.byteLength);
  Odd.write(buffer, values, 9);
  const targets: [StructTarget, number][] = [
    [buffer, 9],
    [new Uint8Array(buffer, 5), 4],
    [new DataView(buffer, 9), 0],
    [{ bytes: new Uint8Array(buffer, 9) }, 0],
  ];
  for (const [target, byteOffset] of targets) {
    assertEquals(readConsistent(target, Odd, { sequence: "count" }, { byteOffset }), values);
  }
  for (let start = 1; start < 9; start += 4) {
    const tail = new ArrayBuffer(start + Odd.byteLength);
    Odd.write(tail, values, start);
    const options = { byteOffset: start };
    assertEquals(readConsistent(tail, Odd, { sequence: "count" }, options), values);
  }
});

Deno.test("readConsistent() refuses a counter that is not at a multiple of 4 bytes", () => {
  const Odd = struct({ tag: "u8", count: "u32" }, { pack: 1 });
  assertThrows(
    () => readConsistent(new ArrayBuffer(8), Odd, { sequence: "count" }),
    RangeError,
    "Expected counter count to be at a multiple of 4 bytes, found it at 1 of the buffer",
  );
});

Deno.test("readConsistent() refuses paths that are no counters", () => {
  const Other = struct({ speed: "f32", flag: bits("u32", 1), small: "u16", list: array("u32", 2) });
  const memory = new ArrayBuffer(Other.byteLength);
  for (const sequence of ["speed", "flag", "small", "list"]) {
    assertThrows(
      () => readConsistent(memory, Other, { sequence }),
      TypeError,
      `Expected counter ${sequence} to be one of u32, i32, u64, i64, got `,
    );
  }
  assertThrows(
    () => readConsistent(memory, Other, { begin: "begin", end: "list[0]" }),
    TypeError,
    "There is no field",
  );
});

Deno.test("readConsistent() refuses an offset that changes after its check", () => {
  let looks = 0;
  const options = {
    get byteOffset() {
      return looks++ === 0 ? 0 : -8;
    },
  };
  assertThrows(
    () => readConsistent(new Uint8Array(64).subarray(16), Counted, { sequence: "number" }, options),
    RangeError,
    "Expected the offset of the struct to be an integer from 0",
  );
});

Deno.test("readConsistent() refuses a struct beyond the memory, and a closed view", () => {
  assertThrows(
    () => readConsistent(new ArrayBuffer(20), Pair, PAIR, { byteOffset: 4 }),
    RangeError,
    `Expected ${Pair.byteLength} bytes for the struct at 4 of the memory, there are 16`,
  );
  if (Deno.build.os !== "windows") return;
  using memory = SharedMemory.anonymous(4096);
  const view = memory.map();
  view.close();
  assertThrows(() => readConsistent(view, Pair, PAIR), Deno.errors.BadResource);
});
