import { assertEquals, assertThrows } from "@std/assert";
import { serialize } from "node:v8";
import { array, bits, safe, struct, union, utf16, utf8 } from "../../src/struct/mod.ts";

const Inner = struct({ a: "u8", big: "i64" });
const Outer = struct({
  number: "f64",
  big: "u64",
  pointer: "pointer64",
  flag: bits("u64", 1),
  safe: safe("u64"),
  text: utf16(8),
  yes: "bool",
  position: array("f32", 3),
  bigs: array("i64", 2),
  inner: Inner,
  inners: array(Inner, 2),
  grid: array(array("u8", 2), 2),
  either: union({ bits: "u32", float: "f32" }),
});

const values = {
  number: 1.5,
  big: 2n ** 64n - 1n,
  pointer: 5n,
  flag: 1n,
  safe: 7,
  text: "ä\u0001",
  yes: true,
  position: Float32Array.of(1, 2, 3),
  bigs: BigInt64Array.of(-1n, 2n ** 60n),
  inner: { a: 8, big: -(2n ** 63n) },
  inners: [{ a: 1, big: 1n }, { a: 2, big: 2n }],
  grid: [Uint8Array.of(1, 2), Uint8Array.of(3, 4)],
  either: { float: 1 },
};

function filled() {
  const memory = new ArrayBuffer(Outer.byteLength);
  Outer.write(memory, values);
  return { memory, view: Outer.view(memory) };
}

Deno.test("JSON.stringify() of a view writes its fields, and 64-bit integers as strings", () => {
  const { view } = filled();
  const expected = {
    number: 1.5,
    big: "18446744073709551615",
    pointer: "5",
    flag: "1",
    safe: 7,
    text: "ä\u0001",
    yes: true,
    position: [1, 2, 3],
    bigs: ["-1", "1152921504606846976"],
    inner: { a: 8, big: "-9223372036854775808" },
    inners: [{ a: 1, big: "1" }, { a: 2, big: "2" }],
    grid: [[1, 2], [3, 4]],
    either: { bits: 0x3f80_0000, float: 1 },
  };
  assertEquals(JSON.parse(JSON.stringify(view)), expected);
  assertEquals(JSON.stringify(view), JSON.stringify(expected));
  assertEquals(view.toJSON(), expected);
  assertEquals(JSON.parse(JSON.stringify({ deep: [view, view.inner] })), {
    deep: [expected, expected.inner],
  });
  assertEquals(JSON.stringify(view.bigs), '["-1","1152921504606846976"]');
  assertEquals(view.inners.toJSON(), expected.inners);
  // JSON.stringify() writes null for these numbers.
  view.number = NaN;
  view.position.set(0, -Infinity);
  const { number, position } = JSON.parse(JSON.stringify(view));
  assertEquals([number, position], [null, [null, 2, 3]]);
});

Deno.test("A field called toJSON, constructor or length replaces the object's own property", () => {
  const Odd = struct({ toJSON: "u8", constructor: "u16", length: "u32", inner: Inner });
  const view = Odd.view(new ArrayBuffer(Odd.byteLength));
  view.toJSON = 5;
  view.constructor = 6;
  view.length = 7;
  assertEquals([view.toJSON, view.constructor, view.length], [5, 6, 7]);
  const Holder = struct({ odd: Odd });
  const holder = Holder.view(new ArrayBuffer(Holder.byteLength));
  holder.odd.toJSON = 5;
  assertEquals(JSON.parse(JSON.stringify(holder)), {
    odd: { toJSON: 5, constructor: 0, length: 0, inner: { a: 0, big: "0" } },
  });
});

Deno.test("A view of a struct or an array cannot be cloned or spread, also inside other objects", () => {
  const { view } = filled();
  const cycle: { self?: unknown; view: unknown } = { view };
  cycle.self = cycle;
  const holders = [
    view,
    view.inner,
    view.position,
    view.inners.get(1),
    view.either,
    [view],
    { a: { b: [view.inner] } },
    new Map([[1, view]]),
    new Map([[view, 1]]),
    new Set([view.bigs]),
    new Error("a", { cause: view }),
    cycle,
  ];
  for (const holder of holders) {
    assertThrows(() => structuredClone(holder), DOMException, "View> could not be cloned");
    assertThrows(() => serialize(holder), Error, "View> could not be cloned");
  }
  for (const one of [view, view.inner, view.position]) {
    assertThrows(() => ({ ...one }), TypeError, "Layout.read()");
    assertThrows(() => Object.assign({}, one), TypeError, "Layout.read()");
  }
  assertEquals([...view.position], [1, 2, 3]);
  // Object.keys() does not list the fields, but `in` and for-in find them.
  assertEquals(Object.keys(view), []);
  assertEquals("number" in view, true);
  const names = [];
  for (const name in view) names.push(name);
  assertEquals(names, Object.keys(values));
});

Deno.test("Assigning to an array or a struct writes all of the input, or nothing if a part is wrong", () => {
  const { memory, view } = filled();
  const assign = (name: string, value: unknown) => Reflect.set(view, name, value);
  // Reflect.set() assigns plain arrays, which TypeScript does not allow.
  assertEquals(assign("position", [4, 5, 6]), true);
  assign("bigs", [3n, 4n]);
  assign("grid", [[9, 8], Uint8Array.of(7, 6)]);
  assign("inners", [{ big: 9n }, { a: 7 }]);
  view.inner = { a: 3, big: 4n };
  assign("inner", { a: 5 });
  assign("either", { bits: 0x4000_0000 });
  const { position, bigs, grid, inners, inner, either } = Outer.read(memory);
  assertEquals([...position, ...bigs], [4, 5, 6, 3n, 4n]);
  assertEquals(grid, [Uint8Array.of(9, 8), Uint8Array.of(7, 6)]);
  assertEquals(inners, [{ a: 1, big: 9n }, { a: 7, big: 2n }]);
  assertEquals([inner, either], [{ a: 5, big: 4n }, { bits: 0x4000_0000, float: 2 }]);
  const before = Outer.read(memory);
  const wrong: [string, unknown, typeof TypeError | typeof RangeError, string][] = [
    ["position", [1, 2, 3, 4], RangeError, "Expected at most 3 elements for position, got 4"],
    ["position", { 0: 1 }, TypeError, "Expected position to be an array, got an object"],
    ["position", new DataView(new ArrayBuffer(12)), TypeError, "Expected position to be an array"],
    ["inners", [{}, {}, {}], RangeError, "Expected at most 2 elements for inners, got 3"],
    ["position", [1, 2, "3"], TypeError, "position[2]"],
    ["position", 5, TypeError, "position"],
    ["position", undefined, TypeError, "position"],
    ["grid", [[1, 2], [3, 256]], RangeError, "grid[1][1]"],
    ["inner", { a: 1, big: 1 }, TypeError, "inner.big"],
    ["inner", { a: 1, c: 1 }, TypeError, 'There is no field inner.c: did you mean "a"?'],
    ["inner", { nothing: 1 }, TypeError, "There is no field inner.nothing: the fields are a, big"],
    ["inner", null, TypeError, "inner"],
    ["inners", [{ a: 1 }, { a: 300 }], RangeError, "inners[1].a"],
    ["either", { bits: 1, float: 1 }, TypeError, "exactly one field of either"],
  ];
  for (const [name, value, expected, message] of wrong) {
    assertThrows(() => assign(name, value), expected, message);
    assertEquals(Outer.read(memory), before);
  }
});

Deno.test("Assigning, setting or writing a view copies its values", () => {
  const { view } = filled();
  const memory = new ArrayBuffer(Outer.byteLength);
  const other = Outer.view(memory);
  other.position = view.position;
  other.inner = view.inner;
  other.inners = view.inners;
  other.grid.set(1, view.grid.get(0));
  assertEquals([...other.position], [1, 2, 3]);
  assertEquals(Outer.read(memory).inners, values.inners);
  assertEquals(Outer.read(memory).inner, values.inner);
  assertEquals(Outer.read(memory).grid, [Uint8Array.of(0, 0), Uint8Array.of(1, 2)]);
  Outer.write(memory, { bigs: view.bigs, inners: [view.inners.get(1), view.inner] });
  assertEquals(Outer.read(memory).bigs, values.bigs);
  assertEquals(Outer.read(memory).inners, [values.inners[1], values.inner]);
  other.inners.set(0, other.inners.get(1));
  other.inner = other.inners.get(0);
  assertEquals(other.inner.big, values.inner.big);
  Inner.write(memory, view.inner);
  assertEquals(Inner.read(memory), values.inner);
});

Deno.test("Layout.write() reads each value once", () => {
  const memory = new ArrayBuffer(Inner.byteLength);
  let looks = 0;
  const changing = {
    get a() {
      return looks++ === 0 ? 5 : 300;
    },
  };
  Inner.write(memory, changing);
  assertEquals(Inner.read(memory).a, 5);
});

Deno.test("Assigning to a property that is not a field throws", () => {
  const { view } = filled();
  const assigns: [string, object, PropertyKey][] = [
    ["a misspelt field", view, "nunber"],
    ["a misspelt field of a part", view.inner, "A"],
    ["a misspelt field of an element", view.inners.get(0), "A"],
    ["a misspelt field of a union", view.either, "double"],
    ["an element", view.position, 1],
    ["the length of an array", view.position, "length"],
    ["a method", view, "toJSON"],
  ];
  for (const [what, object, key] of assigns) {
    assertEquals(Reflect.set(object, key, 1), false, what);
  }
  // @ts-expect-error: there is no such field
  assertThrows(() => view.nunber = 1, TypeError, "nunber");
  // @ts-expect-error: an element is written by set()
  assertThrows(() => view.position[1] = 1, TypeError);
});

Deno.test("Assigning a view of a union copies its bytes, also inside structs and arrays", () => {
  const Mixed = union({ number: "u32", bytes: array("u8", 6), text: utf8(6) });
  const Holder = struct({ one: Mixed, many: array(Mixed, 2), tag: "u8" });
  const target = new ArrayBuffer(Holder.byteLength);
  const source = Uint8Array.from({ length: Holder.byteLength }, (_, index) => 0xf0 + index);
  const [from, to] = [Holder.view(source), Holder.view(target)];
  const size = Mixed.byteLength;
  to.one = from.one;
  assertEquals(new Uint8Array(target, 0, size), source.slice(0, size));
  to.many = from.many;
  assertEquals(new Uint8Array(target, 0, 3 * size), source.slice(0, 3 * size));
  to.many.set(0, from.one);
  assertEquals(new Uint8Array(target, size, size), source.slice(0, size));
  Holder.write(target, from);
  assertEquals(new Uint8Array(target), source);
  // Both views are in the same memory, and their bytes overlap.
  const shifted = Mixed.view(source, 2);
  const before = source.slice();
  Mixed.write(source, shifted);
  assertEquals(source.slice(0, size), before.slice(2, 2 + size));
  // A copy has all fields of the union, and it is not known which field is in use.
  const all = { ...Mixed.read(source), text: "" };
  assertThrows(() => Reflect.set(to, "one", all), TypeError, "exactly one field of one");
});

Deno.test("Layout.write() refuses a value that is a getter of the object's class", () => {
  const memory = new ArrayBuffer(Inner.byteLength);
  class Getters {
    a = 1;
    get big() {
      return 2n;
    }
  }
  assertThrows(
    () => Inner.write(memory, new Getters()),
    TypeError,
    "Expected big to be a property of the object itself",
  );
  class Own {
    a = 1;
    big = 2n;
    get sum() {
      return 3n;
    }
  }
  Inner.write(memory, new Own());
  assertEquals(Inner.read(memory), { a: 1, big: 2n });
});
