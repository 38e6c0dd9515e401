// Task: test:peers

/**
 * Tests with C programs and C DLLs. The programs load or link to a DLL of `buildSharedSection()`.
 * One DLL has a shared section that a C compiler made.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { declareSharedSection, inspectImage, SharedSection } from "../../src/dll/mod.ts";
import { array, struct, utf8 } from "../../src/struct/mod.ts";
import { type Bits, compileC, importLibrary } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { dllFor, temporaryDll } from "./temporary_dll.ts";

const source = (name: string) => peerUrl(`dll/peers/${name}`);
const NAME = "iWhatYouUseInTwo";
const TIMES = 100_000;

/**
 * Adds to a variable of a DLL from this process, another script and a C program. Returns the sum.
 */
async function raise(path: string, bits: Bits): Promise<number> {
  await using program = await compileC(source("shared_variable.c"), { bits });
  using section = SharedSection.load(path, { exports: { [NAME]: "i32" } });
  await using script = await Peer.start("dll/peers/shared_variable.ts", path, NAME);
  await using native = await Peer.startProgram(program.path, path, NAME);
  const answers = Promise.all([script.ask(`add ${TIMES}`), native.ask(`add ${TIMES}`)]);
  const counter = section.counters[NAME];
  for (let i = 0; i < TIMES; i++) counter.add(1);
  await answers;
  const sum = counter.load();
  assertEquals(await Promise.all([script.ask("value"), native.ask("value")]), [
    String(sum),
    String(sum),
  ]);
  return sum;
}

peers.test("A C program and scripts add to a variable of a DLL of buildSharedSection()", async (bits) => {
  await using dll = await temporaryDll({
    ...dllFor(bits),
    section: ".ASHARE",
    variables: { [NAME]: "i32", other: "u8" },
    initial: { [NAME]: 5 },
  });
  assertEquals(await raise(dll.path, bits), 5 + 3 * TIMES);
});

peers.test("A C program and scripts add to a variable of a DLL that a C compiler made", async (bits) => {
  await using dll = await compileC(source("data_seg.c"), { bits, dll: true });
  assertEquals(await raise(dll.path, bits), 7 + 3 * TIMES);
});

peers.test("Two C programs add to a variable of a DLL of buildSharedSection(), and a script reads it", async (bits) => {
  await using program = await compileC(source("shared_variable.c"), { bits });
  await using dll = await temporaryDll({ ...dllFor(bits), variables: { [NAME]: "i32" } });
  await using one = await Peer.startProgram(program.path, dll.path, NAME);
  await using two = await Peer.startProgram(program.path, dll.path, NAME);
  await Promise.all([one.ask(`add ${TIMES}`), two.ask(`add ${TIMES}`)]);
  using section = SharedSection.load(dll.path, { exports: { [NAME]: "i32" } });
  assertEquals(section.variables[NAME], 2 * TIMES);
});

peers.test("SharedSection reads and writes variables of a DLL that a C compiler made", async (bits) => {
  await using dll = await compileC(source("data_seg.c"), { bits, dll: true });
  const exports = { [NAME]: "i32", ratio: "f64", name: utf8(16) } as const;
  using one = SharedSection.load(dll.path, { exports });
  using two = SharedSection.load(dll.path, { exports });
  const { variables } = two;
  assertEquals([one.name, variables[NAME], variables.ratio, variables.name], [
    ".ASHARE",
    7,
    0.5,
    "from C",
  ]);
  one.variables.name = "from Deno";
  one.variables.ratio = 1.5;
  assertEquals([variables.name, variables.ratio], ["from Deno", 1.5]);
});

peers.test("SharedSection.load() explains how to share an image section that is not shared", async (bits) => {
  await using dll = await compileC(source("data_seg.c"), { bits, dll: true });
  const { sections, exports } = inspectImage(dll.path);
  const shared = (name?: string) => sections.find((section) => section.name === name)?.shared;
  const sectionOf = (name: string) => exports.find((variable) => variable.name === name)?.section;
  assertEquals(sectionOf("ownToEach"), ".OWN");
  // GCC has .bss for uninitialised variables, and Clang's linker has .data for them.
  const names = [".ASHARE", ".OWN", sectionOf("uninitialised")];
  assertEquals(names.map(shared), [true, false, false]);
  for (const name of ["ownToEach", "uninitialised"]) {
    assertThrows(
      () => SharedSection.load(dll.path, { exports: { [name]: "i32" } }),
      Deno.errors.InvalidData,
      "each process has its own copy; share the image section with the linker option",
    );
    assertThrows(
      () => SharedSection.load(dll.path, { exports: { [NAME]: "i32", [name]: "i32" } }),
      Deno.errors.InvalidData,
      `Cannot share ${name}: it is in image section`,
    );
  }
});

peers.test("A C program links to a DLL with the header and definition of declareSharedSection()", async (bits) => {
  const variables = {
    counter: "i32",
    ratio: "f64",
    name: utf8(16),
    points: array(struct({ x: "u16", y: "u8" }), 2),
  } as const;
  const initial = { counter: 4, ratio: 1.5, name: "ours", points: [{}, { x: 3, y: 2 }] };
  const options = { variables, initial, fileName: "linked to.dll" } as const;
  await using dll = await temporaryDll({ ...options, ...dllFor(bits) });
  const { header, definition } = declareSharedSection(options);
  const folder = dll.path.slice(0, dll.path.lastIndexOf("\\"));
  await Deno.writeTextFile(`${folder}\\shared.h`, header);
  await using library = await importLibrary(definition, bits);
  await using program = await compileC(source("linked.c"), {
    bits,
    libraries: [library.path],
    include: folder,
  });
  const run = async (cwd: string) => {
    const { code, stdout } = await new Deno.Command(program.path, { cwd }).output();
    if (code !== 0) throw new Error(`The program ended with ${code}`);
    return new TextDecoder().decode(stdout).trim();
  };
  using section = SharedSection.load(dll.path, { exports: variables });
  assertEquals(await run(folder), "4 1.5 ours 3,2");
  assertEquals([section.variables.counter, section.variables.name], [5, "linked"]);
  assertEquals(await run(folder), "5 2.5 linked 300,2");
  // In a folder where Windows does not find the DLL, the program does not start.
  await assertRejects(() => run("C:\\"), Error, "ended with");
});

peers.test(
  "A C program gets ERROR_BAD_EXE_FORMAT for a DLL of another machine",
  async (bits, t) => {
    await using program = await compileC(source("shared_variable.c"), { bits });
    const variables = { [NAME]: "i32" } as const;
    // Wine 10 loads a DLL of x86 without code into a 64-bit program. Windows does not.
    const machine = bits === 32 || Deno.build.arch === "aarch64" ? "x64" : "arm64";
    await using dll = await temporaryDll({ variables, machine });
    await t.step({
      name: `a DLL of ${machine} (not shown for ARM64: Wine 10 loads every DLL without code)`,
      ignore: isWine() && Deno.build.arch === "aarch64",
      fn: () =>
        assertRejects(
          () => Peer.startProgram(program.path, dll.path, NAME),
          Error,
          'got "error 193"',
        ).then(() => {}),
    });
  },
);
