/**
 * Reads what PE images say of themselves, and believes none of it unseen.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 * @module
 */

import {
  FILE_HEADER,
  IMAGE_DIRECTORY_ENTRY_EXPORT,
  IMAGE_DOS_HEADER,
  IMAGE_DOS_SIGNATURE,
  IMAGE_EXPORT_DIRECTORY,
  IMAGE_NT_SIGNATURE,
  IMAGE_OPTIONAL_HEADER32,
  IMAGE_OPTIONAL_HEADER64,
  IMAGE_SCN_MEM_EXECUTE,
  IMAGE_SCN_MEM_READ,
  IMAGE_SCN_MEM_SHARED,
  IMAGE_SCN_MEM_WRITE,
  IMAGE_SECTION_HEADER,
  type Machine,
  MACHINE_NAMES,
  MACHINES,
  PE32,
  PE32_PLUS,
} from "./format.ts";
import { ImageSource } from "./image_source.ts";

/** A section of an image. */
export interface ImageSection {
  /** Its name, such as `.data`. */
  readonly name: string;
  /** Where it is in the memory, in bytes from the image's base. */
  readonly address: number;
  /** How large it is in the memory, in bytes. */
  readonly byteLength: number;
  /** Whether it can be read. */
  readonly readable: boolean;
  /** Whether it can be written to. */
  readonly writable: boolean;
  /** Whether it can be executed. */
  readonly executable: boolean;
  /**
   * Whether it is one memory for all processes. A `#pragma data_seg` alone does not make it so:
   * the linker has to be told as well, by `/SECTION:NAME,RWS`, or GCC by
   * `__attribute__((section("NAME"), shared))`; and only variables that are initialised are in it.
   */
  readonly shared: boolean;
}

/** What others can find in an image. */
export interface ImageExport {
  /** Its name; none: it is found by its ordinal only. */
  readonly name: string | undefined;
  /** Its number. */
  readonly ordinal: number;
  /** Where it is in the memory, in bytes from the image's base. */
  readonly address: number;
  /** The section that it is in; none: it is somewhere else, or in another DLL. */
  readonly section: string | undefined;
  /** The function of another DLL that it stands for, such as `NTDLL.RtlAllocateHeap`. */
  readonly forwarder: string | undefined;
}

/** What an image says of itself. */
export interface ImageInfo {
  /** The machine that it is for; one that winipc has no name for, by its number. */
  readonly machine: Machine | number;
  /** Whether it is a DLL. */
  readonly dll: boolean;
  /** Its sections, in the order of their addresses. */
  readonly sections: readonly ImageSection[];
  /** What others can find in it, by their ordinals. */
  readonly exports: readonly ImageExport[];
}

/** `IMAGE_FILE_DLL` */
const DLL = 0x2000;
/** Windows reads no more sections. */
const MOST_SECTIONS = 96;
/** Ordinals are 16 bits wide. */
const MOST_EXPORTS = 65_536;
/** Compilers make no longer names. */
const MOST_NAME = 4096;

/**
 * Reads an image.
 *
 * @param bytes The file's bytes.
 * @param label What it is, for messages: `file "C:\\one.dll"`.
 * @throws {Deno.errors.InvalidData} If it is no PE image, or one that contradicts itself; the message
 *   says what is wrong, and where.
 */
export function readImage(bytes: Uint8Array<ArrayBuffer>, label: string): ImageInfo {
  const source = new ImageSource(bytes, label);
  const { fileHeader, optionalHeader, sectionsAt } = readHeaders(source);
  const { Machine: number, NumberOfSections, Characteristics } = fileHeader;
  const { SizeOfImage, NumberOfRvaAndSizes, DataDirectory } = optionalHeader;
  const sections = readSections(source, sectionsAt, NumberOfSections, SizeOfImage);
  const exports = NumberOfRvaAndSizes > IMAGE_DIRECTORY_ENTRY_EXPORT
    ? DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT]
    : undefined;
  return {
    machine: MACHINE_NAMES.find((name) => MACHINES[name] === number) ?? number,
    dll: (Characteristics & DLL) !== 0,
    sections: sections.map(({ section }) => section),
    exports: exports === undefined ? [] : readExports(source, sections, exports),
  };
}

function readHeaders(source: ImageSource) {
  const dosHeader = source.read(IMAGE_DOS_HEADER, 0, "the MS-DOS header");
  if (dosHeader.e_magic !== IMAGE_DOS_SIGNATURE) source.fail('"MZ" is missing', 0);
  const fileHeaderAt = dosHeader.e_lfanew;
  const fileHeader = source.read(FILE_HEADER, fileHeaderAt, "the file header");
  if (fileHeader.Signature !== IMAGE_NT_SIGNATURE) source.fail('"PE" is missing', fileHeaderAt);
  const at = fileHeaderAt + FILE_HEADER.byteLength;
  const size = fileHeader.SizeOfOptionalHeader;
  source.assertWithin(at, Math.max(size, 2), "the optional header");
  const [magic] = source.table(at, 1, 2, "the optional header");
  if (magic !== PE32 && magic !== PE32_PLUS) {
    source.fail("the optional header is of no known kind", at);
  }
  const { byteLength } = magic === PE32_PLUS ? IMAGE_OPTIONAL_HEADER64 : IMAGE_OPTIONAL_HEADER32;
  // Windows takes headers with fewer directories, and linkers do not make them.
  if (size < byteLength) source.fail(`the optional header has ${size} bytes`, at);
  const optionalHeader = magic === PE32_PLUS
    ? source.read(IMAGE_OPTIONAL_HEADER64, at, "the optional header")
    : source.read(IMAGE_OPTIONAL_HEADER32, at, "the optional header");
  return { fileHeader, optionalHeader, sectionsAt: at + size };
}

/** A section, and where in the file its bytes are. */
interface PlacedSection {
  readonly section: ImageSection;
  readonly fileOffset: number;
  readonly fileLength: number;
}

function readSections(
  source: ImageSource,
  at: number,
  count: number,
  sizeOfImage: number,
): PlacedSection[] {
  if (count === 0 || count > MOST_SECTIONS) source.fail(`there are ${count} sections`, at);
  let end = 0;
  return Array.from({ length: count }, (_, index) => {
    const headerAt = at + index * IMAGE_SECTION_HEADER.byteLength;
    const header = source.read(IMAGE_SECTION_HEADER, headerAt, "the table of sections");
    const name = String.fromCharCode(...header.Name).replace(/\0.*$/s, "");
    const what = `section ${JSON.stringify(name)}`;
    const byteLength = header.VirtualSize || header.SizeOfRawData;
    const address = header.VirtualAddress;
    if (byteLength === 0) source.fail(`${what} is empty`, headerAt);
    if (address < end) source.fail(`${what} begins before the end of the one before it`, headerAt);
    end = address + byteLength;
    if (end > sizeOfImage) source.fail(`${what} ends beyond the image`, headerAt);
    if (header.SizeOfRawData > 0) {
      source.assertWithin(header.PointerToRawData, header.SizeOfRawData, what);
    }
    const has = (flag: number) => (header.Characteristics & flag) !== 0;
    return {
      section: {
        name,
        address,
        byteLength,
        readable: has(IMAGE_SCN_MEM_READ),
        writable: has(IMAGE_SCN_MEM_WRITE),
        executable: has(IMAGE_SCN_MEM_EXECUTE),
        shared: has(IMAGE_SCN_MEM_SHARED),
      },
      fileOffset: header.PointerToRawData,
      fileLength: header.SizeOfRawData,
    };
  });
}

function readExports(
  source: ImageSource,
  sections: readonly PlacedSection[],
  directory: { VirtualAddress: number; Size: number },
): ImageExport[] {
  if (directory.VirtualAddress === 0) return [];
  /** The section of an address; `undefined` if it is in none. */
  const sectionOf = (address: number) =>
    sections.find(({ section }) =>
      address >= section.address && address - section.address < section.byteLength
    );
  /** Where an address is in the file, and where what is in the file of its section ends. */
  const locate = (address: number, what: string) => {
    const placed = sectionOf(address);
    const offset = placed ? address - placed.section.address : 0;
    if (!placed || offset >= placed.fileLength) {
      source.fail(`${what} is at address ${address}, where the file has nothing`, 0);
    }
    return { offset: placed.fileOffset + offset, end: placed.fileOffset + placed.fileLength };
  };
  const table = (address: number, count: number, width: 2 | 4, what: string) => {
    if (count === 0) return [];
    if (count > MOST_EXPORTS) source.fail(`${what} has ${count} entries`, 0);
    const { offset, end } = locate(address, what);
    if (offset + count * width > end) source.fail(`${what} ends beyond its section`, offset);
    return source.table(offset, count, width, what);
  };
  const text = (address: number, what: string) => {
    const { offset, end } = locate(address, what);
    return source.text(offset, Math.min(end, offset + MOST_NAME), what);
  };
  const at = locate(directory.VirtualAddress, "the export directory").offset;
  const header = source.read(IMAGE_EXPORT_DIRECTORY, at, "the export directory");
  const addresses = table(
    header.AddressOfFunctions,
    header.NumberOfFunctions,
    4,
    "the table of exported addresses",
  );
  const names = table(
    header.AddressOfNames,
    header.NumberOfNames,
    4,
    "the table of exported names",
  );
  const indices = table(
    header.AddressOfNameOrdinals,
    header.NumberOfNames,
    2,
    "the table of ordinals",
  );
  /** An address within the directory is that of a forwarder's text. */
  const isForwarder = (address: number) =>
    address >= directory.VirtualAddress && address - directory.VirtualAddress < directory.Size;
  const describe = (name: string | undefined, index: number): ImageExport => {
    const address = addresses[index];
    if (address === undefined) source.fail(`the ordinal of ${name} has no address`, at);
    return {
      name,
      ordinal: header.Base + index,
      address,
      section: isForwarder(address) ? undefined : sectionOf(address)?.section.name,
      forwarder: isForwarder(address) ? text(address, "a forwarder") : undefined,
    };
  };
  const named = names.map((address, index) =>
    describe(text(address, "the name of an export"), indices[index]!)
  );
  const found = new Set(indices);
  const unnamed = addresses.flatMap((address, index) =>
    address === 0 || found.has(index) ? [] : [describe(undefined, index)]
  );
  return [...named, ...unnamed].sort((a, b) => a.ordinal - b.ordinal);
}
