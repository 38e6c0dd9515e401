// Task: test:peers

/**
 * Compiles the declarations of `toC()`, and compares the offset and the bytes of every field with
 * the layout of `struct()`. Reads structs that a C program has put at the distance of a header.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  ansi,
  array,
  bits,
  bytes,
  safe,
  struct,
  tagged,
  union,
  utf16,
  utf8,
} from "../../src/struct/mod.ts";
import { compileC } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";

const Inner = struct({ tag: "u8", value: "f64" });
const fields = {
  i8: "i8",
  u64: "u64",
  truth: "bool",
  i16: "i16",
  u8: "u8",
  f64: "f64",
  u16: "u16",
  f32: "f32",
  i32: "i32",
  pointer32: "pointer32",
  pointer64: "pointer64",
  i64: "i64",
  safe: safe("u64"),
  u32: "u32",
  wide: utf16(5),
  narrow: utf8(7),
  legacy: ansi(3),
  inner: Inner,
  packed: struct({ a: "u8", b: "u32" }, { pack: 1 }),
  list: array(Inner, 2),
  grid: array(array("u16", 3), 2),
  names: array(utf16(3), 2),
  either: union({ number: "f64", pattern: "u64", small: "u8" }),
  raw: bytes(5),
  grown: struct({ a: "u16", b: "u8" }, { byteLength: 10 }),
  growns: array(struct({ a: "u32" }, { byteLength: 12 }), 2),
  room: union({ a: "u16" }, { byteLength: 6 }),
  signature: ansi(4, { terminated: false }),
  units: utf16(2, { terminated: false }),
  flag: bits("u32", 1),
  level: bits("i32", 6),
  more: bits("u32", 27),
  other: bits("u8", 3),
  last: "u8",
} as const;

/** The paths of the fields that have an offset in C: all except the bit fields. */
const PATHS = Object.keys(fields).filter((name) => !/^(flag|level|more|other)$/.test(name));
const DEEP = [
  "inner.value",
  "packed.b",
  "list[1].value",
  "grid[1][2]",
  "names[1]",
  "either.pattern",
  "grown.b",
  "growns[1].a",
];

const LAYOUTS = {
  Natural: struct(fields),
  Pack16: struct(fields, { pack: 16 }),
  Pack4: struct(fields, { pack: 4 }),
  Pack2: struct(fields, { pack: 2 }),
  Pack1: struct(fields, { pack: 1 }),
  Spread: struct({ ...fields, last: { type: "u8", offset: 1001 } }),
  Grown: struct(fields, { byteLength: 1024 }),
  GrownPack1: struct(fields, { pack: 1, byteLength: 777 }),
};

/** The values that the C program writes to each struct. */
const VALUES = {
  i8: -8,
  u64: 2n ** 64n - 1n,
  truth: true,
  i16: -16,
  u8: 8,
  f64: 6.4,
  u16: 16,
  f32: 0.5,
  i32: -32,
  pointer32: 0xfeed_f00d,
  pointer64: 0xfeed_f00d_fade_d00dn,
  i64: -(2n ** 63n),
  safe: 2 ** 53 - 1,
  u32: 2 ** 32 - 1,
  wide: "wide",
  narrow: "数据",
  legacy: "ab",
  inner: { tag: 1, value: 1.5 },
  packed: { a: 2, b: 3 },
  list: [{ tag: 4, value: 5 }, { tag: 6, value: 7 }],
  grid: [Uint16Array.of(1, 2, 3), Uint16Array.of(4, 5, 6)],
  names: ["ab", "c"],
  either: { pattern: 0x3ff0_0000_0000_0000n },
  raw: Uint8Array.of(1, 2, 3, 4, 5),
  grown: { a: 8, b: 9 },
  growns: [{ a: 10 }, { a: 11 }],
  room: { a: 12 },
  signature: "HWiS",
  units: "ab",
  flag: 1,
  level: -32,
  more: 2 ** 27 - 1,
  other: 5,
  last: 255,
};
const FILL = String.raw`
    s.i8 = -8; s.u64 = UINT64_MAX; s.truth = true; s.i16 = -16; s.u8 = 8; s.f64 = 6.4;
    s.u16 = 16; s.f32 = 0.5f; s.i32 = -32; s.pointer32 = 0xfeedf00d;
    s.pointer64 = 0xfeedf00dfaded00d; s.i64 = INT64_MIN; s.safe = 9007199254740991;
    s.u32 = UINT32_MAX; wcscpy(s.wide, L"wide"); strcpy(s.narrow, "\xe6\x95\xb0\xe6\x8d\xae");
    strcpy(s.legacy, "ab"); s.inner.tag = 1; s.inner.value = 1.5; s.packed.a = 2; s.packed.b = 3;
    s.list[0].tag = 4; s.list[0].value = 5; s.list[1].tag = 6; s.list[1].value = 7;
    for (int i = 0; i < 6; i++) s.grid[i / 3][i % 3] = (uint16_t)(i + 1);
    wcscpy(s.names[0], L"ab"); wcscpy(s.names[1], L"c"); s.either.number = 1;
    for (int i = 0; i < 5; i++) s.raw[i] = (uint8_t)(i + 1);
    s.grown.a = 8; s.grown.b = 9; s.growns[0].a = 10; s.growns[1].a = 11; s.room.a = 12;
    memcpy(s.signature, "HWiS", 4); wcsncpy(s.units, L"ab", 2);
    s.flag = 1; s.level = -32; s.more = 134217727; s.other = 5; s.last = 255;`;

/** Returns a C program that prints the offsets, the size and the bytes of each filled struct. */
function program(): string {
  const types = Object.entries(LAYOUTS).map(([name, layout]) => layout.toC(name));
  const prints = Object.keys(LAYOUTS).map((name) =>
    `{
    static ${name} s;
    ${[...PATHS, ...DEEP].map((path) => `say("${path}", offsetof(${name}, ${path}));`).join("\n")}
    say("sizeof", sizeof s);
    ${FILL}
    dump(&s, sizeof s);
}`
  );
  return String.raw`#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
${types.join("\n")}
static void say(const char *path, size_t offset) { printf("%s %u\n", path, (unsigned)offset); }
static void dump(const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) printf("%02x", ((const unsigned char *)bytes)[i]);
    puts("");
}
int main(void) {
${prints.join("\n")}
    return 0;
}
`;
}

peers.test("A C compiler gives each field of Layout.toC() the offset and bytes of struct()", async (bits) => {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const source = `${folder}\\layouts.c`;
  await Deno.writeTextFile(source, program());
  await using compiled = await compileC(new URL(`file:///${source.replaceAll("\\", "/")}`), {
    bits,
  });
  const { stdout } = await new Deno.Command(compiled.path).output();
  const lines = new TextDecoder().decode(stdout).trimEnd().split(/\r?\n/);
  for (const [name, layout] of Object.entries(LAYOUTS)) {
    for (const path of [...PATHS, ...DEEP]) {
      assertEquals([name, lines.shift()], [name, `${path} ${layout.offsetOf(path)}`]);
    }
    assertEquals([name, lines.shift()], [name, `sizeof ${layout.byteLength}`]);
    const theirs = Uint8Array.fromHex(lines.shift()!);
    const ours = new Uint8Array(layout.byteLength);
    layout.write(ours, VALUES);
    assertEquals(ours, theirs);
    const either = { number: 1, pattern: 0x3ff0_0000_0000_0000n, small: 0 };
    assertEquals(layout.read(theirs), { ...VALUES, either });
  }
  assertEquals(lines, []);
  await Deno.remove(folder, { recursive: true });
});

const Trade = struct({ price: "f64", size: "u32" });
const Note = struct({ level: "u16", text: utf8(5) });
const Event = tagged({ trade: Trade, note: Note });
const TAGGED = String.raw`#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
${Event.toC("Event")}
static void dump(const Event *event, size_t size) {
    for (size_t i = 0; i < size; i++) printf("%02x", ((const unsigned char *)event)[i]);
    puts("");
}
int main(void) {
    static Event trade, note;
    trade.tag = 0; trade.value.trade.price = 1.5; trade.value.trade.size = 10;
    note.tag = 1; note.value.note.level = 7; strcpy(note.value.note.text, "abc");
    dump(&trade, offsetof(Event, value) + sizeof trade.value.trade);
    dump(&note, offsetof(Event, value) + sizeof note.value.note);
    return 0;
}
`;

peers.test("A C program writes the messages that tagged() describes", async (bits) => {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const source = `${folder}\\tagged.c`;
  await Deno.writeTextFile(source, TAGGED);
  await using compiled = await compileC(new URL(`file:///${source.replaceAll("\\", "/")}`), {
    bits,
  });
  const { stdout } = await new Deno.Command(compiled.path).output();
  const lines = new TextDecoder().decode(stdout).trimEnd().split(/\r?\n/);
  const expected = [
    { kind: "trade", value: { price: 1.5, size: 10 } },
    { kind: "note", value: { level: 7, text: "abc" } },
  ] as const;
  assertEquals(lines.length, expected.length);
  for (const [index, event] of expected.entries()) {
    const theirs = Uint8Array.fromHex(lines[index]!);
    const data = new DataView(theirs.buffer);
    assertEquals(Event.loadMessage(data, 0, theirs.length, "C program"), event);
    const ours = new DataView(new ArrayBuffer(theirs.length));
    Event.storeMessage(ours, 0, Event.check(event, ""));
    assertEquals(new Uint8Array(ours.buffer), theirs);
  }
  await Deno.remove(folder, { recursive: true });
});

const Header = struct({
  signature: ansi(4, { terminated: false }),
  at: "u32",
  size: "u32",
  count: "u32",
});
const Sensor = struct({ id: "u16", label: ansi(6), value: "f64" }, { pack: 1, byteLength: 21 });
const STRIDED = String.raw`#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
${Header.toC("Header")}
${Sensor.toC("Sensor")}
int main(void) {
    static unsigned char memory[150];
    Header *header = (Header *)memory;
    memcpy(header->signature, "HWiS", 4);
    header->at = 19;
    header->size = sizeof(Sensor) + 6;
    header->count = 4;
    for (uint32_t i = 0; i < header->count; i++) {
        Sensor *sensor = (Sensor *)((char *)header + header->at + i * header->size);
        sensor->id = (uint16_t)i;
        sensor->value = i * 1.5;
        sprintf(sensor->label, "no %u", (unsigned)i);
    }
    for (size_t i = 0; i < sizeof memory; i++) printf("%02x", memory[i]);
    return 0;
}
`;

peers.test("Layout.array() finds structs that a C program has put at the distance of its header", async (bits) => {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const source = `${folder}\\strided.c`;
  await Deno.writeTextFile(source, STRIDED);
  await using compiled = await compileC(new URL(`file:///${source.replaceAll("\\", "/")}`), {
    bits,
  });
  const { stdout } = await new Deno.Command(compiled.path).output();
  const memory = Uint8Array.fromHex(new TextDecoder().decode(stdout).trim());
  const { signature, at, size, count } = Header.read(memory);
  assertEquals([signature, size], ["HWiS", Sensor.byteLength + 6]);
  const sensors = Sensor.array(memory, { offset: at, stride: size, count });
  assertEquals(
    sensors.values(),
    [0, 1, 2, 3].map((id) => ({ id, label: `no ${id}`, value: id * 1.5 })),
  );
  await Deno.remove(folder, { recursive: true });
});
