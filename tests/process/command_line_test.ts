import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { decodeWideAt, encodeWide } from "../../ffi/wide.ts";
import { toCommandLine } from "../../src/process/program.ts";
import { openLibrary } from "../support/open_library.ts";
import { randomArgs } from "./random_args.ts";

Deno.test("toCommandLine() writes command lines that Windows reads as the same arguments", () => {
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

Deno.test("toCommandLine() quotes only the arguments that need quotes", () => {
  assertEquals(
    toCommandLine("a", ["b", "c\\", "", "d e", 'f"g', "h i\\"]),
    '"a" b c\\ "" "d e" "f\\"g" "h i\\\\"',
  );
});

Deno.test("toCommandLine() accepts the longest command line of Windows, and refuses a longer one", () => {
  const longest = "b".repeat(32_766 - '"a" '.length);
  assertEquals(toCommandLine("a", [longest]).length, 32_766);
  assertThrows(() => toCommandLine("a", [`${longest}b`]), RangeError, "at most 32766");
});

Deno.test("toCommandLine() takes linear time for an argument with many backslashes", () => {
  const start = performance.now();
  for (const end of [" x", ' "', " \\"]) {
    const arg = "\\".repeat(300_000) + end;
    assertThrows(() => toCommandLine("a", [arg]), RangeError, "at most 32766");
  }
  // An implementation that takes quadratic time needs a minute.
  assertLess(performance.now() - start, 10_000);
});
