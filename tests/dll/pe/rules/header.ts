import {
  alignUp,
  checksumOf,
  DIRECTORY_COUNT,
  isPowerOfTwo,
  MACHINE,
  MAGIC,
  type OptionalField,
  type PeImage,
  present,
  SCN,
} from "./image.ts";
import { bitsRule, differs, fieldRule, firstOf, hex, type PeRule, stampRule } from "./rule.ts";

const SIZE_OF_DOS_HEADER = 64;
const SIZE_OF_SIGNATURE_AND_FILE_HEADER = 24;
const PAGE_SIZE = 4096;
const FOUR_GIB = 0x100000000;

/** The size of the optional header without its directories: "Optional Header (Image Only)". */
const SIZE_OF_FIXED_FIELDS: Readonly<Record<number, number>> = {
  [MAGIC.PE32]: 96,
  [MAGIC.PE32_PLUS]: 112,
};

/** The rules that an image must follow so that its headers can be found. */
const ESSENTIAL_RULES: readonly PeRule[] = [
  {
    // "MS-DOS Stub (Image Only)"
    name: "The file begins with an MS-DOS header",
    essential: true,
    check(image) {
      if (image.length < SIZE_OF_DOS_HEADER) return `the file has ${image.length} bytes`;
      return differs(image.dos.get("e_magic"), 0x5a4d);
    },
    breaks: [(image) => image.dos.set("e_magic", 0x4d5a)],
  },
  {
    // "Overview": the PE header is aligned on an 8-byte boundary, after the MS-DOS section.
    name: "The PE header is aligned, and is after the MS-DOS header",
    check: ({ start }) =>
      start >= SIZE_OF_DOS_HEADER && start % 8 === 0 ? undefined : `it is at ${hex(start)}`,
    breaks: [
      (image) => image.dos.set("e_lfanew", image.start + 4),
      (image) => image.dos.set("e_lfanew", SIZE_OF_DOS_HEADER - 8),
    ],
  },
  {
    // "Signature (Image Only)". The header has the signature, the file header and the magic.
    name: "The PE header is within the file",
    essential: true,
    check: ({ start, length }) =>
      start + SIZE_OF_SIGNATURE_AND_FILE_HEADER + 2 <= length
        ? undefined
        : `it is at ${hex(start)}`,
    breaks: [
      (image) => image.dos.set("e_lfanew", alignUp(image.length, 8)),
      (image) => image.dos.set("e_lfanew", 0xfffffff8),
    ],
  },
  {
    name: 'The signature is "PE" and two NULs',
    essential: true,
    check: ({ signature }) => differs(signature.get("Signature"), 0x4550),
    breaks: [
      ({ signature }) => signature.set("Signature", 0x454e),
      ({ signature }) => signature.set("Signature", 0x14550),
    ],
  },
  {
    // "Optional Header (Image Only)": 0x107, a ROM image, is not for Windows.
    name: "The optional header's magic is the magic of PE32 or PE32+",
    essential: true,
    check({ optional, optionalStart, length }) {
      const magic = optional.get("Magic");
      const size = SIZE_OF_FIXED_FIELDS[magic];
      if (size === undefined) return hex(magic);
      return optionalStart + size <= length ? undefined : "the header ends after the file";
    },
    breaks: [({ optional }) => optional.set("Magic", 0x107)],
  },
  {
    // "Optional Header Data Directories (Image Only)" lists 16, the last of them reserved.
    name: "There are 16 directories",
    essential: true,
    check: ({ optional }) => differs(optional.get("NumberOfRvaAndSizes"), DIRECTORY_COUNT),
    breaks: [
      ({ optional }) => optional.set("NumberOfRvaAndSizes", 15),
      ({ optional }) => optional.set("NumberOfRvaAndSizes", 17),
    ],
  },
  {
    // "COFF File Header": this size determines the offset of the section table. Windows also
    // requires a multiple of eight, and these sizes are multiples of eight.
    name: "SizeOfOptionalHeader is the size of the fields and the directories",
    essential: true,
    check({ file, optional }) {
      const fixed = present(SIZE_OF_FIXED_FIELDS[optional.get("Magic")]);
      return differs(file.get("SizeOfOptionalHeader"), fixed + 8 * DIRECTORY_COUNT);
    },
    breaks: [
      ({ file }) => file.set("SizeOfOptionalHeader", file.get("SizeOfOptionalHeader") - 8),
      ({ file }) => file.set("SizeOfOptionalHeader", file.get("SizeOfOptionalHeader") + 8),
    ],
  },
  {
    // "COFF File Header": the Windows loader limits the number of sections to 96.
    name: "There are 1 to 96 sections",
    essential: true,
    check({ file }) {
      const count = file.get("NumberOfSections");
      return count >= 1 && count <= 96 ? undefined : `there are ${count}`;
    },
    breaks: [
      ({ file }) => file.set("NumberOfSections", 0),
      ({ file }) => file.set("NumberOfSections", 97),
    ],
  },
  {
    name: "The section table is within the headers, and the headers are within the file",
    essential: true,
    check({ sectionTableEnd, optional, length }) {
      const size = optional.get("SizeOfHeaders");
      if (sectionTableEnd > size) return `it ends at ${hex(sectionTableEnd)} of ${hex(size)}`;
      return size <= length ? undefined : `they end at ${hex(size)} of ${hex(length)}`;
    },
    breaks: [
      ({ optional, sectionTableEnd }) => optional.set("SizeOfHeaders", sectionTableEnd - 1),
      ({ optional, length }) => optional.set("SizeOfHeaders", length + 1),
    ],
  },
];

const DOS_RULES: readonly PeRule[] = [
  {
    // winnt.h, IMAGE_DOS_HEADER, "Reserved words"
    name: "The reserved words of the MS-DOS header are zero",
    check: ({ dos }) =>
      firstOf(
        ["e_res", "e_res2_low", "e_res2_middle", "e_res2_high"] as const,
        (field) => differs(dos.get(field), 0),
      ),
    breaks: [
      ({ dos }) => dos.set("e_res", 1),
      ({ dos }) => dos.set("e_res2_low", 1),
      ({ dos }) => dos.set("e_res2_middle", 1),
      ({ dos }) => dos.set("e_res2_high", 1),
    ],
  },
  {
    // "MS-DOS Stub (Image Only)": a program begins after e_cparhdr paragraphs. Without a program,
    // there is nothing before the PE header.
    name: "An MS-DOS program or zeros are before the PE header",
    check({ dos, start, bytes }) {
      const program = 16 * dos.get("e_cparhdr");
      if (program > start) return `the program begins at ${hex(program)}, after the PE header`;
      if (program >= SIZE_OF_DOS_HEADER) return undefined;
      const offset = bytes.subarray(SIZE_OF_DOS_HEADER, start).findIndex((byte) => byte !== 0);
      return offset < 0 ? undefined : `not zero at ${hex(SIZE_OF_DOS_HEADER + offset)}`;
    },
    breaks: [({ dos }) => dos.set("e_cparhdr", 0xffff)],
  },
];

const FILE_RULES: readonly PeRule[] = [
  {
    // "Machine Types"
    name: "The machine is x86, x64 or ARM64",
    check({ file }) {
      const machine = file.get("Machine");
      return Object.values(MACHINE).some((known) => known === machine) ? undefined : hex(machine);
    },
    breaks: [({ file }) => file.set("Machine", 0x1c4), ({ file }) => file.set("Machine", 0)],
  },
  {
    // PE32 is for x86, and PE32+ is for x64 and ARM64. Windows refuses any other pair.
    name: "The magic is valid for the machine",
    check: ({ file, optional }) =>
      differs(
        optional.get("Magic"),
        file.get("Machine") === MACHINE.I386 ? MAGIC.PE32 : MAGIC.PE32_PLUS,
      ),
    breaks: [({ file, is64 }) => file.set("Machine", is64 ? MACHINE.I386 : MACHINE.AMD64)],
  },
  stampRule("The file's time stamp means no time", (image) => image.file, "TimeDateStamp"),
  fieldRule("PointerToSymbolTable is zero", (image) => image.file, "PointerToSymbolTable", 0),
  fieldRule("NumberOfSymbols is zero", (image) => image.file, "NumberOfSymbols", 0),
  // The next rules are from "Characteristics".
  bitsRule("The image is valid and a DLL", (image) => image.file, "Characteristics", {
    set: 0x2002,
  }),
  bitsRule("Relocations are not stripped", (image) => image.file, "Characteristics", {
    clear: 0x0001,
  }),
  bitsRule("No deprecated or reserved bit is set", (image) => image.file, "Characteristics", {
    clear: 0x0004 | 0x0008 | 0x0010 | 0x0040 | 0x0080 | 0x8000,
  }),
  bitsRule(
    "No flag for swap files, system files or one processor is set",
    (image) => image.file,
    "Characteristics",
    { clear: 0x0400 | 0x0800 | 0x1000 | 0x4000 },
  ),
  {
    name: "32BIT_MACHINE is set only in PE32",
    check: ({ file, is64 }) => differs(file.get("Characteristics") & 0x0100, is64 ? 0 : 0x0100),
    breaks: [({ file }) => file.set("Characteristics", file.get("Characteristics") ^ 0x0100)],
  },
  {
    ...bitsRule("LARGE_ADDRESS_AWARE is set in PE32+", (image) => image.file, "Characteristics", {
      set: 0x0020,
    }),
    applies: ({ is64 }) => is64,
  },
];

/** "Optional Header Standard Fields (Image Only)", for an image without code */
const STANDARD_RULES: readonly PeRule[] = [
  sizeRule("SizeOfCode", SCN.CNT_CODE),
  sizeRule("SizeOfInitializedData", SCN.CNT_INITIALIZED_DATA),
  sizeRule("SizeOfUninitializedData", SCN.CNT_UNINITIALIZED_DATA),
  fieldRule("There is no entry point", optionalOf, "AddressOfEntryPoint", 0),
  fieldRule("There is no base of code", optionalOf, "BaseOfCode", 0),
  {
    name: "BaseOfData is the address of the first section of data",
    applies: ({ is64 }) => !is64,
    check({ optional, sections }) {
      const first = sections.find((section) => section.get("Characteristics") & 0x40);
      return differs(optional.get("BaseOfData"), first?.get("VirtualAddress") ?? 0);
    },
    breaks: [({ optional }) => optional.set("BaseOfData", 0)],
  },
];

/** "Optional Header Windows-Specific Fields (Image Only)" */
const WINDOWS_RULES: readonly PeRule[] = [
  {
    name: "ImageBase is a multiple of 64 KiB",
    check: ({ optional }) => {
      const base = optional.get("ImageBase");
      return base % 0x10000 === 0 ? undefined : hex(base);
    },
    breaks: [({ optional }) => optional.set("ImageBase", optional.get("ImageBase") + 0x8000)],
  },
  {
    // A 32-bit process has 2 GiB. Microsoft's linker refuses a base below 4 GiB for ARM64 (LNK1355)
    // and warns about it for x64 (LNK4281). A 64-bit process has 2^47 bytes.
    name: "ImageBase is in the address range of the format",
    check({ optional, is64 }) {
      const base = optional.get("ImageBase");
      const end = base + optional.get("SizeOfImage");
      const good = is64 ? base >= FOUR_GIB && end <= 2 ** 47 : base > 0 && end <= 0x80000000;
      return good ? undefined : hex(base);
    },
    breaks: [
      ({ optional, is64 }) => optional.set("ImageBase", is64 ? 0x10000000 : 0x80000000),
      ({ optional }) => optional.set("ImageBase", 0),
    ],
  },
  {
    name: "FileAlignment is a power of two from 512 to 64 Ki",
    check({ optional }) {
      const alignment = optional.get("FileAlignment");
      const good = isPowerOfTwo(alignment) && alignment >= 512 && alignment <= 0x10000;
      return good ? undefined : hex(alignment);
    },
    breaks: [0, 1, 256, 0x300, 0x20000].map((alignment) => ({ optional }: PeImage) =>
      optional.set("FileAlignment", alignment)
    ),
  },
  {
    // The page does not mention the power of two, but Windows refuses any other value.
    name: "SectionAlignment is a power of two, and at least a page and FileAlignment",
    check({ optional }) {
      const alignment = optional.get("SectionAlignment");
      const least = Math.max(PAGE_SIZE, optional.get("FileAlignment"));
      return isPowerOfTwo(alignment) && alignment >= least ? undefined : hex(alignment);
    },
    breaks: [
      ({ optional }) => optional.set("SectionAlignment", 0),
      ({ optional }) => optional.set("SectionAlignment", 0x800),
      ({ optional }) => optional.set("SectionAlignment", 0x3000),
      ({ optional }) => {
        optional.set("FileAlignment", 0x10000);
        optional.set("SectionAlignment", 0x8000);
      },
    ],
  },
  versionRule("OperatingSystem", () => [4, 0]),
  // The page of the linker option /SUBSYSTEM lists these minimum versions.
  versionRule("Subsystem", ({ file }) => {
    const machine = file.get("Machine");
    if (machine === MACHINE.I386) return [5, 1];
    return machine === MACHINE.AMD64 ? [5, 2] : [6, 2];
  }),
  fieldRule("Win32VersionValue is zero", optionalOf, "Win32VersionValue", 0),
  {
    name: "SizeOfImage is a multiple of SectionAlignment",
    check({ optional }) {
      const size = optional.get("SizeOfImage");
      return size % optional.get("SectionAlignment") === 0 ? undefined : hex(size);
    },
    breaks: [({ optional }) => optional.set("SizeOfImage", optional.get("SizeOfImage") - 512)],
  },
  {
    name: "SizeOfImage is the end of the last section",
    check({ optional, sections }) {
      const last = present(sections.at(-1));
      const end = last.get("VirtualAddress") + last.get("VirtualSize");
      return differs(optional.get("SizeOfImage"), alignUp(end, optional.get("SectionAlignment")));
    },
    breaks: [
      ({ optional }) =>
        optional.set("SizeOfImage", optional.get("SizeOfImage") + optional.get("SectionAlignment")),
      ({ optional }) =>
        optional.set("SizeOfImage", optional.get("SizeOfImage") - optional.get("SectionAlignment")),
    ],
  },
  {
    // "Optional Header (Image Only)" allows at most 2 GiB, but Windows only 0x77000000 bytes.
    name: "SizeOfImage is at most the size that Windows accepts",
    check({ optional }) {
      const size = optional.get("SizeOfImage");
      return size <= 0x77000000 ? undefined : hex(size);
    },
    breaks: [({ optional }) => optional.set("SizeOfImage", 0x78000000)],
  },
  {
    name: "SizeOfHeaders is the end of the section table, rounded up to FileAlignment",
    check: ({ optional, sectionTableEnd }) =>
      differs(
        optional.get("SizeOfHeaders"),
        alignUp(sectionTableEnd, optional.get("FileAlignment")),
      ),
    breaks: [({ optional, sectionTableEnd }) => optional.set("SizeOfHeaders", sectionTableEnd + 1)],
  },
  {
    // The headers contain only "the MS-DOS stub, PE header, and section headers".
    name: "The headers are zero after the section table",
    applies: ({ optional, sectionTableEnd }) => sectionTableEnd < optional.get("SizeOfHeaders"),
    check({ bytes, optional, sectionTableEnd }) {
      const rest = bytes.subarray(sectionTableEnd, optional.get("SizeOfHeaders"));
      const offset = rest.findIndex((byte) => byte !== 0);
      return offset < 0 ? undefined : `not zero at ${hex(sectionTableEnd + offset)}`;
    },
    breaks: [
      ({ bytes, sectionTableEnd }) => bytes[sectionTableEnd] = 1,
      ({ bytes, optional }) => bytes[optional.get("SizeOfHeaders") - 1] = 1,
    ],
  },
  {
    // "Windows Subsystem"
    name: "The subsystem is Windows with a graphical or a character interface",
    check({ optional }) {
      const subsystem = optional.get("Subsystem");
      return subsystem === 2 || subsystem === 3 ? undefined : hex(subsystem);
    },
    breaks: [0, 1, 9].map((subsystem) => ({ optional }: PeImage) =>
      optional.set("Subsystem", subsystem)
    ),
  },
  // The next rules are from "DLL Characteristics". Windows on ARM64 refuses an image without these
  // two flags.
  bitsRule("DYNAMIC_BASE and NX_COMPAT are set", optionalOf, "DllCharacteristics", {
    set: 0x0040 | 0x0100,
  }),
  bitsRule("No reserved bit is set", optionalOf, "DllCharacteristics", { clear: 0x001f }),
  // These flags need code, a certificate or a load configuration. /TSAWARE is not valid for DLLs.
  bitsRule("No flag for missing features is set", optionalOf, "DllCharacteristics", {
    clear: 0x0080 | 0x1000 | 0x2000 | 0x4000 | 0x8000,
  }),
  {
    ...bitsRule("HIGH_ENTROPY_VA is clear in PE32", optionalOf, "DllCharacteristics", {
      clear: 0x0020,
    }),
    applies: ({ is64 }) => !is64,
  },
  reserveRule("Stack"),
  reserveRule("Heap"),
  fieldRule("LoaderFlags is zero", optionalOf, "LoaderFlags", 0),
];

/** The rule that every change of the file breaks, unless the checksum is computed again. */
export const CHECKSUM_RULE: PeRule = {
  name: "CheckSum is the file's",
  check({ bytes, optional }) {
    const expected = checksumOf(bytes, optional.offsetOf("CheckSum"));
    return differs(optional.get("CheckSum"), expected);
  },
  breaks: [
    ({ optional }) => optional.set("CheckSum", optional.get("CheckSum") + 1),
    ({ optional }) => optional.set("CheckSum", 0),
    ({ bytes }) => bytes[bytes.length - 1] = 0xff,
  ],
};

/** The rules for the headers before the section table. */
export const HEADER_RULES: readonly PeRule[] = [
  ...ESSENTIAL_RULES,
  ...DOS_RULES,
  ...FILE_RULES,
  ...STANDARD_RULES,
  ...WINDOWS_RULES,
  CHECKSUM_RULE,
];

function optionalOf(image: PeImage) {
  return image.optional;
}

/** Returns a rule that a field is the sum of the sizes of all sections of a kind. */
function sizeRule(field: OptionalField, kind: number): PeRule {
  return {
    name: `${field} is the sum of the sections' sizes`,
    check: ({ optional, sections }) =>
      differs(
        optional.get(field),
        sections
          .filter((section) => section.get("Characteristics") & kind)
          .reduce((sum, section) => sum + section.get("SizeOfRawData"), 0),
      ),
    breaks: [({ optional }) => optional.set(field, optional.get(field) + 512)],
  };
}

/** Returns a rule that a version is between the minimum version and 10.0, the newest version. */
function versionRule(
  of: "OperatingSystem" | "Subsystem",
  leastOf: (image: PeImage) => readonly [number, number],
): PeRule {
  const major = `Major${of}Version` as const;
  const minor = `Minor${of}Version` as const;
  return {
    name: `The ${of} version is a version of Windows`,
    check(image) {
      const version = [image.optional.get(major), image.optional.get(minor)] as const;
      const good = isOrdered(leastOf(image), version) && isOrdered(version, [10, 0]);
      return good ? undefined : version.join(".");
    },
    breaks: [
      ({ optional }) => optional.set(major, 3),
      ({ optional }) => optional.set(major, 11),
      ({ optional }) => {
        optional.set(major, 10);
        optional.set(minor, 1);
      },
    ],
  };
}

function isOrdered(low: readonly [number, number], high: readonly [number, number]): boolean {
  return low[0] < high[0] || (low[0] === high[0] && low[1] <= high[1]);
}

/** Returns a rule that the committed size is at most the reserved size. */
function reserveRule(of: "Stack" | "Heap"): PeRule {
  const reserve = `SizeOf${of}Reserve` as const;
  const commit = `SizeOf${of}Commit` as const;
  return {
    name: `The ${of.toLowerCase()} reserves as many bytes as it commits, or more`,
    check({ optional }) {
      const [reserved, committed] = [optional.get(reserve), optional.get(commit)];
      return reserved >= committed ? undefined : `${hex(committed)} of ${hex(reserved)}`;
    },
    breaks: [({ optional }) => optional.set(commit, optional.get(reserve) + 1)],
  };
}
