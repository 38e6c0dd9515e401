/**
 * Builds a DLL whose variables all processes share, without a compiler, and declares the variables
 * for C. The DLL contains only variables: headers, image sections, an export table for
 * `GetProcAddress`, and a checksum.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 * @see {@link https://learn.microsoft.com/windows/win32/api/imagehlp/nf-imagehlp-checksummappedfile}
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#the-edata-section-image-only}
 * @module
 */

import { alignUp, assertCName, C_HEADERS } from "../struct/placement.ts";
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
  MACHINE_NAMES,
  MACHINES,
  PE32,
  PE32_PLUS,
  thisMachine,
} from "./pe/headers.ts";
import {
  assertObject,
  assertOptions,
  assertString,
  oneOf,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import type { TypeLike } from "../struct/ctype.ts";
import { typeOf } from "../struct/scalar.ts";
import { struct, type StructInput } from "../struct/layout.ts";

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

/** The types of variables, by variable name. */
export type Variables = Readonly<Record<string, TypeLike>>;

/** Options of {@linkcode buildSharedSection} and {@linkcode declareSharedSection}. */
export interface SharedSectionOptions<V extends Variables> {
  /** The variables, in the order of their addresses. At most 65,535 variables, and 1 GiB in all. */
  variables: V;
  /** Initial values by variable name. @default 0, `false` or an empty text for each variable */
  initial?: StructInput<V>;
  /** The image section's name, at most 8 characters. @default ".shared" */
  section?: string;
  /** The machine type of the programs that load the DLL. @default the type of this process */
  machine?: Machine;
  /**
   * The DLL's file name. Programs that link to the DLL load it by this name.
   * @default "shared.dll"
   */
  fileName?: string;
}

/** The checks of {@linkcode SharedSectionOptions}, by option. */
export const SHARED_SECTION_CHECKS: OptionChecks<SharedSectionOptions<Variables>> = {
  variables: assertVariables,
  initial: assertObject,
  section: assertSectionName,
  machine: oneOf(MACHINE_NAMES),
  fileName: assertFileName,
};

/** Maximum number of variables, because an ordinal has 16 bits and ordinals begin at 1. */
const MAX_VARIABLES = 65_535;
const FILE_NAME = "shared.dll";
/** Maximum size of all variables in bytes. Windows maps images of somewhat less than 2 GiB. */
const MAX_BYTES = 2 ** 30;

/**
 * Returns the bytes of a DLL whose variables are shared by all processes that load it. A C compiler
 * makes such a DLL with `#pragma data_seg` and the linker option `/SECTION:…,RWS`. This function
 * needs no compiler, and the DLL contains no code.
 *
 * The variables are exported by name, so programs in any language find them with `GetProcAddress`.
 * Each variable is at the next multiple of its alignment, as in a C struct. The same options result
 * in the same bytes, on any system.
 *
 * This memory has no access control: any process of any user that can load the file can write to
 * it. So Microsoft advises against it. Do not use it for data that a hostile program must not
 * change; `SharedMemory` has access control. Application control (AppLocker, Smart App Control) can
 * refuse to load an unsigned DLL.
 *
 * @example Build a DLL, load it, and add to its variable
 * ```ts
 * import { buildSharedSection, SharedSection } from "@winipc/winipc/dll";
 * import { assertEquals } from "@std/assert";
 *
 * const variables = { iWhatYouUseInTwo: "i32" } as const;
 * const path = `${Deno.makeTempDirSync()}/one.dll`;
 * Deno.writeFileSync(path, buildSharedSection({ section: ".ASHARE", variables }));
 * {
 *   using section = SharedSection.load(path, { exports: variables });
 *   section.counters.iWhatYouUseInTwo.add(2);
 *   assertEquals(section.variables.iWhatYouUseInTwo, 2);
 * }
 * Deno.removeSync(path);
 * ```
 *
 * @throws {TypeError} If a name or a type is invalid, or an initial value is of the wrong kind.
 * @throws {RangeError} If an initial value is out of range, or there are too many variables, or
 *   they are too large.
 * @see {@link https://learn.microsoft.com/cpp/build/reference/section-specify-section-attributes}
 */
export function buildSharedSection<const V extends Variables>(
  options: SharedSectionOptions<V>,
): Uint8Array<ArrayBuffer> {
  assertOptions(options, SHARED_SECTION_CHECKS);
  const { variables, initial = {}, section = ".shared", machine = thisMachine() } = options;
  const { fileName = FILE_NAME } = options;
  const layout = layoutOf(variables);
  const data = new Uint8Array(layout.byteLength);
  layout.write(data, initial);
  const offsets = new Map(Object.keys(variables).map((name) => [name, layout.offsetOf(name)]));
  return writeImage({ machine, fileName, section, data, variables: offsets });
}

/**
 * Returns C declarations of the variables, for a C or C++ program that links to a DLL of
 * {@linkcode buildSharedSection}. A program that uses `GetProcAddress` needs only the types.
 *
 * @example Declare a variable for a C program
 * ```ts
 * import { declareSharedSection } from "@winipc/winipc/dll";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const { header, definition } = declareSharedSection({
 *   variables: { counter: "i32" },
 *   fileName: "counters.dll",
 * });
 * assertStringIncludes(header, "extern __declspec(dllimport) volatile int32_t counter;");
 * // lib /def:counters.def, or dlltool -d counters.def -l libcounters.a
 * assertStringIncludes(definition, 'LIBRARY "counters.dll"');
 * ```
 *
 * @param options The same options as for {@linkcode buildSharedSection}.
 * @returns The text of a header, and of a module-definition file for making an import library.
 * @throws {TypeError} If a name or a type is invalid, or a name has another meaning in C or C++.
 * @see {@link https://learn.microsoft.com/cpp/build/reference/module-definition-dot-def-files}
 */
export function declareSharedSection<const V extends Variables>(
  options: SharedSectionOptions<V>,
): { header: string; definition: string } {
  assertOptions(options, SHARED_SECTION_CHECKS);
  const { fileName = FILE_NAME } = options;
  layoutOf(options.variables);
  const types: string[] = [];
  const declarations: string[] = [];
  const exports: string[] = [];
  for (const [name, type] of Object.entries(options.variables)) {
    // buildSharedSection() accepts these names, because only C and C++ cannot declare them.
    assertCName(name, name, "rename it, or have the program look it up by GetProcAddress");
    const { c } = typeOf(type, name);
    const typeName = typeNameFor(name, options.variables);
    types.push(...c.define(typeName));
    // Without `volatile`, a loop that waits for another process's write could read only once.
    const volatile = typeof type === "string" ? "volatile " : "";
    declarations.push(`extern __declspec(dllimport) ${volatile}${c.declare(name, typeName)};`);
    exports.push(`    ${definitionName(name)} DATA`);
  }
  const lines = [
    "#pragma once",
    ...C_HEADERS.map((header) => `#include ${header}`),
    "#ifdef __cplusplus",
    'extern "C" {',
    "#endif",
    ...types,
    ...declarations,
    "#ifdef __cplusplus",
    "}",
    "#endif",
  ];
  return {
    header: `${lines.join("\n")}\n`,
    definition: [`LIBRARY "${fileName}"`, "EXPORTS", ...exports, ""].join("\n"),
  };
}

/** Returns the name of a variable's type. The types of its fields have names that begin with it. */
function typeNameFor(name: string, variables: Variables): string {
  let typeName = `${name}_type`;
  while (Object.keys(variables).some((other) => `${other}_`.startsWith(`${typeName}_`))) {
    typeName += "_";
  }
  return typeName;
}

/** Returns the layout of the image section: a struct with the variables as its fields. */
function layoutOf<const V extends Variables>(variables: V) {
  assertVariables("variables", variables);
  const names = Object.keys(variables);
  if (names.length > MAX_VARIABLES) {
    throw new RangeError(`Expected at most ${MAX_VARIABLES} variables, got ${names.length}`);
  }
  const layout = struct(variables);
  if (layout.byteLength > MAX_BYTES) {
    throw new RangeError(
      `Expected variables of at most ${MAX_BYTES} bytes, got ${layout.byteLength}`,
    );
  }
  return layout;
}

/**
 * Throws unless a value is an object of types by variable name.
 *
 * @param what The name of the value in the message.
 */
export function assertVariables(what: string, value: unknown): asserts value is Variables {
  assertObject(what, value);
  // typeOf() refuses bit fields and explicit offsets, which only a struct's fields can have.
  for (const [name, type] of Object.entries(value)) typeOf(type, name);
}

function assertFileName(what: string, fileName: unknown): void {
  assertString(what, fileName);
  if (/^[A-Za-z0-9 ._+()-]{1,255}$/.test(fileName)) return;
  throw new TypeError(
    `Expected ${what} to be the name of a file without a folder, of at most 255 letters, ` +
      `digits, spaces and ._+()-, got ${JSON.stringify(fileName)}`,
  );
}

function assertSectionName(what: string, section: unknown): void {
  assertString(what, section);
  const taken = OWN_SECTIONS.some((name) => name === section);
  if (!taken && /^[A-Za-z_.][A-Za-z0-9_.]{0,7}$/.test(section)) return;
  throw new TypeError(
    `Expected ${what} to be the name of an image section, of at most 8 letters, digits, _ and ., ` +
      `and not ${OWN_SECTIONS.join(" or ")}, got ${JSON.stringify(section)}`,
  );
}

/**
 * The keywords of module-definition files. A variable with such a name must be in quotation marks.
 * The list has the keywords of Microsoft's LINK, and further keywords of the tools of GNU and LLVM.
 * All of them are case-sensitive.
 *
 * @see {@link https://learn.microsoft.com/cpp/build/reference/reserved-words}
 */
const DEFINITION_WORDS: ReadonlySet<string> = new Set(
  `
  APPLOADER BASE CODE CONFORMING DATA DESCRIPTION DEV386 DISCARDABLE DYNAMIC EXECUTEONLY EXECUTEREAD
  EXETYPE EXPORTS FIXED FUNCTIONS HEAPSIZE IMPORTS IMPURE INCLUDE INITINSTANCE IOPL LIBRARY LOADONCALL
  LONGNAMES MOVABLE MOVEABLE MULTIPLE NAME NEWFILES NODATA NOIOPL NONAME NONCONFORMING NONDISCARDABLE
  NONE NONSHARED NOTWINDOWCOMPAT OBJECTS OLD PRELOAD PRIVATE PROTMODE PURE READONLY READWRITE REALMODE
  RESIDENT RESIDENTNAME SECTIONS SEGMENTS SHARED SINGLE STACKSIZE STUB VERSION WINDOWAPI WINDOWCOMPAT
  WINDOWS
  CONSTANT EXECUTE EXPORTAS INITGLOBAL READ SUBSYSTEM TERMGLOBAL TERMINSTANCE WRITE`.trim().split(
    /\s+/,
  ),
);

/** Returns a name for a module-definition file, in quotation marks if it is a keyword there. */
export function definitionName(name: string): string {
  return DEFINITION_WORDS.has(name) ? `"${name}"` : name;
}
