import { assertEquals, assertThrows } from "@std/assert";
import { array, readNewest, struct } from "../../src/struct/mod.ts";

const Buffers = struct({ ticks: array("i32", 4), contents: array("u32", 4) });
const Content = struct({ number: "u32" });
const ALL = [0, 1, 2, 3].map((i) => ({
  tick: Buffers.offsetOf(`ticks[${i}]`),
  byteOffset: Buffers.offsetOf(`contents[${i}]`),
}));

function newestOf(ticks: readonly number[]): number | undefined {
  const memory = new ArrayBuffer(Buffers.byteLength);
  Buffers.write(memory, { ticks, contents: [10, 11, 12, 13] });
  return readNewest(memory, Content, ALL)?.value.number;
}

Deno.test("readNewest() copies the buffer with the highest tick", () => {
  assertEquals(newestOf([5, 6, 7, 8]), 13);
  assertEquals(newestOf([9, 6, 7, 8]), 10);
  assertEquals(newestOf([9, 10, 7, 8]), 11);
  assertEquals(newestOf([0, 0, 1, 0]), 12);
  assertEquals(newestOf([5, 5, 3, 4]), 10);
});

Deno.test("readNewest() returns undefined while all ticks are equal, because no buffer is full yet", () => {
  assertEquals(newestOf([0, 0, 0, 0]), undefined);
  assertEquals(newestOf([-1, -1, -1, -1]), undefined);
});

Deno.test("readNewest() compares ticks that have wrapped", () => {
  assertEquals(newestOf([2 ** 31 - 2, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1]), 13);
  assertEquals(newestOf([-3, -2, -1, 0]), 13);
});

Deno.test("readNewest() returns the tick and the bytes of a buffer", () => {
  const memory = Uint8Array.of(7, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5);
  const buffers = [{ tick: 0, byteOffset: 9 }, { tick: 4, byteOffset: 0 }];
  assertEquals(readNewest(memory, 3, buffers), { tick: 7, bytes: Uint8Array.of(2, 3, 4) });
  assertEquals(readNewest(memory, 4, buffers)?.bytes, Uint8Array.of(2, 3, 4, 5));
  assertEquals(readNewest(memory, 0, buffers)?.bytes, new Uint8Array());
});

Deno.test("readNewest() refuses buffers and ticks that are not in the memory", () => {
  const memory = new ArrayBuffer(16);
  const second = { tick: 4, byteOffset: 12 };
  const wrong = [
    [[], "Expected at least 2 buffers, got 0: one buffer needs a seqlock"],
    [[second], "Expected at least 2 buffers, got 1"],
    [
      [{ tick: 0, byteOffset: 13 }, second],
      "Expected 4 bytes for buffer 0 at 13 of the memory, there are 3",
    ],
    [[{ tick: 16, byteOffset: 0 }, second], "Expected 4 bytes for the tick of buffer 0 at 16"],
    [
      [{ tick: 2, byteOffset: 0 }, second],
      "Expected the tick of buffer 0 to be at a multiple of 4 bytes",
    ],
    [
      [{ tick: -4, byteOffset: 0 }, second],
      "Expected the offset of the tick of buffer 0 to be an integer",
    ],
    [[{ tick: 0, byteOffset: -4 }, second], "Expected the offset of buffer 0 to be an integer"],
  ] as const;
  for (const [buffers, message] of wrong) {
    assertThrows(() => readNewest(memory, 4, buffers), RangeError, message);
  }
});

Deno.test("readNewest() reads nothing beyond the memory if an offset changes after its check", () => {
  const outer = Int32Array.of(-1, -1, 8, 7, 1, 2);
  for (const later of [-8, 2 ** 40, 0.5]) {
    let looks = 0;
    const first = {
      tick: 0,
      get byteOffset() {
        return looks++ === 0 ? 8 : later;
      },
    };
    const newest = readNewest(outer.subarray(2), 4, [first, { tick: 4, byteOffset: 12 }]);
    assertEquals(newest?.bytes, Uint8Array.of(1, 0, 0, 0));
  }
});
