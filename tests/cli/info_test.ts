// Task: test:command
//
// winipc info: what it says about each kind of object. The objects belong to this process.

import { assertEquals } from "@std/assert";
import { accountName } from "../../ffi/account.ts";
import { currentUserSid } from "../../ffi/security.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { BroadcastRing, LatestFrame, LatestValue, RingChannel } from "../../src/channel/mod.ts";
import { SharedMemory } from "../../src/memory/mod.ts";
import { MessageWindow } from "../../src/messages/mod.ts";
import { connectPipe, listenPipe, Mailslot } from "../../src/pipe/mod.ts";
import { array, struct } from "../../src/struct/mod.ts";
import { SharedEvent, SharedMutex, SharedSemaphore } from "../../src/sync/mod.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { winipc } from "./winipc.ts";
import { winipcOnTerminal } from "./terminal.ts";

const SID = currentUserSid();
const OWNER = accountName(SID) ?? SID;
const SYSTEM = accountName("S-1-5-18");
const IMAGE = Deno.execPath().split("\\").at(-1);

/** Aligns lines as winipc info does. */
function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `${label.padEnd(width)}  ${text}`.trimEnd() + "\n").join("");
}

/** The lines about the rights to an object of this user and about its handles. */
function securityRows(sddl: string, everyone?: string): [string, string][] {
  return [
    ["owner", `${OWNER} (${SID})`],
    ["access", `${OWNER} may do everything`],
    ["", `${SYSTEM} may do everything`],
    ...(everyone === undefined ? [] : [["", `Everyone may ${everyone}`] as [string, string]]),
    ["", "protected: it inherits no entries"],
    ["SDDL", sddl],
    ["handles", "1 besides that of winipc"],
  ];
}

const HELD: [string, string][] = isWine() ? [["held by", "unknown: Wine does not tell it"]] : [];
const SECTION_SDDL = `O:${SID}D:P(A;;CCDCLCSWRPSDRCWDWO;;;${SID})(A;;CCDCLCSWRPSDRCWDWO;;;SY)`;
/** Wine does not read the label that lets programs of low integrity write. */
const LABEL = isWine() ? "" : "S:(ML;;NW;;;LW)";
const sddlOf = (mask: string) => `O:${SID}D:P(A;;${mask};;;${SID})(A;;${mask};;;SY)`;

Deno.test("winipc info describes rings and values with their ends, fill and counters", async () => {
  const prefix = randomName();
  const Leg = struct({ price: "f64", size: "u32" });
  const Order = struct({ ids: array("u16", 3), leg: Leg });
  using ring = RingChannel.create(`${prefix}.ring`, {
    capacity: 65_536,
    maxMessageLength: 1000,
    producers: "multiple",
  });
  using sender = ring.sender();
  for (let count = 0; count < 20; count++) sender.sendSync(new Uint8Array(816));
  sender.flush();
  using receiver = ring.receiver();
  receiver.close();
  using news = BroadcastRing.create(`${prefix}.news`, { message: Order });
  using reporter = news.sender();
  reporter.write({ ids: [1, 2, 3], leg: { price: 1, size: 2 } });
  reporter.flush();
  using gear = LatestValue.create(`${prefix}.gear`, Leg);
  using _writer = gear.writer();
  using _film = LatestFrame.create(`${prefix}.film`, { byteLength: 5000, maxReaders: 1 });

  const [ringInfo, newsInfo, gearInfo, filmInfo] = await Promise.all([
    winipc(["info", `${prefix}.ring`]),
    winipc(["info", `broadcast:${prefix}.news`]),
    winipc(["info", `Local\\${prefix}.gear`]),
    winipc(["info", `frame:${prefix}.film`]),
  ]);
  const me = `process ${Deno.pid} ${IMAGE}, alive`;
  const common = [...securityRows(SECTION_SDDL), ...HELD];
  assertEquals(ringInfo, {
    code: 0,
    err: "",
    out: table([
      ["name", `${prefix}.ring`],
      ["kind", "ring"],
      ["size", "68 KiB, 69632 bytes"],
      ...common,
      ["version", "2"],
      ["senders", "up to 64; it ends with the last one"],
      ["capacity", "64 KiB"],
      ["messages", "at most 1000 bytes each"],
      ["when full", "wait: a send waits for room"],
      ["layout", "none: each end knows what the bytes mean"],
      ["sender", me],
      ["receiver", "closed"],
      ["fill", "25%, 16480 of 65536 bytes"],
      ["received", "0 messages"],
      ["dropped", "0 messages"],
      ["waits", "no end"],
    ]),
  });
  assertEquals(newsInfo, {
    code: 0,
    err: "",
    out: table([
      ["name", `${prefix}.news`],
      ["kind", "broadcast"],
      ["size", "1 MiB, 1052672 bytes"],
      ...common,
      ["version", "3"],
      ["capacity", "1 MiB"],
      ["messages", "at most 24 bytes each"],
      ["layout", "struct of 24 bytes"],
      ["", "  0  ids      u16[3]"],
      ["", "  8  leg      struct of 16 bytes"],
      ["", "  0    price  f64"],
      ["", "  8    size   u32"],
      ["sender", me],
      ["sent", "1 message, 56 bytes with headers"],
      ["readers", "0 wait now; 0 have waited, others are not known"],
      ["missed", "unknown: each reader counts its own"],
    ]),
  });
  assertEquals(gearInfo, {
    code: 0,
    err: "",
    out: table([
      ["name", `${prefix}.gear`],
      ["kind", "latest"],
      ["size", "4 KiB, 4096 bytes"],
      ...common,
      ["version", "3"],
      ["value", "16 bytes"],
      ["layout", "struct of 16 bytes"],
      ["", "  0  price  f64"],
      ["", "  8  size   u32"],
      ["writer", me],
      ["published", "0 values"],
      ["readers", "0 wait now; 0 have waited, others are not known"],
    ]),
  });
  assertEquals(filmInfo, {
    code: 0,
    err: "",
    out: table([
      ["name", `${prefix}.film`],
      ["kind", "frame"],
      ["size", "40 KiB, 40960 bytes"],
      ...common,
      ["version", "1"],
      ["frames", "at most 5000 bytes each"],
      ["slots", "3, for up to 1 reader"],
      ["layout", "none: each end knows what the bytes mean"],
      ["writer", "none yet"],
      ["published", "0 frames, the newest of 0 bytes"],
      ["readers", "0 wait now; 0 have waited, others are not known"],
    ]),
  });
});

Deno.test("winipc info reads the states of events, mutexes and semaphores without changing them", async () => {
  const prefix = randomName();
  using event = SharedEvent.create(`${prefix}.stop`);
  event.set();
  using manual = SharedEvent.create(`${prefix}.open`, { reset: "manual", security: "everyone" });
  using mutex = SharedMutex.create(`${prefix}.lock`);
  using _lock = mutex.tryLock()!;
  using pool = SharedSemaphore.create(`${prefix}.pool`, { initial: 2, maximum: 3 });
  using _ring = RingChannel.create(`${prefix}.ring`, { capacity: 1024 });
  const [stop, open, lock, count, part] = await Promise.all([
    winipc(["info", `${prefix}.stop`]),
    winipc(["info", `event:${prefix}.open`]),
    winipc(["info", `${prefix}.lock`]),
    winipc(["info", `${prefix}.pool`]),
    winipc(["info", `${prefix}.ring.data`, "--jsonl"]),
  ]);
  const report = (kind: string, rows: [string, string][], mask: string) => ({
    code: 0,
    err: "",
    out: table([
      rows[0]!,
      ["kind", kind],
      ...rows.slice(1),
      ...securityRows(sddlOf(mask)),
      ...HELD,
    ]),
  });
  assertEquals(
    stop,
    report("event", [
      ["name", `${prefix}.stop`],
      ["reset", "by the wait that it ends"],
      ["state", "set"],
    ], "0x1f0003"),
  );
  // It is still set: otherwise this throws TimedOut.
  event.waitSync({ timeout: 0 });
  assertEquals(open, {
    code: 0,
    err: "",
    out: table([
      ["name", `${prefix}.open`],
      ["kind", "event"],
      ["reset", "by hand"],
      ["state", "not set"],
      ...securityRows(
        `${sddlOf("0x1f0003")}(A;;0x120003;;;WD)${LABEL}`,
        "wait, set, read the state and read the descriptor",
      ),
      ...HELD,
    ]),
  });
  assertEquals(manual.closed, false);
  // Windows also tells which thread holds the mutex.
  const held = isWine() ? "held" : /^state +(held by process .*)$/m.exec(lock.out)![1]!;
  assertEquals(
    lock,
    report("mutex", [["name", `${prefix}.lock`], ["state", held]], "0x1f0001"),
  );
  assertEquals(
    count,
    report("semaphore", [["name", `${prefix}.pool`], ["count", "2 of at most 3"]], "0x1f0003"),
  );
  assertEquals(pool.closed, false);
  const { kind, name, of, manual: isManual, set, ...rest } = JSON.parse(part.out);
  assertEquals({ kind, name, of, isManual, set }, {
    kind: "event",
    name: `${prefix}.ring.data`,
    of: `${prefix}.ring`,
    isManual: false,
    set: false,
  });
  assertEquals(rest.owner, OWNER);
  assertEquals(rest.access[1], {
    account: SYSTEM,
    sid: "S-1-5-18",
    allows: true,
    rights: ["do everything"],
    mask: 0x1f_0003,
    inherited: false,
  });
});

Deno.test("winipc info describes pipes, mailslots and windows, and no server notices", async () => {
  const prefix = randomName();
  await using listener = listenPipe({ name: `${prefix}.pipe` });
  const accepted = listener.accept();
  using mailslot = Mailslot.create(`${prefix}.mail`);
  using window = MessageWindow.open({
    class: `${prefix}.form`,
    title: "Order 17",
    procedure: () => undefined,
  });
  const [pipe, mail, form] = await Promise.all([
    winipc(["info", `pipe:${prefix}.pipe`]),
    winipc(["info", `mailslot:${prefix}.mail`, "--jsonl"]),
    winipc(["info", `window:${prefix}.form/Order 17`, "--jsonl"]),
  ]);
  assertEquals(pipe, {
    code: 0,
    err: "",
    out: table([
      ["name", `${prefix}.pipe`],
      ["kind", "pipe"],
      ["path", `\\\\.\\pipe\\${prefix}.pipe`],
      ["state", "waits for a client"],
      ["owner", "unknown: to read it, winipc would have to connect, and disturb the server"],
    ]),
  });
  assertEquals([mail.code, mail.err], [0, ""]);
  const { kind, name, path } = JSON.parse(mail.out);
  assertEquals([kind, name, path], [
    "mailslot",
    `${prefix}.mail`,
    `\\\\.\\mailslot\\${prefix}.mail`,
  ]);
  assertEquals(mailslot.tryReceive(), undefined);
  assertEquals([form.code, form.err], [0, ""]);
  const { thread, responds, ...shown } = JSON.parse(form.out);
  assertEquals([typeof thread, typeof responds], ["number", "boolean"]);
  assertEquals(shown, {
    kind: "window",
    name: `${prefix}.form/Order 17`,
    class: `${prefix}.form`,
    title: "Order 17",
    handle: Number(window.handle),
    process: Deno.pid,
    image: IMAGE,
    messageOnly: true,
  });
  // The first client of the pipe is this one, not winipc.
  await using _client = await connectPipe(`${prefix}.pipe`, soon);
  await using connection = await accepted;
  assertEquals(connection.peer.pid, Deno.pid);
});

Deno.test("winipc info says what is corrupt or denied, and suggests the nearest name", async () => {
  const prefix = randomName();
  using old = SharedMemory.create(`${prefix}.old`, 4096);
  using view = old.map();
  new Uint32Array(view.buffer).set([0x4352_4957, 9, 1]);
  using _hidden = SharedEvent.create(`${prefix}.hidden`, { security: "O:SYD:P(A;;GA;;;SY)" });
  const [corrupt, denied, mistyped, other, wrong] = await Promise.all([
    winipc(["info", `${prefix}.old`, "--jsonl"]),
    winipc(["info", `${prefix}.hidden`]),
    winipc(["info", `${prefix}.hiden`]),
    winipc(["info", `mutex:${prefix}.hidden`]),
    winipc(["info", `latest:${prefix}.old`]),
  ]);
  assertEquals([corrupt.code, corrupt.err], [0, ""]);
  const { kind, version, problem } = JSON.parse(corrupt.out);
  assertEquals([kind, version, problem], ["ring", 9, "it is of version 9 and layout 1"]);
  assertEquals(denied, {
    code: 4,
    out: "",
    err: `Cannot open event "Local\\${prefix}.hidden": OpenEventW failed with error 5 ` +
      '(ERROR_ACCESS_DENIED), "Access denied"; the object may belong to another user, or not ' +
      "grant the rights that were asked for\n",
  });
  assertEquals(mistyped, {
    code: 3,
    out: "",
    err: `There is no object "${prefix}.hiden": did you mean "${prefix}.hidden"?\n`,
  });
  assertEquals(other, {
    code: 3,
    out: "",
    err: `There is no mutex "${prefix}.hidden": it is an event; write event:${prefix}.hidden\n`,
  });
  assertEquals(wrong, {
    code: 3,
    out: "",
    err: `There is no latest value "${prefix}.old": it is a ring; write ring:${prefix}.old\n`,
  });
});

Deno.test("winipc info on a terminal has the same lines, with bold labels", async () => {
  const name = randomName();
  using _event = SharedEvent.create(name, { reset: "manual" });
  const [terminal, plain] = await Promise.all([
    winipcOnTerminal(["info", name], { columns: 200 }),
    winipc(["info", name]),
  ]);
  assertEquals(terminal.code, 0);
  assertEquals(terminal.lines, plain.out.trimEnd().split("\n"));
  assertEquals(terminal.text.includes(`\x1b[1mkind\x1b[22m `), true);
  assertEquals(plain.out.includes("\x1b"), false);
});
