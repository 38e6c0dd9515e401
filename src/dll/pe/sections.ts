/**
 * Where the image sections are: in the memory, and in the file.
 *
 * They are placed as Windows' loader places them. Microsoft's page tells most of it; that raw data begins
 * at a multiple of 512 and is counted in such sectors, Wine's tests show, which pass on Windows.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#section-table-section-headers}
 * @module
 */

import { alignUp } from "../../struct/placement.ts";
import {
  IMAGE_SCN_CNT_UNINITIALIZED_DATA,
  IMAGE_SCN_MEM_EXECUTE,
  IMAGE_SCN_MEM_READ,
  IMAGE_SCN_MEM_SHARED,
  IMAGE_SCN_MEM_WRITE,
  IMAGE_SECTION_HEADER,
  PAGE_SIZE,
} from "./format.ts";
import {
  decodeHeaderName,
  fullName,
  type Headers,
  type ImageProblems,
  type ImageSource,
} from "./headers.ts";

/** An image section. */
export interface ImageSection {
  /** Its name, such as `.data`; one over 8 bytes is read from the COFF string table. */
  readonly name: string;
  /** The name in its header, at most 8 bytes: `/4` where the string table has the whole name. */
  readonly headerName: string;
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
   * Nothing is shared of an image whose image sections do not begin at pages.
   */
  readonly shared: boolean;
}

/** A stretch of the memory, and what of it is in the file; the rest of it is zeros. */
interface Region {
  readonly address: number;
  readonly byteLength: number;
  readonly offset: number;
  readonly byteLengthInFile: number;
}

/** What is at an address of the memory. */
export interface Span {
  /** The bytes from there that the file has. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many bytes of memory there are from there; those that the file does not have are 0. */
  readonly room: number;
  /** Where the address is in the file, in bytes. */
  readonly offset: number;
}

/** Windows reads no more image sections. */
const MAX_SECTIONS = 96;
/** Windows finds raw data by sectors of this many bytes, whatever the alignment in the file. */
const SECTOR = 512;

type Header = ReturnType<typeof IMAGE_SECTION_HEADER.read>;

/** Finds what is at the addresses of an image. */
export class ImageSections {
  /** The image sections, in the order of their addresses. */
  readonly all: readonly ImageSection[];
  /** Whether the image is mapped as it is in the file, since its image sections do not begin at pages. */
  readonly flat: boolean;
  readonly #source: ImageSource;
  readonly #problems: ImageProblems;
  readonly #regions: Region[] = [];

  /**
   * Reads the section table.
   *
   * @throws {Deno.errors.InvalidData} If Windows cannot map them.
   */
  constructor(source: ImageSource, headers: Headers, problems: ImageProblems) {
    this.#source = source;
    this.#problems = problems;
    this.flat = headers.sectionAlignment < PAGE_SIZE;
    this.all = this.#read(headers);
  }

  /** The image section of an address, or of the rest of its last page; `undefined` if it is in none. */
  at(address: number): ImageSection | undefined {
    return this.all.find((section) =>
      address >= section.address && address < section.address + this.#mappedLength(section)
    );
  }

  /** How many bytes of memory there are from an address to the end of its image section; 0 if in none. */
  roomAt(address: number): number {
    const section = this.at(address);
    return section === undefined ? 0 : section.address + this.#mappedLength(section) - address;
  }

  /** What is at an address, also in the headers; `undefined` where there is no memory. */
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
      this.#source.fail(`there are ${sectionCount} image sections`, sectionsAt);
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
          this.#source.fail(`${what} begins before the end of the one before it`, at);
        }
        if (section.address > end) {
          this.#source.fail(`${what} leaves a gap behind the one before it`, at);
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
    const headerName = decodeHeaderName(header.Name);
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

  /** Places an image section at its pages. */
  #place(section: ImageSection, header: Header, what: string, at: number): void {
    const { SizeOfRawData: rawSize, PointerToRawData: pointer } = header;
    const mapped = alignUp(section.byteLength, PAGE_SIZE);
    const region = { address: section.address, byteLength: mapped };
    if (rawSize === 0 || pointer === 0) {
      this.#regions.push({ ...region, offset: 0, byteLengthInFile: 0 });
      // Linkers give data that is not initialised a size, and rightly no place.
      if (rawSize !== 0 && (header.Characteristics & IMAGE_SCN_CNT_UNINITIALIZED_DATA) === 0) {
        this.#problems.add(`${what} has ${rawSize} bytes in the file, and no place there`, at);
      }
      return;
    }
    const { byteLength } = this.#source;
    const end = pointer + rawSize;
    // Windows takes a file that is cut within the last sector of an image section, and none that lacks
    // a sector.
    if (pointer >= byteLength || alignUp(end, SECTOR) > alignUp(byteLength, SECTOR)) {
      this.#source.assertWithin(pointer, rawSize, what);
    }
    const missing = end - byteLength;
    if (missing > 0) {
      this.#problems.add(`${what} ends ${missing} bytes behind the end of the file`, at);
    }
    if (header.VirtualSize === 0) {
      this.#problems.add(`${what} has no size in the memory, so that in the file counts`, at);
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

  /** Checks that an image section is in the memory where it is in the file. */
  #placeFlat({ address, byteLength }: ImageSection, header: Header, what: string, at: number) {
    const { SizeOfRawData: rawSize, PointerToRawData: pointer } = header;
    if (address !== pointer || byteLength > rawSize) {
      this.#source.fail(`${what} is not in the memory as it is in the file`, at);
    }
    this.#source.assertWithin(pointer, rawSize, what);
    if ((header.Characteristics & IMAGE_SCN_MEM_SHARED) !== 0) {
      this.#problems.addUnsafe(
        `${what} is not shared, since the image sections do not begin at pages`,
        at,
      );
    }
  }
}

/** Where an address is in an image section; `undefined` if it is not in it. */
export function offsetIn({ address, byteLength }: ImageSection, at: number): number | undefined {
  return at >= address && at - address < byteLength ? at - address : undefined;
}
