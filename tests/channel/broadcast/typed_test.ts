// Task: test:peers

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { BroadcastRing } from "../../../src/channel/mod.ts";
import { HEADER_LENGTH } from "../../../src/channel/broadcast/layout.ts";
import { SharedMemory } from "../../../src/memory/mod.ts";
import { spawn } from "../../../src/process/mod.ts";
import { array, bytes, struct, type StructValue, utf8 } from "../../../src/struct/mod.ts";
import { allocatedPerMessage } from "../../support/allocation.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { Peer } from "../../support/peer.ts";
import { peerUrl } from "../../support/peer_url.ts";
import { Random } from "../../support/random.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { Event, eventOf, numberOf, Quote, Trade } from "../ring/typed_layouts.ts";

const END = "channel/broadcast/peers/typed_end.ts";
const { InvalidData, Busy, BadResource } = Deno.errors;

Deno.test("A typed broadcast ring gives every receiver the values that its sender wrote", async () => {
  const name = randomName();
  const total = 2000;
  using ring = BroadcastRing.create(name, { message: Event });
  assertEquals(ring.settings.maxMessageLength, Event.byteLength);
  using receiver = ring.receiver();
  await using values = await Peer.start(END, "values", name);
  await using views = await Peer.start(END, "views", name);
  using sender = ring.sender();
  for (let number = 0; number < total; number++) sender.write(eventOf(number));
  sender.close();
  let received = 0;
  for await (const event of receiver) assertEquals(event, eventOf(received++));
  assertEquals(received, total);
  for (const peer of [values, views]) {
    assertEquals(await peer.nextLine(), `${total} 0 ${total - 1}`);
  }
});

Deno.test("No value and no view has parts of two messages while the sender overwrites the ring", async () => {
  const name = randomName();
  const total = 60_000;
  using ring = BroadcastRing.create(name, { capacity: 4096, message: Event });
  using receiver = ring.receiver();
  await using values = await Peer.start(END, "values", name);
  await using views = await Peer.start(END, "views", name);
  await using _sender = await Peer.start(END, "sender", name, `${total}`);
  let received = 0;
  while (await receiver.waitForMessage(soon)) {
    received += receiver.readViews((view) => numberOf(view));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals(received + receiver.missed, total);
  assert(receiver.missed > 0 && received > 0);
  for (const peer of [values, views]) {
    const [count, missed, last] = (await peer.nextLine()).split(" ").map(Number);
    assertEquals([count! + missed!, last], [total, total - 1]);
  }
});

Deno.test("A process with another layout cannot open the ring, and learns the first field that differs", async () => {
  const name = randomName();
  using _ring = BroadcastRing.create(name, { message: Trade });
  await using other = await Peer.start(END, "differs", name);
  const label = `InvalidData: Cannot open broadcast ring "Local\\${name}": its messages have `;
  assertEquals(
    await other.nextLine(),
    `${label}a layout, a struct of 192 bytes; give the same layout in the option message`,
  );
  const difference = `${label}another layout: it has one more field, "price" (an f64 at offset 8)`;
  for (let count = 0; count < 3; count++) assertEquals(await other.nextLine(), difference);

  using plain = BroadcastRing.create(`${name}-plain`);
  assertThrows(
    () => BroadcastRing.open(`${name}-plain`, { message: Trade }),
    InvalidData,
    "its messages have no layout; open it without the option message",
  );
  assertEquals(plain.settings.maxMessageLength, 131_056);
  await assertLeavesNoHandle(20, () => {
    assertThrows(() => BroadcastRing.open(name), InvalidData);
    assertThrows(() => BroadcastRing.open(name, { message: Quote }), InvalidData);
    assertThrows(() => BroadcastRing.openOrCreate(name, { message: Quote }), InvalidData);
  });
});

Deno.test("A child process inherits a typed ring, and refuses another layout", async () => {
  using ring = BroadcastRing.anonymous({ message: Event });
  using receiver = ring.receiver();
  const start = (role: string) =>
    spawn(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--allow-ffi",
        "--allow-env",
        peerUrl(END).href,
        role,
        "inherited:events",
        "3",
      ],
      inherit: ring.toInherit("events"),
    });
  await using child = start("sender");
  for (let number = 0; number < 3; number++) {
    assertEquals(await receiver.receive(soon), eventOf(number));
  }
  assertEquals((await child.status).code, 0);
  // This process has inherited nothing.
  assertThrows(() => BroadcastRing.inherited("none", { message: Quote }), Deno.errors.NotFound);
});

Deno.test("Receivers get whole values of a sender that is killed, and of the next sender", async () => {
  const name = randomName();
  const random = new Random(7);
  using ring = BroadcastRing.create(name, { capacity: 8192, message: Event });
  using receiver = ring.receiver();
  for (let round = 0; round < 3; round++) {
    const sender = await Peer.start(END, "sender", name);
    let received = 0;
    await assertRejects(async () => {
      while (await receiver.waitForMessage(soon)) {
        if (received === 0) setTimeout(() => sender.kill(), random.below(100));
        received += receiver.readViews((view) => numberOf(view));
        const event = receiver.tryReceive();
        if (event !== undefined) numberOf(event);
      }
    }, Deno.errors.ConnectionReset);
    await sender[Symbol.asyncDispose]();
    assert(received > 0);
  }
  using sender = ring.sender();
  sender.write(eventOf(8));
  assertEquals(receiver.tryReceive(), eventOf(8));
});

Deno.test("A message of another program with a wrong length or tag throws InvalidData, and the next message is good", () => {
  using ring = BroadcastRing.anonymous({ message: Event, maxMessageLength: 1000 });
  using receiver = ring.receiver();
  using sender = ring.sender();
  const wrong = [
    [0, "has 0 bytes, and no tag"],
    [7, "has 7 bytes, and no tag"],
    [8, "has 8 bytes, and not the 200 of its layout"],
    [1000, "has 1000 bytes, and its layout at most 200"],
  ] as const;
  for (const [length, text] of wrong) {
    for (const read of [() => receiver.tryReceive(), () => receiver.readViews(() => {})]) {
      sender.send(new Uint8Array(length));
      sender.write(eventOf(1));
      sender.flush();
      assertThrows(read, InvalidData, `A message of the anonymous broadcast ring ${text}`);
      assertEquals(receiver.tryReceive(), eventOf(1));
    }
  }
  sender.send(new Uint8Array(16).fill(9));
  assertThrows(
    () => receiver.tryReceive(),
    InvalidData,
    "has the tag 151587081, and its layout only 2",
  );
});

Deno.test("BroadcastSender.write() sends nothing if a value is wrong, and sets other fields to 0", () => {
  const Note = struct({ text: utf8(6), raw: bytes(4), more: "u32" });
  using ring = BroadcastRing.anonymous({ message: Note });
  using receiver = ring.receiver();
  using sender = ring.sender();
  const write = (value: unknown) => () => Reflect.apply(sender.write, sender, [value]);
  for (const wrong of [undefined, 1, "x", { text: 1 }, { none: 1 }, new Uint8Array(3)]) {
    assertThrows(write(wrong), TypeError);
  }
  assertThrows(write({ text: "too long" }), RangeError, "text");
  sender.claimAt(Note.byteLength);
  assertThrows(() => sender.write({}), Busy, "claimed");
  sender.abort();
  assertEquals([receiver.tryReceive(), sender.stats.messages], [undefined, 0]);

  const lap = Math.ceil(ring.settings.capacity / 32) + 1;
  for (let count = 0; count < lap; count++) {
    sender.write({ text: "old", raw: Uint8Array.of(7, 7, 7, 7), more: 7 });
  }
  while (receiver.tryReceive() !== undefined);
  sender.write({ raw: Uint8Array.of(1) });
  const expected = { text: "", raw: Uint8Array.of(1, 0, 0, 0), more: 0 };
  assertEquals(receiver.tryReceive(), expected);
  // A view of a message is input of another one.
  sender.write(expected);
  const views: unknown[] = [];
  sender.flush();
  receiver.readViews((view) => {
    views.push(view);
    sender.write(view);
  });
  assertEquals([receiver.tryReceive(), views.length], [expected, 1]);
});

Deno.test("A getter in a value cannot confuse the sender", () => {
  using ring = BroadcastRing.anonymous({ message: Quote });
  using receiver = ring.receiver();
  const sender = ring.sender();
  const write = (bid: () => number) =>
    sender.write({
      get bid() {
        return bid();
      },
      number: 1,
    });
  write(() => (sender.write({ bid: 5 }), 6));
  assertEquals(receiver.tryReceive(), { bid: 5, number: 0 });
  assertEquals(receiver.tryReceive(), { bid: 6, number: 1 });
  assertThrows(() => write(() => sender.claimAt(8)), Busy);
  sender.abort();
  assertThrows(() => write(() => (sender.close(), 1)), BadResource);
  assertThrows(() => sender.write({}), BadResource);
});

Deno.test("A receiver goes on if a script has transferred the buffer of a view away", () => {
  const Raw = struct({ raw: bytes(4) });
  using ring = BroadcastRing.anonymous({ message: Raw });
  using receiver = ring.receiver();
  using sender = ring.sender();
  const sent = [1, 2, 3, 4].map((byte) => ({ raw: new Uint8Array(4).fill(byte) }));
  for (const value of sent) sender.write(value);
  sender.flush();
  const seen: number[] = [];
  receiver.readViews((view) => {
    seen.push(view.raw[0]!);
    const { buffer } = view.raw;
    if (buffer instanceof ArrayBuffer) structuredClone(buffer, { transfer: [buffer] });
  });
  assertEquals(seen, [1, 2, 3, 4]);
  sender.write(sent[0]!);
  assertEquals(receiver.tryReceive(), sent[0]!);
});

Deno.test("BroadcastReceiver.readViews() takes the message for which its visitor throws", () => {
  using ring = BroadcastRing.anonymous({ message: Quote });
  using receiver = ring.receiver();
  using sender = ring.sender();
  for (const number of [1, 2, 3]) sender.write({ number });
  sender.flush();
  const seen: number[] = [];
  const visit = ({ number }: { number: number }) => {
    seen.push(number);
    if (number === 1) throw new RangeError("stop");
  };
  assertThrows(() => receiver.readViews(visit), RangeError, "stop");
  assertEquals([receiver.readViews(visit), receiver.readViews(visit)], [2, 0]);
  assertEquals(seen, [1, 2, 3]);
  sender.close();
  assertEquals([receiver.waitForMessageSync(soon), receiver.readViews(visit)], [false, 0]);
});

Deno.test("BroadcastReceiver.readViews() allocates at most the 64 bits of a position for a message", () => {
  const Flat = struct({ number: "u32", price: "f64", marks: array("u16", 4) });
  using ring = BroadcastRing.anonymous({ message: Flat, capacity: 2 ** 23 });
  using receiver = ring.receiver();
  using sender = ring.sender();
  // A field of a closure would be a number object, which each sum allocates.
  const sums = new Float64Array(1);
  const add = (view: { number: number; price: number; marks: { get(at: number): number } }) => {
    sums[0]! += view.number + view.price + view.marks.get(2);
  };
  const write = (count: number) => {
    for (let number = 0; number < count; number++) sender.write({ number });
    sender.flush();
  };
  const perView = allocatedPerMessage(100_000, { write, read: () => void receiver.readViews(add) });
  // A position is read as a bigint, which takes 24 bytes.
  assert(perView < 40, `${perView} bytes for each view`);
  const kept = Array.from({ length: 20_000 }, () => receiver.tryReceive());
  const perValue = allocatedPerMessage(kept.length, {
    write,
    read: () => {
      for (const at of kept.keys()) kept[at] = receiver.tryReceive();
    },
  });
  assert(perValue > 100, `${perValue} bytes for each value`);
  assertEquals(kept.at(-1)?.number, kept.length - 1);
  assert(sums[0]! > 0);
});

Deno.test("Receivers throw only InvalidData and Busy for any bytes in a typed ring", () => {
  const random = new Random(3);
  const name = randomName();
  using ring = BroadcastRing.create(name, { capacity: 2048, message: Event });
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  let refused = 0;
  for (let round = 0; round < 300; round++) {
    using receiver = ring.receiver();
    {
      using sender = ring.sender();
      for (let count = 0; count < 3; count++) sender.write(eventOf(count));
      sender.flush();
      const before = view.bytes.slice();
      for (let change = 0; change < 1 + random.below(20); change++) {
        view.bytes[HEADER_LENGTH + random.below(2048)] = random.below(256);
      }
      for (let reads = 0; reads < 4; reads++) {
        try {
          if (reads % 2 === 0) receiver.readViews((event) => JSON.stringify(event));
          else receiver.tryReceive();
        } catch (error) {
          refused++;
          assert(error instanceof InvalidData || error instanceof Busy, String(error));
        }
      }
      view.bytes.set(before);
    }
  }
  assert(refused > 20, `${refused}`);
});

Deno.test("BroadcastRing.open() throws only InvalidData for any bytes in the header and the description", () => {
  const random = new Random(4);
  const name = randomName();
  using _ring = BroadcastRing.create(name, { capacity: 2048, message: Event });
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  const whole = view.bytes.slice();
  const text = HEADER_LENGTH + 2048;
  const described = whole.subarray(text, text + Event.signature.length);
  assertEquals(new TextDecoder().decode(described), Event.signature);
  const kinds = new Set<string>();
  for (let round = 0; round < 400; round++) {
    view.bytes.set(whole);
    const at = round % 2 === 0 ? 4 + random.below(56) : text + random.below(described.length);
    for (let change = 0; change <= random.below(4); change++) {
      view.bytes[at + change] = random.below(256);
    }
    const attempts = [
      () => BroadcastRing.open(name, { message: Event }),
      () => BroadcastRing.open(name, { message: Quote }),
      () => BroadcastRing.open(name),
    ];
    for (const open of attempts) {
      try {
        open().close();
        kinds.add("opened");
      } catch (error) {
        assert(error instanceof InvalidData, String(error));
        // deno-lint-ignore no-control-regex -- there must be none
        assert(!/[\0-\x1f\x7f]/.test(error.message), error.message);
        kinds.add(error.message.replace(/^.*?(is corrupt|have a|have an|have no|not a).*$/, "$1"));
      }
    }
  }
  assert(kinds.size >= 4, [...kinds].join());
});

Deno.test("BroadcastReceiver.values() yields the values that another process has cloned", async () => {
  const name = randomName();
  using ring = BroadcastRing.create(name);
  using receiver = ring.receiver();
  await using _cloner = await Peer.start(END, "cloner", name, "5");
  let number = 0;
  for await (const value of receiver.values()) {
    assertEquals(value, { number, tags: new Set([number, "a"]) });
    number++;
  }
  assertEquals(number, 5);
  using sender = ring.sender();
  assertThrows(() => sender.sendValue(() => 1), DOMException, "could not be cloned");
  sender.send(Uint8Array.of(1, 2, 3));
  await assertRejects(() => receiver.receiveValue(soon), InvalidData, "not a value that was sent");
  sender.sendValue(undefined);
  assertEquals(await receiver.receiveValue(soon), { value: undefined });
});

Deno.test("TypeScript and the ends refuse values without a layout, and cloned values with one", async () => {
  using plain = BroadcastRing.anonymous();
  using typed = BroadcastRing.anonymous({ message: Quote });
  using plainSender = plain.sender();
  using plainReceiver = plain.receiver();
  using typedSender = typed.sender();
  using typedReceiver = typed.receiver();
  // @ts-expect-error -- the ring has no layout
  assertThrows(() => plainSender.write({ bid: 1 }), TypeError, "with the option message");
  assertThrows(() => plainReceiver.readViews(() => {}), TypeError, "with the option message");
  assertThrows(() => typedSender.sendValue(1), TypeError, "call write()");
  typedSender.write({ bid: 1 });
  typedSender.flush();
  await assertRejects(() => typedReceiver.receiveValue(soon), TypeError, "call receive()");
  await assertRejects(() => typedReceiver.values(soon).next(), TypeError, "call receive()");
  // The refused calls took no message.
  const value: StructValue<{ bid: "f32"; number: "u32" }> | undefined = typedReceiver.tryReceive();
  assertEquals(value, { bid: 1, number: 0 });
  // @ts-expect-error -- there is no such field
  assertThrows(() => typedSender.write({ ask: 1 }), TypeError, "There is no field ask");
});

Deno.test("BroadcastRing.create() refuses a layout that is too large for the ring, or not a layout", () => {
  const Large = struct({ data: bytes(200) });
  const create = (options: object) => () =>
    Reflect.apply(BroadcastRing.create, undefined, [randomName(), options]);
  assertThrows(
    create({ capacity: 1024, message: Large }),
    RangeError,
    "enough for messages of 200",
  );
  assertThrows(create({ message: Large, maxMessageLength: 100 }), RangeError, "from 200 to 131056");
  for (const message of [1, "u32", {}, array("u8", 3)]) {
    assertThrows(create({ message }), TypeError, "Expected message to be a layout");
  }
  const names = Array.from({ length: 5000 }, (_, at) => [`field_${at}`, "u8"]);
  const Long = struct(Object.fromEntries(names));
  const { message } = assertThrows(create({ message: Long, capacity: 2 ** 20 }), RangeError);
  assertMatch(message, /description has at most 65536 bytes/);
});
