import { assert, assertEquals } from "@std/assert";
import { equalsCaseless, upcase } from "../../ffi/wide.ts";
import { openLibrary } from "../support/open_library.ts";

Deno.test("upcase() uses the table of Windows, not the rules of writing", () => {
  assertEquals(upcase("Program.exe é ÿ ω ǆ"), "PROGRAM.EXE É Ÿ Ω Ǆ");
  // JavaScript converts these to SS, I, S, Μ, Σ and FI.
  assertEquals(upcase("ß ı ſ µ ς ﬁ"), "ß ı ſ µ ς ﬁ");
  // Windows has no upper case beyond 16 bits: both code units of 𐐨 stay unchanged.
  assertEquals(upcase("𐐨\ud800"), "𐐨\ud800");
  assertEquals(upcase("a\0b"), "A\0B");
});

Deno.test("equalsCaseless() gives the same results as CompareStringOrdinal()", () => {
  using kernel = openLibrary("kernel32.dll", {
    CompareStringOrdinal: { parameters: ["buffer", "i32", "buffer", "i32", "i32"], result: "i32" },
  });
  const CSTR_EQUAL = 2;
  const { CompareStringOrdinal } = kernel.symbols;
  const differing: string[] = [];
  for (let unit = 1; unit < 0x1_0000; unit++) {
    const text = String.fromCharCode(unit);
    // Compares each code unit with its upper and lower case in JavaScript, if that is one unit too.
    for (const other of [text, text.toUpperCase(), text.toLowerCase()]) {
      if (other.length !== 1) continue;
      const units = Uint16Array.of(unit);
      const others = Uint16Array.of(other.charCodeAt(0));
      const equal = CompareStringOrdinal(units, 1, others, 1, 1) === CSTR_EQUAL;
      if (equalsCaseless(text, other) !== equal) differing.push(text);
    }
  }
  assertEquals(differing, []);
});

Deno.test("equalsCaseless() compares whole texts", () => {
  assert(equalsCaseless("Straße", "STRAßE"));
  assert(!equalsCaseless("straße", "STRASSE"));
  assert(!equalsCaseless("a", "ab"));
  assert(equalsCaseless("", ""));
});
