// Compares the tables of docs/wire_formats.md with the bytes that the library writes.

import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { nounOf } from "../../ffi/kernel_object.ts";
import { startOf } from "../../ffi/process_thread.ts";
import {
  BroadcastRing,
  declareRingChannel,
  HANDLE_NOTICE,
  LatestValue,
  MessageWindow,
  RingChannel,
  sendHandle,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  SharedSemaphore,
  spawn,
  struct,
} from "../../mod.ts";
import * as broadcast from "../../src/channel/broadcast/layout.ts";
import * as latest from "../../src/channel/latest/layout.ts";
import { MAX_CAPACITY, MIN_CAPACITY } from "../../src/channel/peer/memory.ts";
import { processOwner, threadOwner } from "../../src/channel/peer/owner.ts";
import { MAX_WAITING } from "../../src/channel/peer/wake.ts";
import * as ring from "../../src/channel/ring/layout.ts";
import { randomName } from "../support/random_name.ts";

const documentation = await Deno.readTextFile(
  new URL("../../docs/wire_formats.md", import.meta.url),
);

type Row = Readonly<Record<string, string>>;
type Bytes = Uint8Array<ArrayBuffer>;
/** The value of a documented field; a field of several words has several values. */
type FieldValue = number | bigint | bigint[];

/** Gives the rows of the table that follows a mark in the documentation, by the names of columns. */
function tableOf(mark: string): Row[] {
  const [, text] = documentation.split(`<!-- ${mark} -->`);
  assert(text !== undefined, `there is no table with the mark "${mark}"`);
  const [head, _, ...rows] = text.trimStart().split(/\r?\n\r?\n/)[0]!.split(/\r?\n/).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", ""))
  );
  return rows.map((cells) => {
    assertEquals(cells.length, head!.length, `a row of ${mark}: ${cells}`);
    return Object.fromEntries(cells.map((cell, column) => [head![column]!, cell]));
  });
}

/** Gives the constants of a table. */
function constantsOf(product: string): Record<string, number> {
  return Object.fromEntries(
    tableOf(`constants: ${product}`).map(({ constant, value }) => [constant!, Number(value)]),
  );
}

/** A field of a table. */
interface Field {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
  /** The width in bytes; NaN for a field whose width depends on the settings. */
  readonly width: number;
  /** The value that the table gives to a constant field; `undefined` for other fields. */
  readonly value: number | undefined;
}

const WIDTHS: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, i32: 4, u64: 8 };

/** A documented layout, to read fields of a memory by their names. */
class DocumentedLayout {
  readonly fields: readonly Field[];

  constructor(mark: string) {
    this.fields = tableOf(`table: ${mark}`).map(({ name, type, offset, width, meaning }) => {
      const value = /^(?:0x[0-9a-f]+|\d+)(?=,|$)/.exec(meaning!)?.[0];
      return {
        name: name!,
        type: type!,
        offset: Number(offset),
        width: parseFloat(width!),
        value: value === undefined ? undefined : Number(value),
      };
    });
    let end = 0;
    for (const { name, type, offset, width } of this.fields) {
      assertGreaterOrEqual(offset, end, `${mark}: ${name} begins before the field before it ends`);
      const [, element, count = "1"] = /^(\w+)(?:\[(\d+)\])?$/.exec(type) ?? [];
      const each = element === "place" ? 16 : WIDTHS[element!];
      if (!Number.isNaN(width)) assertEquals(width, each! * Number(count), `${mark}: ${name}`);
      end = offset + (width || 0);
    }
  }

  offsetOf(name: string): number {
    const found = this.fields.find((field) => field.name === name);
    assert(found !== undefined, `there is no field "${name}" in the documentation`);
    return found.offset;
  }

  /** Reads a field; the words of a field of several words come as bigints. */
  read(bytes: Bytes, name: string, base = 0): FieldValue {
    const field = this.fields.find((field) => field.name === name)!;
    const data = new DataView(bytes.buffer, bytes.byteOffset + base + this.offsetOf(name));
    switch (field.type) {
      case "u8":
        return data.getUint8(0);
      case "u16":
        return data.getUint16(0, true);
      case "u32":
        return data.getUint32(0, true);
      case "i32":
        return data.getInt32(0, true);
      case "u64":
        return data.getBigUint64(0, true);
      case "u32[2]":
        return [0, 4].map((at) => BigInt(data.getUint32(at, true)));
      default:
        throw new Error(`The documentation has a field of type ${field.type} that is not read`);
    }
  }

  /** The constant fields, with the values that the table gives. */
  get constants(): Record<string, number> {
    return Object.fromEntries(
      this.fields.flatMap(({ name, value }) => value === undefined ? [] : [[name, value]]),
    );
  }

  /** Reads all fields that are numbers. */
  readAll(bytes: Bytes, base = 0): Record<string, FieldValue> {
    const numbers = this.fields.filter(({ type }) => type in WIDTHS || type === "u32[2]");
    return Object.fromEntries(numbers.map(({ name }) => [name, this.read(bytes, name, base)]));
  }
}

const Place = new DocumentedLayout("place");
const RingHeader = new DocumentedLayout("ring-header");
const RingRecord = new DocumentedLayout("ring-record");
const BroadcastHeader = new DocumentedLayout("broadcast-header");
const BroadcastRecord = new DocumentedLayout("broadcast-record");
const LatestHeader = new DocumentedLayout("latest-header");
const LatestSlot = new DocumentedLayout("latest-slot");
const WakeBits = new DocumentedLayout("wake-bits");
const Notice = new DocumentedLayout("notice");

/** The memory of a product, opened by its name as another program does it. */
function openMemory(name: string): Disposable & { readonly bytes: Bytes } {
  using stack = new DisposableStack();
  const memory = stack.use(SharedMemory.open(name, { access: "readwrite" }));
  const { bytes } = stack.use(memory.map());
  const all = stack.move();
  return { bytes, [Symbol.dispose]: () => all.dispose() };
}

/** Waits until something that other parts of this script do has happened. */
async function until(what: string, look: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!look()) {
    assert(performance.now() < end, `expected within 20 s that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Writes an owner down by the documented bits. */
function ownerOf(pid: number, startedAt: bigint): bigint {
  const [id, start] = tableOf("table: owner").map(({ bits }) => {
    const [from, to] = bits!.split("–").map(Number);
    return { from: BigInt(from!), width: to! - from! + 1 };
  });
  return BigInt.asUintN(id!.width, BigInt(pid)) << id!.from |
    BigInt.asUintN(start!.width, startedAt / 10_000n) << start!.from;
}

/** The owner that this process writes into its places. */
function ownOwner(): bigint {
  return ownerOf(Deno.pid, startOf());
}

function roundUp(length: number, multiple: number): number {
  return Math.ceil(length / multiple) * multiple;
}

/** Bytes that differ from message to message. */
function messageOf(length: number, seed: number): Bytes {
  return Uint8Array.from({ length }, (_, index) => (seed * 31 + index * 7 + 1) & 0xff);
}

Deno.test("wire_formats.md has the library's constants", () => {
  assertEquals(constantsOf("ring"), {
    "magic": ring.MAGIC,
    "version": ring.VERSION,
    "bytes of the header": ring.HEADER_LENGTH,
    "bytes before a message": ring.RECORD_HEADER_LENGTH,
    "smallest capacity": MIN_CAPACITY,
    "largest capacity": MAX_CAPACITY,
    "senders at most": ring.MAX_SENDERS,
    // The test of records sees that the sizes of records are multiples of it.
    "alignment of a record": 8,
  });
  assertEquals(constantsOf("broadcast"), {
    "magic": broadcast.MAGIC,
    // Not exported: the test of the header sees it.
    "version": 2,
    "bytes of the header": broadcast.HEADER_LENGTH,
    "bytes of one unit": broadcast.UNIT,
    "bytes before a message": broadcast.UNIT,
    "smallest capacity": MIN_CAPACITY,
    "largest capacity": MAX_CAPACITY,
    "kind of a message": broadcast.RECORD_KIND.message,
    "kind of padding": broadcast.RECORD_KIND.padding,
    "readers that can wait": MAX_WAITING,
  });
  assertEquals(constantsOf("latest"), {
    "magic": latest.MAGIC,
    "version": latest.VERSION,
    "slots": latest.SLOTS,
    "offset of the slots": latest.memoryLengthFor(31) - 4 * 128,
    // One word more than 31, and the slots are longer.
    "a slot is a multiple": (latest.memoryLengthFor(32) - latest.memoryLengthFor(31)) / 4,
    "readers that can wait": MAX_WAITING,
  });
});

Deno.test("wire_formats.md has the offsets of the C header", () => {
  const header = declareRingChannel();
  const checks = [...header.matchAll(/offsetof\(winipc_ring_header, ([^)]+)\) == (\d+)/g)];
  assertGreaterOrEqual(checks.length, 18);
  for (const [, path, offset] of checks) {
    const [, name, index = "0", part] = /^(\w+)(?:\[(\d+)\])?(?:\.(\w+))?$/.exec(path!)!;
    const inside = part === undefined ? 0 : 16 * Number(index) + Place.offsetOf(part);
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
    using _channel = RingChannel.create(name, {
      capacity: 4096,
      maxMessageLength: 100,
      ...settings,
    });
    using memory = openMemory(name);
    assertEquals(RingHeader.constants, { magic: 0x43524957, version: 1 });
    assertEquals(RingHeader.readAll(memory.bytes), {
      ...RingHeader.constants,
      capacity: 4096,
      max_message_length: 100,
      ...numbers,
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
  const received = receiver.receive({ timeout: 20_000 });
  await until("receiver_sleeps is raised", () => isRaised("receiver_sleeps"));
  sender.sendSync(message);
  assertEquals(RingHeader.read(memory.bytes, "receiver_sleeps"), 0);
  assertEquals(await received, message);

  sender.sendSync(message);
  sender.sendSync(message);
  const sent = sender.send(message, { timeout: 20_000 });
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

Deno.test("wire_formats.md has the offsets of a broadcast ring's header", () => {
  const name = randomName();
  using channel = BroadcastRing.create(name, { capacity: 4096, maxMessageLength: 200 });
  using memory = openMemory(name);
  assertEquals(BroadcastHeader.constants, { magic: 0x42524957, version: 2 });
  const settings = {
    ...BroadcastHeader.constants,
    capacity: 4096,
    max_message_length: 200,
    scope: 0,
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

/** The documented name of an object of a product, which has a word in it. */
function objectName(product: string, word: string): string {
  const found = tableOf("table: objects").find((row) =>
    row.product === product && row.name!.includes(word)
  );
  assert(found !== undefined, `the documentation names no "${word}" of a ${product}`);
  return found.name!;
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
  const received = [first, second].map((receiver) => receiver.receive({ timeout: 20_000 }));
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
  const received = receiver.receive({ timeout: 20_000 });
  await until(
    "the receiver has an event",
    () => nounOf(broadcastEventName(memory.bytes, 0)) === "an event",
  );
  using sender = channel.sender();
  sender.send(messageOf(2, 1));
  sender.flush();
  assertEquals((await received)?.bytes, messageOf(2, 1));
});

const Car = struct({ lap: "u32", speed: "f64" });

Deno.test("wire_formats.md has the offsets of a latest value's header and slots", () => {
  const name = randomName();
  using value = LatestValue.create(name, Car);
  using memory = openMemory(name);
  assertEquals(LatestHeader.constants, { magic: 0x564c4957, version: 2, slots: 4 });
  const settings = {
    ...LatestHeader.constants,
    layout_hash: Car.layoutHash,
    value_length: 16,
    sleeping: [0n, 0n],
    taken: [0n, 0n],
  };
  assertEquals(LatestHeader.readAll(memory.bytes), { ...settings, newest: 0 });
  const place = LatestHeader.offsetOf("writer");
  const writer = value.writer();
  assertEquals(Place.readAll(memory.bytes, place), { owner: ownOwner(), state: 0 });
  const { slots, "offset of the slots": first, "a slot is a multiple": multiple } = constantsOf(
    "latest",
  );
  assertEquals(first, LatestHeader.offsetOf("slot"));
  for (let number = 1; number <= 9; number++) {
    const car = { lap: number * 1000, speed: number / 3 };
    writer.write(car);
    assertEquals(LatestHeader.readAll(memory.bytes), { ...settings, newest: number });
    const length = roundUp(4 + Car.byteLength, multiple!);
    const slot = first! + (number % slots!) * length;
    assertEquals(LatestSlot.read(memory.bytes, "number", slot), number);
    assertEquals(Car.read(memory.bytes, slot + LatestSlot.offsetOf("value")), car);
  }
  writer.close();
  assertEquals(Place.readAll(memory.bytes, place), { owner: 0n, state: 1 });
});

Deno.test("LatestReader reads a value that was written by the rules of wire_formats.md", () => {
  const name = randomName();
  using value = LatestValue.create(name, Car);
  using reader = value.reader();
  using memory = openMemory(name);
  const words = new Uint32Array(memory.bytes.buffer);
  const car = { lap: 3, speed: 83.5 };
  // The last number before 1 is in the last slot.
  const number = 2 ** 32 - 1;
  const slot = LatestHeader.offsetOf("slot") + 3 * 128;
  Car.write(memory.bytes, car, slot + LatestSlot.offsetOf("value"));
  Atomics.store(words, (slot + LatestSlot.offsetOf("number")) / 4, number);
  Atomics.store(words, LatestHeader.offsetOf("newest") / 4, number);
  assertEquals(reader.read(), car);
  using writer = value.writer();
  writer.write({ lap: 4 });
  assertEquals(LatestHeader.read(memory.bytes, "newest"), 1);
  assertEquals(reader.read(), { lap: 4, speed: 83.5 });
});

Deno.test("wire_formats.md describes the wake bits and the events of a latest value", async () => {
  assertEquals(
    LatestHeader.offsetOf("taken") - LatestHeader.offsetOf("sleeping"),
    WakeBits.offsetOf("taken"),
  );
  const name = randomName();
  using value = LatestValue.create(name, Car);
  using memory = openMemory(name);
  using writer = value.writer();
  using reader = value.reader();
  const bits = (field: string) => (LatestHeader.read(memory.bytes, field) as bigint[])[0];
  const changes = reader.changes({ timeout: 20_000 });
  const next = changes.next();
  await until("the reader sleeps", () => bits("sleeping") === 1n);
  assertEquals(bits("taken"), 1n);
  const full = `Local\\${name}`;
  const event = objectName("latest value", "reader").replace("NAME", full).replace(/N$/, "0");
  assertEquals(nounOf(event), "an event");
  SharedEvent.openOrCreate(event, { reset: "auto" }).close();
  writer.write({ lap: 5 });
  assertEquals(bits("sleeping"), 0n);
  assertEquals((await next).value, { lap: 5, speed: 0 });
  await changes.return();
  assertEquals(bits("taken"), 0n);
  assertEquals(nounOf(event), undefined);
});

Deno.test("wire_formats.md names the objects of each product", () => {
  const nouns: Readonly<Record<string, string>> = {
    "section": "shared memory",
    "auto-reset event": "an event",
    "mutex": "a mutex",
  };
  const name = randomName();
  using stack = new DisposableStack();
  const products: Record<string, () => string> = {
    "ring": () => {
      stack.use(RingChannel.create(`${name}-ring`));
      return `Local\\${name}-ring`;
    },
    "broadcast ring": () => {
      stack.use(BroadcastRing.create(`${name}-broadcast`));
      return `Local\\${name}-broadcast`;
    },
    "latest value": () => {
      const value = stack.use(LatestValue.create(`${name}-latest`, Car));
      stack.use(value.writer());
      return `Local\\${name}-latest`;
    },
  };
  const rows = tableOf("table: objects");
  assertEquals([...new Set(rows.map(({ product }) => product!))], Object.keys(products));
  for (const [product, create] of Object.entries(products)) {
    const full = create();
    for (const { object, name } of rows.filter((row) => row.product === product)) {
      // The events of readers are there only while readers wait: other tests see them.
      if (name!.includes("reader")) continue;
      const found = name!.replace("NAME", full);
      assertEquals(nounOf(found), nouns[object!], found);
      if (object === "auto-reset event") {
        SharedEvent.openOrCreate(found, { reset: "auto" }).close();
      }
    }
  }
});

Deno.test("wire_formats.md describes the hash of a layout", () => {
  const [offset, prime] = /begins with (0x[0-9a-f]+)[^]*?multiplies by (0x[0-9a-f]+)/
    .exec(documentation)!.slice(1).map(BigInt);
  const rows = tableOf("table: layout-hash");
  assertEquals(rows.length, 1);
  for (const { struct: fields, text, hash } of rows) {
    const layout = struct(JSON.parse(fields!.replace(/(\w+):/g, '"$1":')));
    assertEquals(layout.layoutHash, BigInt(hash!));
    let found = offset!;
    for (const byte of new TextEncoder().encode(text)) {
      found = BigInt.asUintN(64, (found ^ BigInt(byte)) * prime!);
    }
    assertEquals(found, BigInt(hash!));
  }
});

/** A notice as it comes to a window: its bytes, and the numbers beside them. */
interface Received {
  readonly bytes: Bytes;
  readonly id: bigint;
  readonly wParam: bigint;
}

/** A window of this thread that takes notices and closes the handles that they bring. */
function openNoticeWindow(): Disposable & { window: MessageWindow; received: Received[] } {
  const received: Received[] = [];
  const window = MessageWindow.open({
    procedure: ({ copyData, wParam }) => {
      if (copyData === undefined) return undefined;
      received.push({ bytes: copyData.bytes, id: copyData.id, wParam });
      return 1n;
    },
  });
  return { window, received, [Symbol.dispose]: () => window.close() };
}

Deno.test("wire_formats.md has the offsets of a handle notice", async () => {
  using target = openNoticeWindow();
  using from = MessageWindow.open({ procedure: () => undefined });
  using memory = SharedMemory.anonymous(20_000);
  const tag = 0x1234_5678_9abc_def0n;
  await sendHandle(target.window, memory, { tag, from });
  await sendHandle(target.window, memory, { tag: -1, from, form: "pull", access: "read" });
  const [push, pull] = target.received;
  assertEquals([push!.id, push!.wParam], [BigInt(HANDLE_NOTICE), from.handle]);
  assertEquals(push!.bytes.length, 40);
  const { handle, ...fields } = Notice.readAll(push!.bytes);
  assertEquals(Notice.constants, { magic: HANDLE_NOTICE, version: 1 });
  assertEquals(fields, {
    ...Notice.constants,
    place: 1,
    kind: 0,
    pid: Deno.pid,
    rights: 0x7,
    byte_length: 20_000n,
    tag,
  });
  // The handle was put into this process, which is the receiver's, too.
  const expected = { byteLength: 20_000, access: "readwrite" } as const;
  using taken = SharedMemory.fromHandle(handle as bigint, expected);
  assertEquals(taken.byteLength, 20_480);
  const { place, rights, tag: last } = Notice.readAll(pull!.bytes);
  assertEquals({ place, rights, last }, { place: 2, rights: 0x5, last: 2n ** 64n - 1n });
});

Deno.test("wire_formats.md has the kinds and the rights of a handle notice", async () => {
  using target = openNoticeWindow();
  using event = SharedEvent.create(randomName());
  using waited = SharedEvent.open(event.name!, { access: "wait" });
  using semaphore = SharedSemaphore.create(randomName(), { initial: 1 });
  using counted = SharedSemaphore.open(semaphore.name!, { access: "wait" });
  using mutex = SharedMutex.create(randomName());
  using memory = SharedMemory.anonymous(4096);
  await sendHandle(target.window, memory, { access: "read", form: "pull" });
  await sendHandle(target.window, memory, { access: "readwrite", form: "pull" });
  for (const object of [event, waited, semaphore, counted, mutex]) {
    await sendHandle(target.window, object, { form: "pull" });
  }
  const sent = target.received.map(({ bytes }) => {
    const { kind, rights } = Notice.readAll(bytes);
    return { kind, rights };
  });
  const documented = tableOf("table: notice-rights").map(({ kind, rights }) => {
    return { kind: Number(kind), rights: Number(rights) };
  });
  assertEquals(sent, documented);
});

Deno.test("wire_formats.md describes the variables that a child process inherits", async () => {
  using memory = SharedMemory.anonymous(4096);
  using event = SharedEvent.anonymous();
  using semaphore = SharedSemaphore.anonymous({ initial: 1 });
  using mutex = SharedMutex.anonymous();
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using broadcasts = BroadcastRing.anonymous({ capacity: 1024 });
  let handles: Readonly<Record<string, bigint>> = {};
  await using child = spawn("cmd", {
    args: (values) => {
      handles = values;
      return ["/c", "set WINIPC_INHERIT_"];
    },
    inherit: {
      section: memory,
      read: { memory, access: "read" },
      event,
      semaphore,
      mutex,
      ...channel.toInherit("ring"),
      ...broadcasts.toInherit("broadcast"),
    },
    stdout: "piped",
    killWithParent: true,
  });
  const { stdout } = await child.output();
  const lines = new TextDecoder().decode(stdout).trim().split(/\r?\n/);
  const found = Object.fromEntries(lines.map((line) => line.split("=")));
  const forms = Object.fromEntries(
    tableOf("table: inheritance").map(({ object, value }) => [object!, value!]),
  );
  const write = (key: string, object: string, byteLength?: number, access?: string) =>
    forms[object]!.replace("HANDLE", `${handles[key]}`).replace("BYTES", `${byteLength}`).replace(
      "ACCESS",
      `${access}`,
    );
  assertEquals(found, {
    WINIPC_INHERIT_section: write("section", "section", 4096, "readwrite"),
    WINIPC_INHERIT_read: write("read", "section", 4096, "read"),
    WINIPC_INHERIT_event: write("event", "event"),
    WINIPC_INHERIT_semaphore: write("semaphore", "semaphore"),
    WINIPC_INHERIT_mutex: write("mutex", "mutex"),
    WINIPC_INHERIT_ring: write("ring", "section", 2048 + 1024, "readwrite"),
    WINIPC_INHERIT_ring_data: write("ring_data", "event"),
    WINIPC_INHERIT_ring_space: write("ring_space", "event"),
    WINIPC_INHERIT_broadcast: write("broadcast", "section", 2048 + 1024, "readwrite"),
  });
});
