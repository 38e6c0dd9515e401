import { assertEquals, assertThrows } from "@std/assert";
import { findProgram } from "../../src/process/program.ts";

for (
  const { what, command, raw, max } of [
    { what: "words", command: "C:\\a.exe", raw: false, max: 32_766 },
    { what: "raw words", command: "C:\\a.exe", raw: true, max: 32_766 },
    { what: "the words of a batch file", command: "C:\\a.cmd", raw: false, max: 8191 },
  ]
) {
  Deno.test(`findProgram() takes a command line of ${max} characters for ${what}, and no longer one`, () => {
    const line = (arg: string) => findProgram(command, [arg], { raw }).commandLine;
    const longest = "x".repeat(max - line("x").length + 1);
    assertEquals(line(longest).length, max);
    assertThrows(
      () => line(`${longest}x`),
      RangeError,
      `command line of at most ${max} characters`,
    );
  });
}
