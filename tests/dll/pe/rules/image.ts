/**
 * Reads a PE image as Microsoft's "PE Format" page describes it, for tests of the image writer.
 * This module imports nothing. All its constants come from that page and from winnt.h.
 *
 * @module
 */

/** Values of IMAGE_FILE_HEADER.Machine, from "Machine Types". */
export const MACHINE = { I386: 0x14c, AMD64: 0x8664, ARM64: 0xaa64 } as const;

/** The magic numbers of "Optional Header (Image Only)". */
export const MAGIC = { PE32: 0x10b, PE32_PLUS: 0x20b } as const;

/** The two entries of "Optional Header Data Directories" that a data-only DLL needs. */
export const DIRECTORY = { EXPORT: 0, BASE_RELOCATION: 5 } as const;

/** The number of directories that the page lists. */
export const DIRECTORY_COUNT = 16;

/** The flags of "Section Flags" that an image can have. */
export const SCN = {
  CNT_CODE: 0x20,
  CNT_INITIALIZED_DATA: 0x40,
  CNT_UNINITIALIZED_DATA: 0x80,
  MEM_DISCARDABLE: 0x2000000,
  MEM_NOT_CACHED: 0x4000000,
  MEM_NOT_PAGED: 0x8000000,
  MEM_SHARED: 0x10000000,
  MEM_EXECUTE: 0x20000000,
  MEM_READ: 0x40000000,
  MEM_WRITE: 0x80000000,
} as const;

/** The fields of a structure in order: the name and the size in bytes of each. */
type Layout<Name extends string> = readonly (readonly [Name, number])[];

/** The offsets of a layout's fields from the structure's start, and the structure's size. */
interface Places {
  readonly fields: ReadonlyMap<string, { readonly offset: number; readonly size: number }>;
  readonly size: number;
}

const placesOfLayouts = new WeakMap<Layout<string>, Places>();

function placesOf(layout: Layout<string>): Places {
  const known = placesOfLayouts.get(layout);
  if (known !== undefined) return known;
  const fields = new Map<string, { offset: number; size: number }>();
  let offset = 0;
  for (const [name, size] of layout) {
    fields.set(name, { offset, size });
    offset += size;
  }
  const places = { fields, size: offset };
  placesOfLayouts.set(layout, places);
  return places;
}

/** A structure in the file, whose fields are read and written by name. */
export class Struct<Name extends string> {
  readonly #view: DataView;
  readonly #start: number;
  readonly #places: Places;

  constructor(view: DataView, start: number, layout: Layout<Name>) {
    this.#view = view;
    this.#start = start;
    this.#places = placesOf(layout);
  }

  /** The offset of the first byte after the structure. */
  get end(): number {
    return this.#start + this.#places.size;
  }

  #place(name: Name): { offset: number; size: number } {
    const place = this.#places.fields.get(name);
    if (place === undefined) throw new TypeError(`This structure has no field ${name}`);
    return { offset: this.#start + place.offset, size: place.size };
  }

  offsetOf(name: Name): number {
    return this.#place(name).offset;
  }

  get(name: Name): number {
    const { offset, size } = this.#place(name);
    if (size === 1) return this.#view.getUint8(offset);
    if (size === 2) return this.#view.getUint16(offset, true);
    if (size === 4) return this.#view.getUint32(offset, true);
    // A value beyond 2^53 loses precision, but is far above every limit that the rules check.
    return Number(this.#view.getBigUint64(offset, true));
  }

  set(name: Name, value: number): void {
    const { offset, size } = this.#place(name);
    if (size === 1) this.#view.setUint8(offset, value);
    else if (size === 2) this.#view.setUint16(offset, value, true);
    else if (size === 4) this.#view.setUint32(offset, value, true);
    else this.#view.setBigUint64(offset, BigInt(value), true);
  }
}

// IMAGE_DOS_HEADER of winnt.h. The page describes only the word at 0x3c.
const DOS_HEADER = [
  ["e_magic", 2],
  ["e_cblp", 2],
  ["e_cp", 2],
  ["e_crlc", 2],
  ["e_cparhdr", 2],
  ["e_minalloc", 2],
  ["e_maxalloc", 2],
  ["e_ss", 2],
  ["e_sp", 2],
  ["e_csum", 2],
  ["e_ip", 2],
  ["e_cs", 2],
  ["e_lfarlc", 2],
  ["e_ovno", 2],
  ["e_res", 8],
  ["e_oemid", 2],
  ["e_oeminfo", 2],
  ["e_res2_low", 8],
  ["e_res2_middle", 8],
  ["e_res2_high", 4],
  ["e_lfanew", 4],
] as const;

const SIGNATURE = [["Signature", 4]] as const;

// "COFF File Header (Object and Image)"
const FILE_HEADER = [
  ["Machine", 2],
  ["NumberOfSections", 2],
  ["TimeDateStamp", 4],
  ["PointerToSymbolTable", 4],
  ["NumberOfSymbols", 4],
  ["SizeOfOptionalHeader", 2],
  ["Characteristics", 2],
] as const;

// "Optional Header Standard Fields (Image Only)"
const STANDARD_FIELDS = [
  ["Magic", 2],
  ["MajorLinkerVersion", 1],
  ["MinorLinkerVersion", 1],
  ["SizeOfCode", 4],
  ["SizeOfInitializedData", 4],
  ["SizeOfUninitializedData", 4],
  ["AddressOfEntryPoint", 4],
  ["BaseOfCode", 4],
] as const;

// "Optional Header Windows-Specific Fields (Image Only)": the fields with one size in both formats
const WINDOWS_FIELDS = [
  ["SectionAlignment", 4],
  ["FileAlignment", 4],
  ["MajorOperatingSystemVersion", 2],
  ["MinorOperatingSystemVersion", 2],
  ["MajorImageVersion", 2],
  ["MinorImageVersion", 2],
  ["MajorSubsystemVersion", 2],
  ["MinorSubsystemVersion", 2],
  ["Win32VersionValue", 4],
  ["SizeOfImage", 4],
  ["SizeOfHeaders", 4],
  ["CheckSum", 4],
  ["Subsystem", 2],
  ["DllCharacteristics", 2],
] as const;

const OPTIONAL_HEADER_32 = [
  ...STANDARD_FIELDS,
  ["BaseOfData", 4],
  ["ImageBase", 4],
  ...WINDOWS_FIELDS,
  ["SizeOfStackReserve", 4],
  ["SizeOfStackCommit", 4],
  ["SizeOfHeapReserve", 4],
  ["SizeOfHeapCommit", 4],
  ["LoaderFlags", 4],
  ["NumberOfRvaAndSizes", 4],
] as const;

const OPTIONAL_HEADER_64 = [
  ...STANDARD_FIELDS,
  ["ImageBase", 8],
  ...WINDOWS_FIELDS,
  ["SizeOfStackReserve", 8],
  ["SizeOfStackCommit", 8],
  ["SizeOfHeapReserve", 8],
  ["SizeOfHeapCommit", 8],
  ["LoaderFlags", 4],
  ["NumberOfRvaAndSizes", 4],
] as const;

const DATA_DIRECTORY = [["VirtualAddress", 4], ["Size", 4]] as const;

// "Section Table (Section Headers)". `nameOf()` reads the eight bytes of the name.
const SECTION_HEADER = [
  ["Name", 8],
  ["VirtualSize", 4],
  ["VirtualAddress", 4],
  ["SizeOfRawData", 4],
  ["PointerToRawData", 4],
  ["PointerToRelocations", 4],
  ["PointerToLinenumbers", 4],
  ["NumberOfRelocations", 2],
  ["NumberOfLinenumbers", 2],
  ["Characteristics", 4],
] as const;

// "Export Directory Table"
const EXPORT_DIRECTORY = [
  ["ExportFlags", 4],
  ["TimeDateStamp", 4],
  ["MajorVersion", 2],
  ["MinorVersion", 2],
  ["NameRva", 4],
  ["OrdinalBase", 4],
  ["AddressTableEntries", 4],
  ["NumberOfNamePointers", 4],
  ["ExportAddressTableRva", 4],
  ["NamePointerRva", 4],
  ["OrdinalTableRva", 4],
] as const;

const DWORD = [["Value", 4]] as const;
const WORD = [["Value", 2]] as const;

// "Base Relocation Block"
const RELOCATION_BLOCK = [["PageRva", 4], ["BlockSize", 4]] as const;

const SIZE_OF_FILE_HEADER = 20;
const SIZE_OF_SECTION_HEADER = 40;
const SIZE_OF_EXPORT_DIRECTORY = 40;
const SIZE_OF_BLOCK_HEADER = 8;

export type DosField = (typeof DOS_HEADER)[number][0];
export type FileField = (typeof FILE_HEADER)[number][0];
export type OptionalField = (typeof OPTIONAL_HEADER_32)[number][0];
export type DirectoryField = (typeof DATA_DIRECTORY)[number][0];
export type SectionField = (typeof SECTION_HEADER)[number][0];
export type ExportField = (typeof EXPORT_DIRECTORY)[number][0];

/** The export directory table and the three tables that it points to. */
export interface Exports {
  readonly table: Struct<ExportField>;
  /** The export address table, with the RVA of each export. */
  readonly addresses: readonly Struct<"Value">[];
  /** The export name pointer table, with the RVA of each name. */
  readonly names: readonly Struct<"Value">[];
  /** The export ordinal table, with an index into `addresses` for each name. */
  readonly ordinals: readonly Struct<"Value">[];
}

/** A base relocation block. */
export interface RelocationBlock {
  readonly header: Struct<"PageRva" | "BlockSize">;
  /** Each entry has a type in the high four bits and an offset in the low twelve. */
  readonly entries: readonly Struct<"Value">[];
}

/** An image. Each structure is found once, and its fields are read from the bytes at each use. */
export class PeImage {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #dos: Struct<DosField> | undefined;
  #file: Struct<FileField> | undefined;
  #optional: Struct<OptionalField> | undefined;
  #directories: Struct<DirectoryField>[] | undefined;
  #sections: Struct<SectionField>[] | undefined;
  #exports: { found: Exports | undefined } | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  get dos(): Struct<DosField> {
    return this.#dos ??= new Struct(this.#view, 0, DOS_HEADER);
  }

  /** The offset of the signature. */
  get start(): number {
    return this.dos.get("e_lfanew");
  }

  get signature(): Struct<"Signature"> {
    return new Struct(this.#view, this.start, SIGNATURE);
  }

  get file(): Struct<FileField> {
    return this.#file ??= new Struct(this.#view, this.start + 4, FILE_HEADER);
  }

  /** The offset of the optional header. */
  get optionalStart(): number {
    return this.start + 4 + SIZE_OF_FILE_HEADER;
  }

  get is64(): boolean {
    return this.optional.get("Magic") === MAGIC.PE32_PLUS;
  }

  get optional(): Struct<OptionalField> {
    const at = this.optionalStart;
    return this.#optional ??= this.#view.getUint16(at, true) === MAGIC.PE32_PLUS
      ? new Struct<OptionalField>(this.#view, at, OPTIONAL_HEADER_64)
      : new Struct<OptionalField>(this.#view, at, OPTIONAL_HEADER_32);
  }

  /** The directories of the image: as many as NumberOfRvaAndSizes, but at most 16. */
  get directories(): Struct<DirectoryField>[] {
    const { optional } = this;
    const count = Math.min(optional.get("NumberOfRvaAndSizes"), DIRECTORY_COUNT);
    return this.#directories ??= Array.from(
      { length: count },
      (_, index) => new Struct(this.#view, optional.end + 8 * index, DATA_DIRECTORY),
    );
  }

  directory(index: number): Struct<DirectoryField> {
    return present(this.directories[index]);
  }

  /** The offset of the section table, which the page computes from SizeOfOptionalHeader. */
  get sectionTableStart(): number {
    return this.optionalStart + this.file.get("SizeOfOptionalHeader");
  }

  get sectionTableEnd(): number {
    return this.sectionTableStart + SIZE_OF_SECTION_HEADER * this.file.get("NumberOfSections");
  }

  get sections(): Struct<SectionField>[] {
    return this.#sections ??= Array.from(
      { length: this.file.get("NumberOfSections") },
      (_, index) =>
        new Struct(
          this.#view,
          this.sectionTableStart + SIZE_OF_SECTION_HEADER * index,
          SECTION_HEADER,
        ),
    );
  }

  /** Returns the eight bytes of a section's name. */
  nameOf(section: Struct<SectionField>): Uint8Array {
    const at = section.offsetOf("Name");
    return this.bytes.subarray(at, at + 8);
  }

  /** Returns the section whose virtual range contains a whole range of RVAs. */
  sectionOf(rva: number, size: number): Struct<SectionField> | undefined {
    return this.sections.find((section) => {
      const start = section.get("VirtualAddress");
      return rva >= start && rva + size <= start + section.get("VirtualSize");
    });
  }

  /** Returns the offset of a range of RVAs in the file, if one section's raw data contains it. */
  offsetOf(rva: number, size: number): number | undefined {
    const section = this.sectionOf(rva, size);
    if (section === undefined) return undefined;
    const start = rva - section.get("VirtualAddress");
    if (start + size > section.get("SizeOfRawData")) return undefined;
    const offset = section.get("PointerToRawData") + start;
    return offset + size <= this.length ? offset : undefined;
  }

  /** Returns the section that contains the beginning of a directory. */
  sectionOfDirectory(index: number): Struct<SectionField> | undefined {
    return this.sectionOf(this.directory(index).get("VirtualAddress"), 1);
  }

  get sharedSections(): Struct<SectionField>[] {
    return this.sections.filter((section) => has(section, SCN.MEM_SHARED));
  }

  /** Returns the bytes of a NUL-terminated string, without the NUL. */
  stringAt(rva: number): Uint8Array | undefined {
    const start = this.offsetOf(rva, 1);
    if (start === undefined) return undefined;
    for (let size = 0; this.offsetOf(rva, size + 1) !== undefined; size++) {
      if (this.bytes[start + size] === 0) return this.bytes.subarray(start, start + size);
    }
    return undefined;
  }

  /** The contents of the export directory, or `undefined` if a table is unreadable. */
  get exports(): Exports | undefined {
    this.#exports ??= { found: this.#findExports() };
    return this.#exports.found;
  }

  #findExports(): Exports | undefined {
    const at = this.offsetOf(
      this.directory(DIRECTORY.EXPORT).get("VirtualAddress"),
      SIZE_OF_EXPORT_DIRECTORY,
    );
    if (at === undefined) return undefined;
    const table = new Struct<ExportField>(this.#view, at, EXPORT_DIRECTORY);
    const nameCount = table.get("NumberOfNamePointers");
    const addresses = this.#array(
      table.get("ExportAddressTableRva"),
      table.get("AddressTableEntries"),
      DWORD,
    );
    const names = this.#array(table.get("NamePointerRva"), nameCount, DWORD);
    const ordinals = this.#array(table.get("OrdinalTableRva"), nameCount, WORD);
    if (addresses === undefined || names === undefined || ordinals === undefined) return undefined;
    return { table, addresses, names, ordinals };
  }

  #array(
    rva: number,
    count: number,
    layout: readonly [readonly ["Value", number]],
  ): Struct<"Value">[] | undefined {
    const size = layout[0][1];
    const at = this.offsetOf(rva, size * count);
    if (at === undefined) return undefined;
    return Array.from(
      { length: count },
      (_, index) => new Struct(this.#view, at + size * index, layout),
    );
  }

  /** The base relocation blocks, and the fault that ended reading them. */
  get relocations(): { blocks: RelocationBlock[]; fault: string | undefined } {
    const directory = this.directory(DIRECTORY.BASE_RELOCATION);
    const blocks: RelocationBlock[] = [];
    let at = this.offsetOf(directory.get("VirtualAddress"), directory.get("Size"));
    if (at === undefined) return { blocks, fault: "the directory can't be read" };
    const end = at + directory.get("Size");
    while (at < end) {
      if (at + SIZE_OF_BLOCK_HEADER > end) {
        return { blocks, fault: `${end - at} bytes are left after the last block` };
      }
      const header: RelocationBlock["header"] = new Struct(this.#view, at, RELOCATION_BLOCK);
      const size = header.get("BlockSize");
      if (size < SIZE_OF_BLOCK_HEADER || size % 4 !== 0 || at + size > end) {
        return { blocks, fault: `block ${blocks.length} has the size ${size}` };
      }
      const first = at + SIZE_OF_BLOCK_HEADER;
      const entries = Array.from(
        { length: (size - SIZE_OF_BLOCK_HEADER) / 2 },
        (_, index): Struct<"Value"> => new Struct(this.#view, first + 2 * index, WORD),
      );
      blocks.push({ header, entries });
      at += size;
    }
    return { blocks, fault: undefined };
  }
}

/** Whether a section has all of these flags. */
export function has(section: Struct<SectionField>, flags: number): boolean {
  return ((section.get("Characteristics") & flags) >>> 0) === flags;
}

/** Returns a part of a valid image. Throws if the part is missing. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("Expected a valid image, but a part is missing");
  return value;
}

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

export function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}

/**
 * Returns the checksum of ImageHlp's CheckSumMappedFile. The file's little-endian words, without
 * the CheckSum field, are added in ones' complement. Then the file's length is added.
 */
export function checksumOf(bytes: Uint8Array, checksumOffset: number): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    if (at === checksumOffset || at === checksumOffset + 2) continue;
    sum += (bytes[at] ?? 0) + 0x100 * (bytes[at + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum + bytes.length;
}
