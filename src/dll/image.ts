/**
 * Reads the images of programs and DLLs, with their headers, image sections, exports and base
 * relocations, and maps them. Everything in a file is checked.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 * @module
 */

import {
  decodeName,
  type Directory,
  IMAGE_DIRECTORY_ENTRY_BASERELOC,
  IMAGE_DIRECTORY_ENTRY_EXPORT,
  IMAGE_DIRECTORY_ENTRY_IAT,
  IMAGE_DIRECTORY_ENTRY_IMPORT,
  IMAGE_EXPORT_DIRECTORY,
  type ImageProblem,
  ImageProblems,
  ImageSource,
  type Machine,
  MAX_NAME,
  readHeaders,
  thisMachine,
} from "./pe/headers.ts";
import { type ImageSection, ImageSections, offsetIn } from "./pe/sections.ts";
import { type ByteSource, copyOfBytes } from "../../ffi/arguments.ts";
import { errorFromCode, type FailureOptions, lastErrorCode } from "../../ffi/error.ts";
import { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { openFile, SHARE_READ } from "../memory/mapped_file.ts";
import { FILE_MAP_READ, Mapping } from "../memory/mapping.ts";
import { mapView } from "../memory/mapped_view.ts";

/** A variable or a function that an image exports. */
export interface ImageExport {
  /** The name, or `undefined` if programs can find the export only by its ordinal. */
  readonly name: string | undefined;
  /** The ordinal, by which programs can find the export without its name. */
  readonly ordinal: number;
  /** The address in memory, in bytes from the image's base. */
  readonly address: number;
  /** The name of its image section, or `undefined` if it is in none or in another DLL. */
  readonly section: string | undefined;
  /** The function of another DLL that the export refers to, such as `NTDLL.RtlAllocateHeap`. */
  readonly forwarder: string | undefined;
}

/** Maximum number of exports, because an ordinal has 16 bits. */
const MAX_EXPORTS = 65_536;

/**
 * Reads the exports that `GetProcAddress` can find. Entries that it cannot find are added as
 * problems.
 *
 * @param directory The address and size of the export directory.
 */
export function readExports(
  sections: ImageSections,
  directory: Directory,
  problems: ImageProblems,
): ImageExport[] {
  return directory.VirtualAddress === 0
    ? []
    : new ExportReader(sections, directory, problems).read();
}

class ExportReader {
  readonly #sections: ImageSections;
  readonly #directory: Directory;
  readonly #problems: ImageProblems;
  #at = 0;

  constructor(sections: ImageSections, directory: Directory, problems: ImageProblems) {
    this.#sections = sections;
    this.#directory = directory;
    this.#problems = problems;
  }

  read(): ImageExport[] {
    const header = this.#header();
    if (header === undefined) return [];
    const { NumberOfFunctions, NumberOfNames, Base } = header;
    const what = "the table of exported";
    const addresses = this.#table(
      header.AddressOfFunctions,
      NumberOfFunctions,
      4,
      `${what} addresses`,
    );
    const names = this.#table(header.AddressOfNames, NumberOfNames, 4, `${what} names`);
    const indices = this.#table(
      header.AddressOfNameOrdinals,
      NumberOfNames,
      2,
      `the table of ordinals`,
    );
    const exports: ImageExport[] = [];
    const add = (name: string | undefined, index: number) => {
      const found = this.#describe(name, Base + index, addresses[index]!);
      if (found !== undefined) exports.push(found);
    };
    const named = new Set<number>();
    let last = "";
    for (let at = 0; at < Math.min(names.length, indices.length); at++) {
      const name = this.#text(names[at]!, `the name of export ${at}`);
      const index = indices[at]!;
      if (name === undefined) continue;
      if (name < last) {
        this.#problems.add(
          `the name ${name} is not in alphabetical order, so GetProcAddress may not find it`,
          this.#at,
        );
      }
      last = name;
      if (!addresses[index]) {
        this.#problems.add(`the ordinal of ${name} has no address`, this.#at);
        continue;
      }
      named.add(index);
      add(name, index);
    }
    addresses.forEach((address, index) => {
      if (address !== 0 && !named.has(index)) add(undefined, index);
    });
    return exports.sort((a, b) => a.ordinal - b.ordinal);
  }

  #header() {
    const what = "the export directory";
    const { VirtualAddress: address } = this.#directory;
    const span = this.#sections.span(address);
    this.#at = span?.offset ?? 0;
    if (span === undefined) {
      this.#problems.add(`${what} is at address ${address}, which is outside the image`, 0);
      return undefined;
    }
    if (span.room < IMAGE_EXPORT_DIRECTORY.byteLength) {
      this.#problems.add(`${what} ends beyond its image section`, this.#at);
      return undefined;
    }
    const section = this.#sections.at(address);
    const last = address + IMAGE_EXPORT_DIRECTORY.byteLength - 1;
    if (section !== undefined && offsetIn(section, last) === undefined) {
      const place = offsetIn(section, address) === undefined ? "is" : "ends";
      this.#problems.add(
        `${what} ${place} after the ${section.byteLength} bytes of image section ` +
          `${JSON.stringify(section.name)}, in the rest of its last page`,
        this.#at,
      );
    }
    return IMAGE_EXPORT_DIRECTORY.read(padded(span.bytes, IMAGE_EXPORT_DIRECTORY.byteLength));
  }

  /** Reads the numbers of a table, each of 2 or 4 bytes, up to the end of its image section. */
  #table(address: number, wanted: number, width: 2 | 4, what: string): number[] {
    if (wanted === 0) return [];
    const span = this.#sections.span(address);
    if (span === undefined) {
      this.#problems.add(`${what} is at address ${address}, which is outside the image`, this.#at);
      return [];
    }
    if (wanted > MAX_EXPORTS) this.#problems.add(`${what} has ${wanted} entries`, span.offset);
    const room = Math.floor(span.room / width);
    if (wanted > room) this.#problems.add(`${what} ends beyond its image section`, span.offset);
    const count = Math.min(wanted, MAX_EXPORTS, room);
    const data = new DataView(padded(span.bytes, count * width).buffer);
    return Array.from(
      { length: count },
      (_, index) => width === 2 ? data.getUint16(index * 2, true) : data.getUint32(index * 4, true),
    );
  }

  #describe(name: string | undefined, ordinal: number, address: number): ImageExport | undefined {
    const { VirtualAddress, Size } = this.#directory;
    const what = name ?? `ordinal ${ordinal}`;
    // An address within the export directory points to a forwarder's text.
    if (address < VirtualAddress || address - VirtualAddress >= Size) {
      const section = this.#sections.at(address)?.name;
      if (section === undefined && this.#sections.span(address) === undefined) {
        this.#problems.add(
          `${what} is at address ${address}, which is outside the image`,
          this.#at,
        );
      }
      return { name, ordinal, address, section, forwarder: undefined };
    }
    const forwarder = this.#text(address, `the forwarder of ${what}`);
    return forwarder === undefined
      ? undefined
      : { name, ordinal, address, section: undefined, forwarder };
  }

  /** Reads a text up to its NUL. */
  #text(address: number, what: string): string | undefined {
    const span = this.#sections.span(address);
    if (span === undefined) {
      this.#problems.add(`${what} is at address ${address}, which is outside the image`, this.#at);
      return undefined;
    }
    const bytes = span.bytes.subarray(0, MAX_NAME);
    const nul = bytes.indexOf(0);
    // Zeros follow the bytes that the file contains of an image section.
    const ends = nul >= 0 || (bytes.length < MAX_NAME && span.room > bytes.length);
    if (!ends || nul === 0 || bytes.length === 0) {
      this.#problems.add(`${what} ${ends ? "is empty" : "does not end"}`, span.offset);
      return undefined;
    }
    return decodeName(bytes);
  }
}

/** Copies the first `byteLength` bytes, and pads the copy with zeros. */
function padded(bytes: Uint8Array<ArrayBuffer>, byteLength: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(byteLength);
  copy.set(bytes.subarray(0, byteLength));
  return copy;
}

/** The contents of an image's headers and tables. */
export interface ImageInfo {
  /** The machine type of the image, or its number if it is not a {@linkcode Machine}. */
  readonly machine: Machine | number;
  /** Whether the image is a DLL. */
  readonly dll: boolean;
  /** The image sections, in the order of their addresses. */
  readonly sections: readonly ImageSection[];
  /** The exported functions and variables, in the order of their ordinals. */
  readonly exports: readonly ImageExport[];
  /** Faults that Windows' loader accepts: at most 100, the unsafe ones first. */
  readonly problems: readonly ImageProblem[];
}

/** `IMAGE_FILE_DLL` */
const DLL = 0x2000;
const NO_DIRECTORY: Directory = { VirtualAddress: 0, Size: 0 };

/**
 * Reads the headers and tables of an image.
 *
 * @param label The name of the image in messages, such as `file "C:\\one.dll"`.
 * @throws {Deno.errors.InvalidData} If the file is not a PE image, or Windows cannot map it. The
 *   message contains the fault and its offset in the file.
 */
export function readImage(bytes: Uint8Array<ArrayBuffer>, label: string): ImageInfo {
  const source = new ImageSource(bytes, label);
  const problems = new ImageProblems();
  const headers = readHeaders(source, problems);
  const sections = new ImageSections(source, headers, problems);
  const directory = (index: number) => headers.directories[index] ?? NO_DIRECTORY;
  const relocations = directory(IMAGE_DIRECTORY_ENTRY_BASERELOC);
  checkRelocations(sections, relocations, headers.machine, problems);
  for (const index of [IMAGE_DIRECTORY_ENTRY_IMPORT, IMAGE_DIRECTORY_ENTRY_IAT]) {
    checkImports(sections, directory(index), problems);
  }
  return {
    machine: headers.machine,
    dll: (headers.characteristics & DLL) !== 0,
    sections: sections.all,
    exports: readExports(sections, directory(IMAGE_DIRECTORY_ENTRY_EXPORT), problems),
    problems: problems.all,
  };
}

/**
 * Adds an unsafe problem if the import table is in shared data. Each process's loader would write
 * its own addresses there. Wine 10 gives each process a copy of those pages, so their variables
 * are not shared.
 */
function checkImports(
  sections: ImageSections,
  { VirtualAddress: address }: Directory,
  problems: ImageProblems,
): void {
  const section = sections.at(address);
  if (address === 0 || !section?.shared || !section.writable) return;
  problems.addUnsafe(
    `image section ${
      JSON.stringify(section.name)
    } is shared and contains the import table, in which each ` +
      `process writes its own addresses`,
    sections.span(address)?.offset ?? 0,
  );
}

/**
 * Size of a block's header in bytes: the address of its page and the block's size, 4 bytes each.
 */
const BLOCK_HEADER = 8;

/** `IMAGE_REL_BASED_ABSOLUTE`: the entry only pads the block. */
const ABSOLUTE = 0;
/** `IMAGE_REL_BASED_HIGHADJ`: the next entry is the low half of the address. */
const HIGHADJ = 4;
/**
 * Number of bytes that a relocation changes, by its type: HIGH, LOW, HIGHLOW, HIGHADJ and DIR64,
 * which every machine has.
 */
const WIDTHS: Readonly<Record<number, number>> = { 1: 2, 2: 2, 3: 4, [HIGHADJ]: 2, 10: 8 };
/**
 * Number of bytes that a relocation of another type changes, on machines without a name here. Such
 * relocations change one or two instructions.
 */
const WIDTH_ON_OTHER_MACHINES = 4;

/**
 * Adds an unsafe problem if relocations would change anything other than private memory of an image
 * section.
 *
 * This check comes before the image is mapped, because Wine 10 follows a relocation to any
 * address. If that causes a fault, Wine keeps a lock, and the process blocks at its next
 * allocation.
 *
 * @param directory The address and size of the table of relocations.
 */
export function checkRelocations(
  sections: ImageSections,
  directory: Directory,
  machine: Machine | number,
  problems: ImageProblems,
): void {
  // Windows does not relocate images that it maps as they are in the file.
  if (directory.VirtualAddress === 0 || directory.Size === 0 || sections.flat) return;
  const what = "the table of relocations";
  const span = sections.span(directory.VirtualAddress);
  if (span === undefined) {
    return problems.addUnsafe(
      `${what} is at address ${directory.VirtualAddress}, which is outside the image`,
      0,
    );
  }
  const { bytes, room, offset } = span;
  const section = sections.at(directory.VirtualAddress);
  if (section?.shared && section.writable) {
    return problems.addUnsafe(
      `${what} is in shared data, where another process can change it`,
      offset,
    );
  }
  if (directory.Size > room) {
    return problems.addUnsafe(`${what} ends beyond its image section`, offset);
  }
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const checker = new RelocationChecker(sections, directory, typeof machine === "string");
  // The rest of the table, which the file does not contain, is zeros and so has no block.
  const end = Math.min(directory.Size, bytes.length);
  for (let at = 0; at + BLOCK_HEADER <= end;) {
    const page = data.getUint32(at, true);
    const size = data.getUint32(at + 4, true);
    // Linkers pad the table with zeros. Windows stops there, too.
    if (page === 0 && size === 0) return;
    if (size < BLOCK_HEADER || size % 2 !== 0 || at + size > directory.Size) {
      return problems.addUnsafe(`a block of relocations has ${size} bytes`, offset + at);
    }
    const blockEnd = Math.min(at + size, end);
    for (let entryAt = at + BLOCK_HEADER; entryAt + 2 <= blockEnd; entryAt += 2) {
      const entry = data.getUint16(entryAt, true);
      const problem = checker.check(entry >>> 12, page + (entry & 0xfff));
      if (problem !== undefined) return problems.addUnsafe(problem, offset + entryAt);
      if (entry >>> 12 === HIGHADJ) entryAt += 2;
    }
    at += size;
  }
}

/** Checks relocations. Remembers the last image section, because there can be millions. */
class RelocationChecker {
  readonly #sections: ImageSections;
  readonly #table: Directory;
  readonly #onKnownMachine: boolean;
  /** The image section of the last relocation. */
  #section: ImageSection | undefined;
  #end = 0;

  constructor(sections: ImageSections, table: Directory, onKnownMachine: boolean) {
    this.#sections = sections;
    this.#table = table;
    this.#onKnownMachine = onKnownMachine;
  }

  /** Returns the fault of a relocation, or `undefined` if it is valid. */
  check(type: number, address: number): string | undefined {
    if (type === ABSOLUTE) return undefined;
    const width = WIDTHS[type] ?? (this.#onKnownMachine ? undefined : WIDTH_ON_OTHER_MACHINES);
    if (width === undefined) return `a relocation is of type ${type}, which does not exist`;
    if (this.#section === undefined || address < this.#section.address || address >= this.#end) {
      this.#section = this.#sections.at(address);
      this.#end = address + this.#sections.roomAt(address);
    }
    if (this.#section === undefined || address + width > this.#end) {
      return `a relocation is at address ${address}, which is in no image section`;
    }
    const { VirtualAddress, Size } = this.#table;
    if (address + width > VirtualAddress && address < VirtualAddress + Size) {
      return `a relocation is at address ${address}, in the table of relocations itself`;
    }
    if (this.#section.shared && this.#section.writable) {
      return `image section ${
        JSON.stringify(this.#section.name)
      } is shared and contains a pointer at ` +
        `address ${address}, which Windows would change for all processes`;
    }
    return undefined;
  }
}

const PAGE_READONLY = 0x2;
const SEC_IMAGE = 0x100_0000;

const APPLICATION_CONTROL: FailureOptions = {
  as: "PermissionDenied",
  hint: "application control refuses it: sign the file, or allow its folder",
};
const ERROR_BAD_EXE_FORMAT = 193;
const ERROR_EXE_MACHINE_TYPE_MISMATCH = 216;
/** How failures to map an image are reported, by error code. */
const FAILURES: Readonly<Record<number, FailureOptions>> = {
  [ERROR_EXE_MACHINE_TYPE_MISMATCH]: { as: "InvalidData" },
  577: APPLICATION_CONTROL, // ERROR_INVALID_IMAGE_HASH
  1260: APPLICATION_CONTROL, // ERROR_ACCESS_DISABLED_BY_POLICY
  4551: APPLICATION_CONTROL, // ERROR_SYSTEM_INTEGRITY_POLICY_VIOLATION
};

/** A mapped image. */
export interface MappedImage {
  /** The contents of the image's headers and tables. */
  readonly info: ImageInfo;
  /** The image in this process's memory. */
  readonly mapping: Mapping;
  /** The name of the image in messages. */
  readonly label: string;
}

/**
 * Reads the contents of an image: its image sections, whether they are shared, and its exports.
 *
 * The function runs no code of the image, and checks everything that it reads. The image can be
 * for any machine. `problems` lists oddities that Windows' loader accepts, such as an unreadable
 * name in the export table. In that case `exports` contains all other names.
 *
 * @example List the shared image sections and the exports of a DLL
 * ```ts
 * import { buildSharedSection, inspectImage } from "@winipc/winipc/dll";
 * import { assertEquals } from "@std/assert";
 *
 * const image = buildSharedSection({ section: ".ASHARE", variables: { counter: "i32" } });
 * const { sections, exports, problems } = inspectImage(image);
 * assertEquals(sections.filter(({ shared }) => shared).map(({ name }) => name), [".ASHARE"]);
 * assertEquals(exports.map(({ name, section }) => [name, section]), [["counter", ".ASHARE"]]);
 * assertEquals(problems, []);
 * ```
 *
 * @param image The path of the file, a `file:` URL, or the bytes of the file.
 * @throws {Deno.errors.InvalidData} If the file is not a PE image, or Windows cannot map it. The
 *   message contains the fault and its offset in the file.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Deno.errors.PermissionDenied} If this user has no right to read the file, or the path is
 *   a directory.
 * @throws {Deno.errors.Busy} If a process has the file open for writing.
 * @throws {TypeError} If `image` is neither a path, a `file:` URL nor bytes.
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 */
export function inspectImage(image: string | URL | ByteSource): ImageInfo {
  if (typeof image !== "string" && !(image instanceof URL)) {
    return readImage(copyOfBytes("an image without a path", image), "these bytes");
  }
  using file = openImage(image);
  return file.info;
}

/**
 * Maps an image as Windows' loader does, but runs no code of it. A 64-bit process can also map an
 * image for 32-bit programs.
 *
 * @param location The path of the file, or a `file:` URL.
 * @throws {Deno.errors.InvalidData} If the image is corrupt, or unsafe to map, or Windows does
 *   not map images for its machine.
 * @throws {Deno.errors.PermissionDenied} If application control refuses the image.
 */
export function mapImage(location: string | URL): MappedImage {
  using file = openImage(location);
  const { info, label } = file;
  const unsafe = info.problems.find(({ unsafe }) => unsafe);
  if (unsafe !== undefined) {
    throw new Deno.errors.InvalidData(
      `Cannot load ${label}: ${unsafe.message}, at offset ${unsafe.offset}`,
    );
  }
  using section = createSectionOfImage(file.handle, label, info.machine);
  const mapping = new Mapping(section.value, FILE_MAP_READ, undefined, `Cannot map ${label}`);
  return { info, mapping, label };
}

/** Opens a file so that no process can write to it, and reads its headers and tables. */
function openImage(location: string | URL) {
  const memory = openFile(location, {}, SHARE_READ);
  const { file: handle, section, label } = memory;
  const close = () => {
    section.close();
    handle.close();
  };
  try {
    using view = mapView(memory);
    return { handle, label, info: readImage(view.bytes, label), [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Creates a section (the kernel object) from an image file. The image's headers decide how its
 * pages can be accessed.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw}
 */
function createSectionOfImage(file: Handle, label: string, machine: Machine | number): Handle {
  const { CreateFileMappingW } = kernel32();
  const value = CreateFileMappingW(file.value, null, PAGE_READONLY | SEC_IMAGE, 0, 0, null);
  if (value !== 0n) return new Handle(value, label);
  const code = lastErrorCode();
  throw errorFromCode(
    code,
    "CreateFileMappingW",
    `Cannot map ${label} as an image`,
    whyOfMachine(code, machine) ?? FAILURES[code],
  );
}

/** Returns the explanation of a failure if the image is for another machine. */
function whyOfMachine(code: number, machine: Machine | number): FailureOptions | undefined {
  if (code !== ERROR_BAD_EXE_FORMAT && code !== ERROR_EXE_MACHINE_TYPE_MISMATCH) return undefined;
  if (machine === thisMachine()) return undefined;
  const name = typeof machine === "string" ? machine : `0x${machine.toString(16)}`;
  return {
    as: "InvalidData",
    hint: `it is for another machine (${name}), this process is for ${thisMachine()}`,
  };
}
