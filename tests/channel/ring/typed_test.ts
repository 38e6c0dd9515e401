// Task: test:peers

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  ChannelInbox,
  connectRing,
  listenRing,
  RingChannel,
  type RingSender,
  sendChannel,
} from "../../../src/channel/mod.ts";
import { DESCRIPTION, HEADER_LENGTH } from "../../../src/channel/ring/layout.ts";
import { SharedMemory } from "../../../src/memory/mod.ts";
import { CopyDataListener } from "../../../src/messages/mod.ts";
import { spawn } from "../../../src/process/mod.ts";
import { type MessageLayout, struct, tagged, utf8 } from "../../../src/struct/mod.ts";
import { allocatedPerMessage } from "../../support/allocation.ts";
import { compileRingPeer } from "../../support/compile_ring_peer.ts";
import { peers } from "../../support/peers.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { Peer } from "../../support/peer.ts";
import { peerUrl } from "../../support/peer_url.ts";
import { Random } from "../../support/random.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { Event, eventOf, numberOf, Other, Quote, Trade } from "./typed_layouts.ts";

const END = "channel/ring/peers/typed_end.ts";
const { InvalidData, Busy, WouldBlock } = Deno.errors;
/** The error code of winerror.h for a channel with another layout. */
const ERROR_REVISION_MISMATCH = 1306;

Deno.test("A receiver gets the values that a sender of another process wrote, in each way", async () => {
  const total = 3000;
  for (const producers of ["single", "multiple"] as const) {
    const name = randomName();
    using channel = RingChannel.create(name, { capacity: 8192, message: Event, producers });
    assertEquals(channel.settings.maxMessageLength, Event.byteLength);
    using receiver = channel.receiver();
    await using _sender = await Peer.start(END, "sender", name, `${total}`);
    let next = 0;
    for (; next < 1000; next++) assertEquals(await receiver.receive(soon), eventOf(next));
    for (; next < 1500; next++) assertEquals(receiver.receiveSync(soon), eventOf(next));
    for (; next < 2000; next++) {
      assertEquals(await receiver.peek(soon), { message: eventOf(next), number: next });
      receiver.release(1);
    }
    while (next < 2500 && await receiver.waitForMessage(soon)) {
      receiver.readViews((view) => assertEquals(numberOf(view), next++));
    }
    for await (const event of receiver) assertEquals(event, eventOf(next++));
    assertEquals(next, total);
  }
});

Deno.test("Processes read the values and the views of a typed channel", async () => {
  for (const role of ["values", "views"]) {
    const name = randomName();
    using channel = RingChannel.create(name, { capacity: 4096, message: Event });
    const sender = channel.sender();
    await using peer = await Peer.start(END, role, name);
    for (let number = 0; number < 1000; number++) await sender.write(eventOf(number), soon);
    sender.close();
    assertEquals(await peer.nextLine(), "1000");
  }
});

Deno.test("A process with another layout cannot open the channel, and learns the first field that differs", async () => {
  const name = randomName();
  using _channel = RingChannel.create(name, { message: Event });
  await using other = await Peer.start(END, "differs", name);
  const label = `InvalidData: Cannot open channel "Local\\${name}": its messages have `;
  assertEquals(
    await other.nextLine(),
    `${label}a layout, a tagged union of 200 bytes; give the same layout in the option message`,
  );
  const difference = `${label}another layout: its field 2 of "quote" is "quote.number" (a u32 ` +
    'at offset 4), and not "quote.count" (a u32 at offset 4)';
  for (let count = 0; count < 3; count++) {
    assertEquals(await other.nextLine(), difference);
  }
  using _plain = RingChannel.create(`${name}-plain`);
  assertThrows(
    () => RingChannel.open(`${name}-plain`, { message: Trade }),
    InvalidData,
    "its messages have no layout; open it without the option message",
  );
  await assertLeavesNoHandle(20, () => {
    assertThrows(() => RingChannel.open(name), InvalidData);
    assertThrows(() => RingChannel.open(name, { message: Other }), InvalidData);
  });
});

Deno.test("A channel throws RangeError if its messages cannot have the size of the layout", () => {
  const Large = struct({ text: utf8(600) });
  assertThrows(() => RingChannel.anonymous({ capacity: 1024, message: Large }), RangeError);
  assertThrows(() => RingChannel.anonymous({ maxMessageLength: 10, message: Large }), RangeError);
});

Deno.test("A child process inherits a typed channel", async () => {
  using channel = RingChannel.anonymous({ message: Event });
  using receiver = channel.receiver();
  await using child = spawn(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-ffi", "--allow-env"],
      ...[peerUrl(END).href, "sender", "inherited:events", "3"],
    ],
    inherit: channel.toInherit("events"),
  });
  for (let number = 0; number < 3; number++) {
    assertEquals(await receiver.receive(soon), eventOf(number));
  }
  assertEquals((await child.status).code, 0);
});

Deno.test("connectRing() and listenRing() share channels of a layout, and refuse another one", async () => {
  const name = randomName();
  using listener = listenRing(name, { message: Event });
  await assertRejects(() => connectRing(name, { ...soon, message: Other }), InvalidData, "quote");
  await assertRejects(() => connectRing(name, soon), InvalidData, "have a layout");
  const accepted = listener.accept(soon);
  using client = await connectRing(name, { ...soon, message: Event });
  using server = await accepted;
  await client.sender.write(eventOf(1));
  assertEquals(await server.receiver.receive(soon), eventOf(1));
  await server.writable.getWriter().write(eventOf(2));
  assertEquals((await client.readable.getReader().read()).value, eventOf(2));
});

Deno.test("ChannelInbox.take() takes a channel of a layout, and refuses another one", async () => {
  using inbox = new ChannelInbox();
  const results: string[] = [];
  let message: MessageLayout = Event;
  await using listener = await CopyDataListener.open({
    onMessage(part) {
      try {
        using channel = inbox.take(part, { message });
        if (channel !== undefined) results.push("taken");
        return 1n;
      } catch (error) {
        results.push(`${error}`);
        return 0n;
      }
    },
  });
  using channel = RingChannel.anonymous({ message: Event });
  await sendChannel(listener, channel);
  message = Other;
  await assertRejects(() => sendChannel(listener, channel));
  assertEquals(results.length, 2);
  assertEquals(results[0], "taken");
  assert(results[1]!.includes("another layout"), results[1]);
});

Deno.test("write(), tryWrite() and writeSync() do at a full ring what whenFull says, and keep the order", async () => {
  using waiting = RingChannel.anonymous({ capacity: 1024, message: Quote });
  using sender = waiting.sender();
  using receiver = waiting.receiver();
  const quote = (number: number) => ({ bid: 0.5, number });
  const writes = Array.from({ length: 200 }, (_, number) => sender.write(quote(number), soon));
  assertThrows(() => sender.writeSync(quote(0)), Busy, "await them first");
  for (let number = 0; number < 200; number++) {
    assertEquals(await receiver.receive(soon), quote(number));
  }
  assertEquals(await Promise.all(writes), writes.map(() => true));
  // There is no message, so the receiver publishes all its room now, and not later.
  assertEquals(receiver.tryReceive(), undefined);
  while (sender.tryWrite(quote(1)));
  await assertRejects(() => sender.write(quote(1), { timeout: 20 }), Deno.errors.TimedOut);
  assertThrows(() => sender.writeSync(quote(1), { timeout: 20 }), Deno.errors.TimedOut);
  for (const whenFull of ["fail", "drop"] as const) {
    using channel = RingChannel.anonymous({ capacity: 1024, message: Quote, whenFull });
    using sender = channel.sender();
    using _receiver = channel.receiver();
    while (sender.tryWrite(quote(1)));
    if (whenFull === "fail") {
      assertThrows(() => sender.writeSync(quote(1)), WouldBlock);
      await assertRejects(() => sender.write(quote(1)), WouldBlock);
    } else {
      assertEquals(sender.writeSync(quote(1)), false);
      assertEquals(await sender.write(quote(1)), false);
    }
  }
});

Deno.test("write() refuses values that are not of the layout, and then nothing is sent", async () => {
  using channel = RingChannel.anonymous({ message: Quote });
  using sender = channel.sender();
  using receiver = channel.receiver();
  const wrong: unknown[] = [{ bid: "1" }, { number: -1 }, { other: 1 }, 5, undefined];
  const anySender: RingSender<unknown> = sender;
  for (const value of wrong) {
    assertThrows(() => anySender.tryWrite(value));
    assertThrows(() => anySender.writeSync(value));
    await assertRejects(() => anySender.write(value));
  }
  // The getter uses the sender while its value is checked.
  sender.tryWrite({
    get number() {
      sender.writeSync({ number: 1 });
      return 2;
    },
  });
  sender.flush();
  assertEquals(receiver.tryReceive(), { bid: 0, number: 1 });
  assertEquals(receiver.tryReceive(), { bid: 0, number: 2 });
  assertEquals(receiver.tryReceive(), undefined);
  // A claimed message, a closed sender, and a closed channel.
  assert(sender.claimAt(1) >= 0);
  assertThrows(() => sender.tryWrite({ number: 1 }), Busy);
  await assertRejects(() => sender.write({ number: 1 }), Busy);
  sender.abort();
  {
    using other = RingChannel.anonymous({ message: Quote });
    const closed = [other.sender()];
    closed[0]!.close();
    closed.push(other.sender());
    closed[1]!.tryWrite({ number: 1 });
    other.close();
    for (const end of closed) {
      assertThrows(() => end.tryWrite({ number: 1 }), Deno.errors.BadResource);
      assertThrows(() => end.writeSync({ number: 1 }), Deno.errors.BadResource);
      await assertRejects(() => end.write({ number: 1 }), Deno.errors.BadResource);
    }
  }
  // Views of other messages, and views in the ring itself.
  sender.writeSync({ bid: 2, number: 3 });
  receiver.readViews((view) => sender.writeSync(view));
  assertEquals(receiver.tryReceive(), { bid: 2, number: 3 });
  await assertRejects(() => sender.sendValue(1), TypeError, "call write()");
  await assertRejects(() => receiver.receiveValue(), TypeError, "call receive()");
  await assertRejects(() => receiver.values().next(), TypeError, "call receive()");
});

Deno.test("An untyped channel refuses write() and readViews(), in TypeScript and when it runs", async () => {
  using channel = RingChannel.anonymous();
  using sender = channel.sender();
  using receiver = channel.receiver();
  // @ts-expect-error: without a layout, no value can be written.
  await assertRejects(() => sender.write({ bid: 1 }), TypeError, "option message");
  // @ts-expect-error: as above.
  assertThrows(() => sender.tryWrite({ bid: 1 }), TypeError, "option message");
  // @ts-expect-error: as above.
  assertThrows(() => sender.writeSync({ bid: 1 }), TypeError, "option message");
  assertThrows(() => receiver.readViews(() => {}), TypeError, "option message");
  using typed = RingChannel.anonymous({ message: Quote });
  using quotes = typed.sender();
  // @ts-expect-error: the layout has no such field.
  assertThrows(() => quotes.tryWrite({ price: 1 }), TypeError, "price");
});

Deno.test("readViews() shows one view, which moves, and leaves a message for which its visitor throws", () => {
  using channel = RingChannel.anonymous({ capacity: 1024, message: Quote });
  using sender = channel.sender();
  using receiver = channel.receiver();
  let first: unknown;
  let [written, read] = [0, 0];
  for (let round = 0; round < 100; round++) {
    while (sender.tryWrite({ bid: written % 1000, number: written })) written++;
    receiver.readViews((view) => {
      assertStrictEquals(view, first ??= view);
      assertEquals([view.bid, view.number], [read % 1000, read]);
      read++;
    });
  }
  assert(read > 1000);
  assertEquals(read, written);
  sender.writeSync({ number: 7 });
  const stop = new Error("stop");
  assertThrows(
    () =>
      receiver.readViews(() => {
        throw stop;
      }),
    Error,
    "stop",
  );
  assertEquals(receiver.tryReceive(), { bid: 0, number: 7 });
});

Deno.test("readViews() allocates at most the numbers that its visitor reads, also behind a tag", () => {
  const Flat = struct({ price: "f64", size: "u32" });
  const Tagged = tagged({ flat: Flat, small: struct({ size: "u32" }) });
  using flat = RingChannel.anonymous({ capacity: 2 ** 22, message: Flat });
  using both = RingChannel.anonymous({ capacity: 2 ** 22, message: Tagged });
  using stack = new DisposableStack();
  const [sender, receiver] = [stack.use(flat.sender()), stack.use(flat.receiver())];
  const [other, others] = [stack.use(both.sender()), stack.use(both.receiver())];
  // A field of a closure would be a number object, which each sum allocates.
  const sums = new Float64Array(1);
  const count = 100_000;
  const repeat = (each: () => void) => (count: number) => {
    for (let written = 0; written < count; written++) each();
  };
  const values = { price: 1.5, size: 2 };
  const write = repeat(() => sender.tryWrite(values));
  const perView = allocatedPerMessage(count, {
    write,
    read: () => void receiver.readViews(({ price, size }) => sums[0]! += price + size),
  });
  // In a process with many layouts, V8 allocates a number of 16 bytes for each fraction.
  assert(perView < 40, `${perView} bytes for each view`);
  const perTagged = allocatedPerMessage(count, {
    write: repeat(() => other.tryWrite({ kind: "flat", value: values })),
    read: () =>
      void others.readViews(({ kind, value }) => {
        sums[0]! += kind === "flat" ? value.price + value.size : value.size;
      }),
  });
  assert(perTagged < 40, `${perTagged} bytes for each view with a tag`);
  const kept = Array.from({ length: 20_000 }, () => receiver.tryReceive());
  const perValue = allocatedPerMessage(kept.length, {
    write,
    read: () => {
      for (const at of kept.keys()) kept[at] = receiver.tryReceive();
    },
  });
  assert(perValue > 100, `${perValue} bytes for each value`);
  assertEquals(kept.at(-1), values);
  assert(sums[0]! > 0);
});

Deno.test("Messages of a wrong length or tag throw InvalidData, and receive() takes them out", async () => {
  using channel = RingChannel.anonymous({ message: Event });
  using sender = channel.sender();
  using receiver = channel.receiver();
  const wrong = [new Uint8Array(0), new Uint8Array(3), new Uint8Array(17), Uint32Array.of(9, 0)];
  for (const bytes of wrong) {
    sender.sendSync(bytes);
    sender.writeSync(eventOf(5));
    assertThrows(() => receiver.readViews(() => {}), InvalidData);
    assertThrows(() => receiver.tryPeek(), InvalidData);
    await assertRejects(() => receiver.peek(soon), InvalidData);
    assertEquals(receiver.unreleased, 0);
    await assertRejects(() => receiver.receive(soon), InvalidData);
    assertEquals(await receiver.receive(soon), eventOf(5));
  }
  assertEquals(receiver.stats.received, 2 * wrong.length);
});

Deno.test("RingReceiver.values() yields the values of sendValue() until the sender is closed", async () => {
  using channel = RingChannel.anonymous();
  using receiver = channel.receiver();
  const sender = channel.sender();
  const values = [1, "two", { three: [3n] }, undefined, new Map([[1, new Set("x")]])];
  for (const value of values) await sender.sendValue(value);
  sender.close();
  assertEquals(await Array.fromAsync(receiver.values()), values);
});

Deno.test("Random bytes in the description of a layout never open the channel, and close it again", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024, message: Event });
  using memory = SharedMemory.open(name, { access: "readwrite" });
  using view = memory.map();
  const text = HEADER_LENGTH + channel.settings.capacity;
  const good = view.bytes.slice();
  const random = new Random(11);
  await assertLeavesNoHandle(20, () => {
    for (let round = 0; round < 20; round++) {
      const at = random.below(3) === 0
        ? DESCRIPTION.hash + random.below(12)
        : text + random.below(Event.signature.length);
      const before = view.bytes[at]!;
      view.bytes[at] = before ^ (1 + random.below(255));
      assertThrows(() => RingChannel.open(name, { message: Event }), InvalidData);
      assertThrows(() => RingChannel.open(name), InvalidData);
      view.bytes.set(good);
    }
  });
  RingChannel.open(name, { message: Event }).close();
});

peers.test("declareRingChannel(): C programs send and receive the messages of a layout, and refuse another one", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/typed_end.c", {
    bits,
    messages: { event: Event, other: Other },
  });
  const name = randomName();
  const total = 2000;
  {
    using channel = RingChannel.create(name, { capacity: 4096, message: Event });
    using receiver = channel.receiver();
    await using _peer = await Peer.startProgram(program.path, "send", name, `${total}`);
    let next = 0;
    for await (const event of receiver) assertEquals(event, eventOf(next++));
    assertEquals(next, total);
  }
  {
    using channel = RingChannel.create(name, { capacity: 4096, message: Event });
    const sender = channel.sender();
    await using peer = await Peer.startProgram(program.path, "receive", name, "0");
    for (let number = 0; number < total; number++) await sender.write(eventOf(number), soon);
    sender.close();
    assertEquals((await peer.nextLine()).trim(), `${total} 38`);
    for (const role of ["untyped", "wrong"]) {
      await assertRejects(
        () => Peer.startProgram(program.path, role, name, "0"),
        Error,
        `refused ${ERROR_REVISION_MISMATCH}`,
      );
    }
  }
  using _plain = RingChannel.create(`${name}-plain`);
  await assertRejects(
    () => Peer.startProgram(program.path, "receive", `${name}-plain`, "0"),
    Error,
    `refused ${ERROR_REVISION_MISMATCH}`,
  );
});
