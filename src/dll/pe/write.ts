/**
 * Writes a DLL that contains only variables: its headers, its image sections, its export table for
 * `GetProcAddress`, and its checksum.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 * @see {@link https://learn.microsoft.com/windows/win32/api/imagehlp/nf-imagehlp-checksummappedfile}
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#the-edata-section-image-only}
 * @module
 */

import { alignUp } from "../../struct/placement.ts";
import {
  DIRECTORY_COUNT,
  FILE_HEADER,
  IMAGE_DIRECTORY_ENTRY_BASERELOC,
  IMAGE_DIRECTORY_ENTRY_EXPORT,
  IMAGE_DOS_HEADER,
  IMAGE_DOS_SIGNATURE,
  IMAGE_EXPORT_DIRECTORY,
  IMAGE_NT_SIGNATURE,
  IMAGE_OPTIONAL_HEADER32,
  IMAGE_OPTIONAL_HEADER64,
  IMAGE_SCN_CNT_INITIALIZED_DATA,
  IMAGE_SCN_MEM_DISCARDABLE,
  IMAGE_SCN_MEM_READ,
  IMAGE_SCN_MEM_SHARED,
  IMAGE_SCN_MEM_WRITE,
  IMAGE_SECTION_HEADER,
  type Machine,
  MACHINES,
  PE32,
  PE32_PLUS,
} from "./headers.ts";

const SECTION_ALIGNMENT = 4096;
const FILE_ALIGNMENT = 512;

/** `IMAGE_FILE_EXECUTABLE_IMAGE | IMAGE_FILE_DLL` */
const DLL = 0x0002 + 0x2000;
/** `IMAGE_FILE_LARGE_ADDRESS_AWARE` */
const LARGE_ADDRESS_AWARE = 0x0020;
/** `IMAGE_FILE_32BIT_MACHINE` */
const MACHINE_32_BIT = 0x0100;
/** `IMAGE_SUBSYSTEM_WINDOWS_GUI`, which linkers write for a DLL. */
const SUBSYSTEM = 2;
/** `IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | NX_COMPAT | NO_SEH` */
const DLL_CHARACTERISTICS = 0x0040 + 0x0100 + 0x0400;
/** `IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA` */
const HIGH_ENTROPY_VA = 0x0020;

/** The base addresses that linkers write for a DLL. */
const IMAGE_BASE_64 = 0x1_8000_0000n;
const IMAGE_BASE_32 = 0x1000_0000;

const READ_DATA = IMAGE_SCN_CNT_INITIALIZED_DATA + IMAGE_SCN_MEM_READ;

/** The image sections that the writer adds. A shared section cannot have these names. */
export const OWN_SECTIONS = [".edata", ".reloc"] as const;

/** The contents of an image. */
export interface ImageContents {
  /** The machine type of the image. */
  readonly machine: Machine;
  /** The file name in the export table. */
  readonly fileName: string;
  /** The name of the shared section, at most 8 bytes of ASCII. */
  readonly section: string;
  /** The initial bytes of the shared section. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The offset of each variable in the shared section, in bytes. */
  readonly variables: ReadonlyMap<string, number>;
}

/** An image section with its places in memory and in the file. */
interface PlacedSection {
  readonly name: string;
  readonly characteristics: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The address in memory, in bytes from the image's base. */
  readonly address: number;
  /** The offset in the file, in bytes. */
  readonly pointer: number;
  /** The size in the file, in bytes. */
  readonly rawSize: number;
}

/** Writes an image. The same contents always result in the same bytes. */
export function writeImage(contents: ImageContents): Uint8Array<ArrayBuffer> {
  const { machine, fileName, section, data, variables } = contents;
  const [exportName, relocationName] = OWN_SECTIONS;
  const shared = place(section, READ_DATA + IMAGE_SCN_MEM_WRITE + IMAGE_SCN_MEM_SHARED, data);
  const table = exportTable(fileName, nextAddress(shared), variables, shared.address);
  const exports = place(exportName, READ_DATA, table, shared);
  const relocations = place(
    relocationName,
    READ_DATA + IMAGE_SCN_MEM_DISCARDABLE,
    emptyRelocations(shared.address),
    exports,
  );
  const image = new Uint8Array(relocations.pointer + relocations.rawSize);
  for (const { bytes, pointer, rawSize } of [shared, exports, relocations]) {
    image.set(bytes.subarray(0, rawSize), pointer);
  }
  writeHeaders(image, machine, [shared, exports, relocations]);
  return image;
}

/** Places an image section after the last one, or after the headers. */
function place(
  name: string,
  characteristics: number,
  bytes: Uint8Array<ArrayBuffer>,
  last?: PlacedSection,
): PlacedSection {
  return {
    name,
    characteristics,
    bytes,
    address: nextAddress(last),
    pointer: last === undefined ? FILE_ALIGNMENT : last.pointer + last.rawSize,
    rawSize: alignUp(lengthWithoutZeros(bytes), FILE_ALIGNMENT),
  };
}

function writeHeaders(
  image: Uint8Array<ArrayBuffer>,
  machine: Machine,
  [shared, exports, relocations]: readonly [PlacedSection, PlacedSection, PlacedSection],
): void {
  const sections = [shared, exports, relocations];
  const wide = machine !== "x86";
  const optionalHeader = wide ? IMAGE_OPTIONAL_HEADER64 : IMAGE_OPTIONAL_HEADER32;
  const fileHeaderAt = IMAGE_DOS_HEADER.byteLength;
  const optionalHeaderAt = fileHeaderAt + FILE_HEADER.byteLength;
  const sectionsAt = optionalHeaderAt + optionalHeader.byteLength;
  IMAGE_DOS_HEADER.write(image, {
    e_magic: IMAGE_DOS_SIGNATURE,
    e_cparhdr: IMAGE_DOS_HEADER.byteLength / 16,
    e_lfarlc: IMAGE_DOS_HEADER.byteLength,
    e_lfanew: fileHeaderAt,
  });
  FILE_HEADER.write(image, {
    Signature: IMAGE_NT_SIGNATURE,
    Machine: MACHINES[machine],
    NumberOfSections: sections.length,
    SizeOfOptionalHeader: optionalHeader.byteLength,
    Characteristics: DLL + (wide ? LARGE_ADDRESS_AWARE : MACHINE_32_BIT),
  }, fileHeaderAt);
  const version = { major: 6, minor: machine === "arm64" ? 2 : 0 };
  const common = {
    SizeOfInitializedData: sections.reduce((sum, { rawSize }) => sum + rawSize, 0),
    SectionAlignment: SECTION_ALIGNMENT,
    FileAlignment: FILE_ALIGNMENT,
    MajorOperatingSystemVersion: version.major,
    MinorOperatingSystemVersion: version.minor,
    MajorSubsystemVersion: version.major,
    MinorSubsystemVersion: version.minor,
    SizeOfImage: nextAddress(sections.at(-1)),
    SizeOfHeaders: FILE_ALIGNMENT,
    Subsystem: SUBSYSTEM,
    DllCharacteristics: DLL_CHARACTERISTICS + (wide ? HIGH_ENTROPY_VA : 0),
    NumberOfRvaAndSizes: DIRECTORY_COUNT,
    DataDirectory: Array.from(
      { length: DIRECTORY_COUNT },
      (_, index) =>
        index === IMAGE_DIRECTORY_ENTRY_EXPORT
          ? directory(exports)
          : index === IMAGE_DIRECTORY_ENTRY_BASERELOC
          ? directory(relocations)
          : {},
    ),
  };
  // The DLL has no code, no entry point, and no stack or heap: those fields stay 0.
  if (wide) {
    IMAGE_OPTIONAL_HEADER64.write(
      image,
      { ...common, Magic: PE32_PLUS, ImageBase: IMAGE_BASE_64 },
      optionalHeaderAt,
    );
  } else {
    IMAGE_OPTIONAL_HEADER32.write(
      image,
      { ...common, Magic: PE32, BaseOfData: shared.address, ImageBase: IMAGE_BASE_32 },
      optionalHeaderAt,
    );
  }
  sections.forEach((section, index) => {
    IMAGE_SECTION_HEADER.write(image, {
      Name: Array.from({ length: 8 }, (_, at) => section.name.charCodeAt(at) || 0),
      VirtualSize: section.bytes.length,
      VirtualAddress: section.address,
      SizeOfRawData: section.rawSize,
      PointerToRawData: section.pointer,
      Characteristics: section.characteristics,
    }, sectionsAt + index * IMAGE_SECTION_HEADER.byteLength);
  });
  // The checksum is at the same offset in both kinds of optional header.
  const at = optionalHeaderAt + IMAGE_OPTIONAL_HEADER64.offsetOf("CheckSum");
  new DataView(image.buffer).setUint32(at, checksumOf(image), true);
}

function directory(section: PlacedSection) {
  return { VirtualAddress: section.address, Size: section.bytes.length };
}

/** Returns the address of the image section after the last one, or of the first one. */
function nextAddress(last: PlacedSection | undefined): number {
  return last === undefined
    ? SECTION_ALIGNMENT
    : alignUp(last.address + last.bytes.length, SECTION_ALIGNMENT);
}

/** Returns the number of bytes that the file must contain, at least 1. Windows adds the zeros. */
function lengthWithoutZeros(bytes: Uint8Array): number {
  return Math.max(bytes.findLastIndex((byte) => byte !== 0) + 1, 1);
}

/**
 * Returns a table without relocations. Without a table, the image could not be moved, so Windows
 * would not map it at a random address.
 */
function emptyRelocations(page: number): Uint8Array<ArrayBuffer> {
  // The page, the block's size, and two entries for padding (IMAGE_REL_BASED_ABSOLUTE).
  return new Uint8Array(Uint32Array.of(page, 12, 0).buffer);
}

/**
 * Returns the checksum of an image: the sum of its 16-bit words, with each carry added back, plus
 * its length in bytes.
 *
 * @param image The image, an even number of bytes. Its checksum field must be 0.
 */
export function checksumOf(image: Uint8Array<ArrayBuffer>): number {
  const data = new DataView(image.buffer, image.byteOffset, image.byteLength);
  let sum = 0;
  for (let at = 0; at < image.length; at += 2) {
    sum += data.getUint16(at, true);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum + image.length;
}

/**
 * Writes an export table.
 *
 * @param fileName The file name of the image.
 * @param address The table's address in memory, in bytes from the image's base.
 * @param variables The offset of each variable in its image section, in bytes.
 * @param sectionAddress The address of that image section, in bytes from the image's base.
 */
export function exportTable(
  fileName: string,
  address: number,
  variables: ReadonlyMap<string, number>,
  sectionAddress: number,
): Uint8Array<ArrayBuffer> {
  // The names must be in the order of their bytes, because Windows uses a binary search.
  const names = [...variables.keys()].sort();
  const count = names.length;
  const functionsAt = IMAGE_EXPORT_DIRECTORY.byteLength;
  const namesAt = functionsAt + count * 4;
  const ordinalsAt = namesAt + count * 4;
  const textsAt = ordinalsAt + count * 2;
  const texts = [fileName, ...names].map((text) => new TextEncoder().encode(`${text}\0`));
  const table = new Uint8Array(textsAt + texts.reduce((sum, { length }) => sum + length, 0));
  const data = new DataView(table.buffer);
  let at = textsAt;
  const textAddresses = texts.map((text) => {
    table.set(text, at);
    at += text.length;
    return address + at - text.length;
  });
  IMAGE_EXPORT_DIRECTORY.write(table, {
    Name: textAddresses[0]!,
    Base: 1,
    NumberOfFunctions: count,
    NumberOfNames: count,
    AddressOfFunctions: address + functionsAt,
    AddressOfNames: address + namesAt,
    AddressOfNameOrdinals: address + ordinalsAt,
  });
  names.forEach((name, index) => {
    data.setUint32(functionsAt + index * 4, sectionAddress + variables.get(name)!, true);
    data.setUint32(namesAt + index * 4, textAddresses[index + 1]!, true);
    data.setUint16(ordinalsAt + index * 2, index, true);
  });
  return table;
}
