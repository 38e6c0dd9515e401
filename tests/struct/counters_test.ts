import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  array,
  bits,
  type Counter,
  safe,
  struct,
  type StructCounters,
  union,
  utf8,
} from "../../src/struct/mod.ts";

const Inner = struct({ laps: "u32", speed: "f32" });
const fields = {
  u64: "u64",
  i64: "i64",
  u32: "u32",
  i32: "i32",
  u16: "u16",
  i16: "i16",
  u8: "u8",
  i8: "i8",
  inner: Inner,
  numbers: array("u32", 3),
  inners: array(Inner, 2),
  grid: array(array("u8", 2), 2),
  either: union({ number: "f32", pattern: "u32" }),
  f32: "f32",
  truth: "bool",
  pointer32: "pointer32",
  pointer64: "pointer64",
  safe: safe("u64"),
  flag: bits("u32", 1),
  name: utf8(4),
  names: array(utf8(4), 2),
  floats: array("f32", 2),
} as const;
const All = struct(fields);

Deno.test("Layout.counters() has the integers, and nested structs and arrays with integers", () => {
  const memory = new ArrayBuffer(All.byteLength);
  const counters = All.counters(memory);
  assertEquals(Object.keys(counters), Object.keys(fields).slice(0, 13));
  assertStrictEquals(counters.u32, counters.u32);
  assertStrictEquals(counters.inner, counters.inner);
  counters.inner.laps.add(1);
  counters.numbers.get(2).store(2);
  counters.inners.get(1).laps.store(3);
  counters.grid.get(1).get(0).store(4);
  counters.either.pattern.store(0x3f80_0000);
  const read = All.read(memory);
  assertEquals(
    [read.inner.laps, read.numbers[2], read.inners[1]!.laps, read.grid[1]![0], read.either.number],
    [1, 2, 3, 4, 1],
  );
  assertEquals(counters.numbers.length, 3);
  assertEquals(JSON.parse(JSON.stringify(counters.inners)), [{ laps: 0 }, { laps: 3 }]);
  assertEquals(JSON.parse(JSON.stringify(counters.grid)), [[0, 0], [4, 0]]);
  for (const index of [3, -1, 0.5]) {
    assertThrows(() => counters.numbers.get(index), RangeError, "the index in numbers");
  }
  const typed: StructCounters<{ a: "u32"; b: "f32"; c: "u64" }> = struct({
    a: "u32",
    b: "f32",
    c: "u64",
  }).counters(new ArrayBuffer(16));
  const narrow: Counter<number> = typed.a;
  const wide: Counter<bigint> = typed.c;
  // @ts-expect-error: a float has no counter
  assertEquals([narrow.load(), wide.load(), typed.b], [0, 0n, undefined]);
});

Deno.test("Each operation of a counter returns the value from before, in the type's range", () => {
  const memory = new ArrayBuffer(All.byteLength);
  const counters = All.counters(memory);
  const widths = { u8: 8, i8: 8, u16: 16, i16: 16, u32: 32, i32: 32 } as const;
  for (const [name, width] of Object.entries(widths)) {
    const counter = counters[name as keyof typeof widths];
    const signed = name.startsWith("i");
    const all = signed ? -1 : 2 ** width - 1;
    assertEquals(counter.sub(1), 0, name);
    assertEquals(counter.load(), all, name);
    assertEquals(counter.and(~1), all, name);
    assertEquals(counter.or(1), all - 1, name);
    assertEquals(counter.xor(2 ** width - 1), all, name);
    assertEquals(counter.exchange(5), 0, name);
    assertEquals(counter.compareExchange(4, 9), 5, name);
    assertEquals(counter.compareExchange(5, 9), 5, name);
    assertEquals(counter.add(-9), 9, name);
    assertEquals(counter.or(2 ** (width - 1)), 0, name);
    assertEquals(counter.load(), signed ? -(2 ** (width - 1)) : 2 ** (width - 1), name);
    counter.store(7);
    assertEquals(counter.add(2 ** width), 7, name);
    assertEquals(counter.load(), 7, name);
    for (const wrong of [2 ** width, -(2 ** (width - 1)) - 1, 0.5, NaN]) {
      assertThrows(() => counter.or(wrong), RangeError, `the mask for ${name}`);
      assertThrows(() => counter.store(wrong), RangeError, name);
    }
  }
  for (const name of ["u64", "i64"] as const) {
    const counter = counters[name];
    const all = name === "i64" ? -1n : 2n ** 64n - 1n;
    assertEquals(counter.sub(1n), 0n);
    assertEquals(counter.and(~1n), all);
    assertEquals(counter.xor(2n ** 64n - 1n), all - 1n);
    assertEquals(counter.or(4n), 1n);
    assertEquals(counter.exchange(6n), 5n);
    assertEquals(counter.compareExchange(6n, 7n), 6n);
    assertEquals(counter.add(2n ** 64n), 7n);
    assertEquals([counter.load(), counter.toJSON()], [7n, "7"]);
    assertThrows(() => counter.or(2n ** 64n), RangeError, `the mask for ${name}`);
    // @ts-expect-error: a number is not a bigint
    assertThrows(() => counter.add(1), TypeError, "a bigint");
  }
});

Deno.test("A counter at an address that is not a multiple of its size is refused", () => {
  const Packed = struct({ tag: "u8", rows: array("u32", 2), poll: "i64", busy: "u8" }, { pack: 1 });
  const memory = new ArrayBuffer(64);
  const counters = Packed.counters(memory);
  // The other integers of the struct can be used.
  assertEquals(counters.busy.or(1), 0);
  assertThrows(
    () => counters.poll,
    RangeError,
    "Cannot use poll as a counter: its offset in the buffer is 9",
  );
  assertThrows(() => counters.rows.get(1), RangeError, "Cannot use rows[1] as a counter");
  assertThrows(() => Inner.counters(memory, 2).laps, RangeError, "multiple of 4");
  assertEquals(Packed.counters(memory, 7).rows.get(1).load(), 0);
  assertEquals(Packed.counters(new Uint8Array(memory, 8), 7).poll.load(), 0n);
});

Deno.test("Layout.counters() refuses memory that is too small, and throws after it is gone", () => {
  assertThrows(() => Inner.counters(new ArrayBuffer(7)), RangeError, "Expected 8 bytes at 0");
  const buffer = new SharedArrayBuffer(8);
  Inner.counters(buffer).laps.add(5);
  assertEquals(Inner.read(buffer).laps, 5);
  const gone = new ArrayBuffer(8);
  const { laps } = Inner.counters(gone);
  gone.transfer();
  for (const use of [() => laps.load(), () => laps.add(1), () => laps.compareExchange(0, 1)]) {
    assertThrows(use, TypeError);
  }
});
