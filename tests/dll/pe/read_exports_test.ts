/**
 * Export tables with faults that GetProcAddress accepts.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { inspectImage, SharedSection } from "../../../src/dll/mod.ts";
import { loadDll } from "./loader.ts";
import { bytesOf, oddImage, type OddSection, SHARED } from "./odd_image.ts";
import { temporaryImage } from "./temporary_image.ts";

/** The addresses of the export table and of the exported data. */
const [TABLE, DATA] = [4096, 8192];
const SECTIONS = [
  { address: TABLE, virtualSize: 2048, rawSize: 2048, pointer: 512, name: ".edata" },
  { address: DATA, virtualSize: 512, rawSize: 512, pointer: 2560, name: ".data" },
];
const [HEADER, ROOM] = [40, 8];

/** An export table with up to 8 exports. */
interface Table {
  addresses: readonly number[];
  /** Each name is a text, or the address of a text. */
  names: readonly (string | number)[];
  ordinals: readonly number[];
  counts?: readonly [number, number];
  base?: number;
}

const at = {
  addresses: TABLE + HEADER,
  names: TABLE + HEADER + ROOM * 4,
  ordinals: TABLE + HEADER + ROOM * 8,
  texts: TABLE + HEADER + ROOM * 10,
};

/** Returns an image with an export table. */
function exporting(
  { addresses, names, ordinals, counts, base = 1 }: Table,
  sections: readonly OddSection[] = SECTIONS,
) {
  const image = oddImage({ sections, directories: { 0: [TABLE, 1024] } });
  const put = (address: number, bytes: Uint8Array) => image.set(bytes, address - TABLE + 512);
  const [functionCount, nameCount] = counts ?? [addresses.length, names.length];
  put(
    TABLE,
    bytesOf(
      ...[0, 0, 0, at.texts, base, functionCount, nameCount],
      ...[at.addresses, at.names, at.ordinals],
    ),
  );
  put(at.addresses, bytesOf(...addresses));
  put(at.ordinals, bytesOf(...ordinals.map((ordinal) => [ordinal] as const)));
  let end = at.texts;
  put(
    at.names,
    bytesOf(...names.map((name) => {
      if (typeof name === "number") return name;
      put(end, bytesOf(name));
      end += name.length + 1;
      return end - name.length - 1;
    })),
  );
  return image;
}

/** Inspects an image, and checks that GetProcAddress finds the same exports. */
function inspected(image: Uint8Array) {
  using file = temporaryImage(image);
  using dll = loadDll(file.path, "exports");
  assert(dll !== undefined, "Windows loads it");
  const { exports, problems } = inspectImage(file.path);
  for (const { name, address, forwarder } of exports) {
    if (name === undefined || forwarder !== undefined) continue;
    assertEquals(dll.find(name), address, name);
  }
  return {
    exports: exports.map(({ name, ordinal, address }) => [name, ordinal, address - DATA]),
    problems: problems.map(({ message }) => message),
  };
}

const sound: Table = {
  addresses: [DATA, DATA + 4, DATA + 8],
  names: ["aa", "bb", "cc"],
  ordinals: [0, 1, 2],
};
const [AA, BB, CC] = [["aa", 1, 0], ["bb", 2, 4], ["cc", 3, 8]];

Deno.test("inspectImage() reports an unreadable export name, and reads the other exports", () => {
  assertEquals(inspected(exporting(sound)), { exports: [AA, BB, CC], problems: [] });
  const nowhere = 0x10_0000;
  // An export without a readable name can still be found by its ordinal.
  assertEquals(inspected(exporting({ ...sound, names: ["aa", "bb", nowhere] })), {
    exports: [AA, BB, [undefined, 3, 8]],
    problems: [`the name of export 2 is at address ${nowhere}, which is outside the image`],
  });
  assertEquals(inspected(exporting({ ...sound, names: [0, "bb", "cc"] })).exports, [
    // The headers are at address 0 and begin with "MZ".
    ["MZ", 1, 0],
    BB,
    CC,
  ]);
  assertEquals(inspected(exporting({ ...sound, names: ["", "bb", "cc"] })), {
    exports: [[undefined, 1, 0], BB, CC],
    problems: ["the name of export 0 is empty"],
  });
});

Deno.test("SharedSection.load() shares variables of a DLL whose other exports have faults", () => {
  const [names, data] = SECTIONS as [OddSection, OddSection];
  using file = temporaryImage(
    exporting({ ...sound, names: ["aa", 0x10_0000, "cc"], ordinals: [0, 1, 9] }, [names, {
      ...data,
      flags: SHARED,
    }]),
  );
  const load = (name: string) => SharedSection.load(file.path, { exports: { [name]: "i32" } });
  using one = load("aa");
  using two = load("aa");
  one.variables.aa = 5;
  assertEquals(two.variables.aa, 5);
  for (const name of ["bb", "cc"]) assertThrows(() => load(name), Deno.errors.NotFound, name);
});

Deno.test("inspectImage() reports an export name without an end within 4,096 bytes", () => {
  const image = exporting({ ...sound, names: ["aa", "bb", DATA + 16] });
  // The file has less of that section than a page, and zeros follow.
  image.fill(0x78, 2560 + 16);
  const { exports, problems } = inspectImage(image);
  assertEquals([exports[2]?.name, problems], ["x".repeat(496), []]);
  const long = new Uint8Array(2560 + 8192).fill(0x78);
  long.set(image);
  new DataView(long.buffer).setUint32(64 + 24 + 56, DATA + 8192, true);
  const second = 64 + 24 + 240 + 40;
  new DataView(long.buffer).setUint32(second + 8, 8192, true);
  new DataView(long.buffer).setUint32(second + 16, 8192, true);
  assertEquals(inspectImage(long).problems.map(({ message }) => message), [
    "the name of export 2 does not end",
  ]);
});

Deno.test("inspectImage() reports an export whose ordinal has no address", () => {
  assertEquals(inspected(exporting({ ...sound, ordinals: [0, 9, 2] })), {
    exports: [AA, [undefined, 2, 4], CC],
    problems: ["the ordinal of bb has no address"],
  });
  assertEquals(inspected(exporting({ ...sound, addresses: [DATA, 0, DATA + 8] })), {
    exports: [AA, CC],
    problems: ["the ordinal of bb has no address"],
  });
});

Deno.test("inspectImage() reports an address outside the image, which GetProcAddress returns", () => {
  const nowhere = 0x10_0000;
  const image = exporting({ ...sound, addresses: [DATA, nowhere, DATA + 8] });
  assertEquals(inspected(image), {
    exports: [AA, ["bb", 2, nowhere - DATA], CC],
    problems: [`bb is at address ${nowhere}, which is outside the image`],
  });
  const { exports, problems } = inspectImage(exporting({
    ...sound,
    addresses: [...sound.addresses, nowhere],
  }));
  assertEquals(exports.map(({ section }) => section), [".data", ".data", ".data", undefined]);
  assertEquals(problems.map(({ message }) => message), [
    `ordinal 4 is at address ${nowhere}, which is outside the image`,
  ]);
  // An export can be in the headers: linkers export __ImageBase.
  assertEquals(inspectImage(exporting({ ...sound, addresses: [1, DATA, DATA] })).problems, []);
});

Deno.test("inspectImage() reports an export directory that ends after its image section", () => {
  const [names, data] = SECTIONS as [OddSection, OddSection];
  for (const virtualSize of [HEADER - 1, 1]) {
    assertEquals(inspected(exporting(sound, [{ ...names, virtualSize }, data])), {
      exports: [AA, BB, CC],
      problems: [
        `the export directory ends after the ${virtualSize} bytes of image section ".edata", in the rest of ` +
        "its last page",
      ],
    });
  }
});

Deno.test("inspectImage() reports export names that are not in alphabetical order", () => {
  const without = exporting({
    ...sound,
    names: ["bb", "aa", "cc"],
    addresses: [0, DATA, DATA + 8],
  });
  assertEquals(inspectImage(without).problems.map(({ message }) => message), [
    "the ordinal of bb has no address",
    "the name aa is not in alphabetical order, so GetProcAddress may not find it",
  ]);
  const image = exporting({ ...sound, names: ["bb", "aa", "cc"] });
  assertEquals(inspectImage(image).problems.map(({ message }) => message), [
    "the name aa is not in alphabetical order, so GetProcAddress may not find it",
  ]);
});

Deno.test("inspectImage() reports an unreadable forwarder, and leaves out its export", () => {
  const text = at.texts + 64;
  const image = exporting({ ...sound, addresses: [DATA, text, DATA + 8] });
  assertEquals(inspectImage(image).problems.map(({ message }) => message), [
    "the forwarder of bb is empty",
  ]);
  image.set(bytesOf("OTHER.bb"), text - TABLE + 512);
  const { exports, problems } = inspectImage(image);
  assertEquals(exports.map(({ forwarder }) => forwarder), [undefined, "OTHER.bb", undefined]);
  assertEquals(problems, []);
});

Deno.test("inspectImage() limits tables with a count of 2³²−1 to their image section", () => {
  const most = 0xffff_ffff;
  const started = performance.now();
  const { exports, problems } = inspectImage(exporting({ ...sound, counts: [most, most] }));
  // The tables end with the last page of their image section.
  const room = Math.floor((8192 - at.addresses) / 4);
  assertGreater(exports.length, 3);
  assertLess(exports.length, room + 1);
  const texts = problems.map(({ message }) => message);
  for (const what of ["exported addresses", "exported names", "ordinals"]) {
    assert(texts.includes(`the table of ${what} has ${most} entries`), what);
    assert(texts.includes(`the table of ${what} ends beyond its image section`), what);
  }
  assertLess(performance.now() - started, 1000);
});
