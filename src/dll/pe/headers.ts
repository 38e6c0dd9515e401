/**
 * Reads the headers of a PE image and the names of its image sections, never beyond its bytes. Collects
 * the problems that are found while an image is read.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#section-table-section-headers}
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#file-headers}
 * @module
 */

import type { Fields } from "../../struct/placement.ts";
import type { Layout, StructValue } from "../../struct/layout.ts";
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

/** The bytes of an image. */
export class ImageSource {
  /** How many there are. */
  readonly byteLength: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #label: string;

  /**
   * Reads bytes.
   *
   * @param label What they are, for messages: `file "C:\\one.dll"`.
   */
  constructor(bytes: Uint8Array<ArrayBuffer>, label: string) {
    this.#bytes = bytes;
    this.#label = label;
    this.byteLength = bytes.length;
  }

  /** Reads a struct; what it is called is for the message. */
  read<F extends Fields>(layout: Layout<F>, offset: number, what: string): StructValue<F> {
    this.assertWithin(offset, layout.byteLength, what);
    return layout.read(this.#bytes, offset);
  }

  /** Reads a number of 16 bits. */
  u16(offset: number, what: string): number {
    this.assertWithin(offset, 2, what);
    return this.#bytes[offset]! + this.#bytes[offset + 1]! * 256;
  }

  /** Copies bytes, and adds zeros up to a length. */
  copy(offset: number, byteLength: number, paddedLength: number): Uint8Array<ArrayBuffer> {
    const padded = new Uint8Array(paddedLength);
    padded.set(this.bytesAt(offset, byteLength));
    return padded;
  }

  /** Gives the bytes themselves: those that there are of a part, perhaps none. */
  bytesAt(offset: number, byteLength: number): Uint8Array<ArrayBuffer> {
    if (offset >= this.byteLength || byteLength <= 0) return new Uint8Array(0);
    return this.#bytes.subarray(offset, offset + byteLength);
  }

  /** Throws unless a part is within the bytes. */
  assertWithin(offset: number, byteLength: number, what: string): void {
    if (offset >= 0 && byteLength >= 0 && offset + byteLength <= this.byteLength) return;
    this.fail(`${what} (${byteLength} bytes) is not within its ${this.byteLength} bytes`, offset);
  }

  /** Throws that something is wrong. */
  fail(what: string, offset: number): never {
    throw new Deno.errors.InvalidData(
      `Expected a sound PE image, but in ${this.#label} ${what}, at offset ${offset}`,
    );
  }
}

/** The longest name that is read, in bytes: compilers make no longer ones. */
export const MAX_NAME = 4096;

/** Reads a name, which linkers write in UTF-8, up to its NUL or to the end. */
export function decodeName(bytes: Uint8Array<ArrayBuffer>): string {
  const nul = bytes.indexOf(0);
  const name = nul < 0 ? bytes : bytes.subarray(0, nul);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(name);
}

/** Something in an image that is not as it should be, though Windows' loader takes it. */
export interface ImageProblem {
  /** The finding, such as `the name of image section "/4" is not in the string table`. */
  readonly message: string;
  /** Where in the file it was found, in bytes from the beginning. */
  readonly offset: number;
  /**
   * Whether nothing of the image can be shared safely: `SharedSection.load` then refuses it. Windows
   * would write to the wrong places, or to memory that others use, or share nothing.
   */
  readonly unsafe: boolean;
}

/** Enough to see what is wrong; a hostile image could have millions. */
const MAX_PROBLEMS = 100;

/** The problems that are found while an image is read. */
export class ImageProblems {
  /** The first {@linkcode MAX_PROBLEMS} of them. */
  readonly all: ImageProblem[] = [];

  /** Adds one that harms nobody. */
  add(message: string, offset: number): void {
    if (this.all.length < MAX_PROBLEMS) this.all.push({ message, offset, unsafe: false });
  }

  /** Adds one for which the image must not be mapped, before all others. */
  addUnsafe(message: string, offset: number): void {
    this.all.unshift({ message, offset, unsafe: true });
    this.all.length = Math.min(this.all.length, MAX_PROBLEMS);
  }
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** The string table begins with its size, in this many bytes. */
const SIZE_BYTES = 4;

/** Decodes the name in an image section's header, which has 8 bytes at most. */
export function decodeHeaderName(bytes: readonly number[]): string {
  return decodeName(Uint8Array.from(bytes));
}

/**
 * Gives the whole name of an image section.
 *
 * A name over 8 bytes stands in the COFF string table, and the header has its offset there: `/4` in
 * decimals, or `//AAAAAE` in base64 where that has no room. Microsoft's page says so of object files
 * only; GCC and LLVM write such names into images as well.
 *
 * @param headerName The name in the image section's header.
 * @param stringsAt Where the string table is in the file; `undefined` if there is none.
 * @param headerAt Where the image section's header is in the file.
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
  // Microsoft's page lets a header have fewer directories; the table of image sections is right behind it.
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
      `image sections are aligned to ${inMemory} bytes in the memory and to ${inFile} in the file`,
      at,
    );
  }
}

function isPowerOf2(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
