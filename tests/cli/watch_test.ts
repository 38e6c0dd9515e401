// Task: test:command
//
// winipc watch: this test changes a section, and processes of the command show the changes.

import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { TextLineStream } from "@std/streams/text-line-stream";
import { stripAnsiCode } from "@std/fmt/colors";
import { SharedMemory } from "../../src/memory/mod.ts";
import { WatchedBytes } from "../../src/cli/watch/bytes.ts";
import { WatchedFields } from "../../src/cli/watch/fields.ts";
import { layoutSchema } from "../../src/cli/schema/layout_schema.ts";
import { array, struct, utf8 } from "../../src/struct/mod.ts";
import { randomName } from "../support/random_name.ts";
import { temporaryFile } from "../support/temporary_file.ts";
import { within } from "../support/within.ts";
import { commandLine, winipc } from "./winipc.ts";
import { Terminal } from "./terminal.ts";

const READ = ["--allow-ffi", "--allow-read"];

const Car = struct({ gear: "i32", pos: array("f64", 3), name: utf8(4) });
const CAR = JSON.stringify({
  name: "Car",
  fields: { gear: "i32", pos: { array: "f64", length: 3 }, name: { utf8: 4 } },
});

/** A process of the command whose output is read line by line. */
class Watching implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;

  constructor(args: readonly string[], flags: readonly string[] = ["--allow-ffi"]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: commandLine(["watch", ...args], flags),
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
  }

  /** Returns the next document without its time, which must be one. */
  async next(): Promise<unknown> {
    const { value } = await within("winipc watch prints a line", this.#lines.read());
    const { time, ...rest } = JSON.parse(value ?? "{}");
    assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    return rest;
  }

  /** Returns the rest of the output, the exit code and the standard error. */
  async ended(): Promise<{ code: number; left: unknown; err: string }> {
    const [{ value: left }, { code }, err] = await within(
      "winipc watch ends",
      Promise.all([
        this.#lines.read(),
        this.#child.status,
        new Response(this.#child.stderr).text(),
      ]),
    );
    return { code, left, err };
  }

  /** Stops reading the output. */
  async closeOutput(): Promise<void> {
    await this.#lines.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

function nameOf(memory: SharedMemory): string {
  return memory.name!.slice("Local\\".length);
}

function held(memory: SharedMemory): string {
  return `winipc keeps "${memory.name}" open: the name stays taken until winipc ends\n`;
}

Deno.test("winipc watch prints all fields, then only the changed ones, and ends after --count", async () => {
  using memory = SharedMemory.create(randomName(), 4096);
  using view = memory.map();
  Car.write(view, { gear: 3, pos: [1, 2, 3], name: "a\n" }, 8);
  await using file = await temporaryFile("car.json", CAR);
  await using watching = new Watching(
    [nameOf(memory), "--at", "8", "--schema", file.path, "--interval", "10", "--count", "3"],
    READ,
  );
  assertEquals(await watching.next(), {
    fields: { gear: 3, "pos[0]": 1, "pos[1]": 2, "pos[2]": 3, name: "a\n" },
  });
  Car.write(view, { pos: [1, NaN] }, 8);
  assertEquals(await watching.next(), { fields: { "pos[1]": "NaN" } });
  Car.write(view, { name: "" }, 8);
  assertEquals(await watching.next(), { fields: { name: "" } });
  assertEquals(await watching.ended(), { code: 0, left: undefined, err: held(memory) });
});

Deno.test("winipc watch without a schema prints the changed bytes, and ends when its output closes", async () => {
  using memory = SharedMemory.create(randomName(), 4096);
  using view = memory.map();
  view.bytes[4] = 9;
  await using watching = new Watching(
    [nameOf(memory), "--at", "4", "--length", "64", "--interval", "10"],
  );
  const all = Uint8Array.from({ length: 64 }, (_, at) => at === 0 ? 9 : 0);
  assertEquals(await watching.next(), { changes: [{ at: 4, bytes: all.toBase64() }] });
  view.bytes[67] = 255;
  assertEquals(await watching.next(), { changes: [{ at: 67, bytes: "/w==" }] });
  await watching.closeOutput();
  // The command notices it when it writes.
  const changing = setInterval(() => view.bytes[67]!++, 20);
  assertEquals(await watching.ended(), { code: 0, left: undefined, err: held(memory) });
  clearInterval(changing);
});

Deno.test("winipc watch ends with 124 after --timeout, 3 without a section, and 2 for a mistake", async () => {
  using memory = SharedMemory.create(randomName(), 2 ** 21);
  const label = `"${memory.name}"`;
  const [late, none, long, unread] = await Promise.all([
    winipc(["watch", nameOf(memory), "--length", "1", "--timeout", "100"]),
    winipc(["watch", randomName()]),
    winipc(["watch", nameOf(memory), "--length", "2097152"]),
    winipc(["watch", nameOf(memory), "--schema", "car.json"]),
  ]);
  assertEquals([late.code, late.err], [124, `${held(memory)}Watched ${label} for 100 ms\n`]);
  assertEquals(late.out.split("\n").length, 2);
  assertEquals([none.code, none.out], [3, ""]);
  assertEquals([long.code, long.out, long.err], [
    2,
    "",
    "Expected --length to be at most 1048576 without --schema, got 2097152\n" +
    "See winipc watch --help\n",
  ]);
  assertEquals([unread.code, unread.out], [4, ""]);
  assertMatch(unread.err, /^winipc watch needs the permission --allow-read, /);
});

Deno.test("winipc watch on a terminal draws a table, marks a change for a second, and ends by Ctrl-C", async () => {
  using memory = SharedMemory.create(randomName(), 4096);
  using view = memory.map();
  Car.write(view, { gear: 3, pos: [1, 2, 3], name: "Spa" });
  await using file = await temporaryFile("car.json", CAR);
  await using terminal = await Terminal.winipc(
    ["watch", nameOf(memory), "--schema", file.path, "--interval", "20"],
    { flags: READ, columns: 100 },
  );
  const rowsOf = (lines: readonly string[]) => lines.slice(-5).map((line) => line.trimEnd());
  const table = (star: string, pos: string, gear = 3) => [
    "   OFFSET  FIELD  TYPE     VALUE",
    `        0  gear   i32      ${gear}`,
    `${star}       8  pos    f64[3]   ${pos}`,
    '       32  name   utf8[4]  "Spa"',
  ];
  const shows = (rows: string[]) => (_text: string, lines: readonly string[]) =>
    rows.every((row) => rowsOf(lines).includes(row));
  await terminal.until(shows(table(" ", "1, 2, 3")));
  Car.write(view, { pos: [1, 2.5] });
  await terminal.until(shows(table("*", "1, 2.5, 3")));
  await terminal.until(shows(table(" ", "1, 2.5, 3")));
  await terminal.type("\x03");
  const { code, text, lines } = await terminal.ended();
  assertEquals(code, 130);
  assertEquals(lines[0], held(memory).trimEnd());
  assertMatch(lines[1] ?? "", new RegExp(`^Local.${nameOf(memory)}  Car  \\d\\d:\\d\\d:\\d\\d$`));
  // Only the changed element is highlighted.
  assertStringIncludes(text, " 1, \x1b[1m\x1b[33m2.5\x1b[39m\x1b[22m, 3\x1b[K\n");
});

Deno.test("winipc watch on a terminal without a schema marks the changed bytes, also without colours", async () => {
  using memory = SharedMemory.create(randomName(), 4096);
  using view = memory.map();
  await using terminal = await Terminal.winipc(
    ["watch", nameOf(memory), "--length", "20", "--interval", "20"],
    { env: { NO_COLOR: "1" } },
  );
  const last = (line: string) => (_text: string, lines: readonly string[]) =>
    lines.some((shown) => shown.trimEnd() === line);
  await terminal.until(last(`  00000010  00 00 00 00${" ".repeat(39)}|....|`));
  view.bytes[18] = 0x41;
  await terminal.until(last(`* 00000010  00 00 41 00${" ".repeat(39)}|..A.|`));
  await terminal.type("\x03");
  const { code, text } = await terminal.ended();
  assertEquals(code, 130);
  assertEquals(text.includes("\x1b[33m"), false);
});

Deno.test("WatchedFields shows the rows that changed last if there is no room for all", () => {
  const Big = struct({ laps: array(struct({ time: "u32" }), 100) });
  const watched = new WatchedFields(layoutSchema("Big", Big), 0);
  const bytes = () => new Uint8Array(Big.byteLength);
  watched.update(bytes(), 0);
  const fields = () => watched.picture(9000, 4).slice(1).map((line) => line.trim().split(/ +/)[1]);
  assertEquals(fields(), ["laps[0].time", "laps[1].time", "laps[2].time"]);
  const next = bytes();
  next[4 * 70] = 1;
  watched.update(next, 5000);
  const last = next.slice();
  last[4 * 50] = 1;
  watched.update(last, 6000);
  assertEquals(fields(), ["laps[0].time", "laps[50].time", "laps[70].time"]);
  const star = (now: number) => stripAnsiCode(watched.picture(now, 2)[1] ?? "")[0];
  assertEquals([star(6999), star(7000)], ["*", " "]);
});

Deno.test("WatchedFields reports fields that are gone, and a bad copy changes nothing", () => {
  let names = ["a", "b"];
  const watched = new WatchedFields({
    name: "Changing",
    byteLength: 1,
    fields: ([value = 0]) => {
      if (value === 255) throw new Deno.errors.InvalidData("bad");
      return names.map((path) => ({ path, offset: 0, type: "u8", value }));
    },
    toObject: () => ({}),
  }, 0);
  assertEquals(watched.update(Uint8Array.of(1), 0), { fields: { a: 1, b: 1 } });
  assertEquals(watched.update(Uint8Array.of(1), 1), undefined);
  assertThrows(() => watched.update(Uint8Array.of(255), 2), Deno.errors.InvalidData, "bad");
  names = ["b", "c"];
  assertEquals(watched.update(Uint8Array.of(1), 3), { fields: { c: 1 }, gone: ["a"] });
});

Deno.test("WatchedBytes joins changes that are near each other", () => {
  const watched = new WatchedBytes(100);
  const bytes = new Uint8Array(64);
  watched.update(bytes, 0);
  const next = bytes.slice();
  for (const at of [1, 17, 34, 63]) next[at] = at;
  assertEquals(watched.update(next, 1), {
    changes: [
      { at: 101, bytes: next.subarray(1, 18) },
      { at: 134, bytes: next.subarray(34, 35) },
      { at: 163, bytes: next.subarray(63, 64) },
    ],
  });
  assertEquals(watched.update(next.slice(), 2), undefined);
});
