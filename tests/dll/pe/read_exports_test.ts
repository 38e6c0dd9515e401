/**
 * Export tables with faults, as GetProcAddress takes them.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { inspectImage, SharedSection } from "../../../src/dll/mod.ts";
import { loadDll } from "./loader.ts";
import { bytesOf, oddImage, type OddSection, SHARED } from "./odd_image.ts";
import { temporaryImage } from "./temporary_image.ts";

/** The table is at 4096, and what it exports from 8192 on. */
const [TABLE, DATA] = [4096, 8192];
const SECTIONS = [
  { address: TABLE, virtualSize: 2048, rawSize: 2048, pointer: 512, name: ".edata" },
  { address: DATA, virtualSize: 512, rawSize: 512, pointer: 2560, name: ".data" },
];
const [HEADER, ROOM] = [40, 8];

/** The parts of a table of up to 8 exports: addresses, names and ordinals, at places of their own. */
interface Table {
  addresses: readonly number[];
  /** Texts, or addresses of texts. */
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

/** Writes an image that exports. */
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

/** What we tell of an image, after a look at whether GetProcAddress finds the same. */
function told(image: Uint8Array) {
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

Deno.test("one broken name among good ones is reported, and the others are found", () => {
  assertEquals(told(exporting(sound)), { exports: [AA, BB, CC], problems: [] });
  const nowhere = 0x10_0000;
  // What has lost its name is still found by its ordinal.
  assertEquals(told(exporting({ ...sound, names: ["aa", "bb", nowhere] })), {
    exports: [AA, BB, [undefined, 3, 8]],
    problems: [`the name of export 2 is at address ${nowhere}, where the image has nothing`],
  });
  assertEquals(told(exporting({ ...sound, names: [0, "bb", "cc"] })).exports, [
    // Address 0 has the headers, whose first text is "MZ".
    ["MZ", 1, 0],
    BB,
    CC,
  ]);
  assertEquals(told(exporting({ ...sound, names: ["", "bb", "cc"] })), {
    exports: [[undefined, 1, 0], BB, CC],
    problems: ["the name of export 0 is empty"],
  });
});

Deno.test("variables with sound names are shared, though others of the DLL are not sound", () => {
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

Deno.test("a name that does not end within 4,096 bytes is reported", () => {
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

Deno.test("an ordinal that there is not, and an address of 0, are reported", () => {
  assertEquals(told(exporting({ ...sound, ordinals: [0, 9, 2] })), {
    exports: [AA, [undefined, 2, 4], CC],
    problems: ["the ordinal of bb has no address"],
  });
  assertEquals(told(exporting({ ...sound, addresses: [DATA, 0, DATA + 8] })), {
    exports: [AA, CC],
    problems: ["the ordinal of bb has no address"],
  });
});

Deno.test("an address where the image has nothing is reported, and GetProcAddress gives it all the same", () => {
  const nowhere = 0x10_0000;
  const image = exporting({ ...sound, addresses: [DATA, nowhere, DATA + 8] });
  assertEquals(told(image), {
    exports: [AA, ["bb", 2, nowhere - DATA], CC],
    problems: [`bb is at address ${nowhere}, where the image has nothing`],
  });
  const { exports, problems } = inspectImage(exporting({
    ...sound,
    addresses: [...sound.addresses, nowhere],
  }));
  assertEquals(exports.map(({ section }) => section), [".data", ".data", ".data", undefined]);
  assertEquals(problems.map(({ message }) => message), [
    `ordinal 4 is at address ${nowhere}, where the image has nothing`,
  ]);
  // The headers are memory too: linkers export __ImageBase.
  assertEquals(inspectImage(exporting({ ...sound, addresses: [1, DATA, DATA] })).problems, []);
});

Deno.test("an export directory that ends behind its image section is reported", () => {
  const [names, data] = SECTIONS as [OddSection, OddSection];
  for (const virtualSize of [HEADER - 1, 1]) {
    assertEquals(told(exporting(sound, [{ ...names, virtualSize }, data])), {
      exports: [AA, BB, CC],
      problems: [
        `the export directory ends behind the ${virtualSize} bytes of image section ".edata", in the rest of ` +
        "its last page",
      ],
    });
  }
});

Deno.test("names out of order are reported, for Windows looks them up by halves", () => {
  const without = exporting({
    ...sound,
    names: ["bb", "aa", "cc"],
    addresses: [0, DATA, DATA + 8],
  });
  assertEquals(inspectImage(without).problems.map(({ message }) => message), [
    "the ordinal of bb has no address",
    "the name aa is not in its order, so nobody may find it",
  ]);
  const image = exporting({ ...sound, names: ["bb", "aa", "cc"] });
  assertEquals(inspectImage(image).problems.map(({ message }) => message), [
    "the name aa is not in its order, so nobody may find it",
  ]);
});

Deno.test("a forwarder that cannot be read is reported, and is no export", () => {
  const text = at.texts + 64;
  const image = exporting({ ...sound, addresses: [DATA, text, DATA + 8] });
  assertEquals(inspectImage(image).problems.map(({ message }) => message), [
    "what bb is forwarded to is empty",
  ]);
  image.set(bytesOf("OTHER.bb"), text - TABLE + 512);
  const { exports, problems } = inspectImage(image);
  assertEquals(exports.map(({ forwarder }) => forwarder), [undefined, "OTHER.bb", undefined]);
  assertEquals(problems, []);
});

Deno.test("counts of 2³²−1 and tables at wrong places are read as far as they go, and soon", () => {
  const most = 0xffff_ffff;
  const started = performance.now();
  const { exports, problems } = inspectImage(exporting({ ...sound, counts: [most, most] }));
  // The tables are as long as the rest of their section's page.
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
