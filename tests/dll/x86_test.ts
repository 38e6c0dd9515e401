/**
 * DLLs for 32-bit programs, loaded by 64-bit scripts.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { inspectImage, SharedSection } from "../../src/dll/mod.ts";
import { utf8 } from "../../src/struct/mod.ts";
import { Peer } from "../support/peer.ts";
import { temporaryDll } from "./temporary_dll.ts";
import { compileDll32 } from "./compile_dll32.ts";
import { peerUrl } from "../support/peer_url.ts";

const source = Deno.readTextFileSync(peerUrl("dll/peers/data_seg.c"));
const NAME = "iWhatYouUseInTwo";

/** Returns a variable's value in two views and in another script, after that script added to it. */
async function addTogether(path: string): Promise<number[]> {
  const exports = { [NAME]: "i32" } as const;
  using section = SharedSection.load(path, { exports });
  using again = SharedSection.load(path, { exports });
  await using peer = await Peer.start("dll/peers/shared_variable.ts", path, NAME);
  section.variables[NAME] = 40;
  await peer.ask("add 2");
  return [section.variables[NAME], again.counters[NAME].load(), Number(await peer.ask("value"))];
}

Deno.test("64-bit scripts share the variables of a 32-bit DLL of buildSharedSection()", async () => {
  await using dll = await temporaryDll({ variables: { [NAME]: "i32" }, machine: "x86" });
  assertEquals(inspectImage(dll.path).machine, "x86");
  assertEquals(await addTogether(dll.path), [42, 42, 42]);
});

// On Windows, the prompt in which cl runs decides if it makes 64-bit or 32-bit programs. The root file
// system of Wine for ARM64 has no compiler for x86.
const canCompile = isWine() && Deno.build.arch === "x86_64";

Deno.test({
  name: "64-bit scripts share the variables of a 32-bit DLL that GCC made",
  ignore: !canCompile,
  fn: async () => {
    // The section's page ends with a pointer. Its relocation, HIGHLOW, has 4 bytes. 8 would not
    // fit.
    await using dll = await compileDll32(`${source}
      __declspec(dllexport) struct { char filler[4092]; int *where; } page = { { 1 }, &ownToEach };`);
    const { machine, problems, sections } = inspectImage(dll.path);
    assertEquals([machine, problems], ["x86", []]);
    assertEquals(sections.find(({ name }) => name === ".data")?.byteLength, 4096);
    {
      using section = SharedSection.load(dll.path, {
        exports: { [NAME]: "i32", ratio: "f64", name: utf8(16) },
      });
      const { variables } = section;
      assertEquals([section.name, variables[NAME], variables.ratio, variables.name], [
        ".ASHARE",
        7,
        0.5,
        "from C",
      ]);
    }
    assertEquals(await addTogether(dll.path), [42, 42, 42]);
  },
});

Deno.test({
  name: "SharedSection.load() refuses a shared section with a pointer, which Windows would change",
  ignore: !canCompile,
  fn: async () => {
    await using dll = await compileDll32(`${source}
      __declspec(dllexport) SHARED int *pointer = &iWhatYouUseInTwo;`);
    const { exports, problems } = inspectImage(dll.path);
    const address = exports.find(({ name }) => name === "pointer")!.address;
    const message =
      `image section ".ASHARE" is shared and contains a pointer at address ${address}, ` +
      "which Windows would change for all processes";
    assertEquals(problems.map(({ message, unsafe }) => [message, unsafe]), [[message, true]]);
    for (const options of [{}, { exports: { [NAME]: "i32" } as const }]) {
      assertThrows(() => SharedSection.load(dll.path, options), Deno.errors.InvalidData, message);
    }
  },
});
