import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { toUnits } from "../../ffi/wide.ts";
import { findProgram } from "../../src/process/program.ts";

for (
  const { what, command, raw, max } of [
    { what: "arguments", command: "C:\\a.exe", raw: false, max: 32_766 },
    { what: "raw arguments", command: "C:\\a.exe", raw: true, max: 32_766 },
    { what: "the arguments of a batch file", command: "C:\\a.cmd", raw: false, max: 8191 },
  ]
) {
  Deno.test(`findProgram() accepts at most ${max} characters of command line for ${what}`, () => {
    const line = (arg: string) => findProgram(command, [arg], { raw }).commandLine;
    const longest = "x".repeat(max - line("x").length + 1);
    assertEquals(line(longest).length, max);
    assertThrows(
      () => line(`${longest}x`),
      RangeError,
      `command line of at most ${max} characters`,
    );
    assertThrows(() => line("x".repeat(20_000_000)), RangeError, `of at most ${max} characters`);
  });
}

/** The single-byte code pages in which programs can read their arguments. */
const ANSI_PAGES = [874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258];

/** Returns the letters and digits that become another sign in at least one code page. */
function letterSigns(): Set<string> {
  const letters = Array.from({ length: 0x1_0000 }, (_, unit) => String.fromCharCode(unit))
    .filter((letter) => /[\p{L}\p{N}]/u.test(letter));
  const units = toUnits(letters.join(""));
  const bytes = new Uint8Array(units.length);
  return new Set(ANSI_PAGES.flatMap((page) => {
    const { length } = units;
    kernel32().WideCharToMultiByte(page, 0, units, length, bytes, length, null, null);
    // Windows writes a question mark for a letter without a similar character.
    return letters.filter((_, at) =>
      bytes[at]! < 0x80 && !/[\w?]/.test(String.fromCharCode(bytes[at]!))
    );
  }));
}

Deno.test("findProgram() refuses letters for a batch file that its programs can read as a sign", () => {
  const signs = letterSigns();
  assert(signs.has("\u02ba"));
  for (const sign of signs) {
    assertThrows(() => findProgram("C:\\a.cmd", [`a${sign}`]), TypeError, "to a batch file");
  }
  const args = ["データ", "straße", "Škoda", "Ωmega", "ı", "가", "٣"];
  const { commandLine } = findProgram("C:\\a.cmd", args);
  assertStringIncludes(commandLine, args.map((arg) => `"${arg}"`).join(" "));
});
