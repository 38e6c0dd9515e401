// Task: test:command
//
// How winipc tail and winipc listen show messages, also those of a hostile sender.

import { assert, assertEquals } from "@std/assert";
import { encodeValue } from "../../src/channel/ring/message.ts";
import { toJson } from "../../src/cli/printing/json.ts";
import { MessageShower } from "../../src/cli/messages/message_text.ts";
import { layoutSchema } from "../../src/cli/schema/layout_schema.ts";
import { struct, utf8 } from "../../mod.ts";

const NOTHING = new MessageShower({});
const bytesOf = (text: string) => new TextEncoder().encode(text);
const copyOf = (value: unknown) => Uint8Array.from(encodeValue(value));

const CYCLE: Record<string, unknown> = { name: "cycle" };
CYCLE.self = CYCLE;
/** Some bytes, but an array of 2³² - 1 elements. */
const SPARSE: number[] = [];
SPARSE[2 ** 32 - 2] = 7;

Deno.test("a message is a text, a value or bytes, whichever fits first", () => {
  const cases: [Uint8Array<ArrayBuffer>, string, unknown, string][] = [
    [bytesOf("line\r\n"), "text", "line\r\n", "line"],
    [bytesOf(""), "text", "", ""],
    [bytesOf("a\nb\t\u{9b}"), "text", "a\nb\t\u{9b}", "a\\nb\\t\\u009b"],
    [Uint8Array.of(0x41, 0), "text", "A", "A"],
    [Uint8Array.of(0x41, 0, 0), "hex", "410000", "410000"],
    [Uint8Array.of(0xc3), "hex", "c3", "c3"],
    [Uint8Array.of(0xff), "hex", "ff", "ff"],
    [copyOf(undefined), "value", null, "undefined"],
    [copyOf("\x1b[31m"), "value", "\x1b[31m", '"\\u001b[31m"'],
    [copyOf({ a: [1n, NaN] }), "value", { a: [1n, NaN] }, "{ a: [ 1n, NaN ] }"],
    [copyOf(new Set([1])), "value", [1], "Set(1) { 1 }"],
    [copyOf(new Date(0)), "value", "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"],
    [copyOf(Float32Array.of(0.5)), "value", [0.5], "Float32Array(1) [ 0.5 ]"],
    [copyOf([, 1]), "value", [null, 1], "[ <1 empty item>, 1 ]"],
    [copyOf(SPARSE), "value", { 4294967294: 7 }, "[ <4294967294 empty items>, 7 ]"],
    [
      copyOf(CYCLE),
      "value",
      '<ref *1> { name: "cycle", self: [Circular *1] }',
      '<ref *1> { name: "cycle", self: [Circular *1] }',
    ],
  ];
  for (const [bytes, as, data, text] of cases) {
    assertEquals(NOTHING.show(bytes), { as, data, text });
  }
  assertEquals(NOTHING.note, undefined);
});

Deno.test("a message that does not have the form is shown as bytes, and counted", () => {
  const schema = layoutSchema("Trade", struct({ price: "f64", name: utf8(8) }));
  for (const form of ["text", "json", "value", "struct"] as const) {
    const shower = new MessageShower({ form, schema });
    assertEquals(shower.show(Uint8Array.of(0xfe)), { as: "hex", data: "fe", text: "fe" });
    assertEquals(shower.note, `Printed 1 messages as hexadecimal: they are no ${form}`);
  }
  const message = new Uint8Array(16);
  new DataView(message.buffer).setFloat64(0, 1.5, true);
  message.set(bytesOf("\x1b"), 8);
  assertEquals(new MessageShower({ schema }).show(message), {
    as: "struct",
    data: { price: 1.5, name: "\x1b" },
    text: 'price=1.5 name="\\u001b"',
  });
});

Deno.test("a text has the encoding of its target", () => {
  const show = (encoding: "utf-16le" | "ansi", ...bytes: number[]) =>
    new MessageShower({ encoding }).show(Uint8Array.from(bytes)).text;
  assertEquals(show("utf-16le", 0x61, 0, 0x3d, 0xd8, 0, 0xde, 0, 0), "a\u{1f600}");
  assertEquals(show("utf-16le", 1, 2, 3), "010203");
  assertEquals(show("utf-16le", 0, 0xd8), "00d8");
  assertEquals(show("ansi", 0x61, 0), "a");
});

Deno.test("no message makes winipc tail fail, or changes the terminal", () => {
  const values = [
    CYCLE,
    new Map<unknown, unknown>([[{ a: 1 }, new Set(["\u202e"])]]),
    [1.5, -0, 2n ** 70n, true, null, undefined, , "text", "wide\u{1f600}"],
    new Error("failed", { cause: /x/g }),
    { buffer: new ArrayBuffer(8), view: new DataView(new ArrayBuffer(4)), big: [1n, -1n] },
    BigInt64Array.of(-1n),
  ];
  let readable = 0;
  for (const value of values) {
    const bytes = copyOf(value);
    for (let at = 2; at < bytes.length; at++) {
      for (const change of [0, 1, 0x40, 0x7f, 0xff]) {
        const changed = bytes.slice();
        changed[at] = changed[at]! ^ change;
        const { as, data, text } = NOTHING.show(changed);
        // deno-lint-ignore no-control-regex
        assert(!/[\x00-\x1f\x7f-\x9f\u202e]/.test(text), text);
        assertEquals(typeof toJson(data), "string");
        if (as === "value") readable++;
      }
    }
  }
  assert(readable > 100, `${readable} values`);
});
