import { assert, assertEquals, assertThrows } from "@std/assert";
import { LatestSlots } from "../../../src/channel/latest/layout.ts";

/** Offset of the slots in bytes: see latest/layout.ts. */
const OFFSET = 128;
/** The words of a slot. The value follows the number. */
const LINE = 32;
const SLOTS = 4;

function memoryFor(length: number): ArrayBuffer {
  return new ArrayBuffer(OFFSET + LatestSlots.byteLengthOf(length));
}

/** Returns a value whose words are all equal, unless a reader sees parts of two values. */
function valueOf(mark: number, length: number): Int32Array<ArrayBuffer> {
  return new Int32Array(length).fill(mark);
}

/** The words of the slots' memory. */
function wordsOf(buffer: ArrayBuffer): Int32Array<ArrayBuffer> {
  return new Int32Array(buffer, OFFSET);
}

/**
 * Calls a function in the middle of the next copy of words, and then lets the copy go on. The copy
 * is made by `Int32Array.set`.
 */
function inNextCopy(interrupt: () => void): Disposable {
  const { set } = Int32Array.prototype;
  const restore = () => {
    Int32Array.prototype.set = set;
  };
  Int32Array.prototype.set = function (this: Int32Array, source: ArrayLike<number>): void {
    restore();
    const half = Math.ceil(source.length / 2);
    for (let at = 0; at < half; at++) this[at] = source[at]!;
    interrupt();
    for (let at = half; at < source.length; at++) this[at] = source[at]!;
  };
  return { [Symbol.dispose]: restore };
}

Deno.test("LatestSlots.copy() returns the newest value, of any length", () => {
  for (const length of [1, 2, 3, 15, 16, 17, 30, 31, 32, 33, 63, 100, 1023, 4099]) {
    const buffer = memoryFor(length);
    const writer = new LatestSlots(buffer, OFFSET, length);
    const reader = new LatestSlots(buffer, OFFSET, length);
    const target = new Int32Array(length + 1).fill(-1);
    assertEquals(reader.copy(target), 0);
    for (let number = 1; number <= 10; number++) {
      const value = Int32Array.from({ length }, (_, at) => number * 10_000 + at);
      writer.publish(value);
      assertEquals([reader.newest, reader.copy(target)], [number, number]);
      assertEquals(target.subarray(0, length), value);
      assertEquals(target[length], -1);
    }
  }
});

Deno.test("LatestSlots go on with the number 1 after 2³² - 1", () => {
  const buffer = memoryFor(5);
  const slots = new LatestSlots(buffer, OFFSET, 5);
  wordsOf(buffer)[0] = -4;
  const target = new Int32Array(5);
  for (const [mark, number] of [-3, -2, -1, 1, 2, 3, 4, 5].entries()) {
    slots.publish(valueOf(mark, 5));
    assertEquals(slots.copy(target), number);
    assertEquals(target, valueOf(mark, 5));
  }
});

Deno.test("LatestSlots.copy() discards a copy if the writer uses the slot meanwhile", () => {
  for (const length of [2, 7, 64]) {
    for (let later = 0; later <= 9; later++) {
      const buffer = memoryFor(length);
      const writer = new LatestSlots(buffer, OFFSET, length);
      const reader = new LatestSlots(buffer, OFFSET, length);
      for (let mark = 1; mark <= 5; mark++) writer.publish(valueOf(mark, length));
      const target = new Int32Array(length);
      using _ = inNextCopy(() => {
        for (let mark = 6; mark <= 5 + later; mark++) writer.publish(valueOf(mark, length));
      });
      const number = reader.copy(target);
      // The copy of value 5 stays whole until the writer comes to its slot again.
      assertEquals(number, later < SLOTS - 1 ? 5 : 5 + later);
      assertEquals(target, valueOf(number, length));
    }
  }
});

Deno.test("LatestSlots.copy() discards a copy if the next writer writes half a value to its slot and dies", () => {
  const length = 8;
  const buffer = memoryFor(length);
  const words = wordsOf(buffer);
  const reader = new LatestSlots(buffer, OFFSET, length);
  /** Publishes as another program does, which removes a number only when it writes that slot. */
  const publishPlainly = (number: number) => {
    const slot = LINE + (number % SLOTS) * LINE;
    words[slot] = 0;
    words.fill(number, slot + 1, slot + 1 + length);
    words[slot] = words[0] = number;
  };
  publishPlainly(4);
  const target = new Int32Array(length);
  using _ = inNextCopy(() => {
    for (const number of [5, 6, 7]) publishPlainly(number);
    const next = new LatestSlots(buffer, OFFSET, length);
    using _ = inNextCopy(() => {
      throw new Error("on purpose");
    });
    // In the same slot as the value 4.
    assertThrows(() => next.publish(valueOf(8, length)), Error, "on purpose");
  });
  assertEquals(reader.copy(target), 7);
  assertEquals(target, valueOf(7, length));
});

Deno.test("LatestSlots.publish() changes the newest value only when the next one is whole", () => {
  const length = 6;
  const buffer = memoryFor(length);
  const slots = new LatestSlots(buffer, OFFSET, length);
  const target = new Int32Array(length);
  for (let mark = 1; mark <= 9; mark++) {
    let during = 0;
    {
      using _ = inNextCopy(() => during = slots.copy(target));
      slots.publish(valueOf(mark, length));
    }
    assertEquals(during, mark - 1);
    if (mark > 1) assertEquals(target, valueOf(mark - 1, length));
    // A writer that is killed while it writes.
    {
      using _ = inNextCopy(() => {
        throw new Error("on purpose");
      });
      assertThrows(() => slots.publish(valueOf(100, length)), Error, "on purpose");
    }
    assertEquals(slots.copy(target), mark);
    assertEquals(target, valueOf(mark, length));
  }
});

Deno.test("LatestSlots.copy() throws Busy if the memory names a value that it does not hold", () => {
  const buffer = memoryFor(3);
  const slots = new LatestSlots(buffer, OFFSET, 3);
  slots.publish(valueOf(1, 3));
  wordsOf(buffer)[0] = 7;
  assertThrows(() => slots.copy(new Int32Array(3)), Deno.errors.Busy, "it was overwritten");
  assert(slots.newest === 7);
});
