import { assertEquals, assertThrows } from "@std/assert";
import {
  array,
  type ArrayView,
  bits,
  bytes,
  type InputOf,
  type LiveOf,
  safe,
  struct,
  type StructValue,
  type StructView,
  union,
  utf16,
  utf8,
  type ValueOf,
} from "../../src/struct/mod.ts";
import { byteSources, lostSources, notBytes } from "../support/byte_sources.ts";

const Point = struct({ x: "i16", y: "f64" });
const Everything = struct({
  i8: "i8",
  u64: "u64",
  u8: "u8",
  i64: "i64",
  i16: "i16",
  f64: "f64",
  u16: "u16",
  f32: "f32",
  bool: "bool",
  i32: "i32",
  u32: "u32",
  pointer32: "pointer32",
  pointer64: "pointer64",
  safe: safe("i64"),
  wide: utf16(5),
  narrow: utf8(3),
  points: array(Point, 2),
  grid: array(array("u8", 2), 3),
  names: array(utf8(4), 2),
  either: union({ number: "f32", pattern: "u32" }),
  ready: bits("u16", 1),
  level: bits("i16", 5),
});

Deno.test("struct() aligns fields as C does, and the option pack limits the alignment", () => {
  const fields = { a: "u8", b: "u64", c: "u16", d: "u32", e: "u8" } as const;
  const offsets = (layout: { offsetOf(path: string): number }) =>
    Object.keys(fields).map((name) => layout.offsetOf(name));
  const cases = [
    [16, [0, 8, 16, 20, 24], 32],
    [8, [0, 8, 16, 20, 24], 32],
    [4, [0, 4, 12, 16, 20], 24],
    [2, [0, 2, 10, 12, 16], 18],
    [1, [0, 1, 9, 11, 15], 16],
  ] as const;
  for (const [pack, expected, byteLength] of cases) {
    const layout = struct(fields, { pack });
    assertEquals([offsets(layout), layout.byteLength], [[...expected], byteLength]);
  }
  assertEquals(struct(fields).byteLength, 32);
});

Deno.test("struct() accepts explicit offsets that are aligned and in order", () => {
  const layout = struct({ a: "u8", b: { type: "u32", offset: 12 }, c: "u8" });
  assertEquals([layout.offsetOf("b"), layout.offsetOf("c"), layout.byteLength], [12, 16, 20]);
  assertThrows(
    () => struct({ a: "u64", b: { type: "u32", offset: 4 } }),
    RangeError,
    "Expected the offset of b to be at least 8, where a ends, got 4",
  );
  assertThrows(
    () => struct({ a: { type: "u8", offset: 8 }, b: { type: "u32", offset: 0 } }),
    RangeError,
    "put the fields in the order of their offsets, and fields that overlap into a union()",
  );
  assertThrows(
    () => struct({ a: "u8", b: { type: "u32", offset: 6 } }),
    RangeError,
    "multiple of 4",
  );
  assertEquals(struct({ a: "u8", b: { type: "u32", offset: 6 } }, { pack: 2 }).byteLength, 10);
});

Deno.test("Layout.offsetOf() returns the offset at a path, and throws for a path without a field", () => {
  const size = Point.byteLength;
  assertEquals(size, 16);
  const start = Everything.offsetOf("points");
  assertEquals(Everything.offsetOf("points[1].y"), start + size + 8);
  assertEquals(Everything.offsetOf("grid[2][1]"), Everything.offsetOf("grid") + 5);
  assertEquals(Everything.offsetOf("either.pattern"), Everything.offsetOf("either"));
  const wrong = ["", "z", "points[2]", "points.x", "points[1].z", "u8.x", "u8[0]", "grid[0][0][0]"];
  for (const path of [...wrong, "points[-1]", "points[1]x", ".u8", "toString", "constructor"]) {
    assertThrows(() => Everything.offsetOf(path), TypeError, "There is no field");
  }
});

Deno.test("Layout.view() reads and writes the memory directly", () => {
  const memory = new ArrayBuffer(Everything.byteLength + 8);
  const view = Everything.view(memory, 8);
  const same = Everything.view(new Uint8Array(memory, 8));
  const data = new DataView(memory, 8);
  view.i8 = -128;
  view.u64 = 2n ** 64n - 1n;
  view.i64 = -(2n ** 63n);
  view.f32 = 0.5;
  view.bool = true;
  view.safe = -(2 ** 53 - 1);
  view.wide = "数据𝄞";
  view.narrow = "é";
  view.points.get(1).y = 2.5;
  view.grid.get(2).set(1, 7);
  view.names.set(1, "abc");
  view.either.number = 1;
  view.level = -16;
  assertEquals(data.getInt8(0), -128);
  assertEquals(data.getFloat64(Everything.offsetOf("points[1].y"), true), 2.5);
  assertEquals(data.getUint8(Everything.offsetOf("grid[2][1]")), 7);
  assertEquals(same.u64, 2n ** 64n - 1n);
  assertEquals([same.i64, same.f32, same.bool], [-(2n ** 63n), 0.5, true]);
  assertEquals([same.safe, same.wide, same.narrow], [-(2 ** 53 - 1), "数据𝄞", "é"]);
  assertEquals([...same.names], ["", "abc"]);
  assertEquals(same.either.pattern, 0x3f80_0000);
  assertEquals([same.ready, same.level], [0, -16]);
  data.setInt16(Everything.offsetOf("points[0].x"), -5, true);
  assertEquals(view.points.get(0).x, -5);
  data.setUint8(Everything.offsetOf("bool"), 2);
  assertEquals(view.bool, true);
});

Deno.test("Layout.read() returns the values of Layout.write(), which changes no other field", () => {
  const memory = new ArrayBuffer(Everything.byteLength);
  const values = {
    i8: 1,
    u64: 2n,
    u8: 3,
    i64: 4n,
    i16: 5,
    f64: 6.5,
    u16: 7,
    f32: 8.5,
    bool: true,
    i32: 9,
    u32: 10,
    pointer32: 11,
    pointer64: 12n,
    safe: 13,
    wide: "wide",
    narrow: "ab",
    points: [{ x: 1, y: 2 }, { x: 3, y: 4 }],
    grid: [Uint8Array.of(1, 2), Uint8Array.of(3, 4), Uint8Array.of(5, 6)],
    names: ["one", "two"],
    ready: 1,
    level: -3,
  };
  Everything.write(memory, { ...values, either: { pattern: 0x3f80_0000 } });
  const expected = { ...values, either: { number: 1, pattern: 0x3f80_0000 } };
  assertEquals(Everything.read(memory), expected);
  Everything.write(memory, { u8: 4, points: [{ y: 9 }, {}] });
  expected.u8 = 4;
  expected.points[0]!.y = 9;
  assertEquals(Everything.read(memory), expected);
});

Deno.test("Layout.write() names the wrong field, and then writes nothing", () => {
  const memory = new ArrayBuffer(Everything.byteLength);
  const wrong: [object, typeof TypeError | typeof RangeError, string][] = [
    [{ u8: 256 }, RangeError, "u8"],
    [{ u8: 1.5 }, RangeError, "u8"],
    [{ i8: -129 }, RangeError, "i8"],
    [{ u16: -1 }, RangeError, "u16"],
    [{ i16: 2 ** 15 }, RangeError, "i16"],
    [{ u32: 2 ** 32 }, RangeError, "u32"],
    [{ i32: 2 ** 31 }, RangeError, "i32"],
    [{ i32: NaN }, RangeError, "i32"],
    [{ u64: -1n }, RangeError, "u64"],
    [{ i64: 2n ** 63n }, RangeError, "i64"],
    [{ i64: 1 }, TypeError, "i64"],
    [{ u32: 1n }, TypeError, "u32"],
    [{ f32: "1" }, TypeError, "f32"],
    [{ f32: -1e300 }, RangeError, "f32"],
    // This is halfway from the largest float to 2 ** 128. From here on, float rounds to infinity.
    [{ f32: (2 - 2 ** -24) * 2 ** 127 }, RangeError, "f32"],
    [{ bool: 1 }, TypeError, "bool"],
    [{ pointer64: 1 }, TypeError, "pointer64"],
    [{ safe: 2 ** 53 }, RangeError, "safe"],
    [{ wide: "12345" }, RangeError, "wide"],
    [{ wide: 1 }, TypeError, "wide"],
    [{ narrow: "éé" }, RangeError, "narrow"],
    [{ narrow: "a\0" }, TypeError, "narrow"],
    [{ narrow: "\ud800" }, TypeError, "narrow"],
    [{ points: [{}, { x: 1e6 }] }, RangeError, "points[1].x"],
    [{ points: [{}, {}, {}] }, RangeError, "points"],
    [{ points: 1 }, TypeError, "points"],
    [{ grid: [[1, 2], [3, 400], [5, 6]] }, RangeError, "grid[1][1]"],
    [{ either: { number: 1, pattern: 2 } }, TypeError, "exactly one field of either"],
    [{ either: {} }, TypeError, "exactly one field of either"],
    [{ ready: 2 }, RangeError, "ready"],
    [{ level: 16 }, RangeError, "level"],
    [{ level: -17 }, RangeError, "level"],
    [{ other: 1 }, TypeError, "other"],
    [{ u8: undefined }, TypeError, "u8"],
    [
      { points: [{ x: 1 }, new Map([["x", 1]])] },
      TypeError,
      "points[1] to be an object with fields",
    ],
    [{ points: [{ x: 1 }, []] }, TypeError, "got an array"],
    [{ points: [{ x: 1 }, Promise.resolve({ x: 1 })] }, TypeError, "got a promise: await it"],
  ];
  for (const [values, expected, name] of wrong) {
    assertThrows(() => Everything.write(memory, { i8: 1, ...values }), expected, name);
    assertEquals(new Uint8Array(memory).every((byte) => byte === 0), true);
  }
  const view = Everything.view(memory);
  assertThrows(() => view.u8 = 256, RangeError, "u8");
  // @ts-expect-error: a number is not a text
  assertThrows(() => view.u8 = "1", TypeError, "u8");
  // @ts-expect-error: TypeScript accepts only a view for an array
  assertThrows(() => view.grid = [1], TypeError, "Expected grid[0] to be an object");
  assertThrows(() => view.grid.get(3), RangeError, "index in grid");
  assertThrows(() => view.grid.get(0).set(2, 1), RangeError, "index in grid");
  assertThrows(() => view.points.get(0).x = 1e6, RangeError, "x");
});

Deno.test("A text overwrites its whole field, and is read up to its NUL or the end of its field", () => {
  const layout = struct({ name: utf16(4), after: "u16" });
  const units = new Uint16Array(5).fill(0x41);
  const view = layout.view(units);
  assertEquals(view.name, "AAAA");
  view.name = "b";
  assertEquals([...units], [0x62, 0, 0, 0, 0x41]);
  const bytes = Uint8Array.of(0x41, 0xff, 0, 0x42);
  assertEquals(struct({ name: utf8(4) }).read(bytes), { name: "A\ufffd" });
});

Deno.test("An f32 field rounds numbers, and becomes infinite only if infinity is assigned", () => {
  const Float = struct({ value: "f32" });
  const view = Float.view(new ArrayBuffer(4));
  const most = (2 - 2 ** -23) * 2 ** 127;
  for (
    const [given, kept] of [
      [most, most],
      [-3.402823466385289e38, -most],
      [1e-50, 0],
      [0.1, Math.fround(0.1)],
      [Infinity, Infinity],
      [-Infinity, -Infinity],
      [NaN, NaN],
    ] as const
  ) {
    view.value = given;
    assertEquals(view.value, kept);
  }
});

Deno.test("Reading a safe() field throws if its value is not a safe integer", () => {
  const layout = struct({ at: safe("u64") });
  const memory = BigUint64Array.of(2n ** 53n);
  assertThrows(() => layout.view(memory).at, Deno.errors.InvalidData, "Expected at to be");
  assertThrows(() => layout.read(memory), Deno.errors.InvalidData, "Expected at to be");
  memory[0] = 2n ** 53n - 1n;
  assertEquals(layout.read(memory), { at: Number.MAX_SAFE_INTEGER });
});

Deno.test("Bit fields share units as with Microsoft's compiler", () => {
  const offsets = (layout: { byteLength: number; offsetOf(path: string): number }) => [
    layout.offsetOf("a"),
    layout.offsetOf("b"),
    layout.byteLength,
  ];
  assertEquals(offsets(struct({ a: bits("u32", 20), b: bits("u32", 12) })), [0, 0, 4]);
  assertEquals(offsets(struct({ a: bits("u32", 20), b: bits("i32", 12) })), [0, 0, 4]);
  assertEquals(offsets(struct({ a: bits("u32", 20), b: bits("u32", 13) })), [0, 4, 8]);
  assertEquals(offsets(struct({ a: bits("u8", 3), b: bits("u32", 3) })), [0, 4, 8]);
  assertEquals(offsets(struct({ a: bits("u8", 3), b: bits("u32", 3) }, { pack: 1 })), [0, 1, 5]);
  assertEquals(offsets(struct({ a: bits("u16", 3), x: "u8", b: bits("u16", 3) })), [0, 4, 6]);
});

Deno.test("Writing a bit field changes no other field, with every unit", () => {
  const layout = struct({
    low: bits("u64", 1),
    wide: bits("i64", 62),
    high: bits("u64", 1),
    all: bits("u32", 32),
    sign: bits("i32", 32),
    byte: bits("i8", 8),
    bit: bits("i8", 1),
  });
  const values = {
    low: 0n,
    wide: -(2n ** 61n),
    high: 1n,
    all: 2 ** 32 - 1,
    sign: -(2 ** 31),
    byte: -128,
    bit: -1,
  };
  const memory = new Uint8Array(layout.byteLength).fill(0xff);
  layout.write(memory, values);
  assertEquals(layout.read(memory), values);
  const ones = new Uint8Array(layout.byteLength).fill(0xff);
  for (const name of Object.keys(values)) {
    memory.fill(0);
    const key = name as keyof typeof values;
    layout.write(memory, { [key]: layout.read(ones)[key] });
    const set = Object.entries(layout.read(memory)).filter(([, value]) => value != 0);
    assertEquals(set.map(([name]) => name), [name]);
  }
});

Deno.test("Layout.layoutHash differs if a name, a type, an offset or the order differs", () => {
  const fields = { a: "u32", b: "f32" } as const;
  const { layoutHash } = struct(fields);
  // Computed by another program, with FNV-1a, from "struct{a@0:u32,b@4:f32}8".
  assertEquals(layoutHash, 0x183c_f3c5_7dec_792en);
  assertEquals(struct({ ...fields }).layoutHash, layoutHash);
  const others = [
    struct({ a: "u32", c: "f32" }),
    struct({ a: "u32", b: "i32" }),
    struct({ a: "u32", b: { type: "f32", offset: 8 } }),
    struct({ ...fields, c: "u8" }),
    struct({ b: "f32", a: "u32" }),
    union(fields),
  ];
  const hashes = new Set([layoutHash, ...others.map((other) => other.layoutHash)]);
  assertEquals(hashes.size, others.length + 1);
});

Deno.test("struct(), array(), bits(), utf8() and utf16() refuse invalid arguments", () => {
  // @ts-expect-error: there is no such type
  assertThrows(() => struct({ a: "u128" }), TypeError, "type of a");
  // @ts-expect-error: there is no such type
  assertThrows(() => struct({ a: "toString" }), TypeError, "type of a");
  // @ts-expect-error: null is not a type
  assertThrows(() => struct({ a: null }), TypeError, "type of a");
  // @ts-expect-error: fields are an object
  assertThrows(() => struct("u8"), TypeError, "the fields");
  assertThrows(() => struct({}), TypeError, "at least one field");
  assertThrows(() => struct({ "a b": "u8" }), TypeError, '"a b"');
  assertThrows(() => struct({ 0: "u8" }), TypeError, '"0"');
  assertThrows(() => struct({ ["__proto__"]: "u8" }), TypeError, "__proto__");
  // @ts-expect-error: 3 is not a valid pack
  assertThrows(() => struct({ a: "u8" }, { pack: 3 }), RangeError, "1, 2, 4, 8 or 16, got 3");
  assertThrows(() => array("u8", 0), RangeError, "leave out a last member `x[]` of C");
  assertThrows(() => array("u8", -1), RangeError, "length of an array");
  // @ts-expect-error: a bit field has no offset
  assertThrows(() => struct({ a: { type: bits("u8", 1), offset: 0 } }), TypeError, "a bit field");
  const placed = { ...bits("u8", 1), offset: 4 };
  assertThrows(() => struct({ a: placed }), TypeError, "Expected no offset for a");
  // @ts-expect-error: a bit field has no address
  assertThrows(() => array(bits("u8", 1), 8), TypeError, "a bit field");
  assertThrows(() => array("u64", 2 ** 29), RangeError, "length of an array");
  assertThrows(() => utf16(0), RangeError, "including the NUL at its end");
  assertThrows(() => utf8(0), RangeError, "including the NUL at its end");
  assertThrows(() => bits("u8", 9), RangeError, "width of a bit field");
  // @ts-expect-error: floats have no bit fields
  assertThrows(() => bits("f32", 1), TypeError, "unit of a bit field");
  const half = array("u8", 2 ** 30);
  assertThrows(() => struct({ a: half, b: half }), RangeError, "at most 2147483647 bytes");
});

Deno.test("Layout methods refuse memory that is too small, missing or detached", () => {
  const layout = struct({ a: "u32" });
  assertThrows(() => layout.view(new ArrayBuffer(3)), RangeError, "Expected 4 bytes at 0");
  assertThrows(() => layout.view(new ArrayBuffer(8), 5), RangeError, "Expected 4 bytes at 5");
  assertThrows(() => layout.read(new Uint8Array(8).subarray(0, 3)), RangeError, "there are 3");
  assertThrows(() => layout.view(new ArrayBuffer(8), -1), RangeError, "byteOffset");
  const missing = "Expected the struct's memory (the result of memory.map(), or bytes) to be bytes";
  // @ts-expect-error: undefined is not memory
  assertThrows(() => layout.view(undefined), TypeError, missing);
  const memory = new ArrayBuffer(4);
  const view = layout.view(memory);
  memory.transfer(0);
  assertThrows(() => view.a, TypeError);
  assertThrows(() => view.a = 1, TypeError);
});

Deno.test("Deno.inspect() of a view shows its fields", () => {
  const layout = struct({ a: "u8", p: array(Point, 1) });
  const shown = Deno.inspect(layout.view(new ArrayBuffer(layout.byteLength)));
  assertEquals(shown, "{ a: 0, p: [ { x: 0, y: 0 } ] }");
});

Deno.test("TypeScript infers the types of values and views from the fields", () => {
  type Fields = { a: "u64"; b: ReturnType<typeof utf16>; c: typeof Point };
  const layout = struct({ a: "u64", b: utf16(2), c: Point, d: array("f32", 2) });
  const value: { a: bigint; b: string; c: { x: number; y: number }; d: Float32Array } = layout.read(
    new ArrayBuffer(layout.byteLength),
  );
  const view = layout.view(new ArrayBuffer(layout.byteLength));
  const elements: ArrayView<number> = view.d;
  const part: StructView<{ x: "i16"; y: "f64" }> = view.c;
  const copied: StructValue<Fields> = value;
  // @ts-expect-error: a 64-bit integer is a bigint
  const wrong: number = view.a;
  // @ts-expect-error: there is no such field
  const missing = view.e;
  assertEquals([elements.length, part.x, copied.b, wrong, missing], [2, 0, "", 0n, undefined]);
});

Deno.test("TypeScript infers typed arrays for copies of numbers, and a Uint8Array for bytes()", () => {
  const Numbers = array("u16", 2);
  const Flags = array("bool", 2);
  const Raw = bytes(2);
  const Grid = array(array("i64", 2), 2);
  const layout = struct({
    numbers: Numbers,
    flags: Flags,
    raw: Raw,
    grid: Grid,
    points: array(Point, 1),
  });
  const memory = new ArrayBuffer(layout.byteLength);
  const view = layout.view(memory);
  const numbers: Uint16Array<ArrayBuffer> = layout.read(memory).numbers satisfies ValueOf<
    typeof Numbers
  >;
  const live: ArrayView<number, number, Uint16Array<ArrayBuffer>> = view.numbers satisfies LiveOf<
    typeof Numbers
  >;
  const flags: boolean[] = view.flags.values() satisfies ValueOf<typeof Flags>;
  const rows: BigInt64Array<ArrayBuffer>[] = view.grid.values();
  const row: BigInt64Array<ArrayBuffer> = view.grid.get(1).values();
  const raw: Uint8Array<ArrayBuffer> = layout.read(memory).raw;
  const liveRaw: Uint8Array = view.raw satisfies LiveOf<typeof Raw>;
  const points: { x: number; y: number }[] = view.points.values();
  const inputs: InputOf<typeof Numbers>[] = [[1], Uint16Array.of(1), Float64Array.of(1), live];
  const sources: InputOf<typeof Raw>[] = [memory, new DataView(memory), liveRaw];
  // @ts-expect-error: a copy of numbers is no plain array
  const plain: number[] = layout.read(memory).numbers;
  // @ts-expect-error: 64-bit integers are bigints
  const wide: InputOf<typeof Grid> = [Uint8Array.of(1)];
  // @ts-expect-error: bytes() accepts bytes
  const list: InputOf<typeof Raw> = [1];
  assertEquals([numbers.length, live.length, flags.length, rows.length, row.length], [
    2,
    2,
    2,
    2,
    2,
  ]);
  assertEquals([raw.length, points.length, inputs.length, sources.length], [2, 1, 4, 3]);
  assertEquals([plain.length, wide.length], [2, 1]);
  assertThrows(() => layout.write(memory, { raw: list }), TypeError, "raw");
});

Deno.test("Layout methods accept every kind of bytes, and refuse other values", () => {
  const Pair = struct({ first: "u32", name: utf8(8), last: "i32" });
  const values = { first: 0xfedc_ba98, name: "abc", last: -2 };
  assertEquals(Pair.byteLength, 16);
  for (const { name, source } of byteSources()) {
    Pair.write(source, values, 8);
    assertEquals(Pair.read(source, 8), values, name);
    const view = Pair.view(source, 8);
    view.first = 5;
    view.name = "xyz";
    assertEquals(Pair.read(source, 8), { first: 5, name: "xyz", last: -2 }, name);
    assertThrows(() => Pair.read(source, 9), RangeError, "Expected 16 bytes at 9", name);
  }
  for (const { value, got } of [...notBytes(), ...lostSources()]) {
    // @ts-expect-error: the value is not bytes
    assertThrows(() => Pair.read(value), TypeError, got);
    // @ts-expect-error: as above
    assertThrows(() => Pair.write(value, values), TypeError, got);
    // @ts-expect-error: as above
    assertThrows(() => Pair.view(value), TypeError, got);
  }
});

Deno.test("A view throws while its buffer is too small, and after the buffer is transferred", () => {
  const Numbers = struct({ first: "u32", last: "u32" });
  const buffer = new ArrayBuffer(16, { maxByteLength: 64 });
  const view = Numbers.view(buffer, 8);
  view.last = 7;
  buffer.resize(12);
  assertThrows(() => view.last, TypeError);
  assertThrows(() => view.last = 1, TypeError);
  buffer.resize(64);
  assertEquals(view.last, 0);
  buffer.transfer();
  assertThrows(() => view.first, TypeError);
});

Deno.test("Layout.toC() refuses keywords of C and C++ as names, which scripts can use", () => {
  const Item = struct({ class: "i32", inner: struct({ default: "u8" }) });
  const view = Item.view(new ArrayBuffer(Item.byteLength));
  view.class = 5;
  assertEquals(JSON.stringify(view), '{"class":5,"inner":{"default":0}}');
  assertThrows(() => Item.toC("Item"), TypeError, "Cannot declare field class of Item in C");
  assertThrows(
    () => struct({ inner: struct({ default: "u8" }) }).toC("Item"),
    TypeError,
    "Cannot declare field default of Item_inner in C: C or C++ has another meaning for that name",
  );
  assertThrows(() => struct({ a: "i32" }).toC("int"), TypeError, "Cannot declare int in C");
});
