// Task: test:peers

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  BroadcastRing,
  LatestFrame,
  LatestValue,
  RingChannel,
  type RingChannelOptions,
  SharedMemory,
  SharedMutex,
  struct,
} from "../../mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

const { AlreadyExists, InvalidData, NotFound } = Deno.errors;
const Value = struct({ a: "i32" });

Deno.test("openOrCreate() creates an object under a free name, and opens an object that exists", () => {
  const name = randomName();
  for (
    const open of [
      () => RingChannel.openOrCreate(`${name}-channel`),
      () => BroadcastRing.openOrCreate(`${name}-ring`),
      () => LatestValue.openOrCreate(`${name}-value`, Value),
      () => LatestFrame.openOrCreate(`${name}-frame`, { byteLength: 8 }),
    ]
  ) {
    using first = open();
    using second = open();
    assertEquals(second.name, first.name);
  }
  // All objects are closed, so the names are free.
  assertThrows(() => RingChannel.open(`${name}-channel`), NotFound);
  assertThrows(() => BroadcastRing.open(`${name}-ring`), NotFound);
  assertThrows(() => LatestValue.open(`${name}-value`, Value), NotFound);
  assertThrows(() => LatestFrame.open(`${name}-frame`), NotFound);
});

Deno.test("create() throws AlreadyExists while an object is open, also if its creator has died", async () => {
  const name = randomName();
  await using server = await Peer.start("channel/peers/server.ts");
  assertEquals(await server.ask(`serve ${name}`), "done");
  using _channel = RingChannel.open(`${name}-channel`);
  using _ring = BroadcastRing.open(`${name}-ring`);
  using _value = LatestValue.open(`${name}-value`, Value);
  server.kill();
  await server.gone();
  assertThrows(() => RingChannel.create(`${name}-channel`), AlreadyExists);
  assertThrows(() => BroadcastRing.create(`${name}-ring`), AlreadyExists);
  assertThrows(() => LatestValue.create(`${name}-value`, Value), AlreadyExists);
});

Deno.test("openOrCreate() refuses an object with other settings, and names the first one that differs", () => {
  const name = randomName();
  const settings: Required<Omit<RingChannelOptions, "security">> = {
    capacity: 2048,
    maxMessageLength: 100,
    whenFull: "drop",
    producers: "multiple",
    endsWithLastSender: false,
  };
  using _channel = RingChannel.create(name, settings);
  using same = RingChannel.openOrCreate(name, settings);
  assertEquals(same.settings, settings);
  const others: [RingChannelOptions, string][] = [
    [{ capacity: 4096 }, "its capacity is 2048 and not 4096"],
    [{ maxMessageLength: 101 }, "its maxMessageLength is 100 and not 101"],
    [{ whenFull: "fail" }, "its whenFull is drop and not fail"],
    [{ endsWithLastSender: true }, "its endsWithLastSender is false and not true"],
    [{ producers: "single", endsWithLastSender: true }, "its producers is multiple and not single"],
  ];
  for (const [other, text] of others) {
    assertThrows(
      () => RingChannel.openOrCreate(name, { ...settings, ...other }),
      InvalidData,
      `Cannot open channel "Local\\${name}": it exists, and ${text}`,
    );
  }
  using _ring = BroadcastRing.create(`${name}-ring`, { capacity: 2048 });
  assertThrows(
    () => BroadcastRing.openOrCreate(`${name}-ring`),
    InvalidData,
    "its capacity is 2048 and not 1048576",
  );
  using _value = LatestValue.create(`${name}-value`, Value);
  const Other = struct({ a: "u32" });
  assertThrows(
    () => LatestValue.openOrCreate(`${name}-value`, Other),
    InvalidData,
    'its field "a" is an i32 at offset 0, and not a u32 at offset 0',
  );
  using _memory = SharedMemory.create(`${name}-memory`, 4096);
  assertThrows(
    () => SharedMemory.openOrCreate(`${name}-memory`, 4096, { reserve: true }),
    InvalidData,
    "its reserve is false and not true",
  );
});

Deno.test("openOrCreate() lets a server start again while its peers are alive", async () => {
  const name = randomName();
  await using first = await Peer.start("channel/peers/server.ts");
  assertEquals(await first.ask(`serve ${name}`), "done");
  using channel = RingChannel.open(`${name}-channel`);
  using ring = BroadcastRing.open(`${name}-ring`);
  using value = LatestValue.open(`${name}-value`, Value);
  using sender = channel.sender();
  using receiver = ring.receiver();
  using reader = value.reader();
  sender.sendSync(new Uint8Array(8), soon);
  first.kill();
  await first.gone();
  // The second server runs the same code as the first one.
  await using second = await Peer.start("channel/peers/server.ts");
  assertEquals(await second.ask(`serve ${name}`), "done");
  assertEquals(reader.read()?.a, second.pid);
  assertEquals(reader.writer, "alive");
  sender.sendSync(new Uint8Array(8), soon);
  assertEquals(receiver.tryReceive(), undefined);
});

Deno.test("openOrCreate() never fails if several processes call it at the same moment", async () => {
  await using stack = new AsyncDisposableStack();
  const peers = await Promise.all(
    [1, 2, 3].map(async () => stack.use(await Peer.start("channel/peers/server.ts"))),
  );
  for (let round = 0; round < 30; round++) {
    const name = randomName();
    const answers = peers.map((peer) => peer.ask(`meet ${name}`));
    assert((await Promise.all(answers)).every((answer) => answer === "done"));
  }
});

Deno.test("openOrCreate() never fails if other processes open and close the same object", async () => {
  await using stack = new AsyncDisposableStack();
  const peers = await Promise.all(
    [1, 2, 3].map(async () => stack.use(await Peer.start("channel/peers/server.ts"))),
  );
  const name = randomName();
  const answers = await Promise.all(peers.map((peer) => peer.ask(`churn ${name}`)));
  assertEquals(answers, ["done", "done", "done"]);
});

Deno.test("openOrCreate() names the part of a channel whose name another object has", () => {
  const name = randomName();
  using _mutex = SharedMutex.create(`${name}.data`);
  const error = assertThrows(() => RingChannel.openOrCreate(name), Deno.errors.TimedOut);
  assertStringIncludes(error.message, `event "Local\\${name}.data" of channel "Local\\${name}"`);
  assertStringIncludes(error.message, "an object of another kind");
});
