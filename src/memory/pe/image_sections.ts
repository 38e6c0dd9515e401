/**
 * Where the sections of an image are: in the memory, and in the file.
 *
 * @module
 */

import {
  IMAGE_SCN_MEM_EXECUTE,
  IMAGE_SCN_MEM_READ,
  IMAGE_SCN_MEM_SHARED,
  IMAGE_SCN_MEM_WRITE,
  IMAGE_SECTION_HEADER,
} from "./format.ts";
import type { ImageSource } from "./image_source.ts";

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

/** Windows reads no more sections. */
const MOST_SECTIONS = 96;

/** Finds what is at the addresses of an image. */
export class ImageSections {
  /** The sections, in the order of their addresses. */
  readonly all: readonly ImageSection[];
  readonly #source: ImageSource;
  readonly #files: ReadonlyMap<ImageSection, { offset: number; length: number }>;

  /**
   * Reads the table of sections.
   *
   * @param source The image.
   * @param at Where the table is, in bytes from the beginning of the file.
   * @param count How many sections there are.
   * @param sizeOfImage How large the image is in the memory, in bytes.
   */
  constructor(source: ImageSource, at: number, count: number, sizeOfImage: number) {
    if (count === 0 || count > MOST_SECTIONS) source.fail(`there are ${count} sections`, at);
    const files = new Map<ImageSection, { offset: number; length: number }>();
    let end = 0;
    for (let index = 0; index < count; index++) {
      const headerAt = at + index * IMAGE_SECTION_HEADER.byteLength;
      const header = source.read(IMAGE_SECTION_HEADER, headerAt, "the table of sections");
      const { VirtualAddress: address, SizeOfRawData: length, PointerToRawData: offset } = header;
      const name = String.fromCharCode(...header.Name).replace(/\0.*$/s, "");
      const what = `section ${JSON.stringify(name)}`;
      const byteLength = header.VirtualSize || length;
      if (byteLength === 0) source.fail(`${what} is empty`, headerAt);
      if (address < end) {
        source.fail(`${what} begins before the end of the one before it`, headerAt);
      }
      end = address + byteLength;
      if (end > sizeOfImage) source.fail(`${what} ends beyond the image`, headerAt);
      if (length > 0) source.assertWithin(offset, length, what);
      const has = (flag: number) => (header.Characteristics & flag) !== 0;
      files.set({
        name,
        address,
        byteLength,
        readable: has(IMAGE_SCN_MEM_READ),
        writable: has(IMAGE_SCN_MEM_WRITE),
        executable: has(IMAGE_SCN_MEM_EXECUTE),
        shared: has(IMAGE_SCN_MEM_SHARED),
      }, { offset, length });
    }
    this.#source = source;
    this.#files = files;
    this.all = [...files.keys()];
  }

  /** The section of an address; `undefined` if it is in none. */
  at(address: number): ImageSection | undefined {
    return this.all.find((section) => offsetIn(section, address) !== undefined);
  }

  /**
   * Finds where an address is in the file, and where what the file has of its section ends.
   *
   * @param address The address, in bytes from the image's base.
   * @param what What is there, for the message.
   */
  locate(address: number, what: string): { offset: number; end: number } {
    const section = this.at(address);
    const file = section && this.#files.get(section);
    const offset = section ? address - section.address : 0;
    if (file === undefined || offset >= file.length) {
      this.#source.fail(`${what} is at address ${address}, where the file has nothing`, 0);
    }
    return { offset: file.offset + offset, end: file.offset + file.length };
  }
}

/** Where an address is in a section; `undefined` if it is not in it. */
export function offsetIn({ address, byteLength }: ImageSection, at: number): number | undefined {
  return at >= address && at - address < byteLength ? at - address : undefined;
}
