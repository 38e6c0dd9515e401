// Task: test:command
//
// The parts of winipc ls and winipc info that need no process of their own.

import { assertEquals, assertMatch } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import { describeObject } from "../../src/cli/objects/describe.ts";
import { splitTarget } from "../../src/cli/objects/find.ts";
import { layoutLines } from "../../src/cli/objects/layout_text.ts";
import { Lister } from "../../src/cli/objects/listing.ts";
import type { ListedObject } from "../../src/cli/objects/object.ts";
import { Parents } from "../../src/cli/objects/parts.ts";
import { matcherOf } from "../../src/cli/objects/pattern.ts";
import { accessLines, rightsOf } from "../../src/cli/objects/access.ts";
import { RingChannel } from "../../src/channel/mod.ts";
import { SharedMemory } from "../../src/memory/mod.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";

Deno.test("A pattern's * is any text and ? one character; other characters mean themselves", () => {
  const cases: [pattern: string, matching: string[], other: string[]][] = [
    ["trades", ["trades"], ["Trades", "trades2", "xtrades", ""]],
    ["tr*s", ["trs", "trades", "tr\n*s"], ["trade", "xtrs"]],
    ["**", ["", "a"], []],
    ["a?c", ["abc", "a?c", "a\u{1f600}c", "a\ud800c"], ["ac", "abbc"]],
    ["a.c[1]+(x|y)\\{2}^$", ["a.c[1]+(x|y)\\{2}^$"], ["abc1x"]],
  ];
  for (const [pattern, matching, other] of cases) {
    const matches = matcherOf(pattern);
    assertEquals(matching.filter((name) => !matches(name)), [], pattern);
    assertEquals(other.filter((name) => matches(name)), [], pattern);
  }
});

Deno.test("A text before the first colon is a kind only if there is such a kind", () => {
  assertEquals(splitTarget("ring:a:b"), { kind: "ring", name: "a:b" });
  assertEquals(splitTarget("rings:a"), { kind: undefined, name: "rings:a" });
  assertEquals(splitTarget(":a"), { kind: undefined, name: ":a" });
  assertEquals(splitTarget("ring"), { kind: undefined, name: "ring" });
});

Deno.test("An event is a part of a ring only if its whole name says so, and if the ring is one", async () => {
  const name = randomName();
  using _ring = RingChannel.create(name, { capacity: 1024 });
  const { objects } = await new Lister({ matches: (found) => found === name }).list();
  const parents = new Parents();
  parents.add(`Local\\${name}`, objects[0]!);
  const plain: ListedObject = { kind: "section", name: "plain" };
  parents.add("Local\\plain", plain);
  const of = (kind: "event" | "mutex", name: string) =>
    parents.parentOf({ kind, name, full: `Local\\${name}` });
  assertEquals(of("event", `${name}.data`), name);
  assertEquals(of("event", `${name}.space`), name);
  assertEquals(of("mutex", `${name}.data`), undefined);
  assertEquals(of("mutex", `${name}.writer`), undefined);
  assertEquals(of("event", `${name}.reader.1`), undefined);
  assertEquals(of("event", "plain.data"), undefined);
  assertEquals(of("event", ".data"), undefined);
});

Deno.test("describeObject() reads reserved memory, whose pages may not be there", () => {
  const name = randomName();
  using _memory = SharedMemory.create(name, 2 ** 20, { reserve: true });
  const report = describeObject({ kind: "section", name, full: `Local\\${name}` });
  const { kind, size, reserved, program, handles } = Object.fromEntries(
    Object.entries(report.record),
  );
  assertEquals({ kind, size, reserved, program, handles }, {
    kind: "section",
    size: 2 ** 20,
    reserved: true,
    program: false,
    handles: 1,
  });
});

Deno.test("describeObject() sees that the sender of a ring was killed", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024 });
  using _receiver = channel.receiver();
  const module = new URL("../../src/channel/mod.ts", import.meta.url).href;
  const script = `import { RingChannel } from "${module}";
    using channel = RingChannel.open("${name}");
    using sender = channel.sender();
    console.log("ready");
    await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", script],
    stdout: "piped",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).spawn();
  const output = child.stdout.getReader();
  assertEquals(new TextDecoder().decode((await output.read()).value).trim(), "ready");
  child.kill();
  await Promise.all([child.status, output.cancel()]);

  const report = describeObject({ kind: "section", name, full: `Local\\${name}` });
  const dead = { role: "sender", state: "dead", process: child.pid, thread: undefined };
  const { places } = Object.fromEntries(Object.entries(report.record));
  assertEquals(places[0], { ...dead, image: undefined });
  assertMatch(
    stripAnsiCode(report.toText()),
    new RegExp(`sender +process ${child.pid}, dead$`, "m"),
  );
});

Deno.test("Rights are said in words, and each mask has some", () => {
  const entry = { allows: true, sid: "S-1-5-18", inherited: false };
  const lines = (...masks: number[]) =>
    accessLines("event", {
      entries: masks.map((mask) => ({ ...entry, mask })),
      isProtected: false,
    });
  assertEquals(lines(0x1f_0003, 0x1000_0000, 0x10_0000, 0x10_0002, 0x400, 0x8000_0000), [
    "SYSTEM may do everything",
    "SYSTEM may do everything",
    "SYSTEM may wait",
    "SYSTEM may wait and set",
    "SYSTEM may use the rights 0x400",
    "SYSTEM may read (generic)",
  ]);
  assertEquals(
    accessLines("section", {
      entries: [{ ...entry, allows: false, mask: 0x6, inherited: true }],
      isProtected: true,
    }),
    ["SYSTEM may not read or write (inherited)", "protected: it inherits no entries"],
  );
  const none = { isProtected: false };
  assertEquals(accessLines("mutex", { ...none, entries: [] }), [
    "nobody may open it: its access list is empty",
  ]);
  assertEquals(accessLines("mutex", { ...none, entries: undefined }), [
    "everyone may do everything: it has no access list",
  ]);
  assertEquals(rightsOf("semaphore", 0x12_0001), [
    "take",
    "read the state",
    "read the descriptor",
  ]);
});

Deno.test("layoutLines() indents the fields of structs, and says nothing of an invalid text", () => {
  assertEquals(layoutLines("struct{a@0:u8,b@4:struct{c@0:f32[2][3]}24[5],d@124:u32:0+3}128"), [
    "struct of 128 bytes",
    "    0  a    u8",
    "    4  b    struct[5] of 24 bytes",
    "    0    c  f32[2][3]",
    "  124  d    u32:0+3",
  ]);
  assertEquals(layoutLines("struct{"), []);
});
