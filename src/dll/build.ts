/**
 * Builds a DLL whose variables all processes share, without a compiler, and declares the variables
 * for C.
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
import { assertCName, C_HEADERS } from "../struct/placement.ts";
import type { TypeLike } from "../struct/ctype.ts";
import { typeOf } from "../struct/scalar.ts";
import { type Machine, MACHINE_NAMES, thisMachine } from "./pe/headers.ts";
import { OWN_SECTIONS, writeImage } from "./pe/write.ts";
import { struct, type StructInput } from "../struct/layout.ts";

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
