// Task: test:command
//
// winipc record and winipc replay: recorder and replayer are processes, and this test is the sender
// and the reader.

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  BroadcastRing,
  LatestFrame,
  LatestValue,
  RingChannel,
  SharedMemory,
  struct,
} from "../../mod.ts";
import { encodeHeader, writeNumber } from "../../src/cli/recording/format.ts";
import { RecordingReader } from "../../src/cli/recording/reader.ts";
import { Peer } from "../support/peer.ts";
import { SharedEvent } from "../../src/sync/mod.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { Terminal, type TerminalEnded } from "./terminal.ts";
import { waitingReaders } from "./waiting_readers.ts";
import { commandLine, type Ended, winipc } from "./winipc.ts";

const RECORD = ["--allow-ffi", "--allow-write"];
/** Time between the two halves of the messages, in milliseconds. */
const GAP = 300;
const REPLAY = ["--allow-ffi", "--allow-read"];

/** A file name in a folder that is removed at the end. */
function temporaryFile(): { readonly file: string } & Disposable {
  const folder = Deno.makeTempDirSync();
  return {
    file: `${folder}/x.rec`,
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

const record = (name: string, file: string, ...more: string[]): Promise<Ended> =>
  winipc(["record", name, file, ...more], { flags: RECORD, timeout: 120_000 });
const replay = (file: string, name: string, ...more: string[]): Promise<Ended> =>
  winipc(["replay", file, name, ...more], { flags: REPLAY, timeout: 120_000 });

/** The times of a recording's messages in milliseconds. */
async function timesIn(file: string): Promise<number[]> {
  using reader = await RecordingReader.open(file);
  const times: number[] = [];
  for (let record; (record = await reader.next()) !== undefined;) {
    if (record.type === "message") times.push(record.time / 1000);
  }
  return times;
}

function summary(file: string, messages: number, bytes: number, missed = 0): string {
  return `Recorded to "${file}": messages ${messages}, bytes ${bytes}, missed ${missed}\n`;
}

function sentSummary(name: string, messages: number, bytes: number): string {
  return `Sent to "Local\\${name}": messages ${messages}, bytes ${bytes}\n`;
}

Deno.test("a replayed ring has the same bytes in the same order, and no message comes early", async () => {
  const [name, again] = [randomName(), randomName()];
  using temporary = temporaryFile();
  const { file } = temporary;
  const messages = Array.from({ length: 300 }, (_, index) => {
    return crypto.getRandomValues(new Uint8Array(index % 7 === 0 ? 4000 : index));
  });
  const total = messages.reduce((sum, { length }) => sum + length, 0);
  {
    using ring = BroadcastRing.create(name, { capacity: 2 ** 22, maxMessageLength: 5000 });
    const sender = ring.sender();
    const recorded = record(name, file);
    await waitingReaders(name, 1);
    const joined = performance.now();
    messages.slice(0, 150).forEach((message) => sender.send(message));
    sender.flush();
    while (performance.now() - joined < GAP) {
      await new Promise((resolve) => setTimeout(resolve, GAP / 10));
    }
    messages.slice(150).forEach((message) => sender.send(message));
    sender.close();
    assertEquals(await recorded, { code: 0, out: "", err: summary(file, 300, total) });
  }
  const replayed = replay(file, again, "--wait");
  using ring = await BroadcastRing.waitFor(again, soon);
  assertEquals(ring.settings, { capacity: 2 ** 22, maxMessageLength: 5000 });
  using receiver = ring.receiver();
  const received: Uint8Array[] = [];
  const times: number[] = [];
  // The replayer begins when this receiver waits.
  const begun = performance.now();
  for await (const { bytes } of receiver) {
    received.push(bytes);
    times.push(performance.now() - begun);
  }
  assertEquals(await replayed, { code: 0, out: "", err: sentSummary(again, 300, total) });
  assertEquals(received, messages);
  // The recorder had begun before this test sent, so both gaps are in the times of the recording.
  const recorded = await timesIn(file);
  assertEquals(recorded.length, 300);
  assert(recorded[150]! >= GAP, `recorded at ${recorded[150]} ms`);
  times.forEach((time, index) => {
    assert(time >= recorded[index]! - 1, `${time} ms, recorded at ${recorded[index]} ms`);
  });
});

Deno.test("a typed ring keeps its description, and a latest value its values", async () => {
  const Trade = struct({ price: "f64", size: "u32" });
  const [name, again, value, sameValue] = [1, 2, 3, 4].map(randomName);
  using ringFile = temporaryFile();
  using valueFile = temporaryFile();
  {
    using ring = BroadcastRing.create(name!, { message: Trade, capacity: 4096 });
    using values = LatestValue.create(value!, Trade);
    const [sender, writer] = [ring.sender(), values.writer()];
    writer.write({ price: 1, size: 1 });
    const recorded = Promise.all([record(name!, ringFile.file), record(value!, valueFile.file)]);
    await Promise.all([waitingReaders(name!, 1), waitingReaders(value!, 1)]);
    sender.write({ price: 2.5, size: 7 });
    sender.close();
    writer.write({ price: 3.5, size: 9 });
    writer.close();
    const [ofRing, ofValue] = await recorded;
    assertEquals(ofRing, { code: 0, out: "", err: summary(ringFile.file, 1, 16) });
    assertEquals(ofValue.code, 0);
  }
  const replayed = Promise.all([
    replay(ringFile.file, again!, "--wait", "--speed", "0"),
    replay(valueFile.file, sameValue!, "--wait"),
  ]);
  const timeout = 30_000 * SLOWNESS;
  using ring = await BroadcastRing.waitFor(again!, { message: Trade, timeout });
  using receiver = ring.receiver();
  assertEquals(await receiver.receive({ timeout }), { price: 2.5, size: 7 });
  assertEquals(await receiver.receive({ timeout }), undefined);
  using values = await LatestValue.waitFor(sameValue!, Trade, { timeout });
  using reader = values.reader();
  const all = await Array.fromAsync(reader.changes({ timeout }));
  assertEquals(all.at(-1), { price: 3.5, size: 9 });
  assertEquals((await replayed).map(({ code }) => code), [0, 0]);
});

Deno.test("a latest frame is recorded and replayed with its metadata", async () => {
  const [name, again] = [randomName(), randomName()];
  using temporary = temporaryFile();
  const { file } = temporary;
  {
    using frames = LatestFrame.create(name, { byteLength: 3_000_000, maxReaders: 2 });
    const writer = frames.writer();
    const recorded = record(name, file);
    await waitingReaders(name, 1);
    writer.claim()!.fill(7);
    writer.publish({ width: 1000, height: 3000 });
    writer.close();
    assertEquals(await recorded, { code: 0, out: "", err: summary(file, 1, 3_000_000) });
  }
  const replayed = replay(file, again, "--wait");
  using frames = await LatestFrame.waitFor(again, soon);
  assertEquals(frames.settings, { byteLength: 3_000_000, slots: 4, maxReaders: 2 });
  using reader = frames.reader();
  for await (const { bytes, metadata } of reader.changes(soon)) {
    assertEquals(metadata, { width: 1000, height: 3000 });
    assert(bytes.every((byte) => byte === 7));
  }
  assertEquals(await replayed, { code: 0, out: "", err: sentSummary(again, 1, 3_000_000) });
});

Deno.test("winipc record and replay say what they refuse, and leave no file or name behind", async () => {
  const [name, plain, channel, taken] = [1, 2, 3, 4].map(randomName) as [
    string,
    string,
    string,
    string,
  ];
  using temporary = temporaryFile();
  using other = temporaryFile();
  const { file } = temporary;
  using ring = BroadcastRing.create(name, { capacity: 1024 });
  ring.sender().close();
  using _memory = SharedMemory.create(plain, 4096);
  using _lines = RingChannel.create(channel, { capacity: 1024 });
  Deno.writeTextFileSync(other.file, "no recording");
  const quoted = (text: string) => `"${text}"`;
  const full = (bare: string) => quoted(`Local\\${bare}`);
  const missing = randomName();
  const cases: [Promise<Ended>, number, string][] = [
    [
      record(name, other.file),
      1,
      `Cannot create ${quoted(other.file)}: it exists already; --force overwrites it\n`,
    ],
    [
      winipc(["record", name, file]),
      4,
      "winipc record needs the permission --allow-write, which Deno did not get: add " +
      "--allow-write after deno run, or install the command with --allow-write\n",
    ],
    [
      winipc(["replay", other.file, taken]),
      4,
      "winipc replay needs the permission --allow-read, which Deno did not get: add " +
      "--allow-read after deno run, or install the command with --allow-read\n",
    ],
    [
      record(missing, file),
      3,
      `Cannot open ${
        full(missing)
      }: OpenFileMappingW failed with error 2 (ERROR_FILE_NOT_FOUND), ` +
      '"File not found"; an object exists only while a process of this session has it open\n',
    ],
    [
      record(plain, file),
      1,
      `Cannot read ${
        full(plain)
      }: expected a broadcast ring, a latest value or a latest frame, but ` +
      `it is plain memory; winipc dump ${plain} prints memory\n`,
    ],
    [
      record(channel, file),
      1,
      `Cannot read ${
        full(channel)
      }: expected a broadcast ring, a latest value or a latest frame, ` +
      "but it is a channel, which RingChannel.open() opens; a channel has one receiver: " +
      `winipc listen ring:${channel} --take takes its messages\n`,
    ],
    [
      replay(other.file, taken),
      1,
      `${quoted(other.file)} is no recording of winipc record: it does not begin with WIPCREC\n`,
    ],
  ];
  const ended = await Promise.all(cases.map(([running]) => running));
  assertEquals(ended, cases.map(([, code, err]) => ({ code, out: "", err })));
  assertThrows(() => Deno.statSync(file), Deno.errors.NotFound);
  assertEquals(Deno.readTextFileSync(other.file), "no recording");
  assertThrows(() => SharedMemory.open(taken), Deno.errors.NotFound);
  // Now the file can be overwritten, and the ring has no messages.
  assertEquals(await record(name, other.file, "--force"), {
    code: 0,
    out: "",
    err: summary(other.file, 0, 0),
  });
  assertEquals(await replay(other.file, name), {
    code: 1,
    out: "",
    err: `Cannot create broadcast ring ${full(name)}: a broadcast ring of this name exists ` +
      "already; open it, or take another name\n",
  });
  const event = randomName();
  using _event = SharedEvent.create(event);
  assertEquals(await replay(other.file, event), {
    code: 1,
    out: "",
    err: `Cannot create "${event}": the name belongs to an event; winipc info ${event} describes ` +
      "it. Take another name\n",
  });
});

Deno.test("the recording of a killed recorder has all whole messages, and a replay says that it was cut", async () => {
  const [name, again] = [randomName(), randomName()];
  using temporary = temporaryFile();
  const { file } = temporary;
  using ring = BroadcastRing.create(name);
  using sender = ring.sender();
  const recorder = new Deno.Command(Deno.execPath(), {
    args: commandLine(["record", name, file], RECORD),
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await waitingReaders(name, 1);
  for (let index = 0; index < 20; index++) sender.send(new Uint8Array(1000).fill(index));
  sender.flush();
  await within("the recorder writes 20 messages", untilLongerThan(file, 20_000));
  recorder.kill("SIGKILL");
  await recorder.status;
  const replayed = replay(file, again, "--wait", "--speed", "0");
  using same = await BroadcastRing.waitFor(again, soon);
  using receiver = same.receiver();
  const firsts = await Array.fromAsync(receiver, ({ bytes }) => bytes[0]);
  assertEquals(firsts, Array.from({ length: 20 }, (_, index) => index));
  assertEquals(await replayed, {
    code: 0,
    out: "",
    err: "The recording was cut off: all its whole messages were sent\n" +
      sentSummary(again, 20, 20_000),
  });
});

async function untilLongerThan(file: string, length: number): Promise<void> {
  while (Deno.statSync(file).size <= length) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test("winipc record ends after --count and --timeout, and when the sender has died", async () => {
  const [counted, timed, died] = [1, 2, 3].map(randomName) as [string, string, string];
  using temporary = temporaryFile();
  const files = [1, 2, 3].map((index) => `${temporary.file}${index}`) as [string, string, string];
  using ring = BroadcastRing.create(counted);
  using sender = ring.sender();
  using idle = BroadcastRing.create(timed);
  await using peer = await Peer.start("cli/peers/broadcast_sender.ts", died);
  const ended = Promise.all([
    record(counted, files[0], "--count", "2"),
    record(timed, files[1], "--timeout", "1"),
    record(died, files[2]),
  ]);
  await Promise.all([waitingReaders(counted, 1), waitingReaders(died, 1)]);
  for (const length of [1, 2, 3]) sender.send(new Uint8Array(length));
  sender.flush();
  await peer.ask("12 34");
  peer.kill();
  assertEquals(idle.settings.capacity, 2 ** 20);
  assertEquals(await ended, [
    { code: 0, out: "", err: summary(files[0], 2, 3) },
    {
      code: 124,
      out: "",
      err: `${summary(files[1], 0, 0)}The time of --timeout 1 (milliseconds) is over\n`,
    },
    {
      code: 1,
      out: "",
      err:
        `${summary(files[2], 1, 2)}The sender of the broadcast ring "Local\\${died}" has died: ` +
        "its process or Worker ended without closing it\n",
    },
  ]);
  assertEquals(await Promise.all(files.map(lastRecord)), [
    { type: "end", reason: "stopped" },
    { type: "end", reason: "stopped" },
    { type: "end", reason: "died" },
  ]);
});

async function lastRecord(file: string): Promise<object> {
  using reader = await RecordingReader.open(file);
  let last: object = {};
  for (let record; (record = await reader.next()) !== undefined;) {
    const { time: _, ...rest } = record;
    last = rest;
  }
  return last;
}

Deno.test("record and replay show their progress on a terminal, and Ctrl-C ends them at once", async () => {
  const [name, again] = [randomName(), randomName()];
  using temporary = temporaryFile();
  using hourLong = temporaryFile();
  const { file } = temporary;
  Deno.writeFileSync(hourLong.file, recordingOf([0, 3_600_000_000]));
  using ring = BroadcastRing.create(name);
  using sender = ring.sender();
  const options = { columns: 200, timeout: 60_000 };
  const unread = randomName();
  const [recorder, replayer, waiting] = await Promise.all([
    Terminal.winipc(["record", name, file], { ...options, flags: RECORD }),
    Terminal.winipc(["replay", hourLong.file, again, "--wait"], { ...options, flags: REPLAY }),
    Terminal.winipc(["replay", hourLong.file, unread, "--wait"], { ...options, flags: REPLAY }),
  ]);
  await using _waiting = waiting;
  await using _recorder = recorder;
  await using _replayer = replayer;
  await recorder.until((_, lines) => lines[0] === `Recording broadcast ring "Local\\${name}"`);
  await waitingReaders(name, 1);
  sender.send(new Uint8Array(1500));
  sender.flush();
  await recorder.until((_, lines) =>
    /^Recording: 1 messages, 1.46 KiB, \d+ s$/.test(lines[0] ?? "")
  );
  await recorder.type("\x03");

  await waiting.until(`Waiting for the first reader of "Local\\${unread}"`);
  await waiting.type("\x03");

  await replayer.until(`Waiting for the first reader of "Local\\${again}"`);
  using same = BroadcastRing.open(again);
  using receiver = same.receiver();
  assertEquals((await receiver.receive(soon))?.bytes, Uint8Array.of(0));
  await replayer.until((_, lines) => lines[0] === "Sending: 1 messages, 1 B");
  await replayer.type("\x03");
  assertEquals(await receiver.receive(soon), undefined);

  const [recorded, replayed, unwaited] = await Promise.all(
    [recorder, replayer, waiting].map((terminal) => terminal.ended()),
  ) as [TerminalEnded, TerminalEnded, TerminalEnded];
  assertEquals([unwaited.code, unwaited.lines], [130, []]);
  assertEquals([recorded.code, recorded.lines], [130, [summary(file, 1, 1500).trimEnd()]]);
  assertEquals([replayed.code, replayed.lines], [130, [sentSummary(again, 1, 1).trimEnd()]]);
  assertEquals(await lastRecord(file), { type: "end", reason: "stopped" });
});

/** Returns a recording of messages of one byte at given times, in microseconds. */
function recordingOf(times: readonly number[]): Uint8Array {
  const header = encodeHeader({
    form: {
      kind: "broadcast",
      settings: { capacity: 1024, maxMessageLength: 10 },
      layout: undefined,
    },
    name: "Local\\x",
    start: 0,
  });
  const bytes = new Uint8Array(header.length + 20 * times.length);
  bytes.set(header);
  let at = header.length;
  times.forEach((time, index) => {
    bytes[at] = 1;
    at = writeNumber(bytes, at + 1, time);
    bytes.set([1, index], at);
    at += 2;
  });
  return bytes.subarray(0, at);
}

Deno.test("a replay at another speed takes another time, and sends nothing early", async () => {
  const names = [randomName(), randomName()] as const;
  using temporary = temporaryFile();
  const second = 1_000_000;
  Deno.writeFileSync(temporary.file, recordingOf([0, 60 * second, 120 * second]));
  const speeds = ["40", "0"];
  const running = Promise.all(
    names.map((name, index) => replay(temporary.file, name, "--wait", "--speed", speeds[index]!)),
  );
  const times = await Promise.all(names.map(async (name) => {
    using ring = await BroadcastRing.waitFor(name, soon);
    using receiver = ring.receiver();
    const begun = performance.now();
    const found: number[] = [];
    for await (const { bytes } of receiver) found[bytes[0]!] = performance.now() - begun;
    return found;
  }));
  const ended = await running;
  assertEquals(ended.map(({ code }) => code), [0, 0]);
  assertEquals(times.map(({ length }) => length), [3, 3]);
  const [fast] = times as [number[], number[]];
  assert(fast[1]! >= 1499 && fast[2]! >= 2999, `${fast} ms`);
});
