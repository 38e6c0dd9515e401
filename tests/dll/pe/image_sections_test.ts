/**
 * The places at which Windows' loader maps image sections, and the images that it refuses.
 *
 * The facts about alignments, sectors and SizeOfImage come from Wine's tests of the loader, which
 * pass on Windows. Microsoft's "PE Format" page says that sections are adjacent.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { isWine } from "../../../ffi/win32/ntdll.ts";
import { inspectImage, SharedSection } from "../../../src/dll/mod.ts";
import { loadDll } from "./loader.ts";
import {
  BSS,
  bytesOf,
  type OddImage,
  oddImage,
  type OddSection,
  READ,
  SHARED,
} from "./odd_image.ts";
import { temporaryImage } from "./temporary_image.ts";

const MARK = bytesOf("marked");
const first: OddSection = { address: 4096, virtualSize: 16, rawSize: 512, pointer: 512 };
const name = ".A";

/** Returns the messages of an image's problems. */
const problemsOf = (odd: OddImage) =>
  inspectImage(oddImage(odd)).problems.map(({ message }) => message);

/** Maps an image with Windows' loader, and returns six characters at an address. */
function textInMemory(odd: OddImage, address: number): string | undefined {
  using file = temporaryImage(oddImage(odd));
  using dll = loadDll(file.path, "resources");
  return dll && new TextDecoder().decode(dll.read(address, 6));
}

Deno.test("Raw data that begins between sectors is mapped from the beginning of its sector", () => {
  // 0x240 is rounded down to 0x200, so the data is 0x40 bytes after the section's address.
  const odd = {
    sections: [{ ...first, name, pointer: 0x240, rawSize: 0x100, virtualSize: 0x200 }],
    parts: { 0x240: MARK },
  };
  assertEquals(textInMemory(odd, 4096 + 0x40), "marked");
  assertEquals(problemsOf(odd), [
    'image section ".A" is at offset 576 of the file, which Windows rounds down to 512',
  ]);
  // inspectImage() finds an export table there, too.
  const table = exportTable(4096 + 0x40, 4096);
  const { exports } = inspectImage(oddImage({
    ...odd,
    parts: { 0x240: table },
    directories: { 0: [4096 + 0x40, table.length] },
  }));
  assertEquals(exports.map(({ name, address }) => [name, address]), [["one", 4096]]);
});

Deno.test("The rest of an image section's last page is mapped from the file, and can have exports", () => {
  const table = exportTable(4096 + 256, 4096);
  const odd = {
    sections: [{ ...first, name }],
    parts: { [512 + 256]: table },
    directories: { 0: [4096 + 256, table.length] as const },
  };
  using file = temporaryImage(oddImage(odd));
  using dll = loadDll(file.path, "exports");
  const { exports, problems } = inspectImage(file.path);
  assertEquals(exports.map(({ name, address, section }) => [name, address, section]), [
    ["one", 4096, ".A"],
  ]);
  assertEquals(dll?.find("one"), 4096);
  assertEquals(problems.map(({ message, unsafe }) => [message, unsafe]), [[
    'the export directory is after the 16 bytes of image section ".A", in the rest of its last page',
    false,
  ]]);
});

Deno.test("An image section with a raw size but no raw pointer is zeros", () => {
  const sections = [
    { ...first, name },
    { address: 8192, virtualSize: 64, rawSize: 512, pointer: 0, name: ".bss", flags: BSS },
  ];
  // If the pointer were used as an offset, the section would begin with "MZ".
  assertEquals(textInMemory({ sections }, 8192), "\0\0\0\0\0\0");
  assertEquals(problemsOf({ sections }), []);
  const initialised = { ...sections[1]!, flags: READ };
  assertEquals(problemsOf({ sections: [sections[0]!, initialised] }), [
    'image section ".bss" has 512 bytes in the file, but no offset there',
  ]);
});

Deno.test("An image section without a size in memory has its size in the file", () => {
  const sections = [{ ...first, name, virtualSize: 0 }];
  const info = inspectImage(oddImage({ sections, parts: { 512: MARK } }));
  assertEquals(info.sections.map(({ byteLength }) => byteLength), [512]);
  assertEquals(info.problems.map(({ message }) => message), [
    'image section ".A" has no size in memory, so Windows uses its size in the file',
  ]);
  assertEquals(textInMemory({ sections, parts: { 512: MARK } }, 4096), "marked");
});

Deno.test("An image section that is larger in the file is mapped to the end of its last page", () => {
  const odd = {
    sections: [{ ...first, virtualSize: 16, rawSize: 8192 }, {
      address: 8192,
      virtualSize: 16,
      rawSize: 512,
      pointer: 8704,
    }],
    parts: { 4602: MARK, 4608: bytesOf("beyond"), 8704: MARK },
    byteLength: 9216,
  };
  assertEquals(problemsOf(odd), []);
  assertEquals(textInMemory(odd, 8192 - 6), "marked");
  assertEquals(textInMemory(odd, 8192), "marked");
});

Deno.test("A file can end within its last sector, but not before it", () => {
  const sections = [{ ...first, name, rawSize: 1024 }];
  assertEquals(problemsOf({ sections, byteLength: 1536 }), []);
  const cut = { sections, parts: { 512: MARK }, byteLength: 1026 };
  assertEquals(problemsOf(cut), ['image section ".A" ends 510 bytes after the end of the file']);
  assertEquals(textInMemory(cut, 4096), "marked");
  for (
    const { rawSize, pointer, byteLength } of [
      { rawSize: 1024, pointer: 512, byteLength: 1024 },
      // Fewer than 512 bytes are missing, but the file has no byte of the last sector.
      { rawSize: 513, pointer: 512, byteLength: 1024 },
      { rawSize: 512, pointer: 576, byteLength: 1024 },
      { rawSize: 1, pointer: 1023, byteLength: 1000 },
    ]
  ) {
    const short = { sections: [{ ...first, name, rawSize, pointer }], byteLength };
    assertThrows(
      () => inspectImage(oddImage(short)),
      Deno.errors.InvalidData,
      `image section ".A" (${rawSize} bytes) is not within`,
    );
    assertEquals(textInMemory(short, 4096), undefined);
  }
});

Deno.test("An image whose image sections do not begin at pages is mapped as one block", () => {
  const flat = { sectionAlignment: 512, fileAlignment: 512, sizeOfImage: 2048, byteLength: 2048 };
  const section = { address: 512, virtualSize: 512, rawSize: 512, pointer: 512, name };
  const table = exportTable(600, 520);
  const odd = {
    ...flat,
    sections: [section],
    parts: { 512: MARK, 600: table },
    directories: { 0: [600, table.length] as const },
  };
  assertEquals(textInMemory(odd, 512), "marked");
  const { exports, problems } = inspectImage(oddImage(odd));
  assertEquals(exports.map(({ name, section }) => [name, section]), [["one", ".A"]]);
  assertEquals(problems, []);
  // Microsoft's page requires that both alignments are equal, and each address is equal to the
  // offset in the file.
  for (
    const broken of [
      { ...odd, fileAlignment: 1024 },
      { ...odd, sections: [{ ...section, pointer: 1024 }] },
      { ...odd, sections: [{ ...section, virtualSize: 513 }] },
    ]
  ) {
    assertThrows(() => inspectImage(oddImage(broken)), Deno.errors.InvalidData);
  }
});

Deno.test("SharedSection.load() refuses an image whose image sections do not begin at pages", () => {
  const section = { address: 512, virtualSize: 512, rawSize: 512, pointer: 512, name };
  using file = temporaryImage(oddImage({
    sectionAlignment: 512,
    sizeOfImage: 2048,
    sections: [{ ...section, flags: SHARED }],
    byteLength: 2048,
  }));
  const { sections, problems } = inspectImage(file.path);
  assertEquals(sections.map(({ shared }) => shared), [false]);
  assertEquals(problems.map(({ unsafe }) => unsafe), [true]);
  assertThrows(
    () => SharedSection.load(file.path),
    Deno.errors.InvalidData,
    'image section ".A" is not shared, because the image sections do not begin at pages',
  );
});

Deno.test("Shared sections with unusual layouts have the file's contents, and are shared", () => {
  const shared = { ...first, name, flags: SHARED };
  const layouts: [OddSection, number, string][] = [
    [{ ...shared, pointer: 0x240, rawSize: 0x100, virtualSize: 0x200 }, 0x40, "marked"],
    [{ ...shared, virtualSize: 0 }, 0x40, "marked"],
    [{ ...shared, flags: BSS + 0x1000_0000, pointer: 0 }, 0, "\0\0\0\0\0\0"],
    [{ ...shared, virtualSize: 0x200, rawSize: 0 }, 0x40, "\0\0\0\0\0\0"],
    [{ ...shared, virtualSize: 2 ** 20 }, 0x40, "marked"],
  ];
  for (const [section, at, text] of layouts) {
    using file = temporaryImage(oddImage({ sections: [section], parts: { 0x240: MARK } }));
    using one = SharedSection.load(file.path);
    using two = SharedSection.load(file.path);
    assertEquals(one.bytes.length, section.virtualSize || section.rawSize);
    assertEquals(new TextDecoder().decode(two.bytes.slice(at, at + 6)), text);
    one.bytes.fill(7);
    assertEquals(two.bytes.findIndex((byte) => byte !== 7), -1);
  }
});

Deno.test("SharedSection.load() refuses a shared section that contains the import table", () => {
  const sections = [{ ...first, name, flags: SHARED }, { ...first, address: 8192, name: ".idata" }];
  const message = 'image section ".A" is shared and contains the import table';
  // The import table, and the import address table, which the loader fills in.
  const directories = [1, 12] as const;
  const places = [[4096 + 8, true], [4096 + 4000, true], [8192, false]] as const;
  for (
    const [index, address, refused] of directories.flatMap((i) =>
      places.map((p) => [i, ...p] as const)
    )
  ) {
    using file = temporaryImage(oddImage({ sections, directories: { [index]: [address, 40] } }));
    const { problems } = inspectImage(file.path);
    assertEquals(
      problems.map(({ message: said }) => said.startsWith(message)),
      refused ? [true] : [],
    );
    const load = () => SharedSection.load(file.path)[Symbol.dispose]();
    if (refused) assertThrows(load, Deno.errors.InvalidData, message);
    else load();
  }
});

Deno.test("An image can have no image sections", () => {
  const odd = { sectionAlignment: 4, fileAlignment: 4, sections: [], sizeOfImage: 1024 };
  const { sections, exports, problems } = inspectImage(oddImage(odd));
  assertEquals([sections, exports, problems], [[], [], []]);
  assertEquals(textInMemory(odd, 64), "PE\0\0d\x86".replace("\x86", "\ufffd"));
});

Deno.test("inspectImage() reads only the directories that the optional header contains", () => {
  const table = exportTable(4096, 4096 + 256);
  const odd = {
    sections: [{ ...first, virtualSize: 512 }],
    parts: { 512: table },
    directoryCount: 1,
    directories: { 0: [4096, table.length] as const },
  };
  assertEquals(inspectImage(oddImage(odd)).exports.length, 1);
  assertEquals(problemsOf(odd), []);
  // The first section's header is at the offset of directory 5, the relocations, which is missing.
  assertEquals(problemsOf({ ...odd, numberOfRvaAndSizes: 16 }), [
    "the optional header has room for 1 directories, but its count is 16",
  ]);
  assertEquals(
    inspectImage(oddImage({ ...odd, numberOfRvaAndSizes: 0 })).exports,
    [],
  );
});

Deno.test("inspectImage() refuses images that Windows does not map", () => {
  const second = { ...first, address: 8192, name: ".B" };
  // Wine maps some images that break a rule of Microsoft's page. This module follows the page.
  const refused: [OddImage, string, "Wine maps it"?][] = [
    [{ sections: [first], sectionAlignment: 0 }, "aligned to 0 bytes", "Wine maps it"],
    [{ sections: [first], sectionAlignment: 4097 }, "aligned to 4097 bytes"],
    [
      { sections: [first], fileAlignment: 768 },
      "4096 bytes in memory and to 768",
      "Wine maps it",
    ],
    [{ sections: [first], fileAlignment: 8192 }, "in memory and to 8192", "Wine maps it"],
    [{ sections: [first], machine: 0x14c }, "the optional header is for a 64-bit image"],
    [
      { sections: [first], x86: true, machine: 0x8664 },
      "the optional header is for a 32-bit image",
    ],
    [{ sections: [{ ...first, virtualSize: 0, rawSize: 0 }] }, "is empty", "Wine maps it"],
    [{ sections: [second] }, "after a gap", "Wine maps it"],
    [{ sections: [first, { ...second, address: 12_288 }] }, "after a gap", "Wine maps it"],
    [{ sections: [first, { ...second, address: 8200 }] }, "after a gap"],
    [{ sections: [{ ...first, virtualSize: 4097 }, second] }, "before the end", "Wine maps it"],
    [{ sections: [second, first] }, "after a gap"],
    [{ sections: [first], sizeOfImage: 4096 }, "ends beyond the image"],
    [{ sections: [first], sizeOfImage: 0 }, "ends beyond the image"],
  ];
  for (const [odd, message, onWine] of refused) {
    assertThrows(() => inspectImage(oddImage(odd)), Deno.errors.InvalidData, message);
    using file = temporaryImage(oddImage(odd));
    using dll = loadDll(file.path, "resources");
    assertEquals(dll !== undefined, isWine() && onWine !== undefined, message);
  }
  // Windows rounds SizeOfImage up to whole pages.
  assertEquals(problemsOf({ sections: [first], sizeOfImage: 4097 }), []);
});

/** Returns an export table with one name. */
function exportTable(at: number, address: number): Uint8Array {
  return bytesOf(
    ...[0, 0, 0, at + 52, 1, 1, 1, at + 40, at + 44, at + 48],
    ...[address, at + 50, [0], "one"] as const,
  );
}
