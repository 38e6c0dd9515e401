// Task: test:command
//
// winipc ls: what it lists in each format, what it says about the rest, and its exit codes. The
// objects belong to this process. Wine lists no pipes and no mailslots, and winipc says so.

import { assert, assertEquals, assertLess } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { accountName } from "../../ffi/account.ts";
import { listDirectory, sessionDirectory } from "../../ffi/object_directory.ts";
import { currentSession } from "../../ffi/process_thread.ts";
import { currentUserSid } from "../../ffi/security.ts";
import { encodeWide } from "../../ffi/wide.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { BroadcastRing, LatestFrame, LatestValue, RingChannel } from "../../src/channel/mod.ts";
import { Lister } from "../../src/cli/objects/listing.ts";
import { listingLines } from "../../src/cli/objects/text.ts";
import { SharedMemory } from "../../src/memory/mod.ts";
import { MessageWindow } from "../../src/messages/mod.ts";
import { struct } from "../../src/struct/mod.ts";
import { SharedEvent, SharedMutex, SharedSemaphore } from "../../src/sync/mod.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { Terminal, winipcOnTerminal } from "./terminal.ts";
import { commandLine, winipc } from "./winipc.ts";

const Trade = struct({ price: "f64", size: "u32" });
const OWNER = accountName(currentUserSid()) ?? currentUserSid();
const NO_PIPES = isWine() ? "Wine does not list pipes and mailslots\n" : "";

/** Objects of all kinds whose names begin with a prefix. */
function createAll(prefix: string): Disposable {
  using stack = new DisposableStack();
  const ring = stack.use(RingChannel.create(`${prefix}.ring`, { capacity: 65_536 }));
  const sender = stack.use(ring.sender());
  sender.sendSync(new Uint8Array(16_376));
  sender.flush();
  const broadcast = stack.use(BroadcastRing.create(`${prefix}.news`, { message: Trade }));
  const news = stack.use(broadcast.sender());
  news.write({ price: 1, size: 2 });
  news.flush();
  const latest = stack.use(LatestValue.create(`${prefix}.gear`, Trade));
  stack.use(latest.writer()).write({ price: 1, size: 2 });
  stack.use(LatestFrame.create(`${prefix}.film`, { byteLength: 4096, maxReaders: 1 }));
  stack.use(SharedMemory.create(`${prefix}.text`, 8192));
  stack.use(SharedEvent.create(`${prefix}.stop`));
  stack.use(SharedMutex.create(`${prefix}.lock`));
  stack.use(SharedSemaphore.create(`${prefix}.pool`, { initial: 1, maximum: 3 }));
  stack.use(MessageWindow.open({
    class: `${prefix}.form`,
    title: "Order 17",
    procedure: () => undefined,
  }));
  return stack.move();
}

Deno.test("winipc ls lists each kind in columns, and the parts of rings with --all", async () => {
  const prefix = randomName();
  using _objects = createAll(prefix);
  const [text, all, events] = await Promise.all([
    winipc(["ls", `${prefix}*`]),
    winipc(["ls", `${prefix}*`, "--all"]),
    winipc(["ls", "event", `${prefix}.*`]),
  ]);
  const image = Deno.execPath().split("\\").at(-1);
  const head = (name: string, end: string) => `${"KIND".padEnd(9)}  ${name}${end}`;
  const wide = prefix.length + ".form/Order 17".length;
  const row = (kind: string, name: string, size: string, owner: string, detail: string) =>
    `${kind.padEnd(9)}  ${(prefix + name).padEnd(wide)}  ${size.padStart(6)}  ` +
    `${owner.padEnd(OWNER.length)}  ${detail}`.trimEnd();
  const trimmed = (lines: string[]) => lines.map((line) => `${line.trimEnd()}\n`).join("");
  const me = Deno.pid;
  const ends = {
    first: head(
      "NAME".padEnd(wide),
      `  ${"SIZE".padStart(6)}  ${"OWNER".padEnd(OWNER.length)}  DETAIL`,
    ),
    sections: [
      row("section", ".text", "8 KiB", OWNER, ""),
      row("ring", ".ring", "68 KiB", OWNER, `25% of 64 KiB full, sender ${me}, no receiver`),
      row("broadcast", ".news", "1 MiB", OWNER, `typed, 1 message sent, sender ${me}`),
      row("latest", ".gear", "4 KiB", OWNER, `1 value, writer ${me}`),
      row("frame", ".film", "28 KiB", OWNER, "0 frames, no writer"),
    ],
    window: row("window", ".form/Order 17", "", "", `process ${me} ${image}, message-only`),
  };
  assertEquals(text, {
    code: 0,
    out: trimmed([
      ends.first,
      ...ends.sections,
      row("event", ".stop", "", "", ""),
      row("mutex", ".lock", "", "", ""),
      row("semaphore", ".pool", "", "", ""),
      ends.window,
    ]),
    err: NO_PIPES,
  });
  const part = (kind: string, name: string, of: string) =>
    row(kind, name, "", "", `part of ${prefix}.${of}`);
  assertEquals(all, {
    code: 0,
    out: trimmed([
      ends.first,
      ...ends.sections,
      part("event", ".ring.data", "ring"),
      part("event", ".ring.space", "ring"),
      row("event", ".stop", "", "", ""),
      part("mutex", ".gear.writer", "gear"),
      row("mutex", ".lock", "", "", ""),
      row("semaphore", ".pool", "", "", ""),
      ends.window,
    ]),
    err: NO_PIPES,
  });
  const short = prefix.length + ".ring.space".length;
  const line = (name: string, detail: string) =>
    `event  ${(prefix + name).padEnd(short)}  ${" ".repeat(4)}  ${" ".repeat(5)}  ${detail}`;
  assertEquals(events, {
    code: 0,
    out: trimmed([
      `KIND   ${"NAME".padEnd(short)}  SIZE  OWNER  DETAIL`,
      line(".ring.data", `part of ${prefix}.ring`),
      line(".ring.space", `part of ${prefix}.ring`),
      line(".stop", ""),
    ]),
    err: "",
  });
});

Deno.test("winipc ls --json prints one document, and --jsonl a line for each object", async () => {
  const prefix = randomName();
  using _objects = createAll(prefix);
  using _global = SharedEvent.create(`Global\\${prefix}.world`);
  const [document, lines] = await Promise.all([
    winipc(["ls", `${prefix}*`, "--json", "--all"]),
    winipc(["ls", `${prefix}*`, "--jsonl", "--all"]),
  ]);
  assertEquals([document.code, document.err], [0, NO_PIPES]);
  assertEquals([lines.code, lines.err], [0, NO_PIPES]);
  const records: Record<string, unknown>[] = JSON.parse(document.out);
  assertEquals(lines.out, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  const byName = new Map(records.map((record) => [record["name"], record]));
  const mine = { state: "alive", process: Deno.pid };
  assertEquals(byName.get(`${prefix}.ring`), {
    kind: "ring",
    name: `${prefix}.ring`,
    size: 69_632,
    owner: OWNER,
    version: 2,
    capacity: 65_536,
    maxMessageLength: 32_760,
    whenFull: "wait",
    producers: "single",
    endsWithLastSender: true,
    layoutLength: 0,
    tail: 16_384,
    head: 0,
    used: 16_384,
    received: 0,
    dropped: 0,
    receiverWaits: false,
    senderWaits: false,
    places: [{ role: "sender", ...mine }, { role: "receiver", state: "free" }],
  });
  assertEquals(byName.get(`${prefix}.ring.data`), {
    kind: "event",
    name: `${prefix}.ring.data`,
    of: `${prefix}.ring`,
  });
  assertEquals(byName.get(`Global\\${prefix}.world`), {
    kind: "event",
    name: `Global\\${prefix}.world`,
  });
  const { handle, ...window } = byName.get(`${prefix}.form/Order 17`)!;
  assertEquals(typeof handle, "number");
  assertEquals(window, {
    kind: "window",
    name: `${prefix}.form/Order 17`,
    class: `${prefix}.form`,
    title: "Order 17",
    process: Deno.pid,
    image: Deno.execPath().split("\\").at(-1),
    messageOnly: true,
  });
});

Deno.test("winipc ls escapes names, aligns wide ones, and shows denied and corrupt sections", async () => {
  const prefix = randomName();
  using _wide = SharedMemory.create(`${prefix} 漢字`, 4096);
  using _control = SharedMemory.create(`${prefix} \x1b[2J\r`, 4096);
  using _denied = SharedMemory.create(`${prefix} no`, 4096, {
    security: `O:${currentUserSid()}D:P(D;;GA;;;WD)`,
  });
  using old = SharedMemory.create(`${prefix} old`, 4096);
  using torn = SharedMemory.create(`${prefix} torn`, 4096);
  // A ring of version 9, and a broadcast ring whose header is otherwise zero.
  using oldView = old.map();
  new Uint32Array(oldView.buffer).set([0x4352_4957, 9, 1]);
  using tornView = torn.map();
  new Uint32Array(tornView.buffer).set([0x4252_4957, 3]);

  const { code, out, err } = await winipc(["ls", `${prefix} *`]);
  assertEquals([code, err], [0, NO_PIPES]);
  const row = (kind: string, name: string, columns: number, detail: string) =>
    `${kind.padEnd(9)}  ${prefix} ${name}${" ".repeat(11 - columns)}  4 KiB  ` +
    `${OWNER}  ${detail}`.trimEnd();
  const lines = out.split("\n");
  const denied = lines.filter((line) => line.includes(`${prefix} no `));
  assertEquals(lines.slice(1).filter((line) => !denied.includes(line)), [
    row("section", "\\u001b[2J\\r", 11, ""),
    row("section", "漢字", 4, ""),
    row("ring", "old", 3, "unusable: it is of version 9 and layout 1"),
    row("broadcast", "torn", 4, "unusable: its header contradicts itself"),
    "",
  ]);
  // Wine lets the owner read the descriptor, and Windows does so unless an entry denies it.
  assertEquals(denied.length, 1);
  assert(denied[0]!.endsWith("  no access"), denied[0]);
});

Deno.test("winipc ls ends with 3 if a pattern matches nothing, and suggests a kind or a name", async () => {
  const name = randomName();
  using _event = SharedEvent.create(name);
  const mistakes: [string[], number, string][] = [
    [
      [`${name.slice(0, -1)}`],
      3,
      `${NO_PIPES}There is no object whose name matches "${name.slice(0, -1)}": ` +
      `did you mean "${name}"?\n`,
    ],
    [["mutex", name], 3, `There is no mutex whose name matches "${name}"\n`],
    [
      ["evnt"],
      3,
      `${NO_PIPES}There is no object whose name matches "evnt": did you mean "event"?\n`,
    ],
    [
      ["evnt", "a*"],
      2,
      'Expected KIND to be a kind of object, got "evnt": did you mean "event"?\n' +
      "See winipc ls --help\n",
    ],
    [
      ["--watch", "--json"],
      2,
      "Expected --jsonl with --watch, got --json: the document would never end\n" +
      "See winipc ls --help\n",
    ],
    [["--json", name.slice(0, 30)], 3, ""],
  ];
  const ended = await Promise.all(mistakes.map(([args]) => winipc(["ls", ...args])));
  mistakes.slice(0, 5).forEach(([, code, err], index) =>
    assertEquals(ended[index], { code, out: "", err })
  );
  // The document is there also if nothing matches.
  assertEquals([ended[5]!.code, ended[5]!.out], [3, "[]\n"]);
});

Deno.test("winipc ls lists 10,000 events within 2 s over the raw query, and stops when nobody reads", async () => {
  const prefix = randomName();
  using stack = new DisposableStack();
  for (let index = 0; index < 10_000; index++) {
    const name = encodeWide(`${prefix}.${index}`);
    const event = kernel32().CreateEventW(null, 0, 0, name);
    stack.defer(() => kernel32().CloseHandle(event));
  }
  const directory = sessionDirectory(currentSession());
  // Other programs can take the processor meanwhile, so the fastest of some rounds counts.
  let over = Infinity;
  for (let round = 0; round < 5 && over >= 2000; round++) {
    const begin = performance.now();
    listDirectory(directory);
    const raw = performance.now() - begin;
    const { objects } = await new Lister({ kind: "event" }).list();
    listingLines(objects);
    over = Math.min(over, performance.now() - begin - 2 * raw);
    assertEquals(objects.filter(({ name }) => name.startsWith(prefix)).length, 10_000);
  }
  assertLess(over, 2000);

  const child = new Deno.Command(Deno.execPath(), {
    args: commandLine(["ls", "event", `${prefix}*`]),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).spawn();
  const reader = child.stdout.getReader();
  assertEquals((await reader.read()).done, false);
  await reader.cancel();
  const [{ code }, err] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assertEquals([code, err], [0, ""]);
});

Deno.test("winipc ls --watch prints a line of JSON for each object that comes or goes", async () => {
  const prefix = randomName();
  await using child = new Deno.Command(Deno.execPath(), {
    args: commandLine(["ls", `${prefix}*`, "--watch", "--interval", "20"]),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).spawn();
  const lines = (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
    stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  const [out, err] = [lines(child.stdout), lines(child.stderr)];
  if (isWine()) assertEquals((await err.read()).value, NO_PIPES.trimEnd());
  assertEquals((await err.read()).value, "Watching; Ctrl-C ends it");
  const next = async () => JSON.parse((await out.read()).value!);
  {
    using _event = SharedEvent.create(prefix);
    assertEquals(await next(), { event: "created", kind: "event", name: prefix });
  }
  assertEquals(await next(), { event: "closed", kind: "event", name: prefix });
  child.kill();
  await Promise.all([out.cancel(), err.cancel()]);
});

Deno.test("winipc ls on a terminal has a bold heading, and cuts lines that do not fit", async () => {
  const prefix = randomName();
  using _event = SharedEvent.create(prefix);
  const size = { columns: 40, rows: 10 };
  const [coloured, plain] = await Promise.all([
    winipcOnTerminal(["ls", "event", `${prefix}*`], size),
    winipcOnTerminal(["ls", "event", `${prefix}*`], { ...size, env: { NO_COLOR: "1" } }),
  ]);
  assertEquals([coloured.code, plain.code], [0, 0]);
  const heading = `KIND   NAME${" ".repeat(28)}…`;
  assertEquals(coloured.lines, [heading, `event  ${prefix.slice(0, 32)}…`]);
  assertEquals(plain.lines, coloured.lines);
  assertEquals(plain.text.includes("\x1b[1m"), false);
  assertEquals(coloured.text.includes("\x1b[1mKIND\x1b[22m"), true);
});

Deno.test("winipc ls --watch on a terminal highlights what comes and goes, and ends with 130 on Ctrl-C", async () => {
  const prefix = randomName();
  using _old = SharedEvent.create(`${prefix}.old`);
  await using terminal = await Terminal.winipc(
    ["ls", "event", `${prefix}*`, "--watch", "--interval", "50"],
    { columns: 100 },
  );
  const rows = (lines: readonly string[]) => lines.filter((line) => line.includes(prefix));
  await terminal.until((_, lines) => rows(lines).length === 1);
  {
    using _new = SharedEvent.create(`${prefix}.new`);
    await terminal.until((_, lines) => rows(lines).length === 2);
    assertEquals(rows(terminal.lines), [`+ event  ${prefix}.new`, `  event  ${prefix}.old`]);
  }
  await terminal.until((_, lines) => rows(lines)[0]?.startsWith("-") ?? false);
  assertEquals(rows(terminal.lines), [`- event  ${prefix}.new`, `  event  ${prefix}.old`]);
  await terminal.type("\x03");
  const { code, text } = await terminal.ended();
  assertEquals(code, 130);
  assert(text.includes(`\x1b[32m+ event  ${prefix}.new`), "What came is green");
  assert(text.includes(`\x1b[31m- event  ${prefix}.new`), "What went is red");
});
