import {
  DIRECTORY,
  DIRECTORY_COUNT,
  type ExportField,
  type Exports,
  type PeImage,
  present,
  type RelocationBlock,
  type Struct,
} from "./image.ts";
import { differs, fieldRule, firstOf, hex, type PeRule, stampRule } from "./rule.ts";

const PAGE_SIZE = 4096;
const SIZE_OF_EXPORT_DIRECTORY = 40;

/** IMAGE_REL_BASED_ABSOLUTE, which "can be used to pad a block" */
const ABSOLUTE = 0;
/** IMAGE_REL_BASED_HIGHLOW, for a 32-bit pointer */
const HIGHLOW = 3;
/** IMAGE_REL_BASED_HIGHADJ, the last type that isn't for one machine only */
const HIGHADJ = 4;
/** IMAGE_REL_BASED_DIR64, for a 64-bit pointer */
const DIR64 = 10;

const EMPTY_DIRECTORIES = Array.from({ length: DIRECTORY_COUNT }, (_, index) => index)
  .filter((index) => index !== DIRECTORY.EXPORT && index !== DIRECTORY.BASE_RELOCATION);

/** "Optional Header Data Directories (Image Only)" */
const DIRECTORY_RULES: readonly PeRule[] = [
  {
    // Architecture and the last directory are "reserved, must be zero", and Global Ptr has no size.
    // All other directories are for imports, resources, code and certificates.
    name: "Every directory except the exports' and the relocations' is zero",
    check: (image) =>
      firstOf(EMPTY_DIRECTORIES, (index) => {
        const directory = image.directory(index);
        const [rva, size] = [directory.get("VirtualAddress"), directory.get("Size")];
        return rva === 0 && size === 0 ? undefined : `${hex(rva)}, ${hex(size)}`;
      }),
    breaks: EMPTY_DIRECTORIES.flatMap((index) => [
      (image: PeImage) => image.directory(index).set("VirtualAddress", 0x1000),
      (image: PeImage) => image.directory(index).set("Size", 8),
    ]),
  },
  placeRule("exports", DIRECTORY.EXPORT, SIZE_OF_EXPORT_DIRECTORY),
  // Windows on ARM64 refuses an address with the size zero.
  placeRule("relocations", DIRECTORY.BASE_RELOCATION, 8),
];

/** "The .edata Section (Image Only)" */
const EXPORT_RULES: readonly PeRule[] = [
  {
    name: "The export tables can be read",
    check: ({ exports }) => exports === undefined ? "they go beyond their section" : undefined,
    breaks: [
      (image) => tableOf(image).set("AddressTableEntries", 0x7fffffff),
      (image) => tableOf(image).set("NumberOfNamePointers", 0x7fffffff),
      (image) => tableOf(image).set("ExportAddressTableRva", image.optional.get("SizeOfImage")),
      (image) => tableOf(image).set("NamePointerRva", 0),
      (image) => tableOf(image).set("OrdinalTableRva", 0xffffffff),
    ],
  },
  ...[
    fieldRule("The export flags are zero", tableOf, "ExportFlags", 0),
    stampRule("The exports' time stamp means no time", tableOf, "TimeDateStamp"),
    // "It is usually set to 1". With 1, it does not matter if the numbers in the ordinal table
    // include the base.
    fieldRule("The ordinals begin with 1", tableOf, "OrdinalBase", 1),
  ].map((rule): PeRule => ({
    ...rule,
    check: (image) => image.exports === undefined ? undefined : rule.check(image),
  })),
  {
    name: "The export tables are in their directory, are aligned, and do not overlap",
    check: ofExports((exports, image) => {
      const ranges = tableRanges(exports, image);
      const directory = image.directory(DIRECTORY.EXPORT);
      const start = directory.get("VirtualAddress");
      const end = start + directory.get("Size");
      return firstOf(ranges, (range, index) => {
        if (range.start % range.alignment !== 0) return `${hex(range.start)} is not aligned`;
        if (range.start < start || range.end > end) return "it is not in the directory";
        const overlaps = ranges.slice(index + 1).some((other) =>
          range.start < other.end && other.start < range.end
        );
        return overlaps ? "it overlaps another" : undefined;
      });
    }),
    breaks: [
      (image) => tableOf(image).set("OrdinalTableRva", tableOf(image).get("ExportAddressTableRva")),
      (image) => tableOf(image).set("NamePointerRva", tableOf(image).get("NamePointerRva") + 2),
      (image) => tableOf(image).set("OrdinalTableRva", tableOf(image).get("OrdinalTableRva") + 1),
      (image) =>
        tableOf(image).set(
          "ExportAddressTableRva",
          image.directory(DIRECTORY.EXPORT).get("VirtualAddress"),
        ),
      (image) => image.directory(DIRECTORY.EXPORT).set("Size", SIZE_OF_EXPORT_DIRECTORY),
    ],
  },
  {
    name: "The DLL's name is a valid file name in ASCII",
    check: ofExports(({ table }, image) =>
      checkString(image, table.get("NameRva"), /^[!#-)+-.0-9;=@-\[\]-{}~]+$/)
    ),
    breaks: [
      (image) => tableOf(image).set("NameRva", 0),
      (image) => tableOf(image).set("NameRva", image.optional.get("SizeOfImage") - 1),
      (image) => setByte(image, tableOf(image).get("NameRva"), 0),
      (image) => setByte(image, tableOf(image).get("NameRva"), 0x5c),
      (image) => setByte(image, tableOf(image).get("NameRva"), 0x2f),
      (image) => setByte(image, tableOf(image).get("NameRva"), 0xe9),
      (image) => tableOf(image).set("NameRva", firstShared(image)),
    ],
  },
  {
    name: "An export's name has only ASCII characters",
    check: ofExports(({ names }, image) =>
      firstOf(names, (name) => checkString(image, name.get("Value"), /^[!-~]+$/))
    ),
    breaks: [
      (image) => setByte(image, firstName(image).get("Value"), 0),
      (image) => setByte(image, firstName(image).get("Value"), 0xe9),
      (image) => setByte(image, firstName(image).get("Value"), 0x20),
      (image) => firstName(image).set("Value", 0),
      (image) => firstName(image).set("Value", firstShared(image)),
    ],
  },
  {
    // The page lists only tables and strings in the export directory.
    name: "The export directory contains tables and strings that do not overlap, and zeros",
    check: ofExports((exports, image) => {
      const strings = [exports.table.get("NameRva"), ...exports.names.map((n) => n.get("Value"))]
        .map((start) => ({ start, end: start + (image.stringAt(start)?.length ?? 0) + 1 }));
      const ranges = [...tableRanges(exports, image), ...strings];
      ranges.sort((a, b) => a.start - b.start);
      const directory = image.directory(DIRECTORY.EXPORT);
      const end = directory.get("VirtualAddress") + directory.get("Size");
      return firstOf(ranges, (range, index) => {
        const next = ranges[index + 1]?.start ?? end;
        if (range.end > next) return "it overlaps the next";
        const at = image.offsetOf(range.end, next - range.end);
        if (at === undefined) return "it is followed by nothing that can be read";
        const rest = image.bytes.subarray(at, at + next - range.end);
        return rest.every((byte) => byte === 0) ? undefined : "it is followed by something else";
      });
    }),
    breaks: [
      (image) => firstName(image).set("Value", tableOf(image).get("NameRva")),
      (image) => tableOf(image).set("NameRva", firstName(image).get("Value")),
      (image) => firstName(image).set("Value", tableOf(image).get("ExportAddressTableRva")),
      (image) => tableOf(image).set("NameRva", tableOf(image).get("NameRva") + 1),
    ],
  },
  {
    // "The pointers are ordered lexically to allow binary searches": Windows compares bytes.
    name: "The exports' names are in ascending order",
    applies: ({ exports }) => exports !== undefined && exports.names.length > 1,
    check: ofExports(({ names }, image) =>
      firstOf(names.slice(1), (name, index) => {
        const previous = image.stringAt(present(names[index]).get("Value")) ?? [];
        const next = image.stringAt(name.get("Value")) ?? [];
        return isLess(previous, next) ? undefined : "it is not after the one before it";
      })
    ),
    breaks: [
      (image) => {
        const [first, second] = present(image.exports).names;
        const value = present(first).get("Value");
        present(first).set("Value", present(second).get("Value"));
        present(second).set("Value", value);
      },
      (image) => {
        const [first, second] = present(image.exports).names;
        present(second).set("Value", present(first).get("Value"));
      },
    ],
  },
  {
    // The ordinal table contains "indexes into the export address table".
    name: "Each export has one name",
    check: ofExports(({ addresses, ordinals }) => {
      const counts = addresses.map(() => 0);
      const text = firstOf(ordinals, (ordinal) => {
        const index = ordinal.get("Value");
        const count = counts[index];
        if (count === undefined) return `it is of export ${index} of ${counts.length}`;
        counts[index] = count + 1;
        return undefined;
      });
      if (text !== undefined) return text;
      if (counts.length === 0) return "there are no exports";
      return firstOf(counts, (count) => count === 1 ? undefined : `it has ${count}`);
    }),
    breaks: [
      (image) => {
        const { addresses, ordinals } = present(image.exports);
        present(ordinals[0]).set("Value", addresses.length);
      },
      (image) => present(present(image.exports).ordinals[0]).set("Value", 0xffff),
      (image) => add(tableOf(image), "AddressTableEntries", 1),
      (image) => add(tableOf(image), "NumberOfNamePointers", -1),
      (image) => {
        tableOf(image).set("AddressTableEntries", 0);
        tableOf(image).set("NumberOfNamePointers", 0);
      },
    ],
  },
  {
    // "Export Address Table": an address in the export directory points to a forwarder's string.
    name: "Each export is in the shared section",
    check: ofExports(({ addresses }, image) =>
      firstOf(addresses, (address) => {
        const rva = address.get("Value");
        const section = image.sectionOf(rva, 1);
        const shared = image.sharedSections[0];
        const inside = section !== undefined && shared !== undefined &&
          section.get("VirtualAddress") === shared.get("VirtualAddress");
        return inside ? undefined : hex(rva);
      })
    ),
    breaks: [
      (image) => firstAddress(image).set("Value", 0),
      (image) =>
        firstAddress(image).set("Value", image.directory(DIRECTORY.EXPORT).get("VirtualAddress")),
      (image) => firstAddress(image).set("Value", image.optional.get("SizeOfImage")),
      (image) => {
        const shared = present(image.sharedSections[0]);
        firstAddress(image).set("Value", firstShared(image) + shared.get("VirtualSize"));
      },
    ],
  },
];

/** "The .reloc Section (Image Only)" */
const RELOCATION_RULES: readonly PeRule[] = [
  {
    name: "The relocation blocks are aligned and fill their directory",
    check(image) {
      const start = image.directory(DIRECTORY.BASE_RELOCATION).get("VirtualAddress");
      return start % 4 === 0 ? image.relocations.fault : `they begin at ${hex(start)}`;
    },
    breaks: [
      ...[0, 4, 10, 0xfffffffc].map((size) => (image: PeImage) =>
        firstBlock(image).header.set("BlockSize", size)
      ),
      (image) => add(lastBlock(image).header, "BlockSize", 4),
      (image) => add(lastBlock(image).header, "BlockSize", 2),
      (image) => add(image.directory(DIRECTORY.BASE_RELOCATION), "VirtualAddress", 2),
      (image) => add(image.directory(DIRECTORY.BASE_RELOCATION), "Size", -2),
      (image) => add(image.directory(DIRECTORY.BASE_RELOCATION), "Size", -4),
    ],
  },
  {
    // "Each block represents the base relocations for a 4K page."
    name: "A relocation block is for a page of the image",
    check: ({ relocations, optional }) =>
      firstOf(relocations.blocks, ({ header }) => {
        const page = header.get("PageRva");
        return page % PAGE_SIZE === 0 && page < optional.get("SizeOfImage") ? undefined : hex(page);
      }),
    breaks: [
      (image) => add(firstBlock(image).header, "PageRva", 4),
      (image) => firstBlock(image).header.set("PageRva", image.optional.get("SizeOfImage")),
    ],
  },
  {
    // "Base Relocation Types": 6 is reserved, and 5 and 7 to 9 are for different machines.
    name: "A relocation's type is valid for the machine",
    applies: hasEntries,
    check: (image) =>
      firstOf(entriesOf(image), (entry) => {
        const type = entry.get("Value") >>> 12;
        return type <= HIGHADJ || (type === DIR64 && image.is64) ? undefined : `type ${type}`;
      }),
    breaks: [5, 6, 9, 11, 15].map((type) => (image: PeImage) =>
      present(entriesOf(image)[0]).set("Value", type << 12)
    ),
  },
  {
    // Data without pointers has nothing to relocate, so each entry only pads its block.
    name: "A relocation is padding, all zero",
    applies: hasEntries,
    check: (image) => firstOf(entriesOf(image), (entry) => differs(entry.get("Value"), ABSOLUTE)),
    breaks: [
      (image) => present(entriesOf(image)[0]).set("Value", (image.is64 ? DIR64 : HIGHLOW) << 12),
      (image) => present(entriesOf(image).at(-1)).set("Value", 1),
    ],
  },
];

/** The rules for the directories and their contents. */
export const CONTENT_RULES: readonly PeRule[] = [
  ...DIRECTORY_RULES,
  ...EXPORT_RULES,
  ...RELOCATION_RULES,
];

/** Returns a rule that a directory is in one section, and in the section's raw data. */
function placeRule(of: string, index: number, leastSize: number): PeRule {
  return {
    name: `The ${of}' directory is in a section and in its raw data`,
    check(image) {
      const directory = image.directory(index);
      const [rva, size] = [directory.get("VirtualAddress"), directory.get("Size")];
      if (size < leastSize) return `it has ${size} bytes`;
      return image.offsetOf(rva, size) === undefined ? `${hex(rva)}, ${hex(size)}` : undefined;
    },
    breaks: [
      (image) => image.directory(index).set("Size", 0),
      (image) => image.directory(index).set("VirtualAddress", 0),
      (image) => image.directory(index).set("VirtualAddress", image.optional.get("SizeOfImage")),
      (image) => {
        const section = present(image.sectionOfDirectory(index));
        const end = section.get("VirtualAddress") + section.get("VirtualSize");
        const directory = image.directory(index);
        directory.set("Size", end - directory.get("VirtualAddress") + 1);
      },
    ],
  };
}

/** Returns a check of the exports. If they are unreadable, only the rule for that reports it. */
function ofExports(
  check: (exports: Exports, image: PeImage) => string | undefined,
): (image: PeImage) => string | undefined {
  return (image) => image.exports === undefined ? undefined : check(image.exports, image);
}

function tableRanges(
  { table, addresses, names, ordinals }: Exports,
  image: PeImage,
): { start: number; end: number; alignment: number }[] {
  const rangeOf = (start: number, size: number, alignment: number) => ({
    start,
    end: start + size,
    alignment,
  });
  return [
    rangeOf(
      image.directory(DIRECTORY.EXPORT).get("VirtualAddress"),
      SIZE_OF_EXPORT_DIRECTORY,
      4,
    ),
    rangeOf(table.get("ExportAddressTableRva"), 4 * addresses.length, 4),
    rangeOf(table.get("NamePointerRva"), 4 * names.length, 4),
    rangeOf(table.get("OrdinalTableRva"), 2 * ordinals.length, 2),
  ];
}

/** Returns the fault of a string, which must be in the export directory, including its NUL. */
function checkString(image: PeImage, rva: number, pattern: RegExp): string | undefined {
  const directory = image.directory(DIRECTORY.EXPORT);
  const start = directory.get("VirtualAddress");
  const string = image.stringAt(rva);
  if (string === undefined) return `there is no string at ${hex(rva)}`;
  if (rva < start || rva + string.length + 1 > start + directory.get("Size")) {
    return `${hex(rva)} is not in the directory`;
  }
  const text = String.fromCharCode(...string);
  return pattern.test(text) ? undefined : JSON.stringify(text);
}

function isLess(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let index = 0; index < b.length; index++) {
    const [left, right] = [a[index] ?? -1, b[index] ?? -1];
    if (left !== right) return left < right;
  }
  return false;
}

function tableOf(image: PeImage): Struct<ExportField> {
  return present(image.exports).table;
}

function firstName(image: PeImage): Struct<"Value"> {
  return present(present(image.exports).names[0]);
}

function firstAddress(image: PeImage): Struct<"Value"> {
  return present(present(image.exports).addresses[0]);
}

/** Returns the RVA of the shared section. */
function firstShared(image: PeImage): number {
  return present(image.sharedSections[0]).get("VirtualAddress");
}

function firstBlock(image: PeImage): RelocationBlock {
  return present(image.relocations.blocks[0]);
}

function lastBlock(image: PeImage): RelocationBlock {
  return present(image.relocations.blocks.at(-1));
}

function entriesOf(image: PeImage): Struct<"Value">[] {
  return image.relocations.blocks.flatMap(({ entries }) => entries);
}

function hasEntries(image: PeImage): boolean {
  return entriesOf(image).length > 0;
}

function setByte(image: PeImage, rva: number, value: number): void {
  image.bytes[present(image.offsetOf(rva, 1))] = value;
}

function add<Name extends string>(struct: Struct<Name>, field: Name, value: number): void {
  struct.set(field, struct.get(field) + value);
}
