/**
 * Compares the layouts of C headers with those of a compiler.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Field } from "../../../src/cli/schema/schema.ts";
import { headerSchema } from "../../../src/cli/schema/header/header_schema.ts";
import { type Bits, compileC } from "../../support/compile_c.ts";
import { temporaryFile } from "../../support/temporary_file.ts";
import type { HeaderCase } from "./header_cases.ts";

/** The fields of a case, as the parser places them in a memory of zeros. */
function fieldsOf({ struct, header }: HeaderCase): { byteLength: number; fields: Field[] } {
  const schema = headerSchema(header, struct);
  const { byteLength } = schema;
  return { byteLength, fields: schema.fields(new Uint8Array(byteLength)) };
}

function isBits({ type }: Field): boolean {
  return type.includes(":");
}

/** Returns a program that prints the layouts of all cases, as its compiler places the fields. */
export function programOf(cases: readonly HeaderCase[]): string {
  const blocks = cases.map((one) => {
    const type = `struct_${one.struct}`;
    const prints = fieldsOf(one).fields.map((field) =>
      isBits(field)
        ? `{ ${type} s; memset(&s, 0, sizeof s); s.${field.path} = (uint64_t)-1; dump(&s, sizeof s); }`
        : `printf("%d %d\\n", (int)offsetof(${type}, ${field.path}), ` +
          `(int)sizeof((*(${type} *)0).${field.path}));`
    );
    return `static void print_${one.struct}(void) {
      printf("${one.struct} %d\\n", (int)sizeof(${type}));
      ${prints.join("\n      ")}
    }`;
  });
  // A struct without a typedef has only a tag.
  const typedefs = cases.map(({ struct, header }) => {
    const isTag = new RegExp(`\\b(?:struct|union) ${struct}\\b`).exec(header)?.[0];
    return `${header}\n#pragma pack(8)\ntypedef ${isTag ?? struct} struct_${struct};`;
  });
  // Wine's windows.h makes "small" another word for "char".
  return `#include <windows.h>
#undef small
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#ifdef __cplusplus
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
#endif
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wpragma-pack"
#pragma GCC diagnostic ignored "-Wbitfield-constant-conversion"
#endif
#pragma GCC diagnostic ignored "-Woverflow"
#pragma GCC diagnostic ignored "-Wignored-qualifiers"
#pragma GCC diagnostic ignored "-Wunused-function"
${typedefs.join("\n")}
static void dump(const void *memory, size_t length) {
  for (size_t i = 0; i < length; i++) printf("%02x", ((const unsigned char *)memory)[i]);
  printf("\\n");
}
${blocks.join("\n")}
int main(void) {
  ${cases.map(({ struct }) => `print_${struct}();`).join("\n  ")}
  return 0;
}
`;
}

/** Compiles a program and returns its output. */
export async function outputOf(name: string, program: string, bits: Bits = 64): Promise<string[]> {
  await using source = await temporaryFile(name, program);
  await using compiled = await compileC(new URL(`file:///${source.path.replaceAll("\\", "/")}`), {
    bits,
  });
  const { code, stdout } = await new Deno.Command(compiled.path).output();
  assertEquals(code, 0);
  return new TextDecoder().decode(stdout).trim().split(/\r?\n/);
}

/** Returns the size of a field by its type: `u16[3]`. */
function sizeOf(type: string): number {
  const [, name = "", length = "1"] = /^([a-z0-9]+)(?:\[(\d+)\])?$/.exec(type) ?? [];
  const sizes: Record<string, number> = { bool: 1, utf8: 1, ansi: 1, utf16: 2 };
  return (sizes[name] ?? Number(name.slice(1)) / 8) * Number(length);
}

/** Compares what the compiler says with the fields of the parser. */
export function compare(cases: readonly HeaderCase[], lines: readonly string[]): void {
  const rest = [...lines];
  for (const one of cases) {
    const { byteLength, fields } = fieldsOf(one);
    assertEquals(rest.shift(), `${one.struct} ${byteLength}`);
    for (const field of fields) {
      const where = `${one.struct}.${field.path}`;
      const line = rest.shift() ?? "";
      if (!isBits(field)) {
        assertEquals(line, `${field.offset} ${sizeOf(field.type)}`, where);
        continue;
      }
      // The compiler has set all bits of this field, and no others.
      const memory = Uint8Array.fromHex(line);
      const set = headerSchema(one.header, one.struct).fields(memory);
      const width = Number(field.type.split("+")[1]);
      const found = set.find(({ path }) => path === field.path)?.value ?? 0;
      const isSigned = field.type.startsWith("i");
      assertEquals(BigInt(Number(found)), isSigned ? -1n : 2n ** BigInt(width) - 1n, where);
      const bits = memory.reduce(
        (sum, byte) => sum + byte.toString(2).replaceAll("0", "").length,
        0,
      );
      assertEquals(bits, width, where);
    }
  }
  assertEquals(rest, []);
}
