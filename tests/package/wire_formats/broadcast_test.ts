// Task: test:package
//
// Compares the tables of a broadcast ring in docs/wire_formats.md with the bytes that the library writes.

import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { nounOf } from "../../../ffi/kernel_object.ts";
import { BroadcastRing, SharedEvent, struct } from "../../../mod.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import {
  BroadcastHeader,
  BroadcastRecord,
  type Bytes,
  constantsOf,
  messageOf,
  objectName,
  openMemory,
  ownOwner,
  Place,
  roundUp,
  until,
  WakeBits,
} from "./document.ts";

Deno.test("wire_formats.md has the offsets of a broadcast ring's header", () => {
  const name = randomName();
  using channel = BroadcastRing.create(name, { capacity: 4096, maxMessageLength: 200 });
  using memory = openMemory(name);
  assertEquals(BroadcastHeader.constants, { magic: 0x42524957, version: 3 });
  const settings = {
    ...BroadcastHeader.constants,
    capacity: 4096,
    max_message_length: 200,
    scope: 0,
    layout_hash: 0n,
    text_length: 0,
    sleeping: [0n, 0n],
    taken: [0n, 0n],
  };
  assertEquals(BroadcastHeader.readAll(memory.bytes), {
    ...settings,
    newest: 0n,
    announced: 1n,
    committed: 0,
  });
  const start = BroadcastHeader.offsetOf("ring");
  assertEquals(BroadcastRecord.readAll(memory.bytes, start), { length: 16, kind: 1, number: 0n });
  const place = BroadcastHeader.offsetOf("sender");
  const sender = channel.sender();
  assertEquals(Place.readAll(memory.bytes, place), { owner: ownOwner(), state: 0 });
  for (let count = 0; count < 3; count++) sender.send(messageOf(5, count));
  sender.flush();
  sender.send(messageOf(5, 3));
  const { announced, ...words } = BroadcastHeader.readAll(memory.bytes);
  assertEquals(words, { ...settings, newest: 5n, committed: 7 });
  assertGreaterOrEqual(Number(announced), 9);
  assertLessOrEqual(Number(announced), 5 + 4096 / 16);
  sender.close();
  assertEquals(Place.readAll(memory.bytes, place), { owner: 0n, state: 1 });
  assertEquals(BroadcastHeader.read(memory.bytes, "newest"), 7n);
});

Deno.test("wire_formats.md describes where a broadcast ring has the layout of its messages", () => {
  const name = randomName();
  const Lap = struct({ lap: "u32" });
  using _channel = BroadcastRing.create(name, { capacity: 4096, message: Lap });
  using memory = openMemory(name);
  const { layout_hash, text_length } = BroadcastHeader.readAll(memory.bytes);
  assertEquals([layout_hash, text_length], [Lap.layoutHash, Lap.signature.length]);
  const at = BroadcastHeader.offsetOf("ring") + 4096;
  const text = memory.bytes.slice(at, at + Lap.signature.length);
  assertEquals(new TextDecoder().decode(text), Lap.signature);
});

Deno.test("wire_formats.md describes the records and the padding of a broadcast ring", () => {
  const name = randomName();
  const capacity = 2048;
  using channel = BroadcastRing.create(name, { capacity });
  using memory = openMemory(name);
  using sender = channel.sender();
  const { "bytes of one unit": unit, "kind of a message": message, "kind of padding": padding } =
    constantsOf("broadcast");
  const start = BroadcastHeader.offsetOf("ring");
  let [position, paddings] = [1, 0];
  for (let count = 1; count <= 200; count++) {
    const length = (count * 37) % 230;
    const bytes = messageOf(length, count);
    sender.send(bytes);
    sender.flush();
    const place = position * unit! % capacity;
    const rest = capacity - place;
    if (roundUp(unit! + length, unit!) > rest) {
      const { length, kind } = BroadcastRecord.readAll(memory.bytes, start + place);
      assertEquals({ length, kind }, { length: rest, kind: padding });
      position += rest / unit!;
      paddings++;
    }
    const record = start + position * unit! % capacity;
    assertEquals(BroadcastRecord.readAll(memory.bytes, record), {
      length: unit! + length,
      kind: message!,
      number: BigInt(count),
    });
    const at = record + BroadcastRecord.offsetOf("message");
    assertEquals(memory.bytes.slice(at, at + length), bytes);
    assertEquals(BroadcastHeader.read(memory.bytes, "newest"), BigInt(position));
    position += roundUp(unit! + length, unit!) / unit!;
  }
  assertGreaterOrEqual(paddings, 5);
});

/** The documented name of the events of a broadcast ring's receivers. */
function broadcastEventName(bytes: Bytes, number: number): string {
  const at = BroadcastHeader.offsetOf("random");
  const scope = BroadcastHeader.read(bytes, "scope") === 1 ? "Global" : "Local";
  const random = `${scope}\\winipc.${bytes.slice(at, at + 16).toHex()}`;
  return objectName("broadcast ring", "reader").replace("RANDOM", random).replace("N", `${number}`);
}

Deno.test("wire_formats.md describes the wake bits and the events of a broadcast ring", async () => {
  assertEquals(
    BroadcastHeader.offsetOf("taken") - BroadcastHeader.offsetOf("sleeping"),
    WakeBits.offsetOf("taken"),
  );
  const name = randomName();
  using channel = BroadcastRing.create(name, { capacity: 1024 });
  using memory = openMemory(name);
  using sender = channel.sender();
  using first = channel.receiver();
  using second = channel.receiver();
  const bits = (field: string) => (BroadcastHeader.read(memory.bytes, field) as bigint[])[0];
  const received = [first, second].map((receiver) => receiver.receive(soon));
  await until("two receivers sleep", () => bits("sleeping") === 0b11n);
  assertEquals(bits("taken"), 0b11n);
  const names = [0, 1, 2].map((number) => broadcastEventName(memory.bytes, number));
  assertEquals(names.map(nounOf), ["an event", "an event", undefined]);
  SharedEvent.openOrCreate(names[0]!, { reset: "auto" }).close();
  sender.send(messageOf(1, 1));
  sender.flush();
  assertEquals(bits("sleeping"), 0n);
  for (const message of await Promise.all(received)) assertEquals(message?.bytes, messageOf(1, 1));
  first.close();
  assertEquals(bits("taken"), 0b10n);
  assertEquals(names.map(nounOf), [undefined, "an event", undefined]);
});

Deno.test("wire_formats.md describes the scope of a broadcast ring with a Global\\ name", async () => {
  const name = `Global\\${randomName()}`;
  let channel: BroadcastRing;
  try {
    channel = BroadcastRing.create(name, { capacity: 1024 });
  } catch (error) {
    // Windows lets only services and elevated programs create such a section.
    assert(error instanceof Deno.errors.PermissionDenied);
    return;
  }
  using _channel = channel;
  using memory = openMemory(name);
  assertEquals(BroadcastHeader.read(memory.bytes, "scope"), 1);
  using receiver = channel.receiver();
  const received = receiver.receive(soon);
  await until(
    "the receiver has an event",
    () => nounOf(broadcastEventName(memory.bytes, 0)) === "an event",
  );
  using sender = channel.sender();
  sender.send(messageOf(2, 1));
  sender.flush();
  assertEquals((await received)?.bytes, messageOf(2, 1));
});
