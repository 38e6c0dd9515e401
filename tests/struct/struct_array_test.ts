import { assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { array, bits, struct, union, utf8 } from "../../src/struct/mod.ts";

const Reading = struct({ id: "u32", value: "f64", name: utf8(4) }, { pack: 1 });

Deno.test("Layout.array() views structs at the distance that a header gives, also unaligned ones", () => {
  const memory = new Uint8Array(7 + 2 * 21 + Reading.byteLength);
  const readings = Reading.array(memory, { offset: 7, stride: 21, count: 3 });
  assertEquals([readings.length, [...readings].length], [3, 3]);
  for (const [index, reading] of [...readings].entries()) {
    reading.id = index;
    reading.value = index / 2;
  }
  readings.set(1, { name: "one" });
  readings.set([{ name: "two" }], 2);
  assertStrictEquals(readings.get(1), readings.get(1));
  const expected = [
    { id: 0, value: 0, name: "" },
    { id: 1, value: 0.5, name: "one" },
    { id: 2, value: 1, name: "two" },
  ];
  assertEquals(readings.values(), expected);
  assertEquals(readings.toJSON(), expected);
  for (const [index, value] of expected.entries()) {
    assertEquals(Reading.read(memory, 7 + index * 21), value);
  }
  const held = readings.values();
  readings.get(0).id = 9;
  assertEquals([held[0]!.id, readings.get(0).id], [0, 9]);
  assertEquals(Reading.array(memory, { count: 2 }).get(1).id, Reading.read(memory, 16).id);
  // The bytes between the structs are never written.
  memory.fill(0xaa);
  readings.set(0, { id: 0, value: 0, name: "" });
  assertEquals([...memory.subarray(7 + 16, 7 + 21)], Array(5).fill(0xaa));
});

Deno.test("Layout.array() keeps the parts of other strides and counts apart", () => {
  const memory = new ArrayBuffer(200);
  const views = [
    Reading.array(memory, { stride: 16, count: 3 }),
    Reading.array(memory, { stride: 20, count: 3 }),
    Reading.array(memory, { stride: 20, count: 4 }),
    Reading.array({ bytes: memory }, { stride: 20, count: 4, offset: 1 }),
  ];
  assertEquals(views.map(({ length }) => length), [3, 3, 4, 4]);
  views[1]!.get(1).id = 5;
  assertEquals(views.map((view) => view.get(1).id), [0, 5, 5, 0]);
  assertEquals(Reading.read(memory, 20).id, 5);
});

Deno.test("Layout.array() checks its numbers against the struct and the memory", () => {
  const memory = new Uint8Array(100);
  const empty = Reading.array(memory, { offset: 1_000_000, stride: 16, count: 0 });
  assertEquals([empty.length, [...empty], empty.values()], [0, [], []]);
  empty.set([]);
  assertThrows(() => empty.get(0), RangeError, "Cannot use an element of array: it is empty");
  assertEquals(Reading.array(memory, { offset: 4, stride: 40, count: 3 }).length, 3);
  const wrong: [options: object, error: typeof TypeError | typeof RangeError, message: string][] = [
    [
      { stride: 15, count: 1 },
      RangeError,
      "Expected stride to be at least 16, the size of the struct, got 15",
    ],
    [
      { offset: 5, stride: 40, count: 3 },
      RangeError,
      "Expected 96 bytes from offset 5 of the memory, for 3 structs 40 bytes apart, got 95",
    ],
    [{ count: 7 }, RangeError, "got 100"],
    [{ offset: 101, count: 1 }, RangeError, "got 0"],
    [{ stride: 2 ** 40, count: 2 ** 40 }, RangeError, "got 100"],
    [{ offset: -1, count: 1 }, RangeError, "offset"],
    [{ count: -1 }, RangeError, "count"],
    [{ stride: 16 }, TypeError, "Expected count to be a number"],
    [{ count: 1, strid: 16 }, TypeError, 'did you mean "stride"?'],
  ];
  for (const [options, error, message] of wrong) {
    assertThrows(() => Reflect.apply(Reading.array, Reading, [memory, options]), error, message);
  }
  const readings = Reading.array(memory, { count: 2 });
  assertThrows(() => readings.get(2), RangeError, "the index in array");
  assertThrows(() => readings.set([{}, {}, {}]), RangeError, "at most 2 elements for array, got 3");
  assertThrows(() => readings.set([{ id: 1 }, { id: -1 }]), RangeError, "array[1].id");
  assertThrows(() => readings.set(1, { id: -1 }), RangeError, "Expected array[1].id to be");
  assertEquals(readings.get(0).id, 0);
  memory.buffer.transfer();
  assertThrows(() => readings.get(0).id, TypeError);
  assertThrows(() => readings.values(), TypeError);
});

Deno.test("Layout.array() refuses numbers of a live header that change after their check", () => {
  const memory = new Uint8Array(200);
  const changing = (name: string, later: number) => {
    const options = { offset: 0, stride: 16, count: 2 };
    let looks = 0;
    return Object.defineProperty(options, name, {
      enumerable: true,
      get: () => looks++ === 0 ? 16 : later,
    });
  };
  for (const [name, later] of [["offset", -16], ["stride", 16.5], ["count", -1]] as const) {
    const part = memory.subarray(100);
    assertThrows(() => Reading.array(part, changing(name, later)), RangeError, `Expected ${name}`);
  }
});

Deno.test("The option byteLength pads a struct or a union at its end, also within arrays", () => {
  const Small = struct({ id: "u32", flag: "u8" }, { byteLength: 16 });
  assertEquals([Small.byteLength, Small.alignment], [16, 4]);
  const All = struct({ list: array(Small, 2), either: union({ a: "u8" }, { byteLength: 3 }) });
  assertEquals([All.offsetOf("list[1].flag"), All.offsetOf("either"), All.byteLength], [
    20,
    32,
    36,
  ]);
  const plain = struct({ id: "u32", flag: "u8" });
  assertEquals(struct({ id: "u32", flag: "u8" }, { byteLength: 8 }).toC("A"), plain.toC("A"));
  assertNotEquals(Small.layoutHash, plain.layoutHash);
  for (const byteLength of [4, 7, 10]) {
    assertThrows(
      () => struct({ id: "u32", flag: "u8" }, { byteLength }),
      RangeError,
      `at least 8, the size of the fields, and a multiple of 4, their alignment, got ${byteLength}`,
    );
  }
  assertEquals(
    struct({ id: "u32", flag: bits("u8", 1) }, { pack: 1, byteLength: 7 }).byteLength,
    7,
  );
  // Writing a view of such a struct copies its padding, as C does.
  const memory = new Uint8Array(32).fill(1, 0, 16);
  Small.write(memory, Small.view(memory), 16);
  assertEquals(memory[31], 1);
});
