// Looks at rings and values from outside. The expected contents are those that the ends report.

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { currentThread } from "../../ffi/process_thread.ts";
import {
  type ChannelInspection,
  inspectChannel,
  inspectLayout,
  memoryOf,
  type ValidInspection,
} from "../../src/channel/inspection.ts";
import { BroadcastRing, LatestFrame, LatestValue, RingChannel } from "../../src/channel/mod.ts";
import { threadOwner } from "../../src/channel/peer/place.ts";
import { SharedMemory } from "../../src/memory/mod.ts";
import { struct } from "../../src/struct/mod.ts";
import { randomName } from "../support/random_name.ts";

const ALIVE = { state: "alive", process: Deno.pid, thread: undefined } as const;
const FREE = { state: "free", process: undefined, thread: undefined } as const;
const CLOSED = { state: "closed", process: undefined, thread: undefined } as const;
const Trade = struct({ price: "f64", size: "u32" });
const SIGNATURE = "struct{price@0:f64,size@8:u32}16";

/** Inspects a memory of a name through a view that can only be read. */
function inspect(name: string): ChannelInspection | undefined {
  using memory = SharedMemory.open(name);
  using view = memory.map();
  return inspectChannel(memoryOf(view.bytes));
}

function layoutOf(name: string): string | undefined {
  using memory = SharedMemory.open(name);
  using view = memory.map();
  const found = inspectChannel(memoryOf(view.bytes));
  assert(found !== undefined && !("problem" in found));
  return inspectLayout(memoryOf(view.bytes), found);
}

function assertParts<T extends ValidInspection>(
  found: ChannelInspection | undefined,
  parts: Partial<T>,
): void {
  assert(found !== undefined);
  const values = new Map<string, unknown>(Object.entries(found));
  assertEquals(Object.fromEntries(Object.keys(parts).map((key) => [key, values.get(key)])), parts);
}

Deno.test("inspectChannel() sees a ring's settings, places, fill and counts, and takes no place", () => {
  const name = randomName();
  using channel = RingChannel.create(name, {
    capacity: 1024,
    maxMessageLength: 100,
    whenFull: "drop",
  });
  const settings = {
    kind: "ring",
    version: 2,
    capacity: 1024,
    maxMessageLength: 100,
    whenFull: "drop",
    producers: "single",
    endsWithLastSender: true,
    layoutLength: 0,
    receiverWaits: false,
    senderWaits: false,
  } as const;
  assertEquals(inspect(name), {
    ...settings,
    tail: 0,
    head: 0,
    used: 0,
    received: 0,
    dropped: 0,
    places: [{ role: "sender", ...FREE }, { role: "receiver", ...FREE }],
  });

  using sender = channel.sender();
  using receiver = channel.receiver();
  // Records of 104 bytes: nine fit, and the tenth is dropped.
  const sent = Array.from({ length: 10 }, () => sender.sendSync(new Uint8Array(96)));
  sender.flush();
  assertEquals(sent.filter((isSent) => isSent).length, 9);
  assertEquals(inspect(name), {
    ...settings,
    tail: 936,
    head: 0,
    used: 936,
    received: 0,
    dropped: 1,
    places: [{ role: "sender", ...ALIVE }, { role: "receiver", ...ALIVE }],
  });
  while (receiver.tryReceive() !== undefined);
  sender.close();
  receiver.close();
  assertEquals(inspect(name), {
    ...settings,
    tail: 936,
    head: 936,
    used: 0,
    received: 9,
    dropped: 1,
    places: [{ role: "sender", ...CLOSED }, { role: "receiver", ...CLOSED }],
  });
});

Deno.test("inspectChannel() lists the senders of a ring with many senders that have a place", () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024, producers: "multiple" });
  using _first = channel.sender();
  using _second = channel.sender();
  assertParts(inspect(name), {
    producers: "multiple",
    places: [
      { role: "sender", ...ALIVE },
      { role: "sender", ...ALIVE },
      { role: "receiver", ...FREE },
    ],
  });
});

Deno.test("inspectChannel() counts the messages and the bytes of a broadcast ring", () => {
  const name = randomName();
  using ring = BroadcastRing.create(name, { message: Trade, capacity: 1024 });
  using sender = ring.sender();
  for (let size = 0; size < 100; size++) sender.write({ price: 1, size });
  sender.flush();
  const found = inspect(name);
  assert(found?.kind === "broadcast" && !("problem" in found));
  assertMatch(found.wakeEvents, /^Local\\winipc\.[0-9a-f]{32}$/);
  assertEquals(found, {
    kind: "broadcast",
    version: 3,
    capacity: 1024,
    maxMessageLength: 16,
    layoutLength: SIGNATURE.length,
    // The first record is empty: 16 bytes. Each message takes 32. The first lap ends with padding.
    written: 16 + 100 * 32 + 16,
    sent: 100,
    wakeEvents: found.wakeEvents,
    readers: { waiting: 0, waited: 0 },
    places: [{ role: "sender", ...ALIVE }],
  });
  assertEquals(layoutOf(name), SIGNATURE);
});

Deno.test("inspectChannel() counts the values of a latest value, and the readers that wait", async () => {
  const name = randomName();
  using value = LatestValue.create(name, Trade);
  using reader = value.reader();
  using writer = value.writer();
  for (let size = 0; size < 3; size++) writer.write({ price: 1, size });
  const changes = reader.changes();
  await changes.next();
  const next = changes.next();
  // The reader falls asleep soon after it has found no new value.
  const isAwake = () => {
    const found = inspect(name);
    return found?.kind === "latest" && !("problem" in found) && found.readers.waiting === 0;
  };
  while (isAwake()) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(inspect(name), {
    kind: "latest",
    version: 3,
    valueLength: 16,
    layoutLength: SIGNATURE.length,
    published: 3,
    readers: { waiting: 1, waited: 1 },
    places: [{ role: "writer", ...ALIVE }],
  });
  writer.write({ price: 2, size: 4 });
  await next;
  await changes.return();
  assertEquals(layoutOf(name), SIGNATURE);
});

Deno.test("inspectChannel() sees a latest frame's newest frame and its readers", () => {
  const name = randomName();
  using frame = LatestFrame.create(name, { byteLength: 5000, maxReaders: 2 });
  using _reader = frame.reader();
  using writer = frame.writer();
  for (const length of [10, 4000]) {
    writer.claim();
    writer.publish(undefined, { length });
  }
  assertEquals(inspect(name), {
    kind: "frame",
    version: 1,
    byteLength: 5000,
    slots: 4,
    maxReaders: 2,
    layoutLength: 0,
    published: 2,
    frameLength: 4000,
    readers: { waiting: 0, waited: 0 },
    places: [{ role: "writer", ...ALIVE }, { role: "reader", ...ALIVE }],
  });
  assertEquals(layoutOf(name), undefined);
});

Deno.test("inspectChannel() finds nothing in plain memory", () => {
  assertEquals(inspectChannel(memoryOf(new Uint8Array(0))), undefined);
  assertEquals(inspectChannel(memoryOf(new Uint8Array(4096))), undefined);
  assertEquals(inspectChannel(memoryOf(new Uint8Array(4096).fill(7))), undefined);
});

Deno.test("inspectChannel() says what is wrong with a header of another version or a corrupt one", () => {
  const memory = new Uint8Array(4096);
  const words = new Uint32Array(memory.buffer);
  const problem = (values: Record<number, number>) => {
    words.fill(0);
    for (const [index, value] of Object.entries(values)) words[Number(index)] = value;
    return inspectChannel(memoryOf(memory));
  };
  const ring = { 0: 0x4352_4957, 1: 2, 2: 1, 3: 1024, 4: 100 };
  const broadcast = { 0: 0x4252_4957, 1: 3, 2: 1024, 3: 100 };
  const frame = { 0: 0x464c_4957, 1: 1, 2: 4, 3: 2, 4: 1 };
  assertEquals(problem({ ...ring, 1: 9 }), {
    kind: "ring",
    version: 9,
    problem: "it is of version 9 and layout 1",
  });
  assertEquals(problem({ ...ring, 3: 1000 }), {
    kind: "ring",
    version: 2,
    problem: "its header contradicts itself",
  });
  assertEquals(problem({ ...ring, 32: 2000 }), {
    kind: "ring",
    version: 2,
    problem: "it holds 2000 bytes, more than its capacity",
  });
  assertEquals(problem({ ...ring, 32: 16, 64: 8 }), {
    kind: "ring",
    version: 2,
    problem: "no number belongs to its head at 8",
  });
  assertEquals(problem({ ...broadcast }), {
    kind: "broadcast",
    version: 3,
    problem: "its newest record, at 0, is invalid",
  });
  assertEquals(problem({ ...broadcast, 1: 4 }), {
    kind: "broadcast",
    version: 4,
    problem: "it is of version 4",
  });
  assertEquals(problem({ 0: 0x564c_4957, 1: 3, 4: 0xffff_ffff, 5: 4 }), {
    kind: "latest",
    version: 3,
    problem: "its header contradicts itself",
  });
  assertEquals(problem({ ...frame, 3: 60 }), {
    kind: "frame",
    version: 1,
    problem: "its header contradicts itself",
  });
});

Deno.test("inspectChannel() survives any words after a magic, and inspectLayout() any description", () => {
  const random = crypto.getRandomValues.bind(crypto);
  const kinds = new Set<string>();
  for (let round = 0; round < 2000; round++) {
    const memory = new Uint8Array([16, 300, 2048, 8192][round % 4]!);
    const words = new Uint32Array(memory.buffer);
    // Most words stay 0, so that some headers are almost right.
    for (let count = round % 7; count > 0; count--) {
      words[random(new Uint32Array(1))[0]! % Math.min(words.length, 260)] = random(
        new Uint32Array(1),
      )[0]!;
    }
    const magics = [0x4352_4957, 0x4252_4957, 0x564c_4957, 0x464c_4957];
    words[0] = magics[(round >> 2) % 4]!;
    const found = inspectChannel(memoryOf(memory));
    assert(found !== undefined);
    kinds.add(found.kind);
    if (!("problem" in found)) inspectLayout(memoryOf(memory), found);
  }
  assertEquals(kinds.size, 4);
});

Deno.test("inspectLayout() refuses a description that contradicts its hash", () => {
  const name = randomName();
  using _ring = BroadcastRing.create(name, { message: Trade, capacity: 1024 });
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  view.bytes[2048 + 1024 + 10]! ^= 1;
  assertThrows(
    () => layoutOf(name),
    Deno.errors.InvalidData,
    "The memory of the broadcast is corrupt: the description of its layout contradicts itself",
  );
});

Deno.test("inspectChannel() sees that an owner is gone, also one that is no id of a process", () => {
  const memory = new Uint8Array(4096);
  const words = new Uint32Array(memory.buffer);
  words.set([0x4352_4957, 2, 1, 1024, 100]);
  const owner = (value: bigint) => {
    new DataView(memory.buffer).setBigUint64(896, value, true);
    const found = inspectChannel(memoryOf(memory));
    assert(found !== undefined && !("problem" in found));
    return found.places.at(-1);
  };
  const dead = { role: "receiver", state: "dead", thread: undefined } as const;
  assertEquals(owner(BigInt(Deno.pid)), { ...dead, process: Deno.pid });
  // The place of a Worker's end has a thread, whose process is found.
  const thread = currentThread();
  assertEquals(owner(threadOwner(thread)), {
    role: "receiver",
    state: "alive",
    process: Deno.pid,
    thread: thread.id,
  });
  assertEquals(owner(0xffff_ffff_0000_0002n), { ...dead, process: 2 });
  assertEquals(owner(5n), { ...dead, process: undefined, thread: 4 });
});

/** A memory that another process changes before each copy of a part. */
function changing(memory: Uint8Array<ArrayBuffer>, change: (copies: number) => void) {
  let copies = 0;
  const { byteLength, copy } = memoryOf(memory);
  return {
    byteLength,
    copy(offset: number, length: number) {
      change(++copies);
      return copy(offset, length);
    },
  };
}

Deno.test("inspectChannel() looks again if an end changes the memory between two copies", () => {
  const memory = new Uint8Array(65_536);
  const words = new Int32Array(memory.buffer);
  const positions = new BigUint64Array(memory.buffer);

  // Ring: the first copy of the header has an old tail and a new head. Copy 1 is the magic's.
  words.set([0x4352_4957, 2, 1, 1024, 100]);
  words.set([8, 1, 0], 194);
  words[64] = 8;
  const ring = changing(memory, (copies) => words[32] = copies < 3 ? 0 : 24);
  assertParts(inspectChannel(ring), { kind: "ring", used: 16, received: 1 });

  // Broadcast ring: the sender announces that it overwrites the newest record, and moves on.
  words.fill(0);
  words.set([0x4252_4957, 3, 1024, 100]);
  words.set([32, 1, 5, 0], 512);
  words.set([32, 1, 6, 0], 512 + 8);
  const broadcast = changing(memory, (copies) => {
    positions[16] = copies < 4 ? 0n : 2n;
    positions[32] = 65n;
  });
  assertParts(inspectChannel(broadcast), { kind: "broadcast", sent: 6, written: 2 * 16 + 32 });

  // Latest frame: the newest slot changes after its head was read.
  words.fill(0);
  words.set([0x464c_4957, 1, 4, 3, 1]);
  // Slots of two pages begin at the second page: the number and the length of each frame.
  words.set([7, 0, 3], 1024);
  words.set([8, 0, 4], 1024 + 2048);
  const frame = changing(memory, (copies) => words[64] = copies < 5 ? 1 : 2);
  assertParts(inspectChannel(frame), { kind: "frame", published: 8, frameLength: 4 });
});
