/**
 * Reads what an image exports.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#the-edata-section-image-only}
 * @module
 */

import { IMAGE_EXPORT_DIRECTORY } from "./format.ts";
import { decodeName, type Directory, type ImageProblems, MAX_NAME } from "./headers.ts";
import { type ImageSections, offsetIn } from "./sections.ts";

/** A variable or a function that programs find in an image. */
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
      this.#problems.add(`${what} ends beyond its section`, this.#at);
      return undefined;
    }
    const section = this.#sections.at(address);
    const last = address + IMAGE_EXPORT_DIRECTORY.byteLength - 1;
    if (section !== undefined && offsetIn(section, last) === undefined) {
      const place = offsetIn(section, address) === undefined ? "is" : "ends";
      this.#problems.add(
        `${what} ${place} behind the ${section.byteLength} bytes of section ` +
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
    if (wanted > room) this.#problems.add(`${what} ends beyond its section`, span.offset);
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
    // Behind what the file has of a section there are zeros.
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
