import { assertEquals, assertThrows } from "@std/assert";
import {
  assertWide,
  decodeWide,
  encodeWide,
  fromUnits,
  readWide,
  toUnits,
} from "../../ffi/wide.ts";

Deno.test("encodeWide() returns UTF-16 code units and a NUL", () => {
  assertEquals(encodeWide(""), Uint16Array.of(0));
  assertEquals(encodeWide("é€𝄞"), Uint16Array.of(0xe9, 0x20ac, 0xd834, 0xdd1e, 0));
});

Deno.test("encodeWide() refuses a text that contains a NUL", () => {
  assertThrows(() => encodeWide("a\0b"), TypeError, '"a\\u0000b" to Windows: it has a NUL in it');
});

Deno.test("decodeWide() stops at the first NUL, or at the end", () => {
  assertEquals(decodeWide(Uint16Array.of(0xd834, 0xdd1e, 0, 65)), "𝄞");
  assertEquals(decodeWide(Uint16Array.of(65, 66)), "AB");
  assertEquals(decodeWide(new Uint16Array(0)), "");
});

Deno.test("decodeWide() is the inverse of encodeWide(), for lone surrogates and long texts too", () => {
  for (const text of ["\ud800", "\udc00x", "ü".repeat(100_000)]) {
    assertEquals(decodeWide(encodeWide(text)), text);
  }
});

Deno.test("assertWide() accepts only texts of the right length and without a NUL", () => {
  for (const text of ["a", "é€", "\ud800\udc00"]) assertWide("text", text, { min: 1, max: 2 });
  assertWide("text", "");
  const wrong: [unknown, typeof TypeError | typeof RangeError, string][] = [
    ["", RangeError, "Expected text to have 1 to 2 characters, got 0"],
    ["abc", RangeError, "Expected text to have 1 to 2 characters, got 3"],
    ["a\0", TypeError, 'Expected text to have no NUL in it, got "a\\u0000"'],
    [5, TypeError, "Expected text to be a string, got 5"],
    [undefined, TypeError, "Expected text to be a string, got undefined"],
  ];
  for (const [value, error, text] of wrong) {
    assertThrows(() => assertWide("text", value, { min: 1, max: 2 }), error, text);
  }
  assertThrows(() => assertWide("text", "abc", { max: 2 }), RangeError, "at most 2 characters");
});

Deno.test("fromUnits() is the inverse of toUnits(), for NULs, lone surrogates and long texts too", () => {
  for (
    const text of ["", "a\0b\0", "\ud800", "\udc00\ud834\udd1e", "\ufeff", "ü\ud801".repeat(50_000)]
  ) {
    assertEquals(fromUnits(toUnits(text)), text);
  }
});

for (const kind of ["cuts long texts", "returns the length that it needs"] as const) {
  Deno.test(`readWide() reads a whole text from a function that ${kind}`, () => {
    for (const length of [0, 1, 254, 255, 256, 257, 1022, 1023, 1024, 5000, 70_000]) {
      const text = "t".repeat(length);
      const read = readWide((buffer) => {
        const fits = length < buffer.length;
        if (!fits && kind === "returns the length that it needs") return length + 1;
        const units = toUnits(text.slice(0, buffer.length - 1));
        buffer.set(units);
        return units.length;
      });
      assertEquals(read, text);
    }
  });
}
