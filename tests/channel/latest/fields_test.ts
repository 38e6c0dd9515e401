import { assertEquals, assertNotStrictEquals } from "@std/assert";
import {
  ansi,
  array,
  bits,
  bytes,
  LatestValue,
  type NumberName,
  safe,
  struct,
  union,
  utf16,
  utf8,
} from "../../../mod.ts";
import { randomName } from "../../support/random_name.ts";

const Point = struct({ x: "i16", y: "u8" }, { pack: 1 });

Deno.test("LatestWriter.write() and LatestReader.read() copy all kinds of fields", () => {
  // 7 bytes after a multiple of 4, and fields at odd offsets.
  const All = struct({
    first: "u8",
    flag: "bool",
    i8: "i8",
    u16: "u16",
    i16: "i16",
    u32: "u32",
    i32: "i32",
    u64: "u64",
    i64: "i64",
    safe: safe("u64"),
    f32: "f32",
    f64: "f64",
    pointer32: "pointer32",
    pointer64: "pointer64",
    low: bits("u16", 3),
    high: bits("u16", 13),
    wide: utf16(5),
    narrow: utf8(8),
    old: ansi(3),
    raw: bytes(5),
    point: Point,
    points: array(Point, 3),
    flags: array("bool", 5),
    names: array(utf16(4), 2),
    numbers: array("u16", 3),
    either: struct({ kind: "u8", bytes: bytes(3) }, { pack: 1 }),
  }, { pack: 1 });
  const values = {
    first: 255,
    flag: true,
    i8: -128,
    u16: 65_535,
    i16: -32_768,
    u32: 2 ** 32 - 1,
    i32: -(2 ** 31),
    u64: 2n ** 64n - 1n,
    i64: -(2n ** 63n),
    safe: Number.MAX_SAFE_INTEGER,
    f32: 1.5,
    f64: Math.PI,
    pointer32: 0xdead_beef,
    pointer64: 0xdead_beef_0000_0001n,
    low: 5,
    high: 8191,
    wide: "spä",
    narrow: "größe",
    old: "ab",
    raw: Uint8Array.of(1, 2, 3, 4, 5),
    point: { x: -2, y: 3 },
    points: [{ x: 1, y: 2 }, { x: 3, y: 4 }, { x: -5, y: 6 }],
    flags: [true, false, true, true, false],
    names: ["abc", "d"],
    numbers: Uint16Array.of(1, 2, 65_535),
    either: { kind: 9, bytes: Uint8Array.of(7, 8, 9) },
  };
  const name = randomName();
  using value = LatestValue.create(name, All);
  using writer = value.writer();
  using other = LatestValue.open(name, All);
  using reader = other.reader();
  writer.write(values);
  const copy = reader.read()!;
  assertEquals(copy, values);
  // The copy belongs to the caller, and can be written again.
  writer.write({ first: 1, raw: new Uint8Array(5), numbers: [0, 0, 0] });
  assertEquals(copy, values);
  writer.write(copy);
  assertEquals(reader.read(), values);
});

Deno.test("LatestWriter.write() and LatestReader.read() copy arrays of each number, of odd lengths", () => {
  const types: NumberName[] = [
    ...["i8", "u8", "i16", "u16", "i32", "u32", "f32", "f64", "pointer32"] as const,
    ...["i64", "u64", "pointer64"] as const,
  ];
  for (const type of types) {
    for (const length of [1, 3, 33, 4097]) {
      const layout = struct({ before: "u8", numbers: array(type, length) }, { pack: 1 });
      using value = LatestValue.create(randomName(), layout);
      using writer = value.writer();
      using reader = value.reader();
      const { numbers } = layout.read(new Uint8Array(layout.byteLength));
      crypto.getRandomValues(
        new Uint8Array(numbers.buffer).subarray(0, Math.min(numbers.byteLength, 65_536)),
      );
      for (const before of [1, 2, 3, 4, 5, 6]) {
        writer.write({ before, numbers });
        const found = reader.read()!;
        assertEquals(found.before, before);
        assertNotStrictEquals(found.numbers, numbers);
        assertEquals(new Uint8Array(found.numbers.buffer), new Uint8Array(numbers.buffer));
      }
    }
  }
});

Deno.test("LatestWriter.write() and LatestReader.read() copy a union", () => {
  const Either = union({ number: "u32", bytes: bytes(7) });
  using value = LatestValue.create(randomName(), Either);
  using writer = value.writer();
  using reader = value.reader();
  writer.write({ bytes: Uint8Array.of(1, 0, 0, 0, 5, 6, 7) });
  writer.write({ number: 2 });
  assertEquals(reader.read(), { number: 2, bytes: Uint8Array.of(2, 0, 0, 0, 5, 6, 7) });
});
