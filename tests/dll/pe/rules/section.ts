import {
  alignUp,
  DIRECTORY,
  has,
  type PeImage,
  present,
  SCN,
  type SectionField,
  type Struct,
} from "./image.ts";
import { bitsOf, firstOf, hex, type PeRule } from "./rule.ts";

type Section = Struct<SectionField>;

/** The flags of "Section Flags" without the reserved bits and the flags for object files. */
const IMAGE_FLAGS = Object.values(SCN).reduce((sum, flag) => sum + flag, 0);

const CONTENT_FLAGS = SCN.CNT_CODE | SCN.CNT_INITIALIZED_DATA | SCN.CNT_UNINITIALIZED_DATA;

/** The fields of a section header that only an object file uses. */
const OBJECT_FIELDS = [
  "PointerToRelocations",
  "PointerToLinenumbers",
  "NumberOfRelocations",
  "NumberOfLinenumbers",
] as const;

/** "Section Table (Section Headers)" and "Section Data" */
const PLACE_RULES: readonly PeRule[] = [
  {
    // A name in an image has no "$" ("Grouped Sections"). It has no "/", which would refer to a
    // string table, because an image has no string table.
    name: "A section's name has 1 to 8 ASCII characters, and is padded with NULs",
    check: (image) =>
      firstOf(image.sections, (section) => {
        const name = String.fromCharCode(...image.nameOf(section));
        return /^[!-#%-.0-~]+\0*$/.test(name) ? undefined : JSON.stringify(name);
      }),
    breaks: [
      [0x24, 0],
      [0x2f, 0x34],
      [0xe9, 0],
      [0x20, 0],
      [0, 0],
      [0x61, 0, 0x62],
    ].map((name) => (image: PeImage) => image.nameOf(firstSection(image)).set(name)),
  },
  {
    name: "A section's VirtualSize is not zero",
    check: eachSection((section) => section.get("VirtualSize") > 0 ? undefined : "it is zero"),
    breaks: [(image) => firstSection(image).set("VirtualSize", 0)],
  },
  {
    name: "A section's VirtualAddress is a multiple of SectionAlignment",
    check: ({ optional, sections }) =>
      firstOf(
        sections,
        (section) => aligned(section, "VirtualAddress", optional.get("SectionAlignment")),
      ),
    breaks: [(image) => add(firstSection(image), "VirtualAddress", 512)],
  },
  {
    // "The VAs for sections must be assigned … in ascending order and adjacent". Windows also
    // refuses a gap after the headers.
    name: "Each section begins at the end of the previous section or of the headers",
    check({ optional, sections }) {
      const alignment = optional.get("SectionAlignment");
      let next = alignUp(optional.get("SizeOfHeaders"), alignment);
      return firstOf(sections, (section) => {
        const start = section.get("VirtualAddress");
        if (start !== next) return `${hex(start)} instead of ${hex(next)}`;
        next = alignUp(start + section.get("VirtualSize"), alignment);
        return undefined;
      });
    },
    breaks: [
      ({ optional, sections }) =>
        add(present(sections.at(-1)), "VirtualAddress", optional.get("SectionAlignment")),
      (image) =>
        add(firstSection(image), "VirtualAddress", -image.optional.get("SectionAlignment")),
      (image) =>
        firstSection(image).set(
          "VirtualSize",
          1 + alignUp(
            firstSection(image).get("VirtualSize"),
            image.optional.get("SectionAlignment"),
          ),
        ),
    ],
  },
  {
    name: "A section's SizeOfRawData is a multiple of FileAlignment",
    check: ({ optional, sections }) =>
      firstOf(
        sections,
        (section) => aligned(section, "SizeOfRawData", optional.get("FileAlignment")),
      ),
    breaks: [(image) => add(firstSection(image), "SizeOfRawData", -1)],
  },
  {
    // Zero means "only uninitialized data". More than VirtualSize is only valid by rounding up.
    name: "A section's SizeOfRawData is from 1 to VirtualSize, rounded up",
    check: ({ optional, sections }) =>
      firstOf(sections, (section) => {
        const size = section.get("SizeOfRawData");
        const most = alignUp(section.get("VirtualSize"), optional.get("FileAlignment"));
        return size > 0 && size <= most ? undefined : hex(size);
      }),
    breaks: [
      (image) => firstSection(image).set("SizeOfRawData", 0),
      ({ optional, sections }) => {
        const last = present(sections.at(-1));
        const size = alignUp(last.get("VirtualSize"), optional.get("FileAlignment"));
        last.set("SizeOfRawData", size + optional.get("FileAlignment"));
      },
    ],
  },
  {
    name: "A section's PointerToRawData is a multiple of FileAlignment",
    check: ({ optional, sections }) =>
      firstOf(
        sections,
        (section) => aligned(section, "PointerToRawData", optional.get("FileAlignment")),
      ),
    breaks: [(image) => add(firstSection(image), "PointerToRawData", 1)],
  },
  {
    // "Section data must appear in order of the RVA values". A gap is bytes that belong to no
    // table, and an overlap is bytes that belong to two tables.
    name: "The sections' raw data follows the headers without gaps or overlaps",
    check({ optional, sections }) {
      let next = optional.get("SizeOfHeaders");
      return firstOf(sections, (section) => {
        const start = section.get("PointerToRawData");
        if (start !== next) return `${hex(start)} instead of ${hex(next)}`;
        next = start + section.get("SizeOfRawData");
        return undefined;
      });
    },
    breaks: [
      (image) => firstSection(image).set("PointerToRawData", 0),
      (image) => add(firstSection(image), "SizeOfRawData", image.optional.get("FileAlignment")),
      ({ optional, sections }) =>
        add(present(sections.at(-1)), "PointerToRawData", optional.get("FileAlignment")),
      ({ sections }) =>
        present(sections.at(-1)).set(
          "PointerToRawData",
          present(sections.at(-2)).get("PointerToRawData"),
        ),
    ],
  },
  {
    name: "The file ends with the last section's raw data",
    check({ length, sections }) {
      const last = present(sections.at(-1));
      const end = last.get("PointerToRawData") + last.get("SizeOfRawData");
      return end === length ? undefined : `${hex(length)} instead of ${hex(end)}`;
    },
    breaks: [
      ({ optional, sections }) =>
        add(present(sections.at(-1)), "SizeOfRawData", -optional.get("FileAlignment")),
      ({ optional, sections }) =>
        add(present(sections.at(-1)), "SizeOfRawData", optional.get("FileAlignment")),
    ],
  },
  {
    // Windows maps whole pages, so bytes after VirtualSize can be read in memory.
    name: "A section's raw data is zero after VirtualSize",
    check: ({ bytes, sections }) =>
      firstOf(sections, (section) => {
        const start = section.get("PointerToRawData");
        const rest = bytes.subarray(
          start + section.get("VirtualSize"),
          start + section.get("SizeOfRawData"),
        );
        const offset = rest.findIndex((byte) => byte !== 0);
        return offset < 0 ? undefined : `not zero at ${hex(section.get("VirtualSize") + offset)}`;
      }),
    breaks: [
      ({ bytes, sections }) => {
        const last = present(sections.at(-1));
        const size = last.get("SizeOfRawData");
        if (last.get("VirtualSize") >= size) last.set("VirtualSize", size - 1);
        bytes[last.get("PointerToRawData") + size - 1] = 1;
      },
    ],
  },
  {
    // Relocations of a section are for object files. Line numbers are deprecated.
    name: "A section header has no relocations or line numbers",
    check: eachSection((section) =>
      OBJECT_FIELDS.every((field) => section.get(field) === 0) ? undefined : "it has"
    ),
    breaks: OBJECT_FIELDS.map((field) => (image: PeImage) => firstSection(image).set(field, 1)),
  },
];

/** "Section Flags" and "Special Sections" */
const FLAG_RULES: readonly PeRule[] = [
  {
    name: "A section has no reserved flag and no flag for object files",
    check: eachSection((section) => {
      const flags = section.get("Characteristics");
      return (flags & ~IMAGE_FLAGS) === 0 ? undefined : hex(flags);
    }),
    breaks: bitsOf(~IMAGE_FLAGS >>> 0).map((flag) => toggle(firstSection, flag)),
  },
  {
    name: "A section contains only initialised data",
    check: eachSection((section) => {
      const kind = section.get("Characteristics") & CONTENT_FLAGS;
      return kind === SCN.CNT_INITIALIZED_DATA ? undefined : hex(kind);
    }),
    breaks: bitsOf(CONTENT_FLAGS).map((flag) => toggle(firstSection, flag)),
  },
  {
    name: "No section can be executed",
    check: eachSection((section) =>
      has(section, SCN.MEM_EXECUTE) ? hex(section.get("Characteristics")) : undefined
    ),
    breaks: [toggle(firstSection, SCN.MEM_EXECUTE), toggle(lastSection, SCN.MEM_EXECUTE)],
  },
  {
    name: "Every section can be read",
    check: eachSection((section) =>
      has(section, SCN.MEM_READ) ? undefined : hex(section.get("Characteristics"))
    ),
    breaks: [toggle(firstSection, SCN.MEM_READ), toggle(lastSection, SCN.MEM_READ)],
  },
  {
    // Only drivers can use these flags.
    name: "Every section can be cached and paged",
    check: eachSection((section) =>
      has(section, SCN.MEM_NOT_CACHED) || has(section, SCN.MEM_NOT_PAGED)
        ? hex(section.get("Characteristics"))
        : undefined
    ),
    breaks: [toggle(firstSection, SCN.MEM_NOT_CACHED), toggle(lastSection, SCN.MEM_NOT_PAGED)],
  },
  {
    name: "Exactly one section is shared, and it can be read and written",
    check({ sharedSections }) {
      const [shared] = sharedSections;
      if (shared === undefined || sharedSections.length > 1) return `${sharedSections.length} are`;
      return flagsAre(shared, 0xd0000040);
    },
    breaks: [
      toggle(sharedSection, SCN.MEM_SHARED),
      toggle(sharedSection, SCN.MEM_WRITE),
      toggle(sharedSection, SCN.MEM_DISCARDABLE),
      toggle(exportSection, SCN.MEM_SHARED),
    ],
  },
  {
    // "Special Sections", .edata and .rdata
    name: "The exports' section can only be read",
    check: (image) => flagsAre(image.sectionOfDirectory(DIRECTORY.EXPORT), 0x40000040),
    breaks: [
      toggle(exportSection, SCN.MEM_WRITE),
      toggle(exportSection, SCN.MEM_DISCARDABLE),
    ],
  },
  {
    // "Special Sections", .reloc
    name: "The relocations' section is .reloc, can only be read and can be discarded",
    check(image) {
      const section = image.sectionOfDirectory(DIRECTORY.BASE_RELOCATION);
      const text = flagsAre(section, 0x42000040);
      if (text !== undefined || section === undefined) return text;
      const name = String.fromCharCode(...image.nameOf(section));
      return name === ".reloc\0\0" ? undefined : JSON.stringify(name);
    },
    breaks: [
      toggle(relocationSection, SCN.MEM_DISCARDABLE),
      toggle(relocationSection, SCN.MEM_WRITE),
      (image) => image.nameOf(relocationSection(image)).set([0x52], 1),
    ],
  },
];

/** The rules for the section table. */
export const SECTION_RULES: readonly PeRule[] = [...PLACE_RULES, ...FLAG_RULES];

function eachSection(
  check: (section: Section) => string | undefined,
): (image: PeImage) => string | undefined {
  return ({ sections }) => firstOf(sections, check);
}

function aligned(section: Section, field: SectionField, alignment: number): string | undefined {
  const value = section.get(field);
  return value % alignment === 0 ? undefined : hex(value);
}

function flagsAre(section: Section | undefined, expected: number): string | undefined {
  if (section === undefined) return "there is none";
  const flags = section.get("Characteristics");
  return flags === expected ? undefined : hex(flags);
}

function add(section: Section, field: SectionField, value: number): void {
  section.set(field, section.get(field) + value);
}

function toggle(
  sectionOf: (image: PeImage) => Section,
  flag: number,
): (image: PeImage) => void {
  return (image) => {
    const section = sectionOf(image);
    section.set("Characteristics", (section.get("Characteristics") ^ flag) >>> 0);
  };
}

function firstSection({ sections }: PeImage): Section {
  return present(sections[0]);
}

function lastSection({ sections }: PeImage): Section {
  return present(sections.at(-1));
}

function sharedSection({ sharedSections }: PeImage): Section {
  return present(sharedSections[0]);
}

function exportSection(image: PeImage): Section {
  return present(image.sectionOfDirectory(DIRECTORY.EXPORT));
}

function relocationSection(image: PeImage): Section {
  return present(image.sectionOfDirectory(DIRECTORY.BASE_RELOCATION));
}
