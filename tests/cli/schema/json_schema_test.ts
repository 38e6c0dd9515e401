// Task: test:command
//
// The JSON description of a layout: what it means to struct(), its mistakes, and its JSON Schema.

import { assert, assertEquals, assertThrows } from "@std/assert";
import jsonSchemaOf from "../../../src/cli/schema/schema.schema.json" with { type: "json" };
import { jsonSchema } from "../../../src/cli/schema/json_schema.ts";
import { layoutSchema } from "../../../src/cli/schema/layout_schema.ts";
import {
  array,
  bits,
  bytes,
  type Fields,
  struct,
  type StructOptions,
  union,
  utf16,
  utf8,
} from "../../../src/struct/mod.ts";
import { obeys } from "./json_schema_walker.ts";

const EVERYTHING = {
  $schema: "./schema.schema.json",
  name: "Car",
  fields: {
    price: "f64",
    size: "u32",
    big: "i64",
    on: "bool",
    handle: "pointer64",
    name: { utf16: 64 },
    tag: { utf8: 4, terminated: false },
    title: { ansi: 8 },
    raw: { bytes: 3 },
    position: { array: "f32", length: 3 },
    grid: { array: { array: "i16", length: 2 }, length: 4 },
    wheels: { array: { struct: { a: "u8", b: "f64" }, pack: 4, byteLength: 16 }, length: 2 },
    names: { array: { utf8: 5 }, length: 2 },
    either: { union: { number: "u32", float: "f32", low: { bits: "u32", width: 4 } } },
    ready: { bits: "u16", width: 1 },
    mode: { bits: "u16", width: 15 },
    later: { type: { struct: { x: "i8" } }, offset: 600 },
  },
  pack: 2,
  byteLength: 700,
};

Deno.test("jsonSchema() places each kind of field as struct() does", () => {
  const fields: Fields = {
    price: "f64",
    size: "u32",
    big: "i64",
    on: "bool",
    handle: "pointer64",
    name: utf16(64),
    tag: utf8(4, { terminated: false }),
    title: utf8(8),
    raw: bytes(3),
    position: array("f32", 3),
    grid: array(array("i16", 2), 4),
    wheels: array(struct({ a: "u8", b: "f64" }, { pack: 4, byteLength: 16 }), 2),
    names: array(utf8(5), 2),
    either: union({ number: "u32", float: "f32", low: bits("u32", 4) }),
    ready: bits("u16", 1),
    mode: bits("u16", 15),
    later: { type: struct({ x: "i8" }), offset: 600 },
  };
  const options: StructOptions = { pack: 2, byteLength: 700 };
  const expected = layoutSchema("Car", struct(fields, options));
  const schema = jsonSchema(JSON.stringify(EVERYTHING));
  assertEquals([schema.name, schema.byteLength], ["Car", 700]);
  const memory = Uint8Array.from({ length: 700 }, (_, at) => 32 + at % 90);
  assertEquals(
    schema.fields(memory).map((field) => ({ ...field, type: field.type.replace("ansi", "utf8") })),
    expected.fields(memory),
  );
});

/** Documents with a mistake: the message, and whether the JSON Schema finds the mistake, too. */
const MISTAKES: readonly [document: unknown, message: string, found: boolean][] = [
  [[], "Expected an object, got an array", true],
  [{ fields: { a: "u8" } }, "at name: Expected a text, got undefined", true],
  [{ name: "", fields: { a: "u8" } }, 'at name: Expected a text, got ""', true],
  [{ name: "A" }, "at fields: Expected an object", true],
  [{ name: "A", fields: {} }, "at fields: Expected at least one field", true],
  [
    { name: "A", field: {}, fields: { a: "u8" } },
    'There is no key "field" here: did you mean "fields"?',
    true,
  ],
  [
    { name: "A", fields: { "a b": "u8" } },
    'at fields: Expected a name of letters, digits and _, not beginning with a digit, got "a b"',
    true,
  ],
  [
    { name: "A", fields: { a: "u33" } },
    'at fields.a: There is no type "u33": did you mean "u32"?',
    true,
  ],
  [{ name: "A", fields: { a: null } }, "at fields.a: Expected an object, got null", true],
  [
    { name: "A", fields: { a: { array: "u8" } } },
    "at fields.a.length: Expected a number",
    true,
  ],
  [
    { name: "A", fields: { a: { array: { struct: { b: { utf16: 0 } } }, length: 2 } } },
    "at fields.a.array.struct.b: Expected the length of a text, including the NUL at its end, " +
    "to be an integer from 1 to 1073741823, got 0",
    true,
  ],
  [
    { name: "A", fields: { a: { utf16: 2.5 } } },
    "at fields.a.utf16: Expected an integer from 0, got 2.5",
    true,
  ],
  [
    { name: "A", fields: { a: { utf8: 4, terminated: 1 } } },
    "at fields.a.terminated: Expected true or false, got 1",
    true,
  ],
  [
    { name: "A", fields: { a: { utf8: 4, utf16: 4 } } },
    "at fields.a: Expected one of the keys utf16, utf8, ansi, bytes, array, struct, union, got " +
    "utf8, utf16",
    true,
  ],
  [
    { name: "A", fields: { a: { bits: "f32", width: 1 } } },
    'at fields.a.bits: Expected one of i8, u8, i16, u16, i32, u32, i64, u64, got "f32"',
    true,
  ],
  [
    { name: "A", fields: { a: { bits: "u8", width: 9 } } },
    "at fields.a: Expected the width of a bit field to be an integer from 1 to 8, got 9",
    false,
  ],
  [
    { name: "A", fields: { a: { array: { bits: "u8", width: 1 }, length: 2 } } },
    "at fields.a.array: Expected one of the keys utf16, utf8, ansi, bytes, array, struct, union, " +
    "got bits, width",
    true,
  ],
  [
    { name: "A", fields: { a: "u32", b: { type: "u8", offset: 2 } } },
    "at fields: Expected the offset of b to be at least 4, where a ends, got 2: put the fields in " +
    "the order of their offsets, and fields that overlap into a union()",
    false,
  ],
  [
    { name: "A", pack: 3, fields: { a: "u32" } },
    "at pack: Expected one of 1, 2, 4, 8, 16, got 3",
    true,
  ],
  [
    { name: "A", fields: { a: { struct: { b: "u32" }, byteLength: 3 } } },
    "at fields.a: Expected byteLength to be at least 4, the size of the fields, and a multiple of " +
    "4, their alignment, got 3",
    false,
  ],
  [
    { name: "A", fields: { a: { array: "f64", length: 2147483647 } } },
    "at fields.a: Expected the length of an array to be an integer from 1 to 268435455, got " +
    "2147483647",
    false,
  ],
  [
    { name: "A", fields: { [`a${"b".repeat(70_000)}`]: "u8" } },
    "at fields: the layout has too many fields, or its names are too long",
    false,
  ],
];

Deno.test("jsonSchema() refuses mistakes, and names their path in the document", () => {
  for (const [document, message] of MISTAKES) {
    const text = JSON.stringify(document);
    const error = assertThrows(() => jsonSchema(text), Deno.errors.InvalidData);
    assertEquals(error.message, message);
  }
  assertThrows(() => jsonSchema('{"name": }'), Deno.errors.InvalidData, "it is not JSON: ");
});

Deno.test("jsonSchema() refuses types that are nested without end, and does not overflow the stack", () => {
  const deep = (open: string, close: string) =>
    `{"name":"A","fields":{"a":${open.repeat(50_000)}"u8"${close.repeat(50_000)}}}`;
  for (
    const text of [
      deep('{"struct":{"a":', "}}"),
      deep('{"union":{"a":', "}}"),
      deep('{"array":', ',"length":1}'),
      deep('{"type":', ',"offset":0}'),
    ]
  ) assertThrows(() => jsonSchema(text), Deno.errors.InvalidData);
});

Deno.test("schema.schema.json accepts a description with everything, and finds its own mistakes", () => {
  assert(obeys(EVERYTHING, jsonSchemaOf));
  for (const [document, message, found] of MISTAKES) {
    assertEquals(!obeys(document, jsonSchemaOf), found, message);
  }
});
