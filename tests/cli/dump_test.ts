// Task: test:command
//
// winipc dump: sections of this test, read by processes of the command.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { SharedMemory } from "../../src/memory/mod.ts";
import { array, bytes, struct, utf16 } from "../../src/struct/mod.ts";
import { randomName } from "../support/random_name.ts";
import { temporaryFile } from "../support/temporary_file.ts";
import { commandLine, type Ended, winipc } from "./winipc.ts";
import { winipcOnTerminal } from "./terminal.ts";

const READ = { flags: ["--allow-ffi", "--allow-read"] };

const Car = struct({
  id: "u64",
  speed: "f32",
  name: utf16(8),
  pos: array("f32", 3),
  laps: array("u16", 20),
  raw: bytes(4),
  ratio: "f64",
});

/** The JSON description of {@linkcode Car}. */
const CAR = JSON.stringify({
  name: "Car",
  fields: {
    id: "u64",
    speed: "f32",
    name: { utf16: 8 },
    pos: { array: "f32", length: 3 },
    laps: { array: "u16", length: 20 },
    raw: { bytes: 4 },
    ratio: "f64",
  },
});

/** Creates a section with a car at an offset. */
function carAt(offset: number): SharedMemory {
  const memory = SharedMemory.create(randomName(), 8192);
  using view = memory.map();
  Car.write(view, {
    id: 2n ** 64n - 1n,
    speed: 0.1,
    name: "Spa\x1b[2J",
    pos: [1, NaN, -0],
    laps: Array.from({ length: 20 }, (_, lap) => lap + 1),
    raw: Uint8Array.of(0, 1, 254, 255),
    ratio: 1 / 3,
  }, offset);
  return memory;
}

function nameOf(memory: SharedMemory): string {
  return memory.name!.slice("Local\\".length);
}

Deno.test("winipc dump prints bytes in hexadecimal, folds equal lines, and says how many follow", async () => {
  using memory = SharedMemory.create(randomName(), 8192);
  using view = memory.map();
  view.bytes.set(new TextEncoder().encode("Hello, world!\x7f\x1b\0 ~é"));
  view.bytes.set([1, 2, 3], 100);
  view.bytes[8191] = 0xff;
  const name = nameOf(memory);
  const [usual, part, end] = await Promise.all([
    winipc(["dump", name]),
    winipc(["dump", memory.name!, "--at", "0x62", "--length", "5", "--format", "hex"]),
    winipc(["dump", name, "--at", "96", "--length", "8096"]),
  ]);
  assertEquals(usual, {
    code: 0,
    out: [
      "00000000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 21 7f 1b 00  |Hello, world!...|",
      "00000010  20 7e c3 a9 00 00 00 00  00 00 00 00 00 00 00 00  | ~..............|",
      "00000020  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|",
      "*",
      "00000060  00 00 00 00 01 02 03 00  00 00 00 00 00 00 00 00  |................|",
      "00000070  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|",
      "*",
      "00000100",
      "",
    ].join("\n"),
    err: `7936 of the 8192 bytes of "${memory.name}" follow: --length prints more\n`,
  });
  assertEquals(part, {
    code: 0,
    out: "00000062  00 00 01 02 03                                    |.....|\n00000067\n",
    err: `8089 of the 8192 bytes of "${memory.name}" follow: --length prints more\n`,
  });
  assertEquals(end, {
    code: 0,
    out: [
      "00000060  00 00 00 00 01 02 03 00  00 00 00 00 00 00 00 00  |................|",
      "00000070  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|",
      "*",
      "00001ff0  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 ff  |................|",
      "00002000",
      "",
    ].join("\n"),
    err: "",
  });
});

Deno.test("winipc dump --schema prints fields as a table, and as JSON with all digits", async () => {
  using memory = carAt(32);
  await using file = await temporaryFile("car.json", CAR);
  const args = ["dump", nameOf(memory), "--at", "32", "--schema", file.path];
  const [table, json, hex] = await Promise.all([
    winipc(args, READ),
    winipc([...args, "--format", "json"], READ),
    winipc([...args, "--format", "hex"], READ),
  ]);
  assertEquals(table, {
    code: 0,
    out: [
      "OFFSET  FIELD  TYPE      VALUE",
      "    32  id     u64       18446744073709551615",
      "    40  speed  f32       0.1",
      '    44  name   utf16[8]  "Spa\\u001b[2J"',
      "    60  pos    f32[3]    1, NaN, -0",
      "    72  laps   u16[20]   1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, " +
      "… (20 elements)",
      "   112  raw    u8[4]     00 01 fe ff",
      "   120  ratio  f64       0.3333333333333333",
      "",
    ].join("\n"),
    err: "",
  });
  assertEquals([json.code, json.err], [0, ""]);
  assertStringIncludes(json.out, '    "id": 18446744073709551615,\n');
  assertEquals(JSON.parse(json.out), {
    name: memory.name,
    byteLength: 8192,
    at: 32,
    length: 8160,
    schema: "Car",
    isWhole: true,
    value: {
      id: 18446744073709551615,
      speed: Math.fround(0.1),
      name: "Spa\x1b[2J",
      pos: [1, "NaN", 0],
      laps: Array.from({ length: 20 }, (_, lap) => lap + 1),
      raw: "AAH+/w==",
      ratio: 1 / 3,
    },
  });
  // The given schema chooses the bytes to print.
  assertEquals([hex.code, hex.out.trimEnd().split("\n").at(-1)], [0, "00000080"]);
});

/** A C header with {@linkcode Car}, and with a struct that cannot be read. */
const HEADER = `#pragma once
#define NAME_LENGTH (4 * 2)
typedef struct { uint64_t id; float speed; wchar_t name[NAME_LENGTH]; float pos[3];
  unsigned short laps[20]; BYTE raw[4]; double ratio; } Car;
struct Other {
  void *next;
};
`;

Deno.test("winipc dump --schema reads a C header, and asks for --struct if there are several", async () => {
  using memory = carAt(8);
  await using file = await temporaryFile("car.h", HEADER);
  await using json = await temporaryFile("car.json", CAR);
  const args = ["dump", nameOf(memory), "--at", "8", "--schema", file.path];
  const [car, same, several, other, missing] = await Promise.all([
    winipc([...args, "--struct", "Car"], READ),
    winipc(["dump", nameOf(memory), "--at", "8", "--schema", json.path], READ),
    winipc(args, READ),
    winipc([...args, "--struct", "Other"], READ),
    winipc([...args, "--struct", "Cat"], READ),
  ]);
  assertEquals(car, same);
  const cannot = `Cannot read the schema ${file.path}: `;
  assertEquals(several, {
    code: 1,
    out: "",
    err: `${cannot}There are several structs: choose one of them by --struct: Car, Other\n`,
  });
  assertEquals(other, {
    code: 1,
    out: "",
    err: `${cannot}line 6: Cannot read a pointer, which has no meaning in another process: use ` +
      "uint32_t for a 32-bit program, uint64_t for a 64-bit one\n",
  });
  assertEquals(missing, {
    code: 1,
    out: "",
    err: `${cannot}There is no struct "Cat": did you mean "Car"?\n`,
  });
});

Deno.test("winipc dump --format raw and json print the bytes, whole or a part", async () => {
  using memory = SharedMemory.create(randomName(), 200_000);
  using view = memory.map();
  view.bytes.forEach((_, at) => view.bytes[at] = at * 7 + (at >> 8));
  const raw = new Deno.Command(Deno.execPath(), {
    args: commandLine(["dump", nameOf(memory), "--format", "raw", "--at", "1"]),
  });
  const [whole, json] = await Promise.all([
    raw.output(),
    winipc(["dump", nameOf(memory), "--format", "json", "--at", "3", "--length", "2"]),
  ]);
  // The section of another process has whole pages.
  const expected = new Uint8Array(200_704 - 1);
  expected.set(view.bytes.subarray(1));
  assertEquals([whole.code, whole.stderr.length], [0, 0]);
  assertEquals(whole.stdout, expected);
  assertEquals([json.code, json.err, JSON.parse(json.out)], [0, "", {
    name: memory.name,
    byteLength: 200_704,
    at: 3,
    length: 2,
    bytes: Uint8Array.of(21, 28).toBase64(),
  }]);
});

Deno.test("winipc dump says which option is wrong, and ends with 1, 2, 3 or 4", async () => {
  using memory = SharedMemory.create(randomName(), 4096);
  const [name, label] = [nameOf(memory), `"${memory.name}"`];
  const missing = randomName();
  const mistyped = `${name.slice(0, -2)}-x`;
  await using file = await temporaryFile(
    "big.json",
    '{"name":"Big","fields":{"a":{"bytes":5000}}}',
  );
  await using bad = await temporaryFile("bad.json", '{"name":"Bad","fields":{"a":"u33"}}');
  const see = "See winipc dump --help\n";
  const mistakes: [string[], number, string][] = [
    [
      [name, "--at", "4096"],
      2,
      `Expected --at to be less than 4096, the size of ${label}, got 4096\n${see}`,
    ],
    [
      [name, "--at", "4000", "--length", "97"],
      2,
      `Expected --length to be at most 96 with --at 4000, because ${label} has 4096 bytes, got 97\n` +
      see,
    ],
    [
      [name, "--format", "table"],
      2,
      `Expected --schema with --format table: no schema ships for ${label}\n${see}`,
    ],
    [
      [name, "--struct", "Car"],
      2,
      `Expected --schema with --struct: it names the C header with the struct\n${see}`,
    ],
    [
      [name, "--schema", file.path, "--struct", "Car"],
      2,
      `Expected no --struct with a JSON description, got "Car"\n${see}`,
    ],
    [
      ["a\\b"],
      2,
      'Expected a name with no backslash except in "Local\\" or "Global\\", got "a\\b"\n' + see,
    ],
    [[name, "--schema", file.path], 1, "Expected at least 5000 bytes for Big, there are 4096\n"],
    [
      [name, "--schema", bad.path],
      1,
      `Cannot read the schema ${bad.path}: at fields.a: There is no type "u33": did you mean ` +
      `"u32"?\n`,
    ],
    [
      [name, "--schema", `${file.path}x`],
      3,
      `Cannot read the schema ${file.path}x: there is no such file\n`,
    ],
  ];
  const ended: Ended[] = [];
  // A few at a time, so that none of them takes long on a busy machine.
  for (let at = 0; at < mistakes.length; at += 3) {
    const some = mistakes.slice(at, at + 3);
    ended.push(...await Promise.all(some.map(([args]) => winipc(["dump", ...args], READ))));
  }
  const [unread, unknown, similar] = await Promise.all([
    winipc(["dump", name, "--schema", file.path]),
    winipc(["dump", missing]),
    winipc(["dump", mistyped]),
  ]);
  assertEquals(ended, mistakes.map(([, code, err]) => ({ code, out: "", err })));
  assertEquals(unread, {
    code: 4,
    out: "",
    err:
      "winipc dump needs the permission --allow-read, which Deno did not get: add --allow-read " +
      "after deno run, or install the command with --allow-read\n",
  });
  assertEquals([unknown.code, unknown.out], [3, ""]);
  assertStringIncludes(unknown.err, `Cannot open shared memory "Local\\${missing}"`);
  assertEquals([similar.code, similar.out], [3, ""]);
  assertStringIncludes(similar.err, `: did you mean "${name}"?\n`);
});

Deno.test("winipc dump prints the committed pages of reserved memory, and does not fault at others", async () => {
  using memory = SharedMemory.create(randomName(), 2 ** 20, { reserve: true });
  using view = memory.map({ byteLength: 4096 });
  view.bytes[0] = 0x41;
  const name = nameOf(memory);
  const [there, missing] = await Promise.all([
    winipc(["dump", name, "--length", "1"]),
    winipc(["dump", name, "--at", "524288"]),
  ]);
  assertEquals([there.code, there.out.slice(0, 12)], [0, "00000000  41"]);
  // On Wine, ReadProcessMemory reads zeros where Windows has no page.
  const zeros = {
    code: 0,
    out: `00080000  ${"00 ".repeat(8)} ${"00 ".repeat(8)} |${".".repeat(16)}|\n*\n00080100\n`,
    err: `524032 of the 1048576 bytes of "${memory.name}" follow: --length prints more\n`,
  };
  const refusal = {
    code: 1,
    out: "",
    err: `Cannot read 256 bytes at 524288 of shared memory "${memory.name}": the pages are not ` +
      "committed, or their file is gone\n",
  };
  assertEquals(missing, isWine() ? zeros : refusal);
});

Deno.test("winipc dump ends quietly when nobody reads its output any more", async () => {
  using memory = SharedMemory.create(randomName(), 2 ** 24);
  using view = memory.map();
  new Uint32Array(view.buffer).forEach((_, at, words) => words[at] = at);
  const formats = [["--length", String(2 ** 24)], ["--format", "raw"]];
  const ended = await Promise.all(formats.map(async (format) => {
    await using child = new Deno.Command(Deno.execPath(), {
      args: commandLine(["dump", nameOf(memory), ...format]),
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const [{ code }, err] = await Promise.all([child.status, new Response(child.stderr).text()]);
    return { code, err };
  }));
  assertEquals(ended, formats.map(() => ({ code: 0, err: "" })));
});

Deno.test("winipc dump colours only the headings on a terminal, and escapes the texts of others", async () => {
  using memory = carAt(0);
  await using file = await temporaryFile("car.json", CAR);
  const { code, text, lines } = await winipcOnTerminal(
    ["dump", nameOf(memory), "--schema", file.path],
    { columns: 120, ...READ },
  );
  assertEquals([code, lines[0]], [0, "OFFSET  FIELD  TYPE      VALUE"]);
  assertEquals(text.split("\n")[0], "\x1b[1mOFFSET  FIELD  TYPE      VALUE\x1b[22m");
  assertEquals(text.split("\x1b").length, 3);
});
