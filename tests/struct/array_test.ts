import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { array, bits, safe, struct, utf8 } from "../../src/struct/mod.ts";

/** Arrays of all kinds of numbers, at odd offsets. */
const Numbers = struct({
  tag: "u8",
  i8: array("i8", 3),
  u8: array("u8", 3),
  i16: array("i16", 3),
  u16: array("u16", 3),
  i32: array("i32", 3),
  u32: array("u32", 3),
  i64: array("i64", 3),
  u64: array("u64", 3),
  f32: array("f32", 3),
  f64: array("f64", 3),
  pointer32: array("pointer32", 3),
  pointer64: array("pointer64", 3),
}, { pack: 1 });

const VALUES = {
  tag: 1,
  i8: Int8Array.of(-128, 0, 127),
  u8: Uint8Array.of(0, 1, 255),
  i16: Int16Array.of(-32768, 0, 32767),
  u16: Uint16Array.of(0, 1, 65535),
  i32: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1),
  u32: Uint32Array.of(0, 1, 2 ** 32 - 1),
  i64: BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n),
  u64: BigUint64Array.of(0n, 1n, 2n ** 64n - 1n),
  f32: Float32Array.of(0.5, -Infinity, NaN),
  f64: Float64Array.of(0.1, -1e300, NaN),
  pointer32: Uint32Array.of(1, 2, 3),
  pointer64: BigUint64Array.of(1n, 2n, 3n),
};

const NAMES = ["i8", "u8", "i16", "u16", "i32", "u32", "f32", "f64", "pointer32"] as const;
const WIDE_NAMES = ["i64", "u64", "pointer64"] as const;

Deno.test("Layout.read() and values() copy arrays of numbers as typed arrays, at any offset", () => {
  for (const start of [0, 1, 3]) {
    const memory = new Uint8Array(Numbers.byteLength + start);
    Numbers.write(memory, VALUES, start);
    assertEquals(Numbers.read(memory, start), VALUES);
    const view = Numbers.view(memory, start);
    for (const name of [...NAMES, ...WIDE_NAMES]) {
      const values = view[name].values();
      assertEquals(values, VALUES[name]);
      assertEquals([...view[name]].length, 3);
      // The values are a copy.
      new Uint8Array(values.buffer).fill(9);
      assertEquals(view[name].values(), VALUES[name]);
    }
    const shared = new Uint8Array(new SharedArrayBuffer(memory.length));
    shared.set(memory);
    assertEquals(Numbers.read(shared, start), VALUES);
    assert(Numbers.read(shared, start).f32.buffer instanceof ArrayBuffer);
  }
});

Deno.test("Arrays of numbers accept arrays, typed arrays of any kind, and views", () => {
  const memory = new Uint8Array(Numbers.byteLength);
  const view = Numbers.view(memory);
  for (const name of NAMES) {
    for (const source of [[1, 2, 3], Uint8Array.of(1, 2, 3), Float64Array.of(1, 2, 3)]) {
      Numbers.write(memory, { [name]: [0, 0, 0] });
      Numbers.write(memory, { [name]: source });
      assertEquals([...view[name]], [1, 2, 3], name);
      view[name].set([0, 0, 0]);
      view[name].set(source);
      assertEquals([...view[name]], [1, 2, 3], name);
    }
  }
  for (const name of WIDE_NAMES) {
    for (const source of [[1n, 2n, 3n], BigInt64Array.of(1n, 2n, 3n)]) {
      view[name].set([0n, 0n, 0n]);
      view[name].set(source);
      assertEquals([...view[name]], [1n, 2n, 3n], name);
    }
  }
  view.u32.set(view.i8);
  view.u8.set(Uint8ClampedArray.of(9, 255));
  view.f64.set(view.f32);
  view.f32.set({ length: 1, 0: 0.1 });
  assertEquals([...view.u32, ...view.u8, ...view.f64], [1, 2, 3, 9, 255, 3, 1, 2, 3]);
  assertStrictEquals(view.f32.get(0), Math.fround(0.1));
});

Deno.test("A shorter array leaves the rest of the elements as they are, in arrays of all types", () => {
  const Point = struct({ x: "i32", y: "i32" });
  const All = struct({
    numbers: array("u16", 4),
    points: array(Point, 3),
    flags: array("bool", 3),
    safe: array(safe("u64"), 3),
    names: array(utf8(4), 3),
    grid: array(array("u8", 2), 2),
  });
  const memory = new ArrayBuffer(All.byteLength);
  const view = All.view(memory);
  All.write(memory, {
    numbers: [1, 2, 3, 4],
    points: [{ x: 1, y: 1 }, { x: 2, y: 2 }, { x: 3, y: 3 }],
    flags: [true, true, true],
    safe: [1, 2, 3],
    names: ["a", "b", "c"],
    grid: [[1, 2], [3, 4]],
  });
  All.write(memory, { numbers: [], points: [], flags: [], safe: [], names: [], grid: [[]] });
  All.write(memory, { numbers: Uint16Array.of(9), points: [{ x: 9 }], grid: [Uint8Array.of(9)] });
  view.numbers.set([8, 7], 1);
  view.points.set([{ y: 8 }], 2);
  view.points.set(1, { y: 7 });
  view.flags.set([false], 1);
  view.safe.set([8, 9], 1);
  view.names.set(["x"], 2);
  view.grid.set([[8]], 1);
  view.names.set([], 3);
  assertEquals(All.read(memory), {
    numbers: Uint16Array.of(9, 8, 7, 4),
    points: [{ x: 9, y: 1 }, { x: 2, y: 7 }, { x: 3, y: 8 }],
    flags: [true, false, true],
    safe: [1, 8, 9],
    names: ["a", "b", "x"],
    grid: [Uint8Array.of(9, 2), Uint8Array.of(8, 4)],
  });
  assertEquals(view.points.values(), All.read(memory).points);
  assertEquals(view.flags.values(), [true, false, true]);
});

Deno.test("ArrayView.set() writes all of its source, or nothing if a part is wrong", () => {
  const memory = new ArrayBuffer(Numbers.byteLength);
  const view = Numbers.view(memory);
  const gone = new Int8Array(2);
  gone.buffer.transfer();
  const message = "Expected at most 1 elements for u8 from index 2, got 2";
  const wrong: [() => void, typeof TypeError | typeof RangeError, string][] = [
    [() => view.u8.set([1, 2, 3, 4]), RangeError, "Expected at most 3 elements for u8, got 4"],
    [() => view.u8.set(new Uint8Array(4)), RangeError, "Expected at most 3 elements for u8, got 4"],
    [() => view.u8.set([1, 2], 2), RangeError, message],
    [() => view.u8.set(Uint8Array.of(1, 2), 2), RangeError, message],
    [() => view.u8.set([1], 4), RangeError, "the index in u8"],
    [() => view.u8.set([1], -1), RangeError, "the index in u8"],
    [() => view.u8.set([1, 256], 1), RangeError, "Expected u8[2] to be an integer from 0 to 255"],
    [() => view.u8.set(Int8Array.of(1, -1)), RangeError, "Expected u8[1] to be"],
    [() => view.i8.set(Uint8Array.of(1, 128)), RangeError, "Expected i8[1] to be"],
    [() => view.i64.set(BigUint64Array.of(1n, 2n ** 63n)), RangeError, "Expected i64[1] to be"],
    [() => view.f32.set([1, 1e300]), RangeError, "Expected f32[1] to be"],
    [() => view.f32.set(Float64Array.of(1, 1e300)), RangeError, "Expected f32[1] to be"],
    [() => view.u8.set(new Array<number>(2)), TypeError, "u8[0]"],
    [() => view.i8.set(gone), TypeError, "transferred away"],
    [() => view.u8.set(gone), TypeError, "transferred away"],
    // @ts-expect-error: a bigint is not a number
    [() => view.u8.set(BigUint64Array.of(1n)), TypeError, "Expected u8[0] to be a number"],
    // @ts-expect-error: a number is not a bigint
    [() => view.u64.set(Uint8Array.of(1)), TypeError, "Expected u64[0] to be a bigint"],
    [() => view.u8.set({ length: -1 }), TypeError, "Expected u8 to be an array"],
    [() => view.u8.set(1, 256), RangeError, "Expected u8[1] to be an integer from 0 to 255"],
    [() => view.u64.set(2, -1n), RangeError, "Expected u64[2] to be from 0n"],
    // @ts-expect-error: a set is not an array
    [() => view.u8.set(new Set([1])), TypeError, "Expected u8 to be an array"],
    // @ts-expect-error: a text is not an array of numbers
    [() => view.u8.set("12"), TypeError, "the index in u8"],
  ];
  for (const [write, expected, message] of wrong) {
    assertThrows(write, expected, message);
    assert(new Uint8Array(memory).every((byte) => byte === 0), message);
  }
});

Deno.test("Layout.write() copies typed arrays over the same memory before it writes anything", () => {
  const Pair = struct({
    a: array("u8", 4),
    b: array("u8", 4),
    inner: struct({ c: array("u8", 4) }),
  });
  const memory = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  Pair.write(memory, {
    a: memory.subarray(4, 8),
    b: memory.subarray(0, 4),
    inner: { c: memory.subarray(0, 4) },
  });
  assertEquals([...memory], [5, 6, 7, 8, 1, 2, 3, 4, 1, 2, 3, 4]);
  Pair.view(memory).a.set(memory.subarray(0, 3), 1);
  assertEquals([...memory.subarray(0, 4)], [5, 5, 6, 7]);
});

Deno.test("A view of an array of numbers is shown and written to JSON as a plain array", () => {
  const Small = struct({ a: array("f32", 2), b: array("u64", 2), flag: bits("u8", 1) });
  const memory = new ArrayBuffer(Small.byteLength);
  const view = Small.view(memory);
  view.a.set([1.5, 2]);
  view.b.set([1n, 2n ** 60n]);
  assertEquals(JSON.stringify(view), '{"a":[1.5,2],"b":["1","1152921504606846976"],"flag":0}');
  assertEquals(view.a.toJSON(), [1.5, 2]);
  assertEquals(Deno.inspect(view.a), "[ 1.5, 2 ]");
  // A copy has typed arrays, which JSON.stringify() writes as objects.
  assertEquals(JSON.stringify(Small.read(memory).a), '{"0":1.5,"1":2}');
  assertThrows(() => JSON.stringify(Small.read(memory)), TypeError, "BigInt");
  assertEquals(structuredClone(Small.read(memory)), Small.read(memory));
});

Deno.test("Large arrays of numbers are read and written in at most a few times a copy's time", () => {
  const length = 2 ** 20;
  const Large = struct({ tag: "u8", values: array("f32", length) }, { pack: 1 });
  const memory = new Uint8Array(Large.byteLength);
  const view = Large.view(memory);
  const values = new Float32Array(length).fill(0.5);
  const bytes = new Uint8Array(values.buffer);
  const best = (run: () => unknown) =>
    Math.min(...Array.from({ length: 20 }, () => {
      const start = performance.now();
      run();
      return performance.now() - start;
    }));
  const write = best(() => memory.set(bytes, 1));
  const copy = best(() => memory.slice(1));
  // Element by element, each of these takes 20 times as long as a copy and more.
  assert(best(() => Large.write(memory, { values })) < 5 * write + 0.5);
  assert(best(() => view.values.set(values)) < 5 * write + 0.5);
  assert(best(() => Large.read(memory)) < 5 * copy + 0.5);
  assert(best(() => view.values.values()) < 5 * copy + 0.5);
});
