// Alone: it measures time while all threads of Deno's pool are busy.

import { assertEquals, assertGreater } from "@std/assert";
import { BroadcastRing, LatestFrame, LatestValue, RingChannel } from "../../src/channel/mod.ts";
import { struct } from "../../src/struct/mod.ts";
import { openLibrary } from "../support/open_library.ts";
import { randomName } from "../support/random_name.ts";

const message = new Uint8Array(64);

/** Ways to wait that are over at once, each time. */
const WAYS: Record<string, () => Disposable & { again(): Promise<unknown> }> = {
  "RingSender.send() and RingReceiver.receive()": () => {
    const channel = RingChannel.anonymous();
    const [sender, receiver] = [channel.sender(), channel.receiver()];
    const again = async () => (await sender.send(message), await receiver.receive());
    return { again, [Symbol.dispose]: () => channel.close() };
  },
  "RingSender.waitForRoom()": () => {
    const channel = RingChannel.anonymous();
    const sender = channel.sender();
    return { again: () => sender.waitForRoom(64), [Symbol.dispose]: () => channel.close() };
  },
  "RingReceiver.waitForMessage()": () => {
    const channel = RingChannel.anonymous();
    const [sender, receiver] = [channel.sender(), channel.receiver()];
    sender.sendSync(message);
    return { again: () => receiver.waitForMessage(), [Symbol.dispose]: () => channel.close() };
  },
  "BroadcastReceiver.receive()": () => {
    const ring = BroadcastRing.create(randomName());
    const [sender, receiver] = [ring.sender(), ring.receiver()];
    const again = () => {
      sender.send(message);
      sender.flush();
      return receiver.receive();
    };
    return { again, [Symbol.dispose]: () => ring.close() };
  },
  "LatestReader.changes()": () => {
    const layout = struct({ count: "u32" });
    const name = randomName();
    const writerValue = LatestValue.openOrCreate(name, layout);
    const writer = writerValue.writer();
    const opened = LatestValue.open(name, layout);
    const value = opened.reader();
    const changes = value.changes();
    const again = () => {
      writer.write({ count: 1 });
      return changes.next();
    };
    return { again, [Symbol.dispose]: () => (value.close(), writer.close()) };
  },
  "FrameReader.changes()": () => {
    const frames = LatestFrame.create(randomName(), { byteLength: 8 });
    const writer = frames.writer();
    const changes = frames.reader().changes();
    const again = () => {
      writer.claim();
      writer.publish();
      return changes.next();
    };
    return { again, [Symbol.dispose]: () => frames.close() };
  },
};

for (const [name, open] of Object.entries(WAYS)) {
  Deno.test(`Timers fire and signals abort while a script awaits ${name} again and again`, async () => {
    using way = open();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const signal = AbortSignal.timeout(500);
    const before = performance.now();
    while (!signal.aborted && performance.now() - before < 10_000) await way.again();
    clearInterval(timer);
    // On an idle machine the timer fires every 5 ms, or up to 4 ms later.
    assertGreater(ticks, 10);
    assertGreater(10_000, performance.now() - before);
  });
}

Deno.test("RingSender.send() puts messages into the ring at once, and RingReceiver.receive() takes them in order", async () => {
  using channel = RingChannel.anonymous();
  using sender = channel.sender();
  using receiver = channel.receiver();
  const count = 300;
  const sent = Array.from({ length: count }, (_, index) => sender.send(Uint8Array.of(index)));
  sender.sendSync(new Uint8Array());
  const received = Array.from({ length: count }, () => receiver.receive());
  assertEquals(receiver.tryReceive(), new Uint8Array());
  const order: number[] = [];
  await Promise.all(received.map(async (message) => order.push((await message)![0]!)));
  assertEquals(order, Array.from({ length: count }, (_, index) => index % 256));
  assertEquals(await Promise.all(sent), sent.map(() => true));
});

Deno.test("RingReceiver.receive() is woken soon while all threads of Deno's pool are busy", async () => {
  using library = openLibrary("kernel32.dll", {
    Sleep: { parameters: ["u32"], result: "void", nonblocking: true },
  });
  using channel = RingChannel.anonymous();
  using sender = channel.sender();
  using receiver = channel.receiver();
  const before = performance.now();
  const busy = Array.from(
    { length: navigator.hardwareConcurrency * 4 },
    () => library.symbols.Sleep(4000),
  );
  for (let number = 0; number < 5; number++) {
    const message = receiver.receive();
    // After this time the receiver sleeps.
    await new Promise((resolve) => setTimeout(resolve, 30));
    sender.sendSync(Uint8Array.of(number));
    assertEquals(await message, Uint8Array.of(number));
  }
  assertGreater(3000, performance.now() - before);
  await Promise.all(busy);
});
