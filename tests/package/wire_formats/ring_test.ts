// Task: test:package
//
// Compares the tables of a ring in docs/wire_formats.md with the bytes that the library writes.

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { RingChannel, SharedEvent, struct } from "../../../mod.ts";
import { identityOf } from "../../../src/channel/ring/channel.ts";
import { declareRingChannel } from "../../../src/channel/ring/c/mod.ts";
import { processOwner, threadOwner } from "../../../src/channel/peer/place.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import {
  constantsOf,
  messageOf,
  openMemory,
  ownerOf,
  ownOwner,
  Place,
  RingHeader,
  RingNumber,
  RingRecord,
  roundUp,
  tableOf,
  until,
} from "./document.ts";

Deno.test("wire_formats.md has the offsets of the C header", () => {
  const header = declareRingChannel();
  const checks = [...header.matchAll(/offsetof\(winipc_ring_header, ([^)]+)\) == (\d+)/g)];
  assertGreaterOrEqual(checks.length, 18);
  for (const [, path, offset] of checks) {
    const [, name, index = "0", part] = /^(\w+)(?:\[(\d+)\])?(?:\.(\w+))?$/.exec(path!)!;
    const [each, layout] = name === "numbers" ? [12, RingNumber] : [16, Place];
    const inside = part === undefined ? 0 : each * Number(index) + layout.offsetOf(part);
    assertEquals(RingHeader.offsetOf(name!) + inside, Number(offset), path);
  }
});

Deno.test("wire_formats.md has the offsets of a ring's settings", () => {
  for (
    const [settings, numbers] of [
      [{ whenFull: "drop" }, { layout: 1, when_full: 2, goes_on: 0 }],
      [{ whenFull: "wait", producers: "multiple" }, { layout: 2, when_full: 0, goes_on: 0 }],
      [{ whenFull: "fail", producers: "multiple", endsWithLastSender: false }, {
        layout: 2,
        when_full: 1,
        goes_on: 1,
      }],
    ] as const
  ) {
    const name = randomName();
    using channel = RingChannel.create(name, {
      capacity: 4096,
      maxMessageLength: 100,
      ...settings,
    });
    using memory = openMemory(name);
    assertEquals(RingHeader.constants, { magic: 0x43524957, version: 2 });
    assertEquals(RingHeader.readAll(memory.bytes), {
      ...RingHeader.constants,
      capacity: 4096,
      max_message_length: 100,
      ...numbers,
      layout_hash: 0n,
      text_length: 0,
      identity: 0n,
      tail: 0,
      head: 0,
      committed: 0,
      dropped: 0,
      sender_sleeps: 0,
      producer_lock: 0,
      changes: 0,
      receiver_sleeps: 0,
      consumed: 0,
    });
    const identity = BigInt(`0x${identityOf(channel)}`);
    assertEquals(RingHeader.readAll(memory.bytes).identity, identity);
  }
});

Deno.test("wire_formats.md has the offsets of a ring's positions", () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 4096, whenFull: "drop" });
  using memory = openMemory(name);
  using sender = channel.sender();
  using receiver = channel.receiver();
  sender.sendSync(messageOf(3, 0));
  receiver.tryReceive();
  // There is nothing, so the receiver publishes the room.
  assertEquals(receiver.tryReceive(), undefined);
  sender.sendSync(messageOf(9, 1));
  receiver.tryReceive();
  sender.sendSync(messageOf(1, 2));
  sender.trySend(messageOf(1, 3));
  const { head, consumed, tail, committed } = RingHeader.readAll(memory.bytes);
  assertEquals({ head, consumed, tail, committed }, {
    head: 16,
    consumed: 40,
    tail: 56,
    committed: 72,
  });
  while (sender.sendSync(messageOf(2000, 4)));
  assertEquals(sender.sendSync(messageOf(2000, 4)), false);
  assertEquals(RingHeader.read(memory.bytes, "dropped"), 2);
});

Deno.test("wire_formats.md describes the numbers of messages in a ring", () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024 });
  using memory = openMemory(name);
  using sender = channel.sender();
  using receiver = channel.receiver();
  const numbers = [0, 12].map((at) => RingHeader.offsetOf("numbers") + at);
  for (let count = 0; count < 50; count++) {
    sender.sendSync(messageOf(200, count));
    if (count % 2 === 0) receiver.receiveSync();
    else {
      receiver.peekSync();
      receiver.release(1);
    }
    const head = RingHeader.read(memory.bytes, "head");
    const found = numbers.map((at) => RingNumber.readAll(memory.bytes, at))
      .filter(({ position }) => position === head);
    // A record of this length is published at once. A new ring has two numbers for 0.
    assertEquals(found, [{ position: head!, low: count + 1, high: 0 }]);
  }
});

Deno.test("wire_formats.md describes where a ring has the layout of its messages", () => {
  const name = randomName();
  const Lap = struct({ lap: "u32" });
  using _channel = RingChannel.create(name, { capacity: 4096, message: Lap });
  using memory = openMemory(name);
  const { layout_hash, text_length } = RingHeader.readAll(memory.bytes);
  assertEquals([layout_hash, text_length], [Lap.layoutHash, Lap.signature.length]);
  const at = RingHeader.offsetOf("ring") + 4096;
  const text = memory.bytes.slice(at, at + Lap.signature.length);
  assertEquals(new TextDecoder().decode(text), Lap.signature);
});

Deno.test("wire_formats.md describes the records and the padding of a ring", () => {
  const name = randomName();
  const capacity = 1024;
  using channel = RingChannel.create(name, { capacity });
  using memory = openMemory(name);
  using sender = channel.sender();
  using receiver = channel.receiver();
  const { "alignment of a record": alignment, "bytes before a message": before } = constantsOf(
    "ring",
  );
  const start = RingHeader.offsetOf("ring");
  let [position, paddings] = [0, 0];
  for (let count = 0; count < 300; count++) {
    const length = (count * 37) % 200;
    const message = messageOf(length, count);
    sender.sendSync(message);
    const size = roundUp(before! + length, alignment!);
    const rest = capacity - position % capacity;
    if (size > rest) {
      const padding = start + position % capacity;
      assertEquals(RingRecord.read(memory.bytes, "length", padding), -rest);
      position += rest;
      paddings++;
    }
    const record = start + position % capacity;
    assertEquals(RingRecord.read(memory.bytes, "length", record), before! + length);
    const at = record + RingRecord.offsetOf("message");
    assertEquals(memory.bytes.slice(at, at + length), message);
    position += size;
    assertEquals(RingHeader.read(memory.bytes, "tail"), position);
    assertEquals(receiver.tryReceive(), message);
  }
  assertGreaterOrEqual(paddings, 10);
});

Deno.test("RingReceiver reads a message that was written by the rules of wire_formats.md", () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024 });
  using receiver = channel.receiver();
  using memory = openMemory(name);
  const words = new Uint32Array(memory.bytes.buffer);
  const start = RingHeader.offsetOf("ring");
  const message = messageOf(5, 9);
  memory.bytes.set(message, start + RingRecord.offsetOf("message"));
  words[(start + RingRecord.offsetOf("length")) / 4] = 8 + 5;
  words[RingHeader.offsetOf("committed") / 4] = 16;
  Atomics.store(words, RingHeader.offsetOf("tail") / 4, 16);
  assertEquals(receiver.tryReceive(), message);
  // The sender takes its place, publishes what the last sender had committed, and goes on there.
  words[(start + 16 + RingRecord.offsetOf("length")) / 4] = 8;
  words[RingHeader.offsetOf("committed") / 4] = 24;
  using _sender = channel.sender();
  assertEquals(RingHeader.read(memory.bytes, "tail"), 24);
  assertEquals(receiver.tryReceive(), new Uint8Array());
});

Deno.test("wire_formats.md describes the places of a ring", () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024, producers: "multiple" });
  using memory = openMemory(name);
  const readPlace = (offset: number) => Place.readAll(memory.bytes, offset);
  const senders = RingHeader.offsetOf("senders");
  const first = channel.sender();
  using _second = channel.sender();
  const receiver = channel.receiver();
  const taken = { owner: ownOwner(), state: 0 };
  assertEquals([senders, senders + 16, RingHeader.offsetOf("receiver")].map(readPlace), [
    taken,
    taken,
    taken,
  ]);
  assertEquals(RingHeader.read(memory.bytes, "changes"), 2);
  first.close();
  receiver.close();
  const left = { owner: 0n, state: 1 };
  assertEquals([senders, senders + 16, RingHeader.offsetOf("receiver")].map(readPlace), [
    left,
    taken,
    left,
  ]);
  assertEquals(RingHeader.read(memory.bytes, "changes"), 3);
  const last = (2n ** 33n - 1n) * 10_000n;
  assertEquals(ownerOf(2 ** 32 - 4, last), processOwner(2 ** 32 - 4, last));
  // A Worker is written down by its thread.
  assertEquals(threadOwner({ id: 40, start: 7n * 10_000n }), 7n << 32n | 41n);
});

Deno.test("wire_formats.md describes the producer lock of a ring of many senders", () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024, producers: "multiple" });
  using memory = openMemory(name);
  using _receiver = channel.receiver();
  const senders = Array.from(
    { length: constantsOf("ring")["senders at most"]! },
    () => channel.sender(),
  );
  const [holder, changes] = tableOf("table: producer-lock").map(({ bits }) => {
    const [from, to] = bits!.split("–").map(Number);
    return () => {
      const word = BigInt(RingHeader.read(memory.bytes, "producer_lock") as number);
      return Number(BigInt.asUintN(to! - from! + 1, word >> BigInt(from!)));
    };
  });
  assertEquals([holder!(), changes!()], [0, 0]);
  senders[1]!.claimAt(1);
  assertEquals([holder!(), changes!()], [2, 1]);
  senders[1]!.commit();
  assertEquals([holder!(), changes!()], [0, 2]);
  // The count wraps, and never reaches the number of the place.
  const words = new Uint32Array(memory.bytes.buffer);
  words[RingHeader.offsetOf("producer_lock") / 4] = 0xffff_ff80;
  assertEquals([holder!(), changes!()], [0, 2 ** 25 - 1]);
  senders.at(-1)!.claimAt(1);
  assertEquals([holder!(), changes!()], [64, 0]);
});

Deno.test("wire_formats.md describes the wake flags and the events of a ring", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024 });
  using memory = openMemory(name);
  using sender = channel.sender();
  using receiver = channel.receiver();
  const message = messageOf(400, 1);
  const isRaised = (flag: string) => RingHeader.read(memory.bytes, flag) === 1;
  const received = receiver.receive(soon);
  await until("receiver_sleeps is raised", () => isRaised("receiver_sleeps"));
  sender.sendSync(message);
  assertEquals(RingHeader.read(memory.bytes, "receiver_sleeps"), 0);
  assertEquals(await received, message);

  sender.sendSync(message);
  sender.sendSync(message);
  const sent = sender.send(message, soon);
  await until("sender_sleeps is raised", () => isRaised("sender_sleeps"));
  assertEquals(receiver.tryReceive(), message);
  assertEquals(receiver.tryReceive(), message);
  assertEquals(receiver.tryReceive(), undefined);
  assertEquals(RingHeader.read(memory.bytes, "sender_sleeps"), 0);
  assertEquals(await sent, true);

  // A peer that has announced its sleep is woken by the event.
  using data = SharedEvent.open(`${name}.data`);
  using space = SharedEvent.open(`${name}.space`);
  const isSet = (event: SharedEvent) => {
    try {
      event.waitSync({ timeout: 0 });
      return true;
    } catch (error) {
      assert(error instanceof Deno.errors.TimedOut);
      return false;
    }
  };
  const words = new Uint32Array(memory.bytes.buffer);
  while (receiver.tryReceive() !== undefined);
  isSet(data);
  isSet(space);
  sender.sendSync(message);
  assertEquals([isSet(data), isSet(space)], [false, false]);
  words[RingHeader.offsetOf("receiver_sleeps") / 4] = 1;
  words[RingHeader.offsetOf("sender_sleeps") / 4] = 1;
  sender.sendSync(message);
  assertEquals([isSet(data), isSet(space)], [true, false]);
  while (receiver.tryReceive() !== undefined);
  assertEquals([isSet(data), isSet(space)], [false, true]);
});
