/**
 * The headers of PE images: the file format of programs and DLLs. The names come from winnt.h.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 * @module
 */

import { array } from "../../struct/array.ts";
import { struct } from "../../struct/layout.ts";

/** "MZ", the first two bytes of an image. */
export const IMAGE_DOS_SIGNATURE = 0x5a4d;
/** "PE" and two NULs, before the file header. */
export const IMAGE_NT_SIGNATURE = 0x4550;
/** The value of `Magic` in the optional header of 32-bit images. */
export const PE32 = 0x10b;
/** The value of `Magic` in the optional header of 64-bit images. */
export const PE32_PLUS = 0x20b;

/** Size of a page in bytes, as Windows maps images on every machine. */
export const PAGE_SIZE = 4096;

/** The image section contains initialised data. */
export const IMAGE_SCN_CNT_INITIALIZED_DATA = 0x40;
/** The image section contains data that is not initialised. */
export const IMAGE_SCN_CNT_UNINITIALIZED_DATA = 0x80;
/** The image section is not needed once the image is loaded. */
export const IMAGE_SCN_MEM_DISCARDABLE = 0x200_0000;
/** The image section is shared by all processes. */
export const IMAGE_SCN_MEM_SHARED = 0x1000_0000;
/** The image section can be executed. */
export const IMAGE_SCN_MEM_EXECUTE = 0x2000_0000;
/** The image section can be read. */
export const IMAGE_SCN_MEM_READ = 0x4000_0000;
/** The image section can be written to. */
export const IMAGE_SCN_MEM_WRITE = 0x8000_0000;

/** The index of the export directory. */
export const IMAGE_DIRECTORY_ENTRY_EXPORT = 0;
/** The index of the import directory. */
export const IMAGE_DIRECTORY_ENTRY_IMPORT = 1;
/** The index of the directory for the import address table. */
export const IMAGE_DIRECTORY_ENTRY_IAT = 12;
/** The index of the directory for base relocations. */
export const IMAGE_DIRECTORY_ENTRY_BASERELOC = 5;
/** The number of directories in a complete optional header. */
export const DIRECTORY_COUNT = 16;

/**
 * The machine type of an image: `"x64"` or `"arm64"` as for Deno, or `"x86"` for 32-bit programs.
 */
export type Machine = "x64" | "arm64" | "x86";

/** The numbers of the machine types (`IMAGE_FILE_MACHINE_…`), by name. */
export const MACHINES: Readonly<Record<Machine, number>> = {
  x64: 0x8664,
  arm64: 0xaa64,
  x86: 0x14c,
};

/** The names of {@linkcode MACHINES}. */
export const MACHINE_NAMES = ["x64", "arm64", "x86"] as const satisfies Machine[];

/** Returns the machine type of this process. */
export function thisMachine(): Machine {
  return Deno.build.arch === "aarch64" ? "arm64" : "x64";
}

/** The header for MS-DOS, at the beginning of the file. */
export const IMAGE_DOS_HEADER = struct({
  e_magic: "u16",
  e_cblp: "u16",
  e_cp: "u16",
  e_crlc: "u16",
  e_cparhdr: "u16",
  e_minalloc: "u16",
  e_maxalloc: "u16",
  e_ss: "u16",
  e_sp: "u16",
  e_csum: "u16",
  e_ip: "u16",
  e_cs: "u16",
  e_lfarlc: "u16",
  e_ovno: "u16",
  e_lfanew: { type: "u32", offset: 60 },
});

/** The signature, followed by the file header (`IMAGE_FILE_HEADER`). */
export const FILE_HEADER = struct({
  Signature: "u32",
  Machine: "u16",
  NumberOfSections: "u16",
  TimeDateStamp: "u32",
  PointerToSymbolTable: "u32",
  NumberOfSymbols: "u32",
  SizeOfOptionalHeader: "u16",
  Characteristics: "u16",
});

const IMAGE_DATA_DIRECTORY = struct({ VirtualAddress: "u32", Size: "u32" });

const BEGINNING = {
  Magic: "u16",
  MajorLinkerVersion: "u8",
  MinorLinkerVersion: "u8",
  SizeOfCode: "u32",
  SizeOfInitializedData: "u32",
  SizeOfUninitializedData: "u32",
  AddressOfEntryPoint: "u32",
  BaseOfCode: "u32",
} as const;

const MIDDLE = {
  SectionAlignment: "u32",
  FileAlignment: "u32",
  MajorOperatingSystemVersion: "u16",
  MinorOperatingSystemVersion: "u16",
  MajorImageVersion: "u16",
  MinorImageVersion: "u16",
  MajorSubsystemVersion: "u16",
  MinorSubsystemVersion: "u16",
  Win32VersionValue: "u32",
  SizeOfImage: "u32",
  SizeOfHeaders: "u32",
  CheckSum: "u32",
  Subsystem: "u16",
  DllCharacteristics: "u16",
} as const;

const END = {
  LoaderFlags: "u32",
  NumberOfRvaAndSizes: "u32",
  DataDirectory: array(IMAGE_DATA_DIRECTORY, DIRECTORY_COUNT),
} as const;

/** The optional header of 64-bit images. */
export const IMAGE_OPTIONAL_HEADER64 = struct({
  ...BEGINNING,
  ImageBase: "u64",
  ...MIDDLE,
  SizeOfStackReserve: "u64",
  SizeOfStackCommit: "u64",
  SizeOfHeapReserve: "u64",
  SizeOfHeapCommit: "u64",
  ...END,
});

/** The optional header of 32-bit images. */
export const IMAGE_OPTIONAL_HEADER32 = struct({
  ...BEGINNING,
  BaseOfData: "u32",
  ImageBase: "u32",
  ...MIDDLE,
  SizeOfStackReserve: "u32",
  SizeOfStackCommit: "u32",
  SizeOfHeapReserve: "u32",
  SizeOfHeapCommit: "u32",
  ...END,
});

/** The header of an image section, an entry of the section table. */
export const IMAGE_SECTION_HEADER = struct({
  Name: array("u8", 8),
  VirtualSize: "u32",
  VirtualAddress: "u32",
  SizeOfRawData: "u32",
  PointerToRawData: "u32",
  PointerToRelocations: "u32",
  PointerToLinenumbers: "u32",
  NumberOfRelocations: "u16",
  NumberOfLinenumbers: "u16",
  Characteristics: "u32",
});

/** The export directory, with the addresses of the tables of functions, names and ordinals. */
export const IMAGE_EXPORT_DIRECTORY = struct({
  Characteristics: "u32",
  TimeDateStamp: "u32",
  MajorVersion: "u16",
  MinorVersion: "u16",
  Name: "u32",
  Base: "u32",
  NumberOfFunctions: "u32",
  NumberOfNames: "u32",
  AddressOfFunctions: "u32",
  AddressOfNames: "u32",
  AddressOfNameOrdinals: "u32",
});
