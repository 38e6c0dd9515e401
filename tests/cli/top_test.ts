// Task: test:command
//
// winipc top: a process that looks at rings of this test and of peers.

import { assert, assertEquals } from "@std/assert";
import { BroadcastRing, LatestFrame, LatestValue, RingChannel, struct } from "../../mod.ts";
import type { ValidInspection } from "../../src/channel/inspection.ts";
import { activityBetween } from "../../src/cli/rings/activity.ts";
import { Meter } from "../../src/cli/rings/meter.ts";
import { pictureOf } from "../../src/cli/rings/picture.ts";
import { stripAnsiCode } from "@std/fmt/colors";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { Terminal } from "./terminal.ts";
import { commandLine, winipc } from "./winipc.ts";

const Speed = struct({ speed: "f64" });

const sender = { role: "sender", state: "alive", process: 12, thread: undefined } as const;
const dead = { role: "receiver", state: "dead", process: 34, thread: undefined } as const;

const RING: Extract<ValidInspection, { kind: "ring" }> = {
  kind: "ring",
  version: 2,
  capacity: 1000,
  maxMessageLength: 100,
  whenFull: "wait",
  producers: "single",
  endsWithLastSender: true,
  layoutLength: 0,
  tail: 100,
  head: 0,
  used: 100,
  received: 5,
  dropped: 0,
  receiverWaits: true,
  senderWaits: false,
  places: [sender, dead],
};
const LATEST: Extract<ValidInspection, { kind: "latest" }> = {
  kind: "latest",
  version: 3,
  valueLength: 8,
  layoutLength: 20,
  published: 10,
  readers: { waited: 2, waiting: 1 },
  places: [{ ...sender, role: "writer" }],
};

Deno.test("counters of 32 bits wrap, and another object of the same name has no rates yet", () => {
  const wrapped = { ...RING, tail: 50, received: 9 };
  assertEquals(activityBetween({ ...RING, tail: 2 ** 32 - 50 }, wrapped), {
    messages: 4,
    bytes: 100,
  });
  assertEquals(activityBetween(undefined, RING), { messages: 5, bytes: 100 });
  assertEquals(activityBetween(RING, { ...RING, received: 4 }), undefined);
  assertEquals(activityBetween(RING, { ...RING, capacity: 2000 }), undefined);
  const others = [{ ...sender, process: 99 }, { ...dead, process: 98 }];
  assertEquals(activityBetween(RING, { ...RING, places: others }), undefined);
  assertEquals(activityBetween(RING, { ...RING, places: [sender, others[1]!] }), {
    messages: 0,
    bytes: 0,
  });
  assertEquals(activityBetween({ ...LATEST, published: 2 ** 32 - 1 }, LATEST), {
    messages: 11,
    bytes: 88,
  });
  assertEquals(activityBetween(LATEST, { ...LATEST, published: 3 }), undefined);
  assertEquals(activityBetween(RING, LATEST), undefined);
});

Deno.test("the picture has the busiest first, a total, and counts what does not fit", () => {
  const meter = new Meter();
  const look = (time: number, tail: number, published: number) =>
    meter.measure(
      new Map([
        ["Local\\a", { kind: "latest", name: "a", channel: { ...LATEST, published } }],
        ["Local\\b\x1b", { kind: "ring", name: "b\x1b", channel: { ...RING, tail, used: 850 } }],
        ["Local\\c", { kind: "frame", name: "c", problem: "it is of version 9" }],
      ]),
      time,
    );
  const lines = (rows: number, ...args: Parameters<typeof look>) =>
    pictureOf(look(...args), rows).map(stripAnsiCode);
  assertEquals(lines(24, 1000, 100, 10), [
    "NAME     KIND    MSG/S  BYTES/S  FILL             WAITS  PEERS",
    "a        latest      -        -                       1  writer 12, 2 readers",
    "b\\u001b  ring        -        -  █████████░  85%      1  sender 12, receiver dead (34)",
    "c        frame       -        -                          it is of version 9",
    "TOTAL    3           -        -",
  ]);
  assertEquals(lines(5, 3000, 4100, 13), [
    "NAME     KIND    MSG/S   BYTES/S  FILL             WAITS  PEERS",
    "b\\u001b  ring        0  1.95 KiB  █████████░  85%      1  sender 12, receiver dead (34)",
    "a        latest    1.5      12 B                       1  writer 12, 2 readers",
    "TOTAL    3         1.5  1.96 KiB                          1 more",
  ]);
});

interface Line {
  readonly name: string;
  readonly kind: string;
  readonly messagesPerSecond?: number;
  readonly bytesPerSecond?: number;
  readonly used?: number;
  readonly capacity?: number;
  readonly waiting?: number;
  readonly readers?: number;
  readonly places: { role: string; state: string; process?: number }[];
}

/** The lines that a process prints, one after another. */
async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Line> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (text + part).split("\n");
    text = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
}

Deno.test("winipc top sees what goes through each kind, and rings that come, die and go", async () => {
  const prefix = randomName();
  const named = (suffix: string) => `${prefix}.${suffix}`;
  using ring = RingChannel.create(named("ring"), { capacity: 4096 });
  using values = LatestValue.create(named("latest"), Speed);
  using frames = LatestFrame.create(named("frame"), { byteLength: 1000, maxReaders: 2 });
  const [ringSender, receiver] = [ring.sender(), ring.receiver()];
  const [writer, frameWriter] = [values.writer(), frames.writer()];
  const child = new Deno.Command(Deno.execPath(), {
    args: commandLine(["top", `${prefix}.*`, "--interval", "50"]),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(90_000 * SLOWNESS),
  }).spawn();
  const sums = new Map<string, { messages: number; isSeen: boolean }>();
  const latest = new Map<string, Line>();
  const lines = linesOf(child.stdout);
  /** Reads lines until a condition holds. The time limit is that of the process. */
  const until = async (isThere: () => boolean) => {
    while (!isThere()) {
      const { value: line, done } = await lines.next();
      assert(!done, "winipc top ended");
      const { name, messagesPerSecond = 0 } = line;
      latest.set(name, line);
      const sum = sums.get(name) ?? { messages: 0, isSeen: false };
      sums.set(name, { messages: sum.messages + messagesPerSecond, isSeen: true });
    }
  };
  // The first interval is over, so that each message from now on is in a later one.
  await until(() => [...latest.keys()].length === 3);
  for (let count = 0; count < 5; count++) {
    ringSender.trySend(new Uint8Array(100));
    writer.write({ speed: count });
    frameWriter.claim();
    frameWriter.publish();
  }
  ringSender.flush();
  while (receiver.tryReceive() !== undefined);
  receiver.close();
  const rates = (suffix: string) => sums.get(named(suffix))!.messages;
  await until(() => ["ring", "latest", "frame"].every((suffix) => rates(suffix) > 0));
  assertEquals(latest.get(named("ring"))!.capacity, 4096);
  assertEquals(latest.get(named("frame"))!.kind, "frame");

  await using peer = await Peer.start("cli/peers/broadcast_sender.ts", named("broadcast"));
  await peer.ask("01 02");
  await until(() => (sums.get(named("broadcast"))?.messages ?? 0) > 0);
  assertEquals(latest.get(named("broadcast"))!.places, [
    { role: "sender", state: "alive", process: peer.pid },
  ]);
  // A receiver keeps the memory of a sender that dies.
  {
    using _same = BroadcastRing.open(named("broadcast"));
    peer.kill();
    await until(() => latest.get(named("broadcast"))!.places[0]!.state === "dead");
  }
  // Now only winipc top has looked at it, and has not kept it.
  for (let looks = 0; looks < 3; looks++) {
    latest.delete(named("ring"));
    await until(() => latest.has(named("ring")));
  }
  latest.delete(named("broadcast"));
  latest.delete(named("ring"));
  await until(() => latest.has(named("ring")));
  assert(!latest.has(named("broadcast")));
  BroadcastRing.create(named("broadcast")).close();
  await lines.return(undefined);
  assertEquals((await child.status).code, 0);
  assertEquals(await new Response(child.stderr).text(), "");
});

Deno.test("winipc top draws a table on a terminal until Ctrl-C, and ends after --count", async () => {
  const name = randomName();
  using ring = RingChannel.create(name, { capacity: 1024 });
  const sender = ring.sender();
  const [counted, terminal] = await Promise.all([
    winipc(["top", name, "--json", "--count", "1", "--interval", "10"]),
    Terminal.winipc(["top", name, "--interval", "20"], { columns: 120, rows: 8, timeout: 60_000 }),
  ]);
  await using _terminal = terminal;
  assertEquals([counted.code, counted.err], [0, ""]);
  const [record, ...more]: { time: string }[] = JSON.parse(counted.out);
  assertEquals(more, []);
  assert(!isNaN(Date.parse(record!.time)));
  assertEquals({ ...record, time: "T" }, {
    time: "T",
    name,
    kind: "ring",
    messagesPerSecond: 0,
    bytesPerSecond: 0,
    used: 0,
    capacity: 1024,
    waiting: 0,
    places: [
      { role: "sender", state: "alive", process: Deno.pid },
      { role: "receiver", state: "free" },
    ],
  });
  await terminal.until((_, lines) => lines[1]?.includes("░░░░░░░░░░   0%") === true);
  sender.trySend(new Uint8Array(500));
  sender.flush();
  await terminal.until((_, lines) => lines[1]?.includes("█████░░░░░  50%") === true);
  await terminal.type("\x03");
  const { code, text, lines } = await terminal.ended();
  assertEquals(code, 130);
  assert(text.includes("\x1b["), text);
  const [headings, row, total, ...rest] = lines;
  assertEquals(headings!.split(/\s+/), [
    "NAME",
    "KIND",
    "MSG/S",
    "BYTES/S",
    "FILL",
    "WAITS",
    "PEERS",
  ]);
  assert(row!.startsWith("winipc-test-"), row);
  assert(row!.endsWith(`sender ${Deno.pid}, no receiver`), row);
  assert(total!.startsWith("TOTAL "), total);
  assertEquals(rest, []);
});
