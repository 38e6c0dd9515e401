/**
 * Base relocations: each type has its width, and none leads out of its section.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { inspectImage } from "../../../src/dll/mod.ts";
import { bytesOf, oddImage, type OddSection, READ, SHARED, WRITE } from "./odd_image.ts";

const [HIGH, LOW, HIGHLOW, HIGHADJ, DIR64] = [1, 2, 3, 4, 10];
/** One page of data, and the page of the relocations. */
const DATA: OddSection = { address: 4096, virtualSize: 4096, flags: WRITE, name: ".data" };
const TABLE: OddSection = {
  address: 8192,
  virtualSize: 512,
  rawSize: 512,
  pointer: 512,
  name: ".reloc",
  flags: READ,
};

/** One relocation. */
const entry = (type: number, offset: number): [number] => [(type << 12) + offset];

/** What is said of a table of relocations. */
function said(
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

/** What is said of one block of relocations of the page of data. */
const saidOf = (entries: readonly [number][], options = {}) =>
  said(bytesOf(4096, 8 + entries.length * 2, ...entries), options);

/** How a relocation that leads out of the data is told. */
const outside = (address: number, offset = 520) => [
  `a relocation is at address ${address}, which is in no image section (${offset})`,
];

Deno.test("a relocation may end where its image section's last page ends, and no further", () => {
  for (const [type, width] of [[HIGH, 2], [LOW, 2], [HIGHLOW, 4], [DIR64, 8]] as const) {
    const last = 4096 - width;
    for (const x86 of [false, true]) {
      assertEquals(saidOf([entry(type, last)], { x86 }), [], `type ${type}`);
      // The next section would be there.
      assertEquals(saidOf([entry(type, last + 1)], { x86 }), outside(4096 + last + 1));
    }
  }
  // The rest of the last page is memory as well.
  const short = { ...DATA, virtualSize: 1 };
  assertEquals(saidOf([entry(DIR64, 4088)], { data: short }), []);
});

Deno.test("a relocation by the high half takes the next entry, whatever stands in it", () => {
  const [out] = [entry(DIR64, 4095)];
  assertEquals(saidOf([entry(HIGHADJ, 4094), out]), []);
  assertEquals(saidOf([entry(HIGHADJ, 4094), out, out]), outside(8191, 524));
  assertEquals(saidOf([entry(HIGHADJ, 4095), [0]]), outside(8191));
});

Deno.test("types of other machines are taken for those machines only", () => {
  const ARM = 0x1c4;
  for (const type of [5, 6, 7, 8, 9, 11, 12, 13, 14, 15]) {
    assertEquals(saidOf([entry(type, 0)]), [
      `a relocation is of type ${type}, which there is not (520)`,
    ]);
    assertEquals(saidOf([entry(type, 0)], { x86: true, machine: ARM }), []);
    assertEquals(saidOf([entry(type, 4093)], { x86: true, machine: ARM }), outside(8189));
  }
});

Deno.test("entries that fill a block up, and zeros that fill the table up, change nothing", () => {
  // Type 0, wherever it leads.
  assertEquals(saidOf([entry(HIGHLOW, 0), [0xfff]]), []);
  assertEquals(said(bytesOf(4096, 12, entry(DIR64, 0), [0], 0, 0, 0, 0)), []);
  // Fewer bytes than a block's header has are no block.
  assertEquals(said(bytesOf(4096, 12, entry(DIR64, 0), [0], 1)), []);
});

Deno.test("a relocation in the headers, behind the image or in shared data is reported as unsafe", () => {
  assertEquals(said(bytesOf(0, 10, entry(DIR64, 64))), outside(64));
  assertEquals(said(bytesOf(0xffff_f000, 10, entry(DIR64, 0xfff))), outside(0xffff_ffff));
  const shared = { ...DATA, flags: SHARED };
  assertEquals(saidOf([entry(DIR64, 16)], { data: shared }), [
    'image section ".data" is shared, and has a pointer at address 4112, which Windows would change for ' +
    "all processes (520)",
  ]);
});

Deno.test("a table of relocations that could change before it is followed is reported as unsafe", () => {
  // The table has 10 bytes: what is behind them may be relocated.
  const itself = (address: number) => [
    `a relocation is at address ${address}, in the table of relocations itself (520)`,
  ];
  const relocated = (type: number, offset: number) => said(bytesOf(8192, 10, entry(type, offset)));
  assertEquals(relocated(HIGH, 9), itself(8201));
  assertEquals(relocated(DIR64, 0), itself(8192));
  assertEquals(relocated(HIGH, 10), []);
  assertEquals(saidOf([entry(DIR64, 0)], { reloc: { ...TABLE, flags: SHARED } }), [
    "the table of relocations is in shared data, where others can change it (512)",
  ]);
  assertEquals(saidOf([entry(DIR64, 0)], { reloc: { ...TABLE, flags: WRITE } }), []);
});

Deno.test("relocations of an image that is mapped as it is in the file are not read", () => {
  const image = oddImage({
    sectionAlignment: 512,
    sizeOfImage: 4096,
    sections: [{ address: 512, virtualSize: 512, rawSize: 512, pointer: 512 }],
    directories: { 5: [512, 16] },
    parts: { 512: bytesOf(0xffff_0000, 0x1234) },
  });
  assertEquals(inspectImage(image).problems, []);
});
