/**
 * Base relocations: the width of each type, and relocations outside their image section.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { inspectImage } from "../../../src/dll/mod.ts";
import { bytesOf, oddImage, type OddSection, READ, SHARED, WRITE } from "./odd_image.ts";

const [HIGH, LOW, HIGHLOW, HIGHADJ, DIR64] = [1, 2, 3, 4, 10];
/** An image section of one page of data, and the image section of the relocations. */
const DATA: OddSection = { address: 4096, virtualSize: 4096, flags: WRITE, name: ".data" };
const TABLE: OddSection = {
  address: 8192,
  virtualSize: 512,
  rawSize: 512,
  pointer: 512,
  name: ".reloc",
  flags: READ,
};

/** Returns one relocation. */
const entry = (type: number, offset: number): [number] => [(type << 12) + offset];

/** Returns the problems of an image with a table of relocations. */
function problemsOf(
  table: Uint8Array,
  options: { data?: OddSection; reloc?: OddSection; machine?: number; x86?: boolean } = {},
) {
  const { data = DATA, reloc = TABLE, ...machine } = options;
  const image = oddImage({
    ...machine,
    sections: [data, reloc],
    directories: { 5: [8192, table.length] },
    parts: { 512: table },
  });
  return inspectImage(image).problems.map(({ message, unsafe, offset }) =>
    unsafe ? `${message} (${offset})` : message
  );
}

/** Returns the problems of an image with one block of relocations for the page of data. */
const problemsOfBlock = (entries: readonly [number][], options = {}) =>
  problemsOf(bytesOf(4096, 8 + entries.length * 2, ...entries), options);

/** Returns the problem of a relocation outside the data. */
const outside = (address: number, offset = 520) => [
  `a relocation is at address ${address}, which is in no image section (${offset})`,
];

Deno.test("A relocation must end within the last page of its image section", () => {
  for (const [type, width] of [[HIGH, 2], [LOW, 2], [HIGHLOW, 4], [DIR64, 8]] as const) {
    const last = 4096 - width;
    for (const x86 of [false, true]) {
      assertEquals(problemsOfBlock([entry(type, last)], { x86 }), [], `type ${type}`);
      // The relocation reaches into the next image section.
      assertEquals(problemsOfBlock([entry(type, last + 1)], { x86 }), outside(4096 + last + 1));
    }
  }
  // The rest of the last page belongs to the image section, too.
  const short = { ...DATA, virtualSize: 1 };
  assertEquals(problemsOfBlock([entry(DIR64, 4088)], { data: short }), []);
});

Deno.test("The entry after a HIGHADJ relocation is not checked as a relocation", () => {
  const [out] = [entry(DIR64, 4095)];
  assertEquals(problemsOfBlock([entry(HIGHADJ, 4094), out]), []);
  assertEquals(problemsOfBlock([entry(HIGHADJ, 4094), out, out]), outside(8191, 524));
  assertEquals(problemsOfBlock([entry(HIGHADJ, 4095), [0]]), outside(8191));
});

Deno.test("A relocation type of an unknown machine is accepted only for an unknown machine", () => {
  const ARM = 0x1c4;
  for (const type of [5, 6, 7, 8, 9, 11, 12, 13, 14, 15]) {
    assertEquals(problemsOfBlock([entry(type, 0)]), [
      `a relocation is of type ${type}, which does not exist (520)`,
    ]);
    assertEquals(problemsOfBlock([entry(type, 0)], { x86: true, machine: ARM }), []);
    assertEquals(problemsOfBlock([entry(type, 4093)], { x86: true, machine: ARM }), outside(8189));
  }
});

Deno.test("Padding in a block and zeros at the end of the table are valid", () => {
  // An entry of type 0 can have any address.
  assertEquals(problemsOfBlock([entry(HIGHLOW, 0), [0xfff]]), []);
  assertEquals(problemsOf(bytesOf(4096, 12, entry(DIR64, 0), [0], 0, 0, 0, 0)), []);
  // The last bytes are too few for a block's header.
  assertEquals(problemsOf(bytesOf(4096, 12, entry(DIR64, 0), [0], 1)), []);
});

Deno.test("A relocation in the headers, outside the image or in shared data is unsafe", () => {
  assertEquals(problemsOf(bytesOf(0, 10, entry(DIR64, 64))), outside(64));
  assertEquals(problemsOf(bytesOf(0xffff_f000, 10, entry(DIR64, 0xfff))), outside(0xffff_ffff));
  const shared = { ...DATA, flags: SHARED };
  assertEquals(problemsOfBlock([entry(DIR64, 16)], { data: shared }), [
    'image section ".data" is shared and contains a pointer at address 4112, which Windows would change for ' +
    "all processes (520)",
  ]);
});

Deno.test("A table of relocations that relocates itself or is in shared data is unsafe", () => {
  // The table has 10 bytes. Relocations after these bytes are valid.
  const itself = (address: number) => [
    `a relocation is at address ${address}, in the table of relocations itself (520)`,
  ];
  const relocated = (type: number, offset: number) =>
    problemsOf(bytesOf(8192, 10, entry(type, offset)));
  assertEquals(relocated(HIGH, 9), itself(8201));
  assertEquals(relocated(DIR64, 0), itself(8192));
  assertEquals(relocated(HIGH, 10), []);
  assertEquals(problemsOfBlock([entry(DIR64, 0)], { reloc: { ...TABLE, flags: SHARED } }), [
    "the table of relocations is in shared data, where another process can change it (512)",
  ]);
  assertEquals(problemsOfBlock([entry(DIR64, 0)], { reloc: { ...TABLE, flags: WRITE } }), []);
});

Deno.test("The relocations of an image that is mapped as one block are not checked", () => {
  const image = oddImage({
    sectionAlignment: 512,
    sizeOfImage: 4096,
    sections: [{ address: 512, virtualSize: 512, rawSize: 512, pointer: 512 }],
    directories: { 5: [512, 16] },
    parts: { 512: bytesOf(0xffff_0000, 0x1234) },
  });
  assertEquals(inspectImage(image).problems, []);
});
