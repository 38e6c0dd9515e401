// Task: test:command
//
// winipc tail: a process that reads what this test sends.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  BroadcastRing,
  LatestFrame,
  LatestValue,
  RingChannel,
  SharedEvent,
  SharedMemory,
  struct,
} from "../../mod.ts";
import { eventNameOf } from "../../src/channel/broadcast/layout.ts";
import { encodeValue } from "../../src/channel/ring/message.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { Terminal } from "./terminal.ts";
import { waitingReaders } from "./waiting_readers.ts";
import { commandLine, type Ended, winipc } from "./winipc.ts";

const Trade = struct({ price: "f64", size: "u32", side: "u8" });
const ISO = /"time": ?"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/g;

const tail = (name: string, ...more: string[]): Promise<Ended> =>
  winipc(["tail", name, ...more], { timeout: 120_000 });
const done = (out: string, err = "") => ({ code: 0, out, err });
/** Replaces the times in JSON, which differ in each run. */
const timeless = ({ out, ...rest }: Ended): Ended => ({
  ...rest,
  out: out.replaceAll(ISO, '"time":"T"'),
});

Deno.test("winipc tail prints texts, values and bytes until the sender closes", async () => {
  const name = randomName();
  using ring = BroadcastRing.create(name);
  const sender = ring.sender();
  const running = Promise.all([
    tail(name),
    tail(name, "--jsonl"),
    tail(name, "--as", "hex", "--count", "2"),
    tail(name, "--as", "json", "--json", "--count", "2"),
  ]);
  await waitingReaders(name, 4);
  const send = (text: string) => sender.send(new TextEncoder().encode(text));
  send('{"a":[1,"é"]}\n');
  send("red \x1b[31m \u202e");
  const value = new Map<unknown, unknown>([["n", 2n], ["bytes", Uint8Array.of(1, 255)]]);
  sender.sendValue(value);
  sender.send(Uint8Array.of(255, 15, 1));
  sender.send(Uint8Array.of(0, 65));
  sender.close();
  const [text, lines, hex, json] = (await running).map(timeless);
  assertEquals(
    text,
    done(
      '{"a":[1,"é"]}\n' +
        "red \\u001b[31m \\u202e\n" +
        'Map(2) { "n" => 2n, "bytes" => Uint8Array(2) [ 1, 255 ] }\n' +
        "ff0f01\n" +
        "0041\n",
    ),
  );
  assertEquals(
    lines,
    done(
      String.raw`{"time":"T","missed":0,"length":15,"as":"text","data":"{\"a\":[1,\"é\"]}\n"}` +
        "\n" +
        `{"time":"T","missed":0,"length":13,"as":"text","data":"red \\u001b[31m \u202e"}\n` +
        `{"time":"T","missed":0,"length":${encodeValue(value).length},"as":"value",` +
        '"data":[["n",2],["bytes","Af8="]]}\n' +
        '{"time":"T","missed":0,"length":3,"as":"hex","data":"ff0f01"}\n' +
        '{"time":"T","missed":0,"length":2,"as":"hex","data":"0041"}\n',
    ),
  );
  assertEquals(hex, done("7b2261223a5b312c22c3a9225d7d0a\n726564201b5b33316d20e280ae\n"));
  assertEquals(
    [json!.code, json!.err],
    [0, "Printed 1 messages as hexadecimal: they are no json\n"],
  );
  assertEquals(JSON.parse(json!.out), [
    { time: "T", missed: 0, length: 15, as: "json", data: { a: [1, "é"] } },
    { time: "T", missed: 0, length: 13, as: "hex", data: "726564201b5b33316d20e280ae" },
  ]);
});

Deno.test("winipc tail prints structs by the memory's own description, and a latest value's changes", async () => {
  const [name, value] = [randomName(), randomName()];
  using ring = BroadcastRing.create(name, { message: Trade });
  using values = LatestValue.create(value, Trade);
  const [sender, writer] = [ring.sender(), values.writer()];
  writer.write({ price: 0.5, size: 1, side: 2 });
  const running = Promise.all([tail(name), tail(name, "--jsonl"), tail(value)]);
  await Promise.all([waitingReaders(name, 2), waitingReaders(value, 1)]);
  sender.write({ price: 1.5, size: 10, side: 1 });
  sender.close();
  writer.close();
  const [text, lines, changes] = (await running).map(timeless);
  assertEquals(text, done("price=1.5 size=10 side=1\n"));
  assertEquals(
    lines,
    done(
      '{"time":"T","missed":0,"length":16,"as":"struct",' +
        '"data":{"price":1.5,"size":10,"side":1}}\n',
    ),
  );
  assertEquals(changes, done("price=0.5 size=1 side=2\n"));
});

Deno.test("winipc tail prints the numbers, lengths and metadata of frames", async () => {
  const name = randomName();
  using frames = LatestFrame.create(name, { byteLength: 5000, maxReaders: 2 });
  const writer = frames.writer();
  const publish = (length: number, metadata?: unknown) => {
    writer.claim()!.fill(length);
    writer.publish(metadata, { length });
  };
  publish(4, { width: 2 });
  const running = Promise.all([
    tail(name, "--jsonl", "--count", "1"),
    tail(name, "--as", "hex", "--count", "1"),
  ]);
  const [lines, hex] = (await running).map(timeless);
  assertEquals(
    lines,
    done('{"time":"T","missed":0,"length":4,"number":1,"metadata":{"width":2}}\n'),
  );
  assertEquals(hex, done("frame 1: 4 bytes { width: 2 } 04040404\n"));
});

Deno.test("winipc tail counts the messages that it missed", async () => {
  const name = randomName();
  using ring = BroadcastRing.create(name, { capacity: 1024 });
  const sender = ring.sender();
  const running = tail(name, "--jsonl");
  await waitingReaders(name, 1);
  const total = 50_000;
  for (let index = 0; index < total; index++) sender.send(new Uint8Array(90));
  sender.close();
  const { code, out, err } = await running;
  const records = out.trim().split("\n").map((line): { missed: number } => JSON.parse(line));
  const missed = records.reduce((sum, record) => sum + record.missed, 0);
  const said = [...err.matchAll(/^Missed (\d+) messages: the sender overwrote them$/gm)];
  assertEquals(code, 0);
  assertEquals(records.length + missed, total);
  assert(missed > 0);
  assertEquals(said.reduce((sum, [, count]) => sum + Number(count), 0), missed);
  assertEquals(said.length, err.trim().split("\n").length);
});

Deno.test("winipc tail says what it refuses, and how it ended", async () => {
  const [channel, full, frame, idle, died, missing] = Array.from({ length: 6 }, randomName) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  using stack = new DisposableStack();
  stack.use(RingChannel.create(channel, { capacity: 1024 }));
  stack.use(BroadcastRing.create(idle));
  stack.use(BroadcastRing.create(full));
  {
    using memory = SharedMemory.open(full);
    using view = memory.map();
    const event = eventNameOf(view.buffer);
    for (let reader = 0; reader < 64; reader++) {
      stack.use(SharedEvent.create(`${event}.reader.${reader}`));
    }
  }
  stack.use(stack.use(LatestFrame.create(frame, { byteLength: 1, maxReaders: 1 })).reader());
  await using peer = await Peer.start("cli/peers/broadcast_sender.ts", died);
  const label = (kind: string, name: string) => `${kind} "Local\\${name}"`;
  const see = "\nSee winipc tail --help\n";
  const cases: [Promise<Ended>, number, string][] = [
    [tail(missing), 3, "Cannot open"],
    [
      tail(`${idle}x`),
      3,
      `Cannot open "Local\\${idle}x": OpenFileMappingW failed with error 2 ` +
      '(ERROR_FILE_NOT_FOUND), "File not found"; an object exists only while a process of this ' +
      `session has it open: did you mean "${idle}"?\n`,
    ],
    [
      tail("a\\b"),
      2,
      'Expected a name with no backslash except in "Local\\" or "Global\\", got "a\\b"' + see,
    ],
    [
      tail(channel),
      1,
      `Cannot read "Local\\${channel}": expected a broadcast ring, a latest value or a latest frame, ` +
      "but it is a channel, which RingChannel.open() opens; a channel has one receiver: " +
      `winipc listen ring:${channel} --take takes its messages\n`,
    ],
    [
      tail(full),
      1,
      `Cannot wait for the ${label("broadcast ring", full)}: 64 readers wait for it already\n`,
    ],
    [
      tail(frame),
      1,
      `The ${label("latest frame", frame)} has 1 readers already: close one first, or create it ` +
      "with more maxReaders\n",
    ],
    [
      tail(idle, "--as", "struct"),
      2,
      "Expected --schema with --as struct: the memory describes no layout" + see,
    ],
    [tail(idle, "--timeout", "1"), 124, "The time of --timeout 1 (milliseconds) is over\n"],
    [
      tail(died),
      1,
      `The sender of the ${label("broadcast ring", died)} has died: its process or Worker ended ` +
      "without closing it\n",
    ],
  ];
  await waitingReaders(died, 1);
  peer.kill();
  const ended = await Promise.all(cases.map(([running]) => running));
  assertStringIncludes(ended[0]!.err, `Cannot open "Local\\${missing}": `);
  assertEquals(
    ended.map((one, index) => index === 0 ? { ...one, err: "Cannot open" } : one),
    cases.map(([, code, err]) => ({ code, out: "", err })),
  );
});

Deno.test("winipc tail ends quietly when its output is closed, and with 130 on Ctrl-C", async () => {
  const [name, typed] = [randomName(), randomName()];
  using ring = BroadcastRing.create(name);
  using other = BroadcastRing.create(typed);
  const [sender, second] = [ring.sender(), other.sender()];
  const child = new Deno.Command(Deno.execPath(), {
    args: commandLine(["tail", name]),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).spawn();
  await using terminal = await Terminal.winipc(["tail", typed], { timeout: 60_000 });
  await Promise.all([waitingReaders(name, 1), waitingReaders(typed, 1)]);
  second.send(new TextEncoder().encode("on the terminal"));
  second.flush();
  await terminal.until("on the terminal\n");
  await terminal.type("\x03");
  const reader = child.stdout.getReader();
  const send = () => {
    sender.send(new TextEncoder().encode("line"));
    sender.flush();
  };
  send();
  await reader.read();
  await reader.cancel();
  // The command learns at its next line that nobody reads.
  const sending = setInterval(send, 20);
  const { code } = await child.status;
  clearInterval(sending);
  assertEquals([code, await new Response(child.stderr).text()], [0, ""]);
  const { code: interrupted, lines } = await terminal.ended();
  assertEquals([interrupted, lines], [130, ["on the terminal"]]);
});

Deno.test("winipc tail --schema reads messages without a layout as structs", async () => {
  const name = randomName();
  using ring = BroadcastRing.create(name);
  const sender = ring.sender();
  const folder = Deno.makeTempDirSync();
  const file = `${folder}/trade.json`;
  Deno.writeTextFileSync(
    file,
    '{ "name": "Trade", "fields": { "price": "f64", "size": "u32", "side": "u8" } }',
  );
  const read = ["--allow-ffi", "--allow-read"];
  const refused = Promise.all([
    tail(name, "--schema", file),
    tail(name, "--schema", file, "--as", "hex"),
  ]);
  const running = winipc(["tail", name, "--schema", file], { flags: read });
  await waitingReaders(name, 1);
  const bytes = new Uint8Array(Trade.byteLength);
  Trade.write(bytes, { price: 1.5, size: 10, side: 1 });
  sender.send(bytes);
  sender.send(Uint8Array.of(1));
  sender.close();
  assertEquals(
    await running,
    done(
      "price=1.5 size=10 side=1\n01\n",
      "Printed 1 messages as hexadecimal: they are no struct\n",
    ),
  );
  assertEquals(await refused, [
    {
      code: 4,
      out: "",
      err: "winipc tail needs the permission --allow-read, which Deno did not get: add " +
        "--allow-read after deno run, or install the command with --allow-read\n",
    },
    {
      code: 2,
      out: "",
      err: "Expected --schema with --as struct, got --as hex: leave one out\n" +
        "See winipc tail --help\n",
    },
  ]);
  Deno.removeSync(folder, { recursive: true });
});
