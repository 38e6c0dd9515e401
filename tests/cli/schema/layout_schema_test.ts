// Task: test:command
//
// Layouts as schemas: the values of all kinds of fields, and descriptions that lie.

import { assertEquals, assertThrows } from "@std/assert";
import { layoutSchema } from "../../../src/cli/schema/layout_schema.ts";
import { schemaOfDescription } from "../../../src/cli/schema/load.ts";
import { showValue } from "../../../src/cli/schema/show_value.ts";
import {
  array,
  bits,
  bytes,
  safe,
  struct,
  tagged,
  union,
  utf16,
  utf8,
} from "../../../src/struct/mod.ts";

const Wheel = struct({ pressure: "f32", flags: "u8" });
const Car = struct({
  id: "u64",
  name: utf16(8),
  gear: "i8",
  ready: bits("u16", 1),
  mode: bits("u16", 3),
  wheels: array(Wheel, 2),
  grid: array(array("i16", 2), 2),
  id2: union({ number: "u32", text: utf8(4, { terminated: false }) }),
  raw: bytes(3),
  count: safe("u64"),
  on: "bool",
});

function carBytes(): Uint8Array<ArrayBuffer> {
  const memory = new Uint8Array(Car.byteLength);
  Car.write(memory, {
    id: 2n ** 64n - 1n,
    name: "Spa\n",
    gear: -1,
    ready: 1,
    mode: 5,
    wheels: [{ pressure: 0.1, flags: 7 }, { pressure: NaN }],
    grid: [[1, -2], [3, -4]],
    id2: { text: "abcd" },
    raw: Uint8Array.of(1, 2, 255),
    count: 12,
    on: true,
  });
  return memory;
}

Deno.test("layoutSchema().fields() returns each value of a layout with its path, offset and type", () => {
  const schema = layoutSchema("Car", Car);
  assertEquals([schema.name, schema.byteLength], ["Car", Car.byteLength]);
  const rows = schema.fields(carBytes()).map(({ path, offset, type, value }) => [
    path,
    offset,
    type,
    showValue(value, type),
  ]);
  assertEquals(rows, [
    ["id", 0, "u64", "18446744073709551615"],
    ["name", 8, "utf16[8]", '"Spa\\n"'],
    ["gear", 24, "i8", "-1"],
    ["ready", 26, "u16:0+1", "1"],
    ["mode", 26, "u16:1+3", "5"],
    ["wheels[0].pressure", 28, "f32", "0.1"],
    ["wheels[0].flags", 32, "u8", "7"],
    ["wheels[1].pressure", 36, "f32", "NaN"],
    ["wheels[1].flags", 40, "u8", "0"],
    ["grid[0][0]", 44, "i16", "1"],
    ["grid[0][1]", 46, "i16", "-2"],
    ["grid[1][0]", 48, "i16", "3"],
    ["grid[1][1]", 50, "i16", "-4"],
    ["id2.number", 52, "u32", String(0x6463_6261)],
    ["id2.text", 52, "utf8[4]", '"abcd"'],
    ["raw", 56, "u8[3]", "01 02 ff"],
    ["count", 64, "u64", "12"],
    ["on", 72, "bool", "true"],
  ]);
});

Deno.test("layoutSchema().toObject() returns the values as Layout.read() does", () => {
  assertEquals(layoutSchema("Car", Car).toObject(carBytes()), {
    ...Car.read(carBytes()),
    count: 12n,
    grid: [[1, -2], [3, -4]],
  });
});

Deno.test("layoutSchema() reads at the beginning of bytes that begin within a buffer, and refuses too few", () => {
  const schema = layoutSchema("Pair", struct({ a: "u16", b: array("u16", 2) }));
  const buffer = Uint16Array.of(9, 1, 2, 3, 9).buffer;
  assertEquals(schema.toObject(new Uint8Array(buffer, 2)), { a: 1, b: [2, 3] });
  const few = new Uint8Array(buffer, 2, 5);
  const message = "Expected at least 6 bytes for Pair, there are 5";
  assertThrows(() => schema.fields(few), Deno.errors.InvalidData, message);
  assertThrows(() => schema.toObject(few), Deno.errors.InvalidData, message);
});

Deno.test("schemaOfDescription() reads messages of several kinds by their tag", () => {
  const Event = tagged({ trade: struct({ price: "f64" }), note: struct({ text: utf8(4) }) });
  const schema = schemaOfDescription(Event.signature);
  assertEquals(schema.byteLength, 12);
  const note = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0x68, 0x69, 0, 0);
  assertEquals(schema.toObject(note), { kind: "note", value: { text: "hi" } });
  assertEquals(schema.fields(note), [
    { path: "kind", offset: 0, type: "tag", value: "note" },
    { path: "value.text", offset: 8, type: "utf8[4]", value: "hi" },
  ]);
  const mistakes: [number, string][] = [
    [0, "Expected at least 16 bytes for the case trade, there are 12"],
    [2, "The message has the tag 2, and its layout only 2 cases"],
  ];
  for (const [tag, message] of mistakes) {
    note[0] = tag;
    assertThrows(() => schema.fields(note), Deno.errors.InvalidData, message);
    assertThrows(() => schema.toObject(note), Deno.errors.InvalidData, message);
  }
});

Deno.test("schemaOfDescription() refuses a description that lies, before it reads a byte", () => {
  const many = "f64[1000][1000]";
  const mistakes: [string, string][] = [
    ["", "it is not a text"],
    ["f32", "it is not a text"],
    ["struct{a@0:u32}", "it is not a text"],
    ["struct{a@1:u32}4", "a ends after the 4 bytes of all"],
    ["struct{a@0:struct{b@0:u16}4}3", "a ends after the 3 bytes of all"],
    ["struct{a@0:struct{b@0:u64}4}8", "a.b ends after the 4 bytes of a"],
    ["struct{a@0:u32,a@0:u32}4", "a is there twice"],
    ["struct{a@0:u16}0", "it has 0 bytes"],
    ["struct{a@0:u16[0]}4", "a has the length 0"],
    ["struct{a@0:struct{b@0:u8}1[0]}4", "a has the length 0"],
    ["struct{a@0:u8[0]}4", "a has the length 0"],
    ["struct{a@0:utf16}4", "a has the unknown type utf16"],
    ["struct{a@0:toString}4", "a has the unknown type toString"],
    ["struct{a@0:lock}64", "a has the unknown type lock"],
    ["struct{a@0:u32:31+2}4", "a has the unknown type u32:31+2"],
    ["struct{a@0:u32:0+0}4", "a has the unknown type u32:0+0"],
    ["struct{a@0:u32:0+1[2]}8", "a has the unknown type u32:0+1"],
    ["struct{a@0:u16[2000000000][2000000000]}4", "a has the length 2000000000"],
    [`struct{a@0:u8${"[1]".repeat(40)}}4`, "a has more than 32 lengths"],
    [
      `union{${Array.from({ length: 20 }, (_, at) => `a${at}@0:${many}`).join()}}8000000`,
      "it has more than 16777216 values",
    ],
  ];
  for (const [text, message] of mistakes) {
    assertThrows(() => schemaOfDescription(text), Deno.errors.InvalidData, message, text);
  }
});

Deno.test("layoutSchema().fields() refuses more fields than fit, and toObject() still works", () => {
  const schema = layoutSchema("Picture", struct({ pixels: array("u16", 2 ** 20 + 1) }));
  const bytes = new Uint8Array(schema.byteLength);
  assertThrows(
    () => schema.fields(bytes),
    Deno.errors.InvalidData,
    "Picture has 1048577 fields, more than 1048576: print it as JSON",
  );
  const { pixels } = schema.toObject(bytes);
  assertEquals(Array.isArray(pixels) && pixels.length, 2 ** 20 + 1);
});

Deno.test("showValue() escapes control characters, cuts long bytes, and keeps -0 and infinity", () => {
  const shown: [Parameters<typeof showValue>, string][] = [
    [['\x1b[2J\u202e"\\', "utf8[8]"], '"\\u001b[2J\\u202e\\"\\\\"'],
    [[new Uint8Array(17), "u8[17]"], `${"00 ".repeat(16)}… (17 bytes)`],
    [[new Uint8Array(16), "u8[16]"], "00 ".repeat(16).trim()],
    [[-0, "f64"], "-0"],
    [[-Infinity, "f32"], "-Infinity"],
    [[Math.fround(16777216.5), "f32"], "16777216"],
    [[Math.fround(1 / 3), "f32"], "0.33333334"],
    [[Math.fround(1 / 3), "f64"], "0.3333333432674408"],
    [["x".repeat(3000), "utf8[4000]"], `"${"x".repeat(2048)}"… (3000 characters)`],
  ];
  for (const [args, text] of shown) assertEquals(showValue(...args), text);
});
