/**
 * Reads what PE images say of themselves, and believes none of it unseen.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 * @module
 */

import {
  FILE_HEADER,
  IMAGE_DIRECTORY_ENTRY_BASERELOC,
  IMAGE_DIRECTORY_ENTRY_EXPORT,
  IMAGE_DOS_HEADER,
  IMAGE_DOS_SIGNATURE,
  IMAGE_EXPORT_DIRECTORY,
  IMAGE_NT_SIGNATURE,
  IMAGE_OPTIONAL_HEADER32,
  IMAGE_OPTIONAL_HEADER64,
  type Machine,
  MACHINE_NAMES,
  MACHINES,
  PE32,
  PE32_PLUS,
} from "./format.ts";
import { type ImageSection, ImageSections } from "./image_sections.ts";
import { ImageSource } from "./image_source.ts";
import { assertSoundRelocations } from "./relocations.ts";

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
  const sections = new ImageSections(source, sectionsAt, NumberOfSections, SizeOfImage);
  const directory = (index: number) =>
    DataDirectory[index < NumberOfRvaAndSizes ? index : -1] ?? { VirtualAddress: 0, Size: 0 };
  assertSoundRelocations(source, sections, directory(IMAGE_DIRECTORY_ENTRY_BASERELOC));
  return {
    machine: MACHINE_NAMES.find((name) => MACHINES[name] === number) ?? number,
    dll: (Characteristics & DLL) !== 0,
    sections: sections.all,
    exports: readExports(source, sections, directory(IMAGE_DIRECTORY_ENTRY_EXPORT)),
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

function readExports(
  source: ImageSource,
  sections: ImageSections,
  directory: { VirtualAddress: number; Size: number },
): ImageExport[] {
  if (directory.VirtualAddress === 0) return [];
  const table = (address: number, count: number, width: 2 | 4, what: string) => {
    if (count === 0) return [];
    if (count > MOST_EXPORTS) source.fail(`${what} has ${count} entries`, 0);
    const { offset, end } = sections.locate(address, what);
    if (offset + count * width > end) source.fail(`${what} ends beyond its section`, offset);
    return source.table(offset, count, width, what);
  };
  const text = (address: number, what: string) => {
    const { offset, end } = sections.locate(address, what);
    return source.text(offset, Math.min(end, offset + MOST_NAME), what);
  };
  const at = sections.locate(directory.VirtualAddress, "the export directory").offset;
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
      section: isForwarder(address) ? undefined : sections.at(address)?.name,
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
