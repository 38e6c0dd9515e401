/**
 * Reads the headers of a PE image.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#file-headers}
 * @module
 */

import {
  DIRECTORY_COUNT,
  FILE_HEADER,
  IMAGE_DOS_HEADER,
  IMAGE_DOS_SIGNATURE,
  IMAGE_NT_SIGNATURE,
  IMAGE_OPTIONAL_HEADER32,
  IMAGE_OPTIONAL_HEADER64,
  type Machine,
  MACHINE_NAMES,
  MACHINES,
  PAGE_SIZE,
  PE32,
  PE32_PLUS,
} from "./format.ts";
import type { ImageProblems, ImageSource } from "./source.ts";

/** Where a directory is in the memory, and how large it is; 0 and 0 if there is none. */
export interface Directory {
  /** Where it is, in bytes from the image's base. */
  readonly VirtualAddress: number;
  /** How large it is, in bytes. */
  readonly Size: number;
}

/** What the headers say. */
export interface Headers {
  /** The machine that the image is for; one without a name here, by its number. */
  readonly machine: Machine | number;
  /** `IMAGE_FILE_…` flags. */
  readonly characteristics: number;
  /** Where the table of image sections is in the file, in bytes. */
  readonly sectionsAt: number;
  /** How many image sections there are. */
  readonly sectionCount: number;
  /** Where the COFF string table is in the file, in bytes; `undefined` if there is none. */
  readonly stringsAt: number | undefined;
  /** What the sizes and addresses of image sections are multiples of in the memory, in bytes. */
  readonly sectionAlignment: number;
  /** How large the image is in the memory, in bytes. */
  readonly sizeOfImage: number;
  /** How large the headers are, in bytes. */
  readonly sizeOfHeaders: number;
  /** The directories that there are. */
  readonly directories: readonly Directory[];
}

/** `IMAGE_FILE_EXECUTABLE_IMAGE` */
const EXECUTABLE_IMAGE = 0x2;
/** An entry of the COFF symbol table has this many bytes. */
const SYMBOL_SIZE = 18;
const DIRECTORY_SIZE = 8;

/**
 * Reads the headers.
 *
 * @throws {Deno.errors.InvalidData} If it is no PE image, or one whose headers Windows refuses.
 */
export function readHeaders(source: ImageSource, problems: ImageProblems): Headers {
  const dosHeader = source.read(IMAGE_DOS_HEADER, 0, "the MS-DOS header");
  if (dosHeader.e_magic !== IMAGE_DOS_SIGNATURE) source.fail('"MZ" is missing', 0);
  const fileHeaderAt = dosHeader.e_lfanew;
  const fileHeader = source.read(FILE_HEADER, fileHeaderAt, "the file header");
  if (fileHeader.Signature !== IMAGE_NT_SIGNATURE) source.fail('"PE" is missing', fileHeaderAt);
  if ((fileHeader.Characteristics & EXECUTABLE_IMAGE) === 0) {
    problems.add("the linker has not marked the image as one that can be run", fileHeaderAt);
  }
  const machine = MACHINE_NAMES.find((name) => MACHINES[name] === fileHeader.Machine) ??
    fileHeader.Machine;
  const at = fileHeaderAt + FILE_HEADER.byteLength;
  const size = fileHeader.SizeOfOptionalHeader;
  const { kind, header, directories } = readOptionalHeader(source, problems, at, size);
  if (typeof machine === "string" && (machine === "x86") !== (kind === PE32)) {
    source.fail(`the optional header is of a ${kind === PE32 ? 32 : 64}-bit image`, at);
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
  if (kind !== PE32 && kind !== PE32_PLUS) source.fail(`${what} is of no known kind`, at);
  const layout = kind === PE32_PLUS ? IMAGE_OPTIONAL_HEADER64 : IMAGE_OPTIONAL_HEADER32;
  const fixed = layout.byteLength - DIRECTORY_COUNT * DIRECTORY_SIZE;
  if (size < fixed) source.fail(`${what} has ${size} bytes`, at);
  // Microsoft's page lets a header have fewer directories; the table of sections is right behind it.
  const bytes = source.copy(at, Math.min(size, layout.byteLength), layout.byteLength);
  const header = kind === PE32_PLUS
    ? IMAGE_OPTIONAL_HEADER64.read(bytes)
    : IMAGE_OPTIONAL_HEADER32.read(bytes);
  const room = Math.floor((size - fixed) / DIRECTORY_SIZE);
  const count = header.NumberOfRvaAndSizes;
  if (count > room) {
    problems.add(`${what} says that it has ${count} directories, and has room for ${room}`, at);
  }
  return { kind, header, directories: header.DataDirectory.slice(0, Math.min(count, room)) };
}

/** Throws unless Windows can lay the image out in pages, or map it as it is in the file. */
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
      `sections are aligned to ${inMemory} bytes in the memory and to ${inFile} in the file`,
      at,
    );
  }
}

function isPowerOf2(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
