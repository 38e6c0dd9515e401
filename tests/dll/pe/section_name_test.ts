/**
 * The names of image sections: 8 bytes in the header, or any length in the string table.
 *
 * @module
 */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { inspectImage, SharedSection } from "../../../src/dll/mod.ts";
import { compileC } from "../../support/compile_c.ts";
import { peers } from "../../support/peers.ts";
import { temporaryDll } from "../temporary_dll.ts";
import { bytesOf, oddImage, SHARED } from "./odd_image.ts";
import { temporaryImage } from "./temporary_image.ts";
import { peerUrl } from "../../support/peer_url.ts";

const source = peerUrl("dll/peers/hook_data.c");

/** Returns the two names of an image section, and all problems. The string table is at 1024. */
function namesOf(name: string, table: Uint8Array, options = {}) {
  const sections = [{ name, address: 4096, virtualSize: 16 }];
  const odd = { sections, symbolsAt: 1024, parts: { 1024: table }, ...options };
  const info = inspectImage(oddImage(odd));
  const [section] = info.sections;
  return [section!.name, section!.headerName, ...info.problems.map(({ message }) => message)];
}

const TABLE = bytesOf(4 + 10 + 3 + 1, ".HOOKDATA", "ü", "");
const lost = (name: string) => [
  name,
  name,
  `the name of image section "${name}" is not in the string table`,
];

Deno.test("A name over 8 bytes is read from the string table, by a decimal or base64 offset", () => {
  assertEquals(namesOf("/4", TABLE), [".HOOKDATA", "/4"]);
  assertEquals(namesOf("//AAAAAE", TABLE), [".HOOKDATA", "//AAAAAE"]);
  assertEquals(namesOf("/14", TABLE), ["ü", "/14"]);
  // The string table follows 3 symbols of 18 bytes.
  const options = { symbolsAt: 1024 - 54, symbolCount: 3 };
  assertEquals(namesOf("/4", TABLE, options), [".HOOKDATA", "/4"]);
  // 1,048,576 is EAAAA in base64.
  const far = { byteLength: 2 ** 21, parts: { 1024: bytesOf(2 ** 21), [1024 + 2 ** 20]: TABLE } };
  assertEquals(namesOf("//AAEAAE", TABLE, far), [".HOOKDATA", "//AAEAAE"]);
});

Deno.test("A name in the header that is not an offset is the whole name", () => {
  for (const name of ["/", "//", "/4a", "//AAAA", "/.debug", ".12345678".slice(0, 8), "ü"]) {
    assertEquals(namesOf(name, TABLE), [name, name]);
  }
});

Deno.test("If a name is not in the string table, the name in the header is used and a problem added", () => {
  assertEquals(namesOf("/4", TABLE, { symbolsAt: 0 }), lost("/4"));
  assertEquals(namesOf("/4", TABLE, { symbolsAt: 0xffff_fff0 }), lost("/4"));
  assertEquals(namesOf("/4", TABLE, { symbolCount: 0xffff_ffff }), lost("/4"));
  assertEquals(namesOf("/0", TABLE), lost("/0"));
  assertEquals(namesOf("/3", TABLE), lost("/3"));
  assertEquals(namesOf("/17", TABLE), lost("/17"));
  assertEquals(namesOf("/9999999", TABLE), lost("/9999999"));
  assertEquals(namesOf("////////", TABLE), lost("////////"));
  // A name must be within the table's size, and within the file.
  assertEquals(namesOf("/4", bytesOf(8, ".HOOKDATA")), lost("/4"));
  assertEquals(namesOf("/4", bytesOf(0xffff_ffff, ".HOOKDATA")), [".HOOKDATA", "/4"]);
  const cut = { byteLength: 1024 + 4 + 9, parts: { 1024: TABLE.subarray(0, 13) } };
  assertEquals(namesOf("/4", TABLE, cut), lost("/4"));
});

peers.test("SharedSection.load() finds an image section of C by its whole name, and by the header's", async (bits) => {
  await using dll = await compileC(source, { bits, dll: true });
  const section = inspectImage(dll.path).sections.find(({ shared }) => shared)!;
  // GCC writes the whole name to the string table. LINK shortens the name.
  for (const name of [".HOOKDATA", section.name, section.headerName, undefined]) {
    using loaded = SharedSection.load(dll.path, {
      exports: { hook: "i32" },
      ...(name === undefined ? {} : { section: name }),
    });
    assertEquals([loaded.name, loaded.variables.hook], [section.name, 7]);
  }
});

Deno.test("SharedSection.load() finds a name that a linker has shortened to 8 bytes by the whole name", async () => {
  await using dll = await temporaryDll({ section: ".HOOKDAT", variables: { hook: "i32" } });
  for (const name of [".HOOKDAT", ".HOOKDATA", ".HOOKDATABASE"]) {
    using section = SharedSection.load(dll.path, { section: name });
    assertEquals(section.name, ".HOOKDAT");
  }
  const load = (section: string) => () => SharedSection.load(dll.path, { section });
  for (const name of [".OTHERDATA", ".hookdata", ".HOOKDA"]) {
    const error = assertThrows(
      load(name),
      Deno.errors.NotFound,
      `Cannot find image section ${name}`,
    );
    const long = name.length > 8;
    assertEquals(error.message.includes("linkers can shorten a name to 8 bytes"), long);
    assertEquals(error.message.includes("/SECTION:NAME,RWS"), !long);
    assertStringIncludes(error.message, "which has .HOOKDAT, ");
  }
});

Deno.test("Of image sections with the same name, load() uses the variables' or the first shared one", () => {
  const [virtualSize, rawSize] = [16, 512];
  const image = oddImage({
    sections: [
      { name: ".same", address: 4096, virtualSize, rawSize, pointer: 512 },
      { name: ".same", address: 8192, virtualSize, rawSize, pointer: 1024, flags: SHARED },
      { name: ".same", address: 12_288, virtualSize, rawSize, pointer: 1536, flags: SHARED },
    ],
    parts: {
      512: bytesOf(
        ...[0, 0, 0, 4096 + 52, 1, 1, 1, 4096 + 40, 4096 + 44, 4096 + 48],
        ...[12_288, 4096 + 50, [0], "one"] as const,
      ),
      1024: bytesOf(11),
      1536: bytesOf(22),
    },
    directories: { 0: [4096, 56] },
  });
  using file = temporaryImage(image);
  using shared = SharedSection.load(file.path, { section: ".same" });
  assertEquals(shared.bytes[0], 11);
  using own = SharedSection.load(file.path, { section: ".same", exports: { one: "i32" } });
  assertEquals([own.variables.one, own.bytes[0]], [22, 22]);
});
