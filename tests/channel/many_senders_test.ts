import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RingChannel, type RingReceiver } from "../../src/channel/mod.ts";
import { assertLeavesNoHandle } from "../leak.ts";
import { Peer } from "../peer.ts";
import { randomName } from "../random_name.ts";
import { LONGEST, numbered, readNumbered } from "./numbered.ts";
import { Random } from "./random.ts";

const soon = { timeout: 20_000 };
const small = { capacity: 1024, maxMessageLength: LONGEST, producers: "multiple" } as const;

/** Reads what is there, and notes the number of each sender's last message. */
function readInto(receiver: RingReceiver, last: Map<number, number>): void {
  receiver.read((bytes) => {
    const { id, number } = readNumbered(bytes);
    assertEquals(number, (last.get(id) ?? -1) + 1, `sender ${id}`);
    last.set(id, number);
  });
}

Deno.test("Messages of several senders all arrive through a small ring, each sender's in order", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, small);
  using receiver = channel.receiver();
  const count = 60_000;
  await using _first = await Peer.start("numbered_sender.ts", "sync", name, "1", `${count}`);
  await using _second = await Peer.start("numbered_sender.ts", "sync", name, "2", `${count}`);
  await using _third = await Peer.start("numbered_sender.ts", "async", name, "3", `${count / 10}`);
  const last = new Map<number, number>();
  while (receiver.waitForMessageSync(soon)) readInto(receiver, last);
  assertEquals([1, 2, 3].map((id) => last.get(id)), [count - 1, count - 1, count / 10 - 1]);
  assert(receiver.ended);
});

Deno.test("Senders that are killed at any moment hold up nobody and leave whole messages", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, small);
  using receiver = channel.receiver();
  const random = new Random(5);
  const last = new Map<number, number>();
  await using _steady = await Peer.start("numbered_sender.ts", "async", name, "0", "0");
  for (let id = 1; id <= 15; id++) {
    await using peer = await Peer.start("numbered_sender.ts", "sync", name, `${id}`, "0");
    const before = random.below(5_000);
    while ((last.get(id) ?? 0) < before) {
      receiver.waitForMessageSync(soon);
      readInto(receiver, last);
    }
    peer.kill();
    await peer.gone();
    // The steady one goes on, beyond what was in the ring.
    const goal = (last.get(0) ?? 0) + 100;
    while ((last.get(0) ?? 0) < goal) {
      receiver.waitForMessageSync(soon);
      readInto(receiver, last);
    }
  }
});

Deno.test("A sender that is killed with a message claimed is waited for until then, and the message is nobody's", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, small);
  using receiver = channel.receiver();
  using sender = channel.sender();
  await using peer = await Peer.start("numbered_sender.ts", "claim", name, "1", "0");
  assertEquals(sender.trySend(numbered(2, 0)), false);
  assertEquals(sender.claim(8), undefined);
  assertThrows(() => sender.sendSync(numbered(2, 0), { timeout: 100 }), Deno.errors.TimedOut);
  const sent = sender.send(numbered(2, 0), soon);
  peer.kill();
  assertEquals(await sent, true);
  assertEquals(readNumbered((await receiver.receive(soon))!), { id: 2, number: 0 });
  assertEquals(receiver.tryReceive(), undefined);
});

Deno.test("A message that one sender claims keeps the others waiting until it is committed or given up", async () => {
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

Deno.test("Senders that all sleep at a full ring are all woken", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, small);
  using receiver = channel.receiver();
  const senders = Array.from({ length: 8 }, () => channel.sender());
  while (senders[0]!.trySend(new Uint8Array(8)));
  const filled = senders[0]!.stats.sent;
  const sent = senders.map((sender) => sender.send(new Uint8Array(LONGEST), soon));
  for (let taken = 0; taken < filled + senders.length; taken++) {
    assert(await receiver.receive(soon), `message ${taken}`);
  }
  assertEquals(await Promise.all(sent), senders.map(() => true));
  assertEquals(senders.map(({ stats }) => stats.waited > 0), senders.map(() => true));
});

Deno.test("A ring of many senders has 64 of them and no more, and its end when all have left", async () => {
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

Deno.test("The last of several senders to be killed is noticed: ConnectionReset, until others come", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { ...small, capacity: 2 ** 16 });
  using receiver = channel.receiver();
  for (const wait of ["receive", "receiveSync"] as const) {
    const last = new Map<number, number>();
    await using first = await Peer.start("numbered_sender.ts", "sync", name, "1", "10");
    await first.gone();
    await using second = await Peer.start("numbered_sender.ts", "claim", name, "2", "0");
    readInto(receiver, last);
    assertEquals(last.get(1), 9);
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

Deno.test("A ring of many senders leaves no handle behind", async () => {
  await assertLeavesNoHandle(20, async () => {
    const name = randomName();
    using channel = RingChannel.create(name, small);
    using receiver = channel.receiver();
    const senders = [channel.sender(), channel.sender()];
    for (const sender of senders) await sender.send(new Uint8Array(3), soon);
    await receiver.receive(soon);
  });
});
