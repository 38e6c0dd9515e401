import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { connectRing, listenRing, RingChannel } from "../../../src/channel/mod.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

/** Returns the numbers and the first bytes of all messages that can be peeked at now. */
function peekAll(receiver: ReturnType<RingChannel["receiver"]>): string[] {
  const found: string[] = [];
  for (let peeked; (peeked = receiver.tryPeek()) !== undefined;) {
    found.push(`${peeked.number}:${peeked.message[0]}`);
  }
  return found;
}

Deno.test("RingReceiver.peek() keeps messages in the ring until release(), for the next receiver, too", async () => {
  for (const producers of ["single", "multiple"] as const) {
    const name = randomName();
    using channel = RingChannel.create(name, { capacity: 1024, producers });
    using sender = channel.sender();
    for (let at = 10; at < 15; at++) sender.sendSync(Uint8Array.of(at));
    {
      using receiver = channel.receiver();
      assertEquals(await receiver.receive(), Uint8Array.of(10));
      assertEquals(await receiver.peek(soon), { message: Uint8Array.of(11), number: 1 });
      assertEquals(receiver.peekSync(soon), { message: Uint8Array.of(12), number: 2 });
      assertEquals(receiver.tryPeek(), { message: Uint8Array.of(13), number: 3 });
      assertEquals(receiver.unreleased, 3);
      receiver.release(1);
      assertEquals(receiver.unreleased, 2);
      assertEquals(receiver.stats.received, 2);
    }
    using same = RingChannel.open(name);
    using receiver = same.receiver();
    assertEquals(peekAll(receiver), ["2:12", "3:13", "4:14"]);
    sender.close();
    assertEquals(await receiver.peek(soon), undefined);
    assertEquals(receiver.peekSync(soon), undefined);
    assertEquals(receiver.ended, false);
    receiver.release(3);
    assertEquals(receiver.ended, true);
    assertEquals(receiver.stats.received, 3);
  }
});

Deno.test("RingReceiver throws Busy from calls that take messages while peeked messages are not released", async () => {
  using channel = RingChannel.anonymous();
  using sender = channel.sender();
  using receiver = channel.receiver();
  for (let at = 0; at < 3; at++) sender.sendSync(Uint8Array.of(at));
  await receiver.peek(soon);
  const { Busy } = Deno.errors;
  const text = "1 peeked message is not released";
  assertThrows(() => receiver.tryReceive(), Busy, text);
  assertThrows(() => receiver.receiveSync(soon), Busy, text);
  assertThrows(() => receiver.waitForMessageSync(soon), Busy, text);
  assertThrows(() => receiver.read(() => {}), Busy, text);
  assertThrows(() => receiver.readAt(() => {}), Busy, text);
  await assertRejects(() => receiver.receive(soon), Busy, text);
  await assertRejects(() => receiver.receiveValue(soon), Busy, text);
  await assertRejects(() => receiver.waitForMessage(soon), Busy, text);
  await assertRejects(() => receiver[Symbol.asyncIterator]().next(), Busy, text);
  assertThrows(() => receiver.release(2), RangeError);
  assertThrows(() => receiver.release(-1), RangeError);
  receiver.release(1);
  assertEquals(receiver.tryReceive(), Uint8Array.of(1));
  // A visitor that peeks keeps the message that it visits.
  assertThrows(() => receiver.readAt(() => void receiver.tryPeek()), Busy, text);
  receiver.release(1);
  assertEquals(receiver.stats.received, 3);
  const late = receiver.peek(soon);
  receiver.close();
  await assertRejects(() => late, Deno.errors.BadResource);
  assertThrows(() => receiver.release(0), Deno.errors.BadResource);
  assertThrows(() => receiver.tryPeek(), Deno.errors.BadResource);
});

Deno.test("Peeked messages fill the ring until release(), as whenFull says", async () => {
  for (const whenFull of ["wait", "fail", "drop"] as const) {
    using channel = RingChannel.anonymous({ capacity: 1024, whenFull });
    using sender = channel.sender();
    using receiver = channel.receiver();
    const message = new Uint8Array(504);
    for (let count = 0; count < 2; count++) sender.sendSync(message);
    receiver.peekSync(soon);
    receiver.peekSync(soon);
    if (whenFull === "fail") assertThrows(() => sender.sendSync(message), Deno.errors.WouldBlock);
    if (whenFull === "drop") assertEquals(sender.sendSync(message), false);
    if (whenFull !== "wait") {
      await assertRejects(() => receiver.peek({ timeout: 20 }), Deno.errors.TimedOut);
      continue;
    }
    // The sender waits, and the receiver keeps the room: only one of them can end that.
    const sent = sender.send(message, soon);
    await assertRejects(() => receiver.peek(soon), Deno.errors.Busy, "2 peeked messages");
    const peeked = receiver.peek(soon).catch((error) => error);
    receiver.release(1);
    assertEquals((await peeked).number, 2);
    assertEquals(await sent, true);
  }
});

Deno.test("peek() waits although a sender that gave up has left its wake flag raised", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024, producers: "multiple" });
  using sender = channel.sender();
  using receiver = channel.receiver();
  const message = new Uint8Array(504);
  for (let count = 0; count < 2; count++) sender.sendSync(message);
  receiver.peekSync(soon);
  receiver.peekSync(soon);
  // The wake flag of many senders stays raised.
  assertThrows(() => sender.sendSync(message, { timeout: 20 }), Deno.errors.TimedOut);
  await assertRejects(() => receiver.peek({ timeout: 50 }), Deno.errors.TimedOut);
  assertThrows(() => receiver.peekSync({ timeout: 50 }), Deno.errors.TimedOut);
});

Deno.test("A sender gets all its room back when messages are peeked and released in laps of a small ring", () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  let [sent, next] = [0, 0];
  for (let round = 0; round < 3000; round++) {
    while (sender.trySend(new Uint8Array(1 + (sent * 37) % 300).fill(sent))) sent++;
    sender.flush();
    for (let peeked; (peeked = receiver.tryPeek()) !== undefined; next++) {
      assertEquals(peeked.number, next);
      assert(peeked.message.every((byte) => byte === next % 256));
      assertEquals(peeked.message.length, 1 + (next * 37) % 300);
    }
    assertEquals(next, sent);
    receiver.release(1 + round % receiver.unreleased);
    // Some messages stay, and are peeked at by the next round's receiver only if it is another one.
    if (round % 7 === 0) receiver.release(receiver.unreleased);
    receiver.stats;
  }
});

Deno.test("Messages of a connection of connectRing() can be peeked at and released", async () => {
  const name = randomName();
  using listener = listenRing(name);
  const accepted = listener.accept();
  using client = await connectRing(name, soon);
  using server = await accepted;
  await client.sender.sendValue("question");
  const peeked = await server!.receiver.peek(soon);
  assertEquals(peeked?.number, 0);
  server!.receiver.release(1);
  await client.sender.sendValue("another");
  assertEquals((await server!.receiver.receiveValue(soon))?.value, "another");
});

Deno.test("After all processes have closed a channel, its messages are gone, and numbers begin at 0", () => {
  const name = randomName();
  for (let round = 0; round < 2; round++) {
    using channel = RingChannel.openOrCreate(name);
    using sender = channel.sender();
    for (let number = 0; number < 3; number++) sender.sendSync(Uint8Array.of(number));
    using receiver = channel.receiver();
    for (let number = 0; number < 2; number++) {
      assertEquals(receiver.tryPeek(), { message: Uint8Array.of(number), number });
    }
    receiver.release(1);
  }
});

Deno.test("peek() waits, and the end comes, after padding that an aborted message has left", async () => {
  for (const peeks of [0, 1]) {
    using channel = RingChannel.anonymous({ capacity: 1024 });
    const sender = channel.sender();
    using receiver = channel.receiver();
    sender.sendSync(new Uint8Array(500));
    sender.sendSync(new Uint8Array(100));
    for (let count = 2; count > peeks; count--) assert(receiver.tryReceive() !== undefined);
    for (let count = 0; count < peeks; count++) assert(receiver.tryPeek() !== undefined);
    // The receiver publishes its room, because it finds nothing.
    assertEquals(receiver.tryPeek(), undefined);
    assert(sender.claimAt(480) >= 0);
    sender.abort();
    sender.flush();
    assertEquals(receiver.tryPeek(), undefined);
    assertThrows(() => receiver.peekSync({ timeout: 20 }), Deno.errors.TimedOut);
    await assertRejects(() => receiver.peek({ timeout: 20 }), Deno.errors.TimedOut);
    receiver.release(peeks);
    assertThrows(() => receiver.peekSync({ timeout: 20 }), Deno.errors.TimedOut);
    sender.sendSync(Uint8Array.of(1));
    assertEquals(receiver.tryPeek(), { message: Uint8Array.of(1), number: 2 });
    sender.close();
    assertEquals(await receiver.peek({ timeout: 1000 }), undefined);
    receiver.release(1);
    assertEquals(receiver.ended, true);
  }
});
