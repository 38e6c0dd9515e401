/**
 * Reads a PE image: its headers, image sections, exports and base relocations. Nothing in the file is
 * believed unchecked.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 *
 * @module
 */

import {
  IMAGE_DIRECTORY_ENTRY_BASERELOC,
  IMAGE_DIRECTORY_ENTRY_EXPORT,
  IMAGE_DIRECTORY_ENTRY_IAT,
  IMAGE_DIRECTORY_ENTRY_IMPORT,
  IMAGE_EXPORT_DIRECTORY,
  type Machine,
} from "./format.ts";
import {
  decodeName,
  type Directory,
  type ImageProblem,
  ImageProblems,
  ImageSource,
  MAX_NAME,
  readHeaders,
} from "./headers.ts";
import { type ImageSection, ImageSections, offsetIn } from "./sections.ts";

/** A variable or a function that programs find in an image. */
export interface ImageExport {
  /** Its name; none: it is found by its ordinal only. */
  readonly name: string | undefined;
  /** Its number. */
  readonly ordinal: number;
  /** Where it is in the memory, in bytes from the image's base. */
  readonly address: number;
  /** The image section that it is in; none: it is somewhere else, or in another DLL. */
  readonly section: string | undefined;
  /** The function of another DLL that it stands for, such as `NTDLL.RtlAllocateHeap`. */
  readonly forwarder: string | undefined;
}

/** Ordinals are 16 bits wide, so that nobody finds more. */
const MAX_EXPORTS = 65_536;

/**
 * Reads the export table, as far as `GetProcAddress` finds something in it. The rest is told as problems.
 *
 * @param directory Where the table is.
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
        this.#problems.add(`the name ${name} is not in its order, so nobody may find it`, this.#at);
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
      this.#problems.add(`${what} is at address ${address}, where the image has nothing`, 0);
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
        `${what} ${place} behind the ${section.byteLength} bytes of image section ` +
          `${JSON.stringify(section.name)}, in the rest of its last page`,
        this.#at,
      );
    }
    return IMAGE_EXPORT_DIRECTORY.read(padded(span.bytes, IMAGE_EXPORT_DIRECTORY.byteLength));
  }

  /** Gives the numbers of a table, each of 2 or 4 bytes, as far as the memory goes. */
  #table(address: number, wanted: number, width: 2 | 4, what: string): number[] {
    if (wanted === 0) return [];
    const span = this.#sections.span(address);
    if (span === undefined) {
      this.#problems.add(`${what} is at address ${address}, where the image has nothing`, this.#at);
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
    // An address within the directory is that of a forwarder's text.
    if (address < VirtualAddress || address - VirtualAddress >= Size) {
      const section = this.#sections.at(address)?.name;
      if (section === undefined && this.#sections.span(address) === undefined) {
        this.#problems.add(
          `${what} is at address ${address}, where the image has nothing`,
          this.#at,
        );
      }
      return { name, ordinal, address, section, forwarder: undefined };
    }
    const forwarder = this.#text(address, `what ${what} is forwarded to`);
    return forwarder === undefined
      ? undefined
      : { name, ordinal, address, section: undefined, forwarder };
  }

  /** Reads a text up to its NUL. */
  #text(address: number, what: string): string | undefined {
    const span = this.#sections.span(address);
    if (span === undefined) {
      this.#problems.add(`${what} is at address ${address}, where the image has nothing`, this.#at);
      return undefined;
    }
    const bytes = span.bytes.subarray(0, MAX_NAME);
    const nul = bytes.indexOf(0);
    // Behind what the file has of an image section there are zeros.
    const ends = nul >= 0 || (bytes.length < MAX_NAME && span.room > bytes.length);
    if (!ends || nul === 0 || bytes.length === 0) {
      this.#problems.add(`${what} ${ends ? "is empty" : "does not end"}`, span.offset);
      return undefined;
    }
    return decodeName(bytes);
  }
}

/** Copies the first bytes, with zeros for those that there are not. */
function padded(bytes: Uint8Array<ArrayBuffer>, byteLength: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(byteLength);
  copy.set(bytes.subarray(0, byteLength));
  return copy;
}

/** What an image says of itself. */
export interface ImageInfo {
  /** The machine that it is for; one that winipc has no name for, by its number. */
  readonly machine: Machine | number;
  /** Whether it is a DLL. */
  readonly dll: boolean;
  /** Its image sections, in the order of their addresses. */
  readonly sections: readonly ImageSection[];
  /** What others can find in it, by their ordinals. */
  readonly exports: readonly ImageExport[];
  /** Oddities that Windows' loader accepts: at most 100, the unsafe ones first. */
  readonly problems: readonly ImageProblem[];
}

/** `IMAGE_FILE_DLL` */
const DLL = 0x2000;
const NO_DIRECTORY: Directory = { VirtualAddress: 0, Size: 0 };

/**
 * Reads an image.
 *
 * @param label What it is, for messages: `file "C:\\one.dll"`.
 * @throws {Deno.errors.InvalidData} If it is no PE image, or one that Windows cannot map; the message
 *   says what is wrong, and where.
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
 * Adds an unsafe problem if imports are in shared data. Windows' loader would write each process's
 * addresses there; Wine 10 gives each process a copy of those pages, whatever else is in them.
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
    } is shared, and has the table of imports, which each ` +
      `process fills in for itself`,
    sections.span(address)?.offset ?? 0,
  );
}

/** A block begins with the address of its page and its size, 4 bytes each. */
const BLOCK_HEADER = 8;

/** `IMAGE_REL_BASED_ABSOLUTE`: the entry fills a block up. */
const ABSOLUTE = 0;
/** `IMAGE_REL_BASED_HIGHADJ`: the next entry is the low half of the address. */
const HIGHADJ = 4;
/** How many bytes are changed: HIGH, LOW, HIGHLOW, HIGHADJ and DIR64, which every machine has. */
const WIDTHS: Readonly<Record<number, number>> = { 1: 2, 2: 2, 3: 4, [HIGHADJ]: 2, 10: 8 };
/** The other types are those of machines without a name here, which change an instruction or two. */
const WIDTH_ON_OTHER_MACHINES = 4;

/**
 * Adds an unsafe problem unless relocations change nothing but what each process has for itself.
 *
 * They have to be right before the image is mapped. Wine 10 follows them wherever they lead; when that
 * ends in a fault, it keeps a lock, and the process blocks at its next allocation.
 *
 * @param directory Where the relocations are.
 * @param machine The machine that the image is for.
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
      `${what} is at address ${directory.VirtualAddress}, where the image has nothing`,
      0,
    );
  }
  const { bytes, room, offset } = span;
  const section = sections.at(directory.VirtualAddress);
  if (section?.shared && section.writable) {
    return problems.addUnsafe(`${what} is in shared data, where others can change it`, offset);
  }
  if (directory.Size > room) {
    return problems.addUnsafe(`${what} ends beyond its image section`, offset);
  }
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const checker = new RelocationChecker(sections, directory, typeof machine === "string");
  // What the file does not have of the table is zeros, and so has no block.
  const end = Math.min(directory.Size, bytes.length);
  for (let at = 0; at + BLOCK_HEADER <= end;) {
    const page = data.getUint32(at, true);
    const size = data.getUint32(at + 4, true);
    // Windows stops there, too: linkers pad the table.
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

/** Judges relocations, of which there may be millions. */
class RelocationChecker {
  readonly #sections: ImageSections;
  readonly #table: Directory;
  readonly #onKnownMachine: boolean;
  /** The image section that the last one was in. */
  #section: ImageSection | undefined;
  #end = 0;

  constructor(sections: ImageSections, table: Directory, onKnownMachine: boolean) {
    this.#sections = sections;
    this.#table = table;
    this.#onKnownMachine = onKnownMachine;
  }

  /** Says what is wrong with a relocation; `undefined` if nothing is. */
  check(type: number, address: number): string | undefined {
    if (type === ABSOLUTE) return undefined;
    const width = WIDTHS[type] ?? (this.#onKnownMachine ? undefined : WIDTH_ON_OTHER_MACHINES);
    if (width === undefined) return `a relocation is of type ${type}, which there is not`;
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
      } is shared, and has a pointer at ` +
        `address ${address}, which Windows would change for all processes`;
    }
    return undefined;
  }
}
