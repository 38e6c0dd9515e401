// Alone: measures time while all of Deno's threads are busy.

import { assertEquals, assertGreater } from "@std/assert";
import { BroadcastRing, LatestValue, RingChannel } from "../../src/channel/mod.ts";
import { struct } from "../../src/struct/mod.ts";
import { openLibrary } from "../support/open_library.ts";
import { randomName } from "../support/random_name.ts";

const message = new Uint8Array(64);

/** Each of these is over at once, every time. */
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
  "LatestValue.changes()": () => {
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
};

for (const [name, open] of Object.entries(WAYS)) {
  Deno.test(`Timers fire, and signals are heard, while a script awaits ${name} again and again`, async () => {
    using way = open();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const signal = AbortSignal.timeout(500);
    const before = performance.now();
    while (!signal.aborted && performance.now() - before < 10_000) await way.again();
    clearInterval(timer);
    // Every 5 ms and 4 more, if nobody else were at work here.
    assertGreater(ticks, 10);
    assertGreater(10_000, performance.now() - before);
  });
}

Deno.test("What is sent and not awaited is in the ring at once, and what is received is taken in order", async () => {
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

Deno.test("What is sent is received soon also while others have all of Deno's threads busy", async () => {
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
    // It has fallen asleep by then, as far as it can.
    await new Promise((resolve) => setTimeout(resolve, 30));
    sender.sendSync(Uint8Array.of(number));
    assertEquals(await message, Uint8Array.of(number));
  }
  assertGreater(3000, performance.now() - before);
  await Promise.all(busy);
});
