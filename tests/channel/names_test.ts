import { assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import {
  BroadcastRing,
  LatestFrame,
  LatestValue,
  RingChannel,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  spawn,
  struct,
} from "../../mod.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";

const {
  AlreadyExists,
  BadResource,
  BrokenPipe,
  Busy,
  InvalidData,
  NotFound,
  TimedOut,
  WouldBlock,
} = Deno.errors;
const Value = struct({ a: "i32" });
const Large = struct({ a: { type: "i32", offset: 100_000 } });

/** Returns the error that a function throws, or with which its promise rejects. */
async function errorOf(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    assertInstanceOf(error, Error);
    return error;
  }
  throw new Error(`Expected ${call} to throw`);
}

/** Asserts that each function throws an error of a class with a message. */
async function assertErrors(
  rows: readonly (readonly [call: () => unknown, as: typeof Deno.errors.Busy, text: string])[],
): Promise<void> {
  for (const [call, as, text] of rows) {
    const error = await errorOf(call);
    assertEquals([error.constructor.name, error.message], [as.name, text]);
  }
}

Deno.test("create(), open() and the functions that open ends name the object that another process has", async () => {
  const name = randomName();
  await using peer = await Peer.start("channel/peers/named_objects.ts", name);
  const full = (kind: string) => `Local\\${name}-${kind}`;
  const rows: [call: () => unknown, as: typeof Deno.errors.Busy, text: string][] = [];
  const nouns = {
    channel: "a channel",
    ring: "a broadcast ring",
    value: "a latest value",
    frame: "a latest frame",
    plain: "shared memory",
    event: "an event",
    mutex: "a mutex",
  };
  for (const [kind, noun] of Object.entries(nouns)) {
    const text = (label: string, isSame: boolean) =>
      `Cannot create ${label} "${full(kind)}": ${noun} of this name exists already; ` +
      (isSame ? "open it, or take another name" : "take another name");
    const taken = `${name}-${kind}`;
    const create = () => RingChannel.create(taken);
    rows.push([create, AlreadyExists, text("channel", kind === "channel")]);
    const createRing = () => BroadcastRing.create(taken);
    rows.push([createRing, AlreadyExists, text("broadcast ring", kind === "ring")]);
    const createValue = () => LatestValue.create(taken, Value);
    rows.push([createValue, AlreadyExists, text("latest value", kind === "value")]);
    const createFrame = () => LatestFrame.create(taken, { byteLength: 8 });
    rows.push([createFrame, AlreadyExists, text("latest frame", kind === "frame")]);
  }
  const residents = {
    channel: "it is a channel, which RingChannel.open() opens",
    ring: "it is a broadcast ring, which BroadcastRing.open() opens",
    value: "it is a latest value, which LatestValue.open() opens",
    frame: "it is a latest frame, which LatestFrame.open() opens",
    plain: "it is plain memory",
  };
  for (const [kind, why] of Object.entries(residents)) {
    const other = `${name}-${kind}`;
    if (kind !== "channel") {
      rows.push([
        () => RingChannel.open(other),
        InvalidData,
        `Cannot open channel "${full(kind)}": the memory is not a channel's, ${why}`,
      ]);
    }
    if (kind !== "frame") {
      const text = `Cannot open latest frame "${full(kind)}": the memory is not a latest frame's, `;
      rows.push([() => LatestFrame.open(other), InvalidData, `${text}${why}`]);
    }
    if (kind === "channel" || kind === "value" || kind === "frame") {
      rows.push([
        () => BroadcastRing.open(other),
        InvalidData,
        `Cannot open broadcast ring "${full(kind)}": the memory is not a broadcast ring's, ${why}`,
      ]);
    }
    if (kind === "plain") {
      const text =
        `Cannot open latest value "${full(kind)}": the memory is not a latest value's, ` +
        `${why} (its magic is 0)`;
      rows.push([() => LatestValue.open(other, Value), InvalidData, text]);
      rows.push([() => LatestValue.openOrCreate(other, Value), InvalidData, text]);
      rows.push([
        () => BroadcastRing.open(other),
        NotFound,
        `Cannot open broadcast ring "${full(kind)}": its creator is not done yet, or it is plain ` +
        "memory",
      ]);
    }
  }
  rows.push([
    () => LatestValue.open(`${name}-value`, Large),
    InvalidData,
    `Cannot open latest value "${full("value")}": its values have another layout: its field "a" ` +
    "is an i32 at offset 0, and not an i32 at offset 100000",
  ]);
  using channel = RingChannel.open(`${name}-channel`);
  using ring = BroadcastRing.open(`${name}-ring`);
  using value = LatestValue.open(`${name}-value`, Value);
  using frames = LatestFrame.open(`${name}-frame`);
  const holder = (end: string) => `${end} already, in process ${peer.pid}: close that ${end} first`;
  rows.push(
    [
      () => channel.sender(),
      Busy,
      `The channel "${full("channel")}" has a ${holder("sender")}`,
    ],
    [
      () => channel.receiver(),
      Busy,
      `The channel "${full("channel")}" has a ${holder("receiver")}`,
    ],
    [
      () => ring.sender(),
      Busy,
      `The broadcast ring "${full("ring")}" has a ${holder("sender")}`,
    ],
    [
      () => value.writer(),
      Busy,
      `The latest value "${full("value")}" has a writer already: close that writer first`,
    ],
    [
      () => frames.writer(),
      Busy,
      `The latest frame "${full("frame")}" has a writer already: close that writer first`,
    ],
  );
  await assertErrors(rows);
  // These messages also have a text of the system, whose words differ.
  const open = [
    ["channel", () => RingChannel.open(`${name}-event`)],
    ["broadcast ring", () => BroadcastRing.open(`${name}-event`)],
    ["latest value", () => LatestValue.open(`${name}-event`, Value)],
    ["latest frame", () => LatestFrame.open(`${name}-event`)],
    ["shared memory", () => SharedMemory.open(`${name}-event`)],
    ["mutex", () => SharedMutex.open(`${name}-event`)],
  ] as const;
  for (const [label, call] of open) {
    const { message } = assertThrows(call, InvalidData);
    assertStringIncludes(message, `Cannot open ${label} "${full("event")}": `);
    assertStringIncludes(message, "; the name belongs to an object of another kind, an event");
  }
});

Deno.test("open() and waitFor() name the object that does not exist", async () => {
  const name = randomName();
  const open = [
    ["channel", () => RingChannel.open(name)],
    ["broadcast ring", () => BroadcastRing.open(name)],
    ["latest value", () => LatestValue.open(name, Value)],
    ["latest frame", () => LatestFrame.open(name)],
  ] as const;
  for (const [label, call] of open) {
    const text = `Cannot open ${label} "Local\\${name}": `;
    assertStringIncludes(assertThrows(call, NotFound).message, text);
  }
  // The names of events have suffixes, ".space" and ".reader.63".
  const tooLong = [
    [() => RingChannel.create("x".repeat(249)), 254],
    [() => LatestValue.create("x".repeat(245), Value), 250],
    [() => LatestFrame.create("x".repeat(245), { byteLength: 8 }), 250],
  ] as const;
  for (const [call, most] of tooLong) {
    const { message } = assertThrows(call, RangeError);
    const length = `at most ${most} characters with its prefix, got ${most + 1}`;
    assertEquals(message, `Expected a name of ${length}`);
  }
  const wait = { timeout: 0 };
  const text = (label: string) => `Waited 0 ms for ${label} "Local\\${name}", but did not find it`;
  await assertErrors([
    [() => RingChannel.waitFor(name, wait), TimedOut, text("channel")],
    [() => BroadcastRing.waitFor(name, wait), TimedOut, text("broadcast ring")],
    [() => LatestValue.waitFor(name, Value, wait), TimedOut, text("latest value")],
    [() => LatestFrame.waitFor(name, wait), TimedOut, text("latest frame")],
    [() => SharedMemory.waitFor(name, wait), TimedOut, text("shared memory")],
    [() => SharedEvent.waitFor(name, wait), TimedOut, text("event")],
  ]);
});

Deno.test("Errors of a channel's ends name the channel", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024, whenFull: "wait" });
  const label = `channel "Local\\${name}"`;
  const sender = channel.sender();
  const receiver = channel.receiver();
  const wait = { timeout: 1 };
  const late = `Waited 1 ms for a message in the ${label}`;
  const first = receiver.receive({ timeout: 1000 });
  await assertErrors([
    // These calls wait behind the first one.
    [() => receiver.receive(wait), TimedOut, late],
    [() => receiver.waitForMessage(wait), TimedOut, late],
    [() => receiver.receiveSync(wait), TimedOut, late],
  ]);
  sender.sendSync(Uint8Array.of(1));
  assertEquals(await first, Uint8Array.of(1));
  sender.sendSync(Uint8Array.of(1));
  await assertErrors([
    [
      () => receiver.receiveValue(),
      InvalidData,
      `A message of the ${label} is not a value that was sent by sendValue()`,
    ],
    [
      () => {
        using claim = sender.claim(4)!;
        sender.trySend(new Uint8Array(1));
        claim.abort();
      },
      Busy,
      `Cannot send to the ${label}: a message is claimed and not committed`,
    ],
    [
      () => {
        const claim = sender.claim(4)!;
        claim.abort();
        claim.commit();
      },
      BadResource,
      `Cannot use a message of the ${label}: it was committed or aborted`,
    ],
  ]);
  while (sender.trySend(new Uint8Array(400)));
  const full = `Waited 1 ms for room in the ${label}`;
  const waiting = sender.send(new Uint8Array(400), { timeout: 1000 });
  await assertErrors([
    [() => sender.send(new Uint8Array(400), wait), TimedOut, full],
    [() => sender.waitForRoom(400, wait), TimedOut, full],
    [() => sender.waitForRoomSync(400, wait), TimedOut, full],
    [
      () => sender.sendSync(new Uint8Array(400), wait),
      Busy,
      `Cannot send to the ${label}: earlier messages wait for room; await them first`,
    ],
  ]);
  receiver.close();
  const noReceiver = `The ${label} has no receiver any more`;
  await assertErrors([
    [() => waiting, BrokenPipe, noReceiver],
    [() => sender.trySend(new Uint8Array(400)), BrokenPipe, noReceiver],
    [() => receiver.tryReceive(), BadResource, `The receiver of the ${label} is closed`],
  ]);
  sender.close();
  channel.close();
  await assertErrors([
    [() => sender.flush(), BadResource, `The sender of the ${label} is closed`],
    [() => channel.sender(), BadResource, `The ${label} is closed`],
  ]);
});

Deno.test("Errors of a channel that is full, corrupt or has too many senders name the channel", async () => {
  const name = randomName();
  using failing = RingChannel.create(name, {
    capacity: 1024,
    whenFull: "fail",
    producers: "multiple",
  });
  const label = `channel "Local\\${name}"`;
  const senders = Array.from({ length: 64 }, () => failing.sender());
  const [sender] = senders;
  while (sender!.trySend(new Uint8Array(400)));
  await assertErrors([
    [() => failing.sender(), Busy, `The ${label} has 64 senders already: close one first`],
    [
      () => sender!.send(new Uint8Array(400)),
      WouldBlock,
      `The ${label} has no room for the message`,
    ],
  ]);
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  new Int32Array(view.buffer)[32] = 1;
  using receiver = failing.receiver();
  await assertErrors([[
    () => receiver.tryReceive(),
    InvalidData,
    `The memory of the ${label} is corrupt: its tail is at 1 and its head at 0`,
  ]]);
});

Deno.test("Errors of the ends of a broadcast ring or a latest value name the object", async () => {
  const name = randomName();
  using ring = BroadcastRing.create(name, { capacity: 1024 });
  const label = `broadcast ring "Local\\${name}"`;
  const sender = ring.sender();
  const receiver = ring.receiver();
  const wait = { timeout: 1 };
  const late = `Waited 1 ms for a message in the ${label}`;
  await assertErrors([
    [() => receiver.receive(wait), TimedOut, late],
    [() => receiver.receiveSync(wait), TimedOut, late],
    [
      () => {
        sender.claimAt(4);
        sender.send(new Uint8Array(4));
      },
      Busy,
      `Cannot send to the ${label}: a message is claimed and not committed`,
    ],
  ]);
  sender.close();
  receiver.close();
  ring.close();
  await assertErrors([
    [() => sender.flush(), BadResource, `The sender of the ${label} is closed`],
    [() => receiver.tryReceive(), BadResource, `The receiver of the ${label} is closed`],
    [() => ring.receiver(), BadResource, `The ${label} is closed`],
  ]);
  const writerValue = LatestValue.openOrCreate(name, Value);
  const writer = writerValue.writer();
  const opened = LatestValue.open(name, Value);
  const value = opened.reader();
  const latest = `latest value "Local\\${name}"`;
  await assertErrors([
    [() => value.changes(wait).next(), TimedOut, `Waited 1 ms for a change of ${latest}`],
  ]);
  writer.close();
  value.close();
  await assertErrors([
    [() => writer.publish(), BadResource, `The writer of ${latest} is closed`],
    [() => value.read(), BadResource, `The reader of ${latest} is closed`],
  ]);
});

Deno.test("Errors name a channel without a name as anonymous, and an inherited channel by its key", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using receiver = channel.receiver();
  await assertErrors([[
    () => receiver.receive({ timeout: 1 }),
    TimedOut,
    "Waited 1 ms for a message in the anonymous channel",
  ]]);
  using plain = SharedMemory.anonymous(4096);
  await using child = spawn(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-ffi"],
      peerUrl("channel/peers/inherit_channels.ts").href,
      ...["numbers", "plain", "nothing"],
    ],
    inherit: { ...channel.toInherit("numbers"), plain },
    stdin: "null",
    stdout: "piped",
  });
  const { stdout } = await child.output();
  assertEquals(new TextDecoder().decode(stdout).trim().split(/\r?\n/), [
    `Busy: The channel inherited as "numbers" has a receiver already, in process ${Deno.pid}: close ` +
    "that receiver first",
    'InvalidData: Cannot take the channel inherited as "plain": that key has a single object, not the ' +
    "parts of a channel; pass on the result of RingChannel.toInherit()",
    'NotFound: Cannot take the channel inherited as "nothing": there is no environment variable ' +
    "WINIPC_INHERIT_nothing; the process that starts this one sets it",
  ]);
});
