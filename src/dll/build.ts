/**
 * Builds a DLL whose variables all processes share, without a compiler, and declares the variables for C.
 *
 * @module
 */

import {
  assertObject,
  assertOptions,
  assertString,
  oneOf,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { assertCName, C_HEADERS } from "../struct/c_source.ts";
import type { TypeLike } from "../struct/ctype.ts";
import { typeOf } from "../struct/scalar.ts";
import { type Machine, MACHINE_NAMES, THIS_MACHINE } from "./pe/format.ts";
import { OWN_SECTIONS, writeImage } from "./pe/write.ts";
import { struct, type StructInput } from "../struct/layout.ts";

/** Variables by their names, with their types. */
export type Variables = Readonly<Record<string, TypeLike>>;

/** What a DLL of shared variables is to be like. */
export interface SharedSectionOptions<V extends Variables> {
  /** The variables, in the order in which they are in the memory; at most 65,535, and 1 GiB. */
  variables: V;
  /** What some of them are at first; the others are 0, false or empty. */
  initial?: StructInput<V>;
  /** The image section's name, at most 8 characters. @default ".shared" */
  section?: string;
  /** The machine that the programs that load it are for. @default this process's */
  machine?: Machine;
  /** The DLL's file name, for those who link to it. @default "shared.dll" */
  fileName?: string;
}

/** The checks of {@linkcode SharedSectionOptions}. */
export const SHARED_SECTION_CHECKS: OptionChecks<SharedSectionOptions<Variables>> = {
  variables: assertVariables,
  initial: assertObject,
  section: assertSectionName,
  machine: oneOf(MACHINE_NAMES),
  fileName: assertFileName,
};

const MAX_VARIABLES = 65_535;
const FILE_NAME = "shared.dll";
/** Windows takes images of somewhat less than 2 GiB. */
const MAX_BYTES = 2 ** 30;

/**
 * Makes the bytes of a DLL whose variables are one memory for all processes that load it: what
 * `#pragma data_seg` and the linker's `/SECTION:…,RWS` make, with no compiler and no code in it.
 *
 * The variables are exported by their names, so that every language finds them by
 * `GetProcAddress`. Each is at the next multiple of its alignment, as in a C struct. The same
 * options give the same bytes, on any system.
 *
 * Nothing guards such memory: whoever can load the file can write to it, whichever user that
 * is. So Microsoft advises against it, and it is not for anything that a hostile program
 * may touch; `SharedMemory` has access control. Application control (AppLocker, Smart App
 * Control) may refuse to load a DLL that nobody has signed.
 *
 * @example
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
 * @param options What it is to be like.
 * @throws {TypeError} If a name or a type is invalid, or an initial value is of the wrong kind.
 * @throws {RangeError} If an initial value is out of range, or the variables are too many or too large.
 * @see {@link https://learn.microsoft.com/cpp/build/reference/section-specify-section-attributes}
 */
export function buildSharedSection<const V extends Variables>(
  options: SharedSectionOptions<V>,
): Uint8Array<ArrayBuffer> {
  assertOptions(options, SHARED_SECTION_CHECKS);
  const { variables, initial = {}, section = ".shared", machine = THIS_MACHINE } = options;
  const { fileName = FILE_NAME } = options;
  const layout = layoutOf(variables);
  const data = new Uint8Array(layout.byteLength);
  layout.write(data, initial);
  const offsets = new Map(Object.keys(variables).map((name) => [name, layout.offsetOf(name)]));
  return writeImage({ machine, fileName, section, data, variables: offsets });
}

/**
 * Declares the variables of {@linkcode buildSharedSection} for a C or C++ program that links to
 * the DLL. A program that looks them up by `GetProcAddress` needs no more than their types.
 *
 * @example
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
 * @param options The same as for {@linkcode buildSharedSection}.
 * @returns A header, and a module-definition file that an import library is made from.
 * @throws {TypeError} If a name or a type is invalid, or C or C++ cannot declare a variable's name.
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
    // The DLL may have it all the same.
    assertCName(name, name, "rename it, or have the program look it up by GetProcAddress");
    const { c } = typeOf(type, name);
    const typeName = typeNameFor(name, options.variables);
    types.push(...c.define(typeName));
    // Or a loop that waits for another process's write would read it only once.
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

/** Gives the name of a variable's type, which begins the names of the types in it. */
function typeNameFor(name: string, variables: Variables): string {
  let typeName = `${name}_type`;
  while (Object.keys(variables).some((other) => `${other}_`.startsWith(`${typeName}_`))) {
    typeName += "_";
  }
  return typeName;
}

/** The image section is one struct. */
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
 * Throws unless a value is an object of types by names.
 *
 * @param what What the value is, for the message.
 */
export function assertVariables(what: string, value: unknown): asserts value is Variables {
  assertObject(what, value);
  // Bits and fields at offsets of their own are for structs: a variable has an address.
  for (const [name, type] of Object.entries(value)) typeOf(type, name);
}

function assertFileName(what: string, fileName: unknown): void {
  assertString(what, fileName);
  if (/^[A-Za-z0-9 ._+()-]{1,255}$/.test(fileName)) return;
  throw new TypeError(`Expected a file's name without a folder, got ${JSON.stringify(fileName)}`);
}

function assertSectionName(what: string, section: unknown): void {
  assertString(what, section);
  const taken = OWN_SECTIONS.some((name) => name === section);
  if (!taken && /^[A-Za-z_.][A-Za-z0-9_.]{0,7}$/.test(section)) return;
  throw new TypeError(
    `Expected an image section's name of at most 8 letters, digits, _ and ., and not one of ` +
      `${OWN_SECTIONS.join(", ")}, got ${JSON.stringify(section)}`,
  );
}

/**
 * The words of module-definition files, which are names only in quotation marks: those of LINK, and
 * those that GNU's and LLVM's tools read besides. All of them tell capitals from small letters.
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

/** Writes a name for a module-definition file, where keywords have to be quoted. */
export function definitionName(name: string): string {
  return DEFINITION_WORDS.has(name) ? `"${name}"` : name;
}
