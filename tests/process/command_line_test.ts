import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { decodeWideAt, encodeWide } from "../../ffi/wide.ts";
import { toCommandLine } from "../../src/process/program.ts";
import { openLibrary } from "../support/open_library.ts";
import { randomArgs } from "./random_args.ts";

Deno.test("toCommandLine() is read as the same words by Windows, tens of thousands of times", () => {
  using shell32 = openLibrary("shell32.dll", {
    CommandLineToArgvW: { parameters: ["buffer", "buffer"], result: "pointer" },
  });
  using kernel32 = openLibrary("kernel32.dll", {
    LocalFree: { parameters: ["pointer"], result: "pointer" },
  });
  for (let i = 0; i < 30_000; i++) {
    const args = randomArgs();
    const line = toCommandLine("C:\\some where\\a.exe", args);
    const count = new Int32Array(1);
    const words = shell32.symbols.CommandLineToArgvW(encodeWide(line), count)!;
    const view = new Deno.UnsafePointerView(words);
    const read = Array.from(
      { length: count[0]! },
      (_, index) => decodeWideAt(Deno.UnsafePointer.create(view.getBigUint64(index * 8))!),
    );
    kernel32.symbols.LocalFree(words);
    assertEquals(read, ["C:\\some where\\a.exe", ...args], line);
  }
});

Deno.test("toCommandLine() leaves alone what needs no quotes", () => {
  assertEquals(
    toCommandLine("a", ["b", "c\\", "", "d e", 'f"g', "h i\\"]),
    '"a" b c\\ "" "d e" "f\\"g" "h i\\\\"',
  );
});

Deno.test("toCommandLine() takes the longest command line, and no longer one", () => {
  const longest = "b".repeat(32_766 - '"a" '.length);
  assertEquals(toCommandLine("a", [longest]).length, 32_766);
  assertThrows(() => toCommandLine("a", [`${longest}b`]), RangeError, "at most 32766");
});

Deno.test("toCommandLine() reads each backslash of a long argument once", () => {
  const start = performance.now();
  for (const end of [" x", ' "', " \\"]) {
    const arg = "\\".repeat(300_000) + end;
    assertThrows(() => toCommandLine("a", [arg]), RangeError, "at most 32766");
  }
  // With a look at the rest of them for each, it takes a minute.
  assertLess(performance.now() - start, 10_000);
});
