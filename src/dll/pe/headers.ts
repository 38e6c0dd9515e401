/**
 * The headers of PE images, the file format of programs and DLLs, with names from winnt.h. Reads them
 * and the names of image sections, never beyond the bytes, and collects the problems of an image.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#section-table-section-headers}
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#file-headers}
 * @module
 */

import { array } from "../../struct/array.ts";
import { type Layout, struct, type StructValue } from "../../struct/layout.ts";
import type { Fields } from "../../struct/placement.ts";

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

/** The bytes of an image, with checked access. */
export class ImageSource {
  /** The size of the image file in bytes. */
  readonly byteLength: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #label: string;

  /**
   * Wraps the bytes of an image file.
   *
   * @param label The name of the image in messages, such as `file "C:\\one.dll"`.
   */
  constructor(bytes: Uint8Array<ArrayBuffer>, label: string) {
    this.#bytes = bytes;
    this.#label = label;
    this.byteLength = bytes.length;
  }

  /** Reads a struct, or throws with its name `what` if it is not within the bytes. */
  read<F extends Fields>(layout: Layout<F>, offset: number, what: string): StructValue<F> {
    this.assertWithin(offset, layout.byteLength, what);
    return layout.read(this.#bytes, offset);
  }

  /** Reads a 16-bit number. */
  u16(offset: number, what: string): number {
    this.assertWithin(offset, 2, what);
    return this.#bytes[offset]! + this.#bytes[offset + 1]! * 256;
  }

  /** Copies bytes, and pads the copy with zeros to `paddedLength`. */
  copy(offset: number, byteLength: number, paddedLength: number): Uint8Array<ArrayBuffer> {
    const padded = new Uint8Array(paddedLength);
    padded.set(this.bytesAt(offset, byteLength));
    return padded;
  }

  /**
   * Returns a part of the bytes, without copying. It is shorter, or empty, at the end of the
   * file.
   */
  bytesAt(offset: number, byteLength: number): Uint8Array<ArrayBuffer> {
    if (offset >= this.byteLength || byteLength <= 0) return new Uint8Array(0);
    return this.#bytes.subarray(offset, offset + byteLength);
  }

  /** Throws unless a part is within the image's bytes. */
  assertWithin(offset: number, byteLength: number, what: string): void {
    if (offset >= 0 && byteLength >= 0 && offset + byteLength <= this.byteLength) return;
    this.fail(
      `${what} (${byteLength} bytes) is not within the file's ${this.byteLength} bytes`,
      offset,
    );
  }

  /** Throws `InvalidData` with a fault and its offset in the file. */
  fail(what: string, offset: number): never {
    throw new Deno.errors.InvalidData(
      `Expected a valid PE image, but in ${this.#label} ${what}, at offset ${offset}`,
    );
  }
}

/** Maximum length of a name in bytes, because compilers make no longer names. */
export const MAX_NAME = 4096;

/** Decodes a name up to its NUL or the end of the bytes. Linkers write names in UTF-8. */
export function decodeName(bytes: Uint8Array<ArrayBuffer>): string {
  const nul = bytes.indexOf(0);
  const name = nul < 0 ? bytes : bytes.subarray(0, nul);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(name);
}

/** A fault in an image that Windows' loader accepts. */
export interface ImageProblem {
  /** The fault, such as `the name of image section "/4" is not in the string table`. */
  readonly message: string;
  /** The offset of the fault in the file, in bytes. */
  readonly offset: number;
  /**
   * Whether the image cannot be shared safely, so that `SharedSection.load` refuses it. Windows
   * would write to the wrong addresses, or to memory that other processes use, or share nothing.
   */
  readonly unsafe: boolean;
}

/** Maximum number of collected problems, because a hostile image could have millions. */
const MAX_PROBLEMS = 100;

/** Collects the problems of an image. */
export class ImageProblems {
  /** The problems, unsafe ones first. At most {@linkcode MAX_PROBLEMS}. */
  readonly all: ImageProblem[] = [];

  /** Adds a harmless problem. */
  add(message: string, offset: number): void {
    if (this.all.length < MAX_PROBLEMS) this.all.push({ message, offset, unsafe: false });
  }

  /** Adds a problem that makes it unsafe to map the image, before all other problems. */
  addUnsafe(message: string, offset: number): void {
    this.all.unshift({ message, offset, unsafe: true });
    this.all.length = Math.min(this.all.length, MAX_PROBLEMS);
  }
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** Size in bytes of the number at the beginning of the string table, which is the table's size. */
const SIZE_BYTES = 4;

/**
 * Returns the whole name of an image section.
 *
 * A name over 8 bytes is in the COFF string table. Then the header has the name's offset in the
 * table: in decimal (`/4`), or in base64 (`//AAAAAE`) if a decimal number does not fit. Microsoft's
 * page describes this for object files only. GCC and LLVM write such names into images, too.
 *
 * @param headerName The name in the image section's header.
 * @param stringsAt The offset of the string table in the file, or `undefined` if there is none.
 * @param headerAt The offset of the image section's header in the file.
 */
export function fullName(
  source: ImageSource,
  problems: ImageProblems,
  headerName: string,
  stringsAt: number | undefined,
  headerAt: number,
): string {
  const offset = offsetInStrings(headerName);
  if (offset === undefined) return headerName;
  const name = stringsAt === undefined ? undefined : stringAt(source, stringsAt, offset);
  if (name !== undefined) return name;
  problems.add(
    `the name of image section ${JSON.stringify(headerName)} is not in the string table`,
    headerAt,
  );
  return headerName;
}

function offsetInStrings(headerName: string): number | undefined {
  if (/^\/[0-9]{1,7}$/.test(headerName)) return Number(headerName.slice(1));
  if (!/^\/\/[A-Za-z0-9+/]{6}$/.test(headerName)) return undefined;
  return [...headerName.slice(2)].reduce((sum, digit) => sum * 64 + BASE64.indexOf(digit), 0);
}

function stringAt(source: ImageSource, stringsAt: number, offset: number): string | undefined {
  const size = source.bytesAt(stringsAt, SIZE_BYTES);
  if (size.length < SIZE_BYTES || offset < SIZE_BYTES) return undefined;
  const end = new DataView(size.buffer, size.byteOffset).getUint32(0, true);
  const bytes = source.bytesAt(stringsAt + offset, Math.min(end - offset, MAX_NAME));
  return bytes.indexOf(0) <= 0 ? undefined : decodeName(bytes);
}

/** The address and size of a directory in memory. Both are 0 if the image does not have it. */
export interface Directory {
  /** The address, in bytes from the image's base. */
  readonly VirtualAddress: number;
  /** The size in bytes. */
  readonly Size: number;
}

/** The contents of the headers. */
export interface Headers {
  /** The machine type of the image, or its number if it has no name here. */
  readonly machine: Machine | number;
  /** `IMAGE_FILE_…` flags. */
  readonly characteristics: number;
  /** The offset of the section table in the file, in bytes. */
  readonly sectionsAt: number;
  /** The number of image sections. */
  readonly sectionCount: number;
  /** The offset of the COFF string table in the file, in bytes, or `undefined` if there is none. */
  readonly stringsAt: number | undefined;
  /** The alignment of image sections in memory, in bytes. */
  readonly sectionAlignment: number;
  /** The size of the image in memory, in bytes. */
  readonly sizeOfImage: number;
  /** The size of the headers in bytes. */
  readonly sizeOfHeaders: number;
  /** The directories that the optional header contains, by index. */
  readonly directories: readonly Directory[];
}

/** `IMAGE_FILE_EXECUTABLE_IMAGE` */
const EXECUTABLE_IMAGE = 0x2;
/** Size of an entry of the COFF symbol table in bytes. The string table follows the entries. */
const SYMBOL_SIZE = 18;
const DIRECTORY_SIZE = 8;

/**
 * Reads the headers of an image.
 *
 * @throws {Deno.errors.InvalidData} If the file is not a PE image, or Windows refuses its headers.
 */
export function readHeaders(source: ImageSource, problems: ImageProblems): Headers {
  const dosHeader = source.read(IMAGE_DOS_HEADER, 0, "the MS-DOS header");
  if (dosHeader.e_magic !== IMAGE_DOS_SIGNATURE) source.fail('"MZ" is missing', 0);
  const fileHeaderAt = dosHeader.e_lfanew;
  const fileHeader = source.read(FILE_HEADER, fileHeaderAt, "the file header");
  if (fileHeader.Signature !== IMAGE_NT_SIGNATURE) source.fail('"PE" is missing', fileHeaderAt);
  if ((fileHeader.Characteristics & EXECUTABLE_IMAGE) === 0) {
    problems.add("the linker has not marked the image as executable", fileHeaderAt);
  }
  const machine = MACHINE_NAMES.find((name) => MACHINES[name] === fileHeader.Machine) ??
    fileHeader.Machine;
  const at = fileHeaderAt + FILE_HEADER.byteLength;
  const size = fileHeader.SizeOfOptionalHeader;
  const { kind, header, directories } = readOptionalHeader(source, problems, at, size);
  if (typeof machine === "string" && (machine === "x86") !== (kind === PE32)) {
    source.fail(
      `the optional header is for a ${kind === PE32 ? 32 : 64}-bit image, which does not fit the ` +
        `machine ${machine}`,
      at,
    );
  }
  assertAlignments(source, header, at);
  const { PointerToSymbolTable: symbolsAt, NumberOfSymbols: symbolCount } = fileHeader;
  return {
    machine,
    characteristics: fileHeader.Characteristics,
    sectionsAt: at + size,
    sectionCount: fileHeader.NumberOfSections,
    stringsAt: symbolsAt === 0 ? undefined : symbolsAt + symbolCount * SYMBOL_SIZE,
    sectionAlignment: header.SectionAlignment,
    sizeOfImage: header.SizeOfImage,
    sizeOfHeaders: header.SizeOfHeaders,
    directories,
  };
}

function readOptionalHeader(
  source: ImageSource,
  problems: ImageProblems,
  at: number,
  size: number,
) {
  const what = "the optional header";
  source.assertWithin(at, Math.max(size, 2), what);
  const kind = source.u16(at, what);
  if (kind !== PE32 && kind !== PE32_PLUS) source.fail(`${what} is of an unknown kind`, at);
  const layout = kind === PE32_PLUS ? IMAGE_OPTIONAL_HEADER64 : IMAGE_OPTIONAL_HEADER32;
  const fixed = layout.byteLength - DIRECTORY_COUNT * DIRECTORY_SIZE;
  if (size < fixed) source.fail(`${what} has only ${size} bytes`, at);
  // A header can have fewer than 16 directories. The section table follows directly.
  const bytes = source.copy(at, Math.min(size, layout.byteLength), layout.byteLength);
  const header = kind === PE32_PLUS
    ? IMAGE_OPTIONAL_HEADER64.read(bytes)
    : IMAGE_OPTIONAL_HEADER32.read(bytes);
  const room = Math.floor((size - fixed) / DIRECTORY_SIZE);
  const count = header.NumberOfRvaAndSizes;
  if (count > room) {
    problems.add(`${what} has room for ${room} directories, but its count is ${count}`, at);
  }
  return { kind, header, directories: header.DataDirectory.slice(0, Math.min(count, room)) };
}

/** Throws unless Windows accepts the alignments of image sections in memory and in the file. */
function assertAlignments(
  source: ImageSource,
  header: { SectionAlignment: number; FileAlignment: number },
  at: number,
): void {
  const { SectionAlignment: inMemory, FileAlignment: inFile } = header;
  const sound = isPowerOf2(inMemory) && isPowerOf2(inFile) &&
    (inMemory < PAGE_SIZE ? inMemory === inFile : inMemory >= inFile);
  if (!sound) {
    source.fail(
      `image sections are aligned to ${inMemory} bytes in memory and to ${inFile} in the file`,
      at,
    );
  }
}

function isPowerOf2(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
