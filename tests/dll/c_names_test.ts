/**
 * Variables whose names have another meaning for a linker or a compiler.
 *
 * @module
 */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { declareSharedSection, inspectImage, SharedSection } from "../../src/dll/mod.ts";
import { struct } from "../../src/struct/mod.ts";
import { compileC, importLibrary } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { dllFor, temporaryDll } from "./temporary_dll.ts";

/** The reserved words on Microsoft's page, and more keywords of GNU's dlltool and of LLVM. */
const WORDS = `
  APPLOADER BASE CODE CONFORMING DATA DESCRIPTION DEV386 DISCARDABLE DYNAMIC EXECUTEONLY EXECUTEREAD
  EXETYPE EXPORTS FIXED FUNCTIONS HEAPSIZE IMPORTS IMPURE INCLUDE INITINSTANCE IOPL LIBRARY LOADONCALL
  LONGNAMES MOVABLE MOVEABLE MULTIPLE NAME NEWFILES NODATA NOIOPL NONAME NONCONFORMING NONDISCARDABLE
  NONE NONSHARED NOTWINDOWCOMPAT OBJECTS OLD PRELOAD PRIVATE PROTMODE PURE READONLY READWRITE REALMODE
  RESIDENT RESIDENTNAME SECTIONS SEGMENTS SHARED SINGLE STACKSIZE STUB VERSION WINDOWAPI WINDOWCOMPAT
  WINDOWS READ WRITE EXECUTE CONSTANT INITGLOBAL TERMINSTANCE TERMGLOBAL SUBSYSTEM EXPORTAS
`.trim().split(/\s+/);

/** Names that only resemble a keyword, such as a keyword in lower case. */
const PLAIN = ["name", "data", "Library", "exports", "plain", "_NAME", "NAME2"];

peers.test("A C program links to variables whose names are .def keywords", async (bits) => {
  const names = [...WORDS, ...PLAIN];
  const options = {
    variables: Object.fromEntries(names.map((name) => [name, "i32"] as const)),
    initial: Object.fromEntries(names.map((name, index) => [name, index + 1])),
    fileName: "words.dll",
  };
  await using dll = await temporaryDll({ ...options, ...dllFor(bits) });
  assertEquals(inspectImage(dll.path).problems, []);
  const folder = dll.path.slice(0, dll.path.lastIndexOf("\\"));
  const { header, definition } = declareSharedSection(options);
  for (const word of WORDS) assertStringIncludes(definition, `    "${word}" DATA\n`);
  for (const name of PLAIN) assertStringIncludes(definition, `    ${name} DATA\n`);
  await Deno.writeTextFile(`${folder}\\words.h`, header);
  const lines = names.map((name, index) => `    sum += ${name} == ${index + 1}; ${name} = 7;`);
  await Deno.writeTextFile(
    `${folder}\\words.c`,
    [
      '#include "words.h"',
      "int main(void) {",
      "    int sum = 0;",
      ...lines,
      "    return sum;",
      "}",
      "",
    ].join("\n"),
  );
  await using library = await importLibrary(definition, bits);
  await using program = await compileC(new URL(`file:///${folder}\\words.c`), {
    bits,
    libraries: [library.path],
    include: folder,
  });
  using section = SharedSection.load(dll.path, { exports: options.variables });
  const { code } = await new Deno.Command(program.path, { cwd: folder }).output();
  assertEquals(code, names.length);
  assertEquals(names.filter((name) => section.variables[name] !== 7), []);
});

Deno.test("declareSharedSection() refuses keywords of C and C++, which buildSharedSection() accepts", async () => {
  for (const name of ["int", "class", "volatile", "bool", "int32_t", "NULL", "not", "wchar_t"]) {
    const variables = { [name]: "i32" } as const;
    assertThrows(
      () => declareSharedSection({ variables }),
      TypeError,
      `Cannot declare ${name} in C: C or C++ has another meaning for that name`,
    );
    await using dll = await temporaryDll({ variables, initial: { [name]: 3 } });
    using section = SharedSection.load(dll.path, { exports: variables });
    assertEquals(section.variables[name], 3);
  }
});

Deno.test("declareSharedSection() gives no type the name of a variable", () => {
  const inner = struct({ x: "i32" });
  const point = struct({ x: "i32", inner });
  const declare = (variables: Record<string, typeof point | "i32">) =>
    declareSharedSection({ variables }).header;
  assertStringIncludes(declare({ a: point }), "__declspec(dllimport) a_type a;\n");
  const header = declare({ a: point, a_type: "i32", a_type_inner: "i32" });
  assertStringIncludes(header, "__declspec(dllimport) a_type_ a;\n");
  assertStringIncludes(declare({ a: point, a_type_inner: "i32" }), "} a_type__inner;\n");
});
