/**
 * The headers of PE images, which programs and DLLs are.
 *
 * The names are those of winnt.h.
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
/** Begins the optional header of 32-bit images. */
export const PE32 = 0x10b;
/** Begins the optional header of 64-bit images. */
export const PE32_PLUS = 0x20b;

/** Windows maps images by pages of this many bytes, on every machine. */
export const PAGE_SIZE = 4096;

/** The image section has initialised data. */
export const IMAGE_SCN_CNT_INITIALIZED_DATA = 0x40;
/** The image section has data that is not initialised. */
export const IMAGE_SCN_CNT_UNINITIALIZED_DATA = 0x80;
/** The image section is not needed once the image is loaded. */
export const IMAGE_SCN_MEM_DISCARDABLE = 0x200_0000;
/** The image section is one memory for all processes. */
export const IMAGE_SCN_MEM_SHARED = 0x1000_0000;
/** The image section can be executed. */
export const IMAGE_SCN_MEM_EXECUTE = 0x2000_0000;
/** The image section can be read. */
export const IMAGE_SCN_MEM_READ = 0x4000_0000;
/** The image section can be written to. */
export const IMAGE_SCN_MEM_WRITE = 0x8000_0000;

/** Which directory is that of the exports. */
export const IMAGE_DIRECTORY_ENTRY_EXPORT = 0;
/** Which directory is that of the imports. */
export const IMAGE_DIRECTORY_ENTRY_IMPORT = 1;
/** Which directory is that of the addresses of imports. */
export const IMAGE_DIRECTORY_ENTRY_IAT = 12;
/** Which directory is that of the base relocations. */
export const IMAGE_DIRECTORY_ENTRY_BASERELOC = 5;
/** How many directories there are. */
export const DIRECTORY_COUNT = 16;

/** A machine that images are made for: those that Deno runs on, and that of 32-bit programs. */
export type Machine = "x64" | "arm64" | "x86";

/** The machines by their numbers (`IMAGE_FILE_MACHINE_…`). */
export const MACHINES: Readonly<Record<Machine, number>> = {
  x64: 0x8664,
  arm64: 0xaa64,
  x86: 0x14c,
};

/** The names of {@linkcode MACHINES}. */
export const MACHINE_NAMES = ["x64", "arm64", "x86"] as const satisfies Machine[];

/** The machine that this process's images are for. */
export const THIS_MACHINE: Machine = Deno.build.arch === "aarch64" ? "arm64" : "x64";

/** What MS-DOS would read. */
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

/** The signature and the file header (`IMAGE_FILE_HEADER`) behind it. */
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

/** What is known of an image section. */
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

/** What others find by its name. */
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
