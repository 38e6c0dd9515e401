import { assertEquals, assertNotEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { buildSharedSection, declareSharedSection, type Machine } from "../../../src/dll/mod.ts";
import { array, struct, utf16, utf8 } from "../../../src/struct/mod.ts";
import { isWine } from "../../../ffi/win32/ntdll.ts";
import { openLibrary } from "../../support/open_library.ts";
import { linuxPath, runOnLinux } from "../../support/run_on_linux.ts";
import { temporaryDll } from "../temporary_dll.ts";

const variables = {
  iWhatYouUseInTwo: "i32",
  zeta: "f64",
  Alpha: "u8",
  name: utf16(8),
  label: utf8(3),
  points: array(struct({ x: "u16", y: "f32" }), 2),
} as const;
const initial = { iWhatYouUseInTwo: 0x1234_5678, zeta: 0.5, name: "ab", label: "é" };
const MACHINES = ["x64", "arm64", "x86"] as const;

Deno.test("buildSharedSection() returns the same bytes for the same options, and only for these", () => {
  const images = MACHINES.map((machine) => buildSharedSection({ variables, initial, machine }));
  MACHINES.forEach((machine, index) => {
    assertEquals(buildSharedSection({ variables, initial, machine }), images[index]);
  });
  const [image] = images;
  assertNotEquals(buildSharedSection({ variables, machine: "x64" }), image);
  assertNotEquals(images[1], image);
  const section = ".other";
  assertNotEquals(buildSharedSection({ variables, initial, machine: "x64", section }), image);
});

Deno.test("Windows' ImageHlp computes the checksum that buildSharedSection() writes", async () => {
  using imagehlp = openLibrary("imagehlp.dll", {
    MapFileAndCheckSumW: { parameters: ["buffer", "buffer", "buffer"], result: "u32" },
  });
  for (const machine of MACHINES) {
    for (const size of [1, 3, 511, 512, 5000]) {
      const many = { ...variables, data: array("u8", size) };
      const data = Array.from({ length: size }, (_, index) => (index * 7 + 1) % 256);
      await using dll = await temporaryDll({
        variables: many,
        initial: { ...initial, data },
        machine,
      });
      const path = Uint16Array.from(`${dll.path}\0`, (unit) => unit.charCodeAt(0));
      const [written, computed] = [new Uint32Array(1), new Uint32Array(1)];
      assertEquals(imagehlp.symbols.MapFileAndCheckSumW(path, written, computed), 0);
      assertEquals([machine, size, written[0]], [machine, size, computed[0]]);
      assertNotEquals(written[0], 0);
    }
  }
});

/** objdump of Debian's binutils, which come with the compiler. */
const OBJDUMP = "x86_64-w64-mingw32-objdump";

/** Returns objdump's output for an image. */
async function objdump(machine: Machine): Promise<string> {
  await using dll = await temporaryDll({ section: ".ASHARE", variables, initial, machine });
  const path = linuxPath(dll.path);
  const headers = await runOnLinux([OBJDUMP, "-x", path]);
  return headers + await runOnLinux([OBJDUMP, "-s", "-j", ".ASHARE", path]);
}

// Debian's objdump is an independent reader, but not for arm64 images. Windows has no objdump, and
// the root file system of Wine for ARM64 has not either.
const isThere = isWine() && Deno.build.arch === "x86_64";
for (const machine of isThere ? (["x64", "x86"] as const) : []) {
  Deno.test(`objdump reads the sections, exports and data of an image for ${machine}`, async () => {
    const said = await objdump(machine);
    const format = machine === "x64" ? "pei-x86-64" : "pei-i386";
    assertStringIncludes(said, `file format ${format}`);
    const field = (name: string) =>
      new RegExp(`^${name}\\s+(\\S+)`, "m").exec(said)?.[1]?.replace(/^0+(?=.)/, "");
    assertEquals(field("Magic"), machine === "x64" ? "20b" : "10b");
    assertEquals([field("AddressOfEntryPoint"), field("SizeOfCode")], ["0", "0"]);
    const flags = ["DYNAMIC_BASE", "NX_COMPAT"];
    if (machine === "x64") flags.push("HIGH_ENTROPY_VA");
    for (const flag of flags) assertStringIncludes(said, `\t${flag}\n`);
    assertStringIncludes(said, "executable");
    assertEquals(/RELOCS_STRIPPED|relocations stripped/.test(said), false);
    const sections = [...said.matchAll(/^ +\d+ (\.\S+) +([0-9a-f]+) .*\n +(.*)$/gm)].map(
      ([, name, size, flags]) => [name, parseInt(size!, 16), flags],
    );
    const layout = struct(variables);
    assertEquals(sections[0], [
      ".ASHARE",
      layout.byteLength,
      "CONTENTS, ALLOC, LOAD, DATA, SHARED",
    ]);
    const own = sections.slice(1).map(([name, , flags]) => [name, flags]);
    assertEquals(own, [
      [".edata", "CONTENTS, ALLOC, LOAD, READONLY, DATA"],
      [".reloc", "CONTENTS, ALLOC, LOAD, READONLY, DATA"],
    ]);
    // The addresses are in the order of the names.
    const addresses = [...said.matchAll(/\+base\[ *\d+\] ([0-9a-f]+) Export RVA/g)].map(
      ([, address]) => parseInt(address!, 16),
    );
    const names = [...said.matchAll(/^\t\[ *\d+\] (?:\+base\[ *\d+\] +[0-9a-f]+ )?(\w+)$/gm)].map((
      [, name],
    ) => name!);
    assertEquals(names, ["Alpha", "iWhatYouUseInTwo", "label", "name", "points", "zeta"]);
    assertEquals(addresses, names.map((name) => 0x1000 + layout.offsetOf(name)));
    const dumped = [...said.matchAll(/^ [0-9a-f]{4,} ((?:[0-9a-f]{2,8} ){1,4})/gm)].map(
      ([, words]) => words!.replaceAll(" ", ""),
    ).join("");
    const data = new Uint8Array(layout.byteLength);
    layout.write(data, initial);
    assertEquals(dumped, data.toHex());
  });
}

Deno.test("buildSharedSection() refuses invalid names, types, values and sizes", () => {
  const build = (options: object) => () =>
    buildSharedSection({ variables: { a: "i32" }, ...options });
  const sections = ["", "123456789", "a/b", "é", ".edata", ".reloc", "a b", "4"];
  for (const section of sections) {
    assertThrows(
      build({ section }),
      TypeError,
      "the name of an image section, of at most 8 letters",
    );
  }
  assertThrows(build({ section: 1 }), TypeError, "section");
  for (const fileName of ["", "a/b.dll", "a\\b.dll", 'a".dll', "é.dll", "x".repeat(256)]) {
    assertThrows(build({ fileName }), TypeError, "the name of a file without a folder");
  }
  assertThrows(build({ machine: "mips" }), TypeError, "machine");
  assertThrows(build({ variables: {} }), TypeError, "at least one field");
  assertThrows(build({ variables: { "a b": "i32" } }), TypeError, '"a b"');
  assertThrows(build({ variables: { a: "i128" } }), TypeError, "type of a");
  assertThrows(build({ variables: { a: { type: "i32", offset: 4 } } }), TypeError, "type of a");
  assertThrows(build({ variables: null }), TypeError, "variables");
  assertThrows(build({ initial: { a: 2 ** 31 } }), RangeError, "a");
  assertThrows(build({ initial: { b: 1 } }), TypeError, "There is no field b");
  const many = Object.fromEntries(Array.from({ length: 65_536 }, (_, i) => [`v${i}`, "u8"]));
  assertThrows(build({ variables: many }), RangeError, "at most 65535 variables");
  const large = { a: array("u8", 2 ** 30), b: "u8" };
  assertThrows(build({ variables: large }), RangeError, "at most 1073741824 bytes");
});

Deno.test("declareSharedSection() declares every variable and its type", () => {
  const { header, definition } = declareSharedSection({ variables, fileName: "my vars.dll" });
  const lines = [
    "typedef struct points_type {",
    "extern __declspec(dllimport) volatile int32_t iWhatYouUseInTwo;",
    "extern __declspec(dllimport) wchar_t name[8];",
    "extern __declspec(dllimport) points_type points[2];",
  ];
  for (const line of lines) assertStringIncludes(header, `${line}\n`);
  assertEquals(
    definition,
    [
      'LIBRARY "my vars.dll"',
      "EXPORTS",
      ...Object.keys(variables).map((name) => `    ${name} DATA`),
      "",
    ].join("\n"),
  );
});
