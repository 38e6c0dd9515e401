// Task: test:peers

import { partsOf } from "../../../src/channel/ring/channel.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RingChannel } from "../../../src/channel/mod.ts";
import { HEADER_LENGTH, MAX_SENDERS, WORD } from "../../../src/channel/ring/layout.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { ReceivedMessages } from "./received_messages.ts";
import { NumberedMessages, readNumbered } from "./numbered_messages.ts";
import { stream } from "./numbered_stream.ts";

const MAX_LENGTH = 200;
const small = { capacity: 1024, maxMessageLength: MAX_LENGTH, producers: "multiple" } as const;

Deno.test("200,000 messages of several senders arrive through a small ring, in order for each sender", async () => {
  await stream([
    { mode: "sync", count: 95_000 },
    { mode: "sync", count: 95_000 },
    { mode: "async", count: 10_000 },
  ]);
});

Deno.test("A killed sender with a claimed message blocks other senders only until it ends", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, small);
  using receiver = channel.receiver();
  using sender = channel.sender();
  await using peer = await Peer.start(
    "channel/ring/peers/numbered_sender.ts",
    "claim",
    name,
    "1",
    "0",
  );
  const message = new NumberedMessages(2, MAX_LENGTH).at(0);
  assertEquals(sender.trySend(message), false);
  assertEquals(sender.claim(8), undefined);
  assertThrows(() => sender.sendSync(message, { timeout: 100 }), Deno.errors.TimedOut);
  const sent = sender.send(message, soon);
  peer.kill();
  assertEquals(await sent, true);
  assertEquals(readNumbered((await receiver.receive(soon))!, MAX_LENGTH), { id: 2, number: 0 });
  assertEquals(receiver.tryReceive(), undefined);
});

Deno.test("A producer lock of a place that is free or does not exist blocks no sender", () => {
  using channel = RingChannel.anonymous(small);
  using receiver = channel.receiver();
  using sender = channel.sender();
  using view = partsOf(channel).memory.map();
  const header = new Int32Array(view.buffer, 0, HEADER_LENGTH / 4);
  for (const number of [5, MAX_SENDERS + 1, 127]) {
    header[WORD.producerLock] = number;
    sender.sendSync(Uint8Array.of(number), soon);
    assertEquals(receiver.receiveSync(soon), Uint8Array.of(number));
  }
});

Deno.test("A claimed message of one sender makes other senders wait until commit() or abort()", async () => {
  using channel = RingChannel.anonymous(small);
  using receiver = channel.receiver();
  using one = channel.sender();
  using other = channel.sender();
  for (const end of ["commit", "abort"] as const) {
    const claim = one.claim(3)!;
    const sent = other.send(Uint8Array.of(2), soon);
    assertEquals(receiver.tryReceive(), undefined);
    claim.bytes.fill(1);
    claim[end]();
    assertEquals(await sent, true);
    if (end === "commit") assertEquals(await receiver.receive(soon), Uint8Array.of(1, 1, 1));
    assertEquals(await receiver.receive(soon), Uint8Array.of(2));
  }
});

Deno.test("All senders that sleep because the ring is full are woken when there is room", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, small);
  using receiver = channel.receiver();
  const senders = Array.from({ length: 8 }, () => channel.sender());
  while (senders[0]!.trySend(new Uint8Array(8)));
  const filled = senders[0]!.stats.sent;
  const sent = senders.map((sender) => sender.send(new Uint8Array(MAX_LENGTH), soon));
  for (let taken = 0; taken < filled + senders.length; taken++) {
    assert(await receiver.receive(soon), `message ${taken}`);
  }
  assertEquals(await Promise.all(sent), senders.map(() => true));
  assertEquals(senders.map(({ stats }) => stats.waited > 0), senders.map(() => true));
});

Deno.test("A channel for many senders takes up to 64, and ends when all have closed", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, small);
  using same = RingChannel.open(name);
  assertEquals(same.settings.producers, "multiple");
  using receiver = channel.receiver();
  const senders = Array.from({ length: 64 }, (_, index) => (index % 2 ? channel : same).sender());
  assertThrows(() => channel.sender(), Deno.errors.Busy, "64 senders");
  senders[5]!.close();
  senders[5] = same.sender();
  for (const [index, sender] of senders.entries()) {
    assertEquals(receiver.ended, false);
    if (index > 59) sender.trySend(Uint8Array.of(index));
    sender.close();
  }
  const received: number[] = [];
  for await (const [index] of receiver) received.push(index!);
  assertEquals(received, [60, 61, 62, 63]);
  using late = channel.sender();
  assertEquals(receiver.ended, false);
  late.trySend(Uint8Array.of(9));
  assertEquals(await receiver.receive(soon), Uint8Array.of(9));
});

Deno.test("The receiver gets ConnectionReset after the last of several senders is killed", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { ...small, capacity: 2 ** 16 });
  using receiver = channel.receiver();
  for (const wait of ["receive", "receiveSync"] as const) {
    await using first = await Peer.start(
      "channel/ring/peers/numbered_sender.ts",
      "sync",
      name,
      "1",
      "10",
    );
    await first.gone();
    await using second = await Peer.start(
      "channel/ring/peers/numbered_sender.ts",
      "claim",
      name,
      "2",
      "0",
    );
    const taken = new ReceivedMessages(MAX_LENGTH);
    receiver.read((message) => void taken.take(message));
    assertEquals(taken.of(1), 10);
    if (wait === "receive") {
      const received = assertRejects(() => receiver.receive(soon), Deno.errors.ConnectionReset);
      second.kill();
      await received;
    } else {
      second.kill();
      assertThrows(() => receiver.receiveSync(soon), Deno.errors.ConnectionReset);
    }
  }
});

Deno.test("A channel for many senders leaves no handle open", async () => {
  await assertLeavesNoHandle(20, async () => {
    const name = randomName();
    using channel = RingChannel.create(name, small);
    using receiver = channel.receiver();
    const senders = [channel.sender(), channel.sender()];
    for (const sender of senders) await sender.send(new Uint8Array(3), soon);
    await receiver.receive(soon);
  });
});
