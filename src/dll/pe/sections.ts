/**
 * Computes the places of image sections in memory and in the file, as Windows' loader does.
 *
 * Microsoft's page describes most of it. Wine's tests, which pass on Windows, show the rest: raw
 * data begins at a multiple of 512 bytes, and has whole sectors of 512 bytes.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#section-table-section-headers}
 * @module
 */

import { alignUp } from "../../struct/placement.ts";
import {
  decodeName,
  fullName,
  type Headers,
  IMAGE_SCN_CNT_UNINITIALIZED_DATA,
  IMAGE_SCN_MEM_EXECUTE,
  IMAGE_SCN_MEM_READ,
  IMAGE_SCN_MEM_SHARED,
  IMAGE_SCN_MEM_WRITE,
  IMAGE_SECTION_HEADER,
  type ImageProblems,
  type ImageSource,
  PAGE_SIZE,
} from "./headers.ts";

/** An image section. */
export interface ImageSection {
  /** The name, such as `.data`. A name over 8 bytes comes from the COFF string table. */
  readonly name: string;
  /** The name in the header, at most 8 bytes: `/4` if the whole name is in the string table. */
  readonly headerName: string;
  /** The address in memory, in bytes from the image's base. */
  readonly address: number;
  /** The size in memory, in bytes. */
  readonly byteLength: number;
  /** Whether processes can read it. */
  readonly readable: boolean;
  /** Whether processes can write to it. */
  readonly writable: boolean;
  /** Whether processes can execute code in it. */
  readonly executable: boolean;
  /**
   * Whether all processes share its memory. `#pragma data_seg` alone does not share it. The linker
   * needs the option `/SECTION:NAME,RWS`, and GCC needs `__attribute__((section("NAME"), shared))`.
   * Only initialised variables are in it. If image sections do not begin at pages, Windows shares
   * nothing of the image.
   */
  readonly shared: boolean;
}

/** A part of the memory. The file contains its first bytes, and the rest is zeros. */
interface Region {
  readonly address: number;
  readonly byteLength: number;
  readonly offset: number;
  readonly byteLengthInFile: number;
}

/** The memory from an address to the end of its image section. */
export interface Span {
  /** The bytes that the file contains. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The number of bytes in memory. The bytes that the file does not contain are 0. */
  readonly room: number;
  /** The offset of the address in the file, in bytes. */
  readonly offset: number;
}

/** Maximum number of image sections, because Windows reads no more. */
const MAX_SECTIONS = 96;
/** Size in bytes of the units in which Windows reads raw data, with any alignment in the file. */
const SECTOR = 512;

type Header = ReturnType<typeof IMAGE_SECTION_HEADER.read>;

/** Finds the image section and the bytes at an address of an image. */
export class ImageSections {
  /** The image sections, in the order of their addresses. */
  readonly all: readonly ImageSection[];
  /** Whether the image is mapped as one block, because its image sections do not begin at pages. */
  readonly flat: boolean;
  readonly #source: ImageSource;
  readonly #problems: ImageProblems;
  readonly #regions: Region[] = [];

  /**
   * Reads the section table.
   *
   * @throws {Deno.errors.InvalidData} If Windows cannot map the image sections.
   */
  constructor(source: ImageSource, headers: Headers, problems: ImageProblems) {
    this.#source = source;
    this.#problems = problems;
    this.flat = headers.sectionAlignment < PAGE_SIZE;
    this.all = this.#read(headers);
  }

  /**
   * Returns the image section at an address, or `undefined` if there is none. An image section
   * includes the rest of its last page.
   */
  at(address: number): ImageSection | undefined {
    return this.all.find((section) =>
      address >= section.address && address < section.address + this.#mappedLength(section)
    );
  }

  /** Returns the number of bytes from an address to the end of its image section, or 0. */
  roomAt(address: number): number {
    const section = this.at(address);
    return section === undefined ? 0 : section.address + this.#mappedLength(section) - address;
  }

  /** Returns the memory at an address, also in the headers, or `undefined` outside the image. */
  span(address: number): Span | undefined {
    const region = this.#regions.find((region) =>
      address >= region.address && address < region.address + region.byteLength
    );
    if (region === undefined) return undefined;
    const skipped = address - region.address;
    return {
      bytes: this.#source.bytesAt(region.offset + skipped, region.byteLengthInFile - skipped),
      room: region.byteLength - skipped,
      offset: region.offset + Math.min(skipped, region.byteLengthInFile),
    };
  }

  #mappedLength({ byteLength }: ImageSection): number {
    return this.flat ? byteLength : alignUp(byteLength, PAGE_SIZE);
  }

  #read(headers: Headers): ImageSection[] {
    const { sectionsAt, sectionCount, sectionAlignment, sizeOfImage, sizeOfHeaders } = headers;
    if (sectionCount > MAX_SECTIONS) {
      this.#source.fail(
        `there are ${sectionCount} image sections, more than ${MAX_SECTIONS}`,
        sectionsAt,
      );
    }
    const { byteLength } = this.#source;
    const limit = alignUp(sizeOfImage, PAGE_SIZE);
    const inFile = this.flat ? byteLength : Math.min(sizeOfHeaders, byteLength);
    const mapped = alignUp(Math.max(inFile, 1), this.flat ? 1 : sectionAlignment);
    this.#regions.push({ address: 0, byteLength: mapped, offset: 0, byteLengthInFile: inFile });
    let end = mapped;
    const sections: ImageSection[] = [];
    for (let index = 0; index < sectionCount; index++) {
      const at = sectionsAt + index * IMAGE_SECTION_HEADER.byteLength;
      const header = this.#source.read(IMAGE_SECTION_HEADER, at, "the section table");
      const section = this.#describe(header, headers, at);
      const what = `image section ${JSON.stringify(section.name)}`;
      if (section.byteLength === 0) this.#source.fail(`${what} is empty`, at);
      if (this.flat) this.#placeFlat(section, header, what, at);
      else {
        if (section.address < end) {
          this.#source.fail(`${what} begins before the end of the previous image section`, at);
        }
        if (section.address > end) {
          this.#source.fail(`${what} begins after a gap behind the previous image section`, at);
        }
        this.#place(section, header, what, at);
        end = alignUp(section.address + section.byteLength, sectionAlignment);
      }
      if (section.address + section.byteLength > limit) {
        this.#source.fail(`${what} ends beyond the image`, at);
      }
      sections.push(section);
    }
    return sections;
  }

  #describe(header: Header, { stringsAt }: Headers, at: number): ImageSection {
    const has = (flag: number) => (header.Characteristics & flag) !== 0;
    const headerName = decodeName(header.Name);
    return {
      name: fullName(this.#source, this.#problems, headerName, stringsAt, at),
      headerName,
      address: header.VirtualAddress,
      byteLength: header.VirtualSize || header.SizeOfRawData,
      readable: has(IMAGE_SCN_MEM_READ),
      writable: has(IMAGE_SCN_MEM_WRITE),
      executable: has(IMAGE_SCN_MEM_EXECUTE),
      shared: has(IMAGE_SCN_MEM_SHARED) && !this.flat,
    };
  }

  /** Adds the region of an image section that begins at a page. */
  #place(section: ImageSection, header: Header, what: string, at: number): void {
    const { SizeOfRawData: rawSize, PointerToRawData: pointer } = header;
    const mapped = alignUp(section.byteLength, PAGE_SIZE);
    const region = { address: section.address, byteLength: mapped };
    if (rawSize === 0 || pointer === 0) {
      this.#regions.push({ ...region, offset: 0, byteLengthInFile: 0 });
      // For data that is not initialised, linkers write a size but no offset, which is valid.
      if (rawSize !== 0 && (header.Characteristics & IMAGE_SCN_CNT_UNINITIALIZED_DATA) === 0) {
        this.#problems.add(`${what} has ${rawSize} bytes in the file, but no offset there`, at);
      }
      return;
    }
    const { byteLength } = this.#source;
    const end = pointer + rawSize;
    // Windows accepts a file that ends within the last sector of an image section. It refuses a
    // file without this sector.
    if (pointer >= byteLength || alignUp(end, SECTOR) > alignUp(byteLength, SECTOR)) {
      this.#source.assertWithin(pointer, rawSize, what);
    }
    const missing = end - byteLength;
    if (missing > 0) {
      this.#problems.add(`${what} ends ${missing} bytes after the end of the file`, at);
    }
    if (header.VirtualSize === 0) {
      this.#problems.add(`${what} has no size in memory, so Windows uses its size in the file`, at);
    }
    const offset = pointer - pointer % SECTOR;
    if (offset !== pointer) {
      this.#problems.add(
        `${what} is at offset ${pointer} of the file, which Windows rounds down to ${offset}`,
        at,
      );
    }
    const sectors = alignUp(rawSize + pointer - offset, SECTOR);
    this.#regions.push({ ...region, offset, byteLengthInFile: Math.min(sectors, mapped) });
  }

  /** Checks that the image section's address is equal to its offset in the file. */
  #placeFlat({ address, byteLength }: ImageSection, header: Header, what: string, at: number) {
    const { SizeOfRawData: rawSize, PointerToRawData: pointer } = header;
    if (address !== pointer || byteLength > rawSize) {
      this.#source.fail(`${what} differs in memory and in the file by its address or size`, at);
    }
    this.#source.assertWithin(pointer, rawSize, what);
    if ((header.Characteristics & IMAGE_SCN_MEM_SHARED) !== 0) {
      this.#problems.addUnsafe(
        `${what} is not shared, because the image sections do not begin at pages`,
        at,
      );
    }
  }
}

/** Returns the offset of an address in an image section, or `undefined` if it is outside. */
export function offsetIn({ address, byteLength }: ImageSection, at: number): number | undefined {
  return at >= address && at - address < byteLength ? at - address : undefined;
}
