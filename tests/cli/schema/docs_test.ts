// Task: test:command
//
// The examples of docs/schemas.md.

import { assert, assertEquals } from "@std/assert";
import jsonSchemaOf from "../../../src/cli/schema/schema.schema.json" with { type: "json" };
import { headerSchema } from "../../../src/cli/schema/header/header_schema.ts";
import { jsonSchema } from "../../../src/cli/schema/json_schema.ts";
import { MAX_DEPTH } from "../../../src/cli/schema/header/type_reader.ts";
import { MAX_FILE_LENGTH } from "../../../src/cli/schema/load.ts";
import { MAX_TOKENS } from "../../../src/cli/schema/header/token.ts";
import { MAX_VALUES } from "../../../src/cli/schema/node.ts";
import { obeys } from "./json_schema_walker.ts";

const page = await Deno.readTextFile(new URL("../../../docs/schemas.md", import.meta.url));

/** Returns the one example in a language. */
function example(language: string): string {
  const found = page.split(`\`\`\`${language}\n`);
  assertEquals(found.length, 2);
  return found[1]!.split("```")[0]!;
}

Deno.test("The JSON description in docs/schemas.md is a layout, and obeys the published JSON Schema", () => {
  const text = example("json");
  const document = JSON.parse(text);
  assert(obeys(document, jsonSchemaOf));
  assertEquals(document.$schema, "./schema.schema.json");
  const { name, byteLength } = jsonSchema(text);
  assertEquals([name, byteLength], ["Car", 264]);
});

Deno.test("The C header in docs/schemas.md is a layout, and needs no --struct", () => {
  const { name, byteLength } = headerSchema(example("c"));
  assertEquals([name, byteLength], ["Car", 8 + 32 + 4 * 5 + 4 + 4]);
});

Deno.test("docs/schemas.md names the limits of a header as they are", () => {
  const limits = [
    `${MAX_FILE_LENGTH / 2 ** 20} MiB`,
    `${MAX_TOKENS.toLocaleString("en")} tokens`,
    `${MAX_DEPTH} structs within`,
    `${MAX_VALUES.toLocaleString("en")} values`,
  ];
  const words = page.replaceAll(/\s+/g, " ");
  assertEquals(limits.filter((limit) => !words.includes(limit)), []);
});
