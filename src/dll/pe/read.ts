/**
 * Reads a PE image: its headers, image sections, exports and base relocations. Nothing in the file is
 * believed unchecked.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#the-reloc-section-image-only}
 * @module
 */

import {
  IMAGE_DIRECTORY_ENTRY_BASERELOC,
  IMAGE_DIRECTORY_ENTRY_EXPORT,
  IMAGE_DIRECTORY_ENTRY_IAT,
  IMAGE_DIRECTORY_ENTRY_IMPORT,
  type Machine,
} from "./format.ts";
import {
  type Directory,
  type ImageProblem,
  ImageProblems,
  ImageSource,
  readHeaders,
} from "./headers.ts";
import { type ImageSection, ImageSections } from "./sections.ts";
import { type ImageExport, readExports } from "./exports.ts";

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
  /** Oddities that Windows' loader accepts: at most 100, the unsafe ones first. */
  readonly problems: readonly ImageProblem[];
}

/** `IMAGE_FILE_DLL` */
const DLL = 0x2000;
const NO_DIRECTORY: Directory = { VirtualAddress: 0, Size: 0 };

/**
 * Reads an image.
 *
 * @param bytes The file's bytes.
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
    `section ${JSON.stringify(section.name)} is shared, and has the table of imports, which each ` +
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
 * ends in a fault, it keeps a lock, and the process stands still at its next allocation.
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
  if (directory.Size > room) return problems.addUnsafe(`${what} ends beyond its section`, offset);
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
  /** The section that the last one was in. */
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
      return `a relocation is at address ${address}, which is in no section`;
    }
    const { VirtualAddress, Size } = this.#table;
    if (address + width > VirtualAddress && address < VirtualAddress + Size) {
      return `a relocation is at address ${address}, in the table of relocations itself`;
    }
    if (this.#section.shared && this.#section.writable) {
      return `section ${JSON.stringify(this.#section.name)} is shared, and has a pointer at ` +
        `address ${address}, which Windows would change for all processes`;
    }
    return undefined;
  }
}
