import { partsOf } from "../../../src/channel/ring/channel.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RingChannel } from "../../../src/channel/mod.ts";
import { HEADER_LENGTH, RECEIVER } from "../../../src/channel/ring/layout.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { readNumbered } from "./numbered_messages.ts";
import { stream } from "./numbered_stream.ts";

/** Returns a function that asserts that a message is the peer's next one, and whole. */
function expectation(longest: number): (message: Uint8Array, number: number) => void {
  return (message, number) => assertEquals(readNumbered(message, longest).number, number);
}

Deno.test("sendSync() sends a million messages of random lengths through a small ring in order", async () => {
  await stream([{ mode: "sync", count: 1_000_000 }]);
});

Deno.test("receive() and async iteration get all messages in order, and then the end", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 4096 });
  using receiver = channel.receiver();
  await using _peer = await Peer.start("channel/ring/peers/end.ts", "sender", name, "20000");
  const check = expectation(channel.settings.maxMessageLength);
  let number = 0;
  check((await receiver.receive(soon))!, number++);
  for await (const message of receiver) check(message, number++);
  assertEquals([number, await receiver.receive(soon)], [20_000, undefined]);
});

Deno.test("The death of the peer's process wakes a sleeping end", async () => {
  for (const sync of [true, false]) {
    const name = randomName();
    using there = RingChannel.create(name, { capacity: 1024 });
    using back = RingChannel.create(`${name}b`, { capacity: 1024 });
    using sender = there.sender();
    using receiver = back.receiver();
    await using peer = await Peer.start("channel/ring/peers/end.ts", "echo", name);
    for (let value = 0; value < 1000; value++) {
      await sender.send(Uint8Array.of(value), soon);
      assertEquals(await receiver.receive(soon), Uint8Array.of(value));
    }
    if (sync) {
      peer.kill();
      assertThrows(() => receiver.receiveSync(soon), Deno.errors.ConnectionReset);
      assertThrows(() => {
        for (;;) sender.sendSync(new Uint8Array(100), soon);
      }, Deno.errors.BrokenPipe);
    } else {
      const wait = receiver.receive(soon);
      peer.kill();
      await assertRejects(() => wait, Deno.errors.ConnectionReset);
      await assertRejects(async () => {
        for (;;) await sender.send(new Uint8Array(100), soon);
      }, Deno.errors.BrokenPipe);
    }
    await peer.gone();
  }
});

Deno.test("RingChannel.sender() and receiver() throw Busy until the place is free", async () => {
  const name = randomName();
  using channel = RingChannel.create(name);
  {
    await using peer = await Peer.start("channel/ring/peers/end.ts", "receiver", name);
    assertThrows(() => channel.receiver(), Deno.errors.Busy, `${peer.pid}`);
    using sender = channel.sender();
    assertThrows(() => channel.sender(), Deno.errors.Busy, `${Deno.pid}`);
    sender.trySend(Uint8Array.of(1));
    peer.kill();
    await peer.gone();
  }
  using sender = channel.sender();
  using receiver = channel.receiver();
  sender.close();
  using other = channel.sender();
  other.sendSync(Uint8Array.of(2));
  assertEquals(await receiver.receive(soon), Uint8Array.of(1));
  assertEquals(await receiver.receive(soon), Uint8Array.of(2));
});

Deno.test("send() keeps the order of messages while it waits, and stops at a timeout or a signal", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  const sends = Array.from({ length: 100 }, (_, at) => sender.send(new Uint8Array(100).fill(at)));
  await assertRejects(
    () => sender.send(new Uint8Array(100), { timeout: 20 }),
    Deno.errors.TimedOut,
  );
  await assertRejects(() => sender.send(new Uint8Array(1), { signal: AbortSignal.timeout(20) }));
  assertThrows(() => sender.sendSync(new Uint8Array(1)), Deno.errors.Busy);
  for (let at = 0; at < 100; at++) assertEquals((await receiver.receive(soon))?.[0], at);
  assertEquals(await Promise.all(sends), sends.map(() => true));
  await assertRejects(() => receiver.receive({ timeout: 20 }), Deno.errors.TimedOut);
  assertThrows(() => receiver.receiveSync({ timeout: 20 }), Deno.errors.TimedOut);
  const wait = receiver.receive({ signal: AbortSignal.timeout(20) });
  await assertRejects(() => wait, DOMException);
  const late = receiver.receive(soon);
  receiver.close();
  await assertRejects(() => late, Deno.errors.BadResource);
  assertThrows(() => sender.trySend(new Uint8Array(1)), Deno.errors.BrokenPipe);
});

Deno.test("send() throws or drops the message if the ring is full, as whenFull says", async () => {
  using failing = RingChannel.anonymous({ capacity: 1024, whenFull: "fail" });
  using sender = failing.sender();
  assert(sender.trySend(new Uint8Array(504)));
  assert(sender.sendSync(new Uint8Array(504)));
  assertEquals(sender.trySend(new Uint8Array(1)), false);
  assertThrows(() => sender.sendSync(new Uint8Array(1)), Deno.errors.WouldBlock);
  await assertRejects(() => sender.send(new Uint8Array(1)), Deno.errors.WouldBlock);
  assertThrows(() => sender.trySend(new Uint8Array(505)), RangeError);
  using dropping = RingChannel.anonymous({ capacity: 1024, whenFull: "drop" });
  using dropper = dropping.sender();
  for (let count = 0; count < 5; count++) await dropper.send(new Uint8Array(504));
  assertEquals(dropper.sendSync(new Uint8Array(1)), false);
  assertEquals(sender.stats, { sent: 2, waited: 0, failed: 2, dropped: 0 });
  assertEquals(dropper.stats, { sent: 2, waited: 0, failed: 0, dropped: 4 });
  using taker = dropping.receiver();
  assertEquals(taker.read(() => {}), 2);
  assertThrows(() => taker.receiveSync({ timeout: 1 }), Deno.errors.TimedOut);
  assertEquals(taker.stats, { received: 2, waited: 1, dropped: 4 });
});

Deno.test("read() reads only messages that were sent before the call, also if a visitor sends more", () => {
  using channel = RingChannel.anonymous({ capacity: 4096 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  const message = new Uint8Array(56);
  const send = () => {
    assert(sender.trySend(message));
    sender.flush();
  };
  for (let count = 0; count < 3; count++) send();
  assertEquals(receiver.read(send), 3);
  assertEquals(receiver.read(() => {}), 3);
});

Deno.test("A visitor of readAt() can receive messages itself, and close the receiver", () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  for (let value = 0; value < 4; value++) sender.sendSync(Uint8Array.of(value));
  const seen: number[] = [];
  const visited = receiver.readAt((ring, offset) => {
    seen.push(ring[offset]!);
    if (seen.length > 1) receiver.close();
    else seen.push(receiver.tryReceive()![0]!, receiver.tryReceive()![0]!);
  });
  assertEquals([visited, seen], [2, [0, 0, 1, 2]]);
  assertThrows(() => receiver.ring, Deno.errors.BadResource);
  using next = channel.receiver();
  // The message that was visited during close() stays in the ring.
  assertEquals(next.receiveSync(soon), Uint8Array.of(2));
  assertEquals(next.receiveSync(soon), Uint8Array.of(3));
});

Deno.test("readAt() publishes the room of visited messages if the visitor throws", async () => {
  using channel = RingChannel.anonymous({ capacity: 65_536 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  const message = new Uint8Array(1000);
  while (sender.trySend(message));
  let visits = 0;
  const visit = () => {
    if (++visits === 4) throw new Error("stop");
  };
  assertThrows(() => receiver.readAt(visit), Error, "stop");
  await sender.waitForRoom(message.length, soon);
  // Three messages were read, and their room is less than a batch.
  for (let count = 0; count < 3; count++) assert(sender.trySend(message));
  assert(!sender.trySend(message));
});

Deno.test("A sender refuses an array whose buffer was transferred, and can then send again", () => {
  for (const producers of ["single", "multiple"] as const) {
    using channel = RingChannel.anonymous({ capacity: 1024, producers });
    using sender = channel.sender();
    using receiver = channel.receiver();
    const bytes = new Uint8Array(8);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    assertThrows(() => sender.trySend(bytes), TypeError);
    assertThrows(() => sender.sendSync(bytes), TypeError);
    assert(sender.trySend(Uint8Array.of(1)));
    assertEquals(receiver.receiveSync(soon), Uint8Array.of(1));
    assertEquals(receiver.tryReceive(), undefined);
  }
});

Deno.test("commit() publishes a claim also after a flush or the end of its event-loop turn", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  for (const flushes of [false, true]) {
    const received = receiver.receive(soon);
    sender.ring[sender.claimAt(1)] = 7;
    if (flushes) sender.flush();
    await new Promise((resolve) => setTimeout(resolve, 5));
    sender.commit();
    assertEquals(await received, Uint8Array.of(7));
  }
});

Deno.test("RingSender sends a claimed message after commit(), and not after abort()", () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  assertThrows(() => sender.commit(), TypeError);
  sender.claimAt(100);
  assertThrows(() => sender.trySend(new Uint8Array(1)), Deno.errors.Busy);
  sender.abort();
  sender.ring[sender.claimAt(8)] = 5;
  assertThrows(() => sender.commit(9), RangeError);
  sender.commit(1);
  assertEquals(receiver.receiveSync(soon), Uint8Array.of(5));
});

Deno.test("A RingClaim is committed or aborted once, and does not affect a later claim", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  {
    using claim = sender.claim(10)!;
    claim.bytes.fill(1);
  }
  assertEquals(receiver.tryReceive(), undefined);
  const claim = sender.claim(10)!;
  assertThrows(() => sender.claim(1), Deno.errors.Busy);
  assertThrows(() => claim.commit(11), RangeError);
  claim.bytes.fill(2);
  claim.commit(2);
  claim.abort();
  assertThrows(() => claim.commit(), Deno.errors.BadResource);
  assertThrows(() => claim.bytes, Deno.errors.BadResource);
  const forgotten = sender.claim(4)!;
  sender.abort();
  const offset = sender.claimAt(4);
  assertThrows(() => forgotten.commit(), Deno.errors.BadResource);
  forgotten.abort();
  sender.ring.fill(3, offset, offset + 4);
  sender.commit();
  assertEquals(await receiver.receive(soon), Uint8Array.of(2, 2));
  assertEquals(await receiver.receive(soon), Uint8Array.of(3, 3, 3, 3));
  while (sender.trySend(new Uint8Array(100)));
  assertEquals(sender.claim(100), undefined);
  const room = sender.waitForRoom(100, soon);
  await receiver.receive(soon);
  receiver.read(() => {});
  await room;
  sender.claim(100)!.commit();
  await assertRejects(() => sender.waitForRoom(505), RangeError);
});

Deno.test("A receiver that is closed while it sleeps leaves the next receiver's wake flag alone", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using view = partsOf(channel).memory.map();
  const header = new Int32Array(view.buffer, 0, HEADER_LENGTH / 4);
  const old = channel.receiver();
  const waited = old.receive(soon);
  while (header[RECEIVER.sleeping] === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  old.close();
  using next = channel.receiver();
  const received = next.receive(soon);
  await assertRejects(() => waited, Deno.errors.BadResource);
  assertEquals(header[RECEIVER.sleeping], 1);
  using sender = channel.sender();
  sender.sendSync(Uint8Array.of(7));
  assertEquals(await received, Uint8Array.of(7));
});

Deno.test("receive() rejects with BadResource if a script closes the channel's event", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using receiver = channel.receiver();
  const waited = receiver.receive(soon);
  await new Promise((resolve) => setTimeout(resolve, 1));
  partsOf(channel).data.close();
  await assertRejects(() => waited, Deno.errors.BadResource);
  await assertRejects(() => receiver.receive(soon), Deno.errors.BadResource);
});

Deno.test("RingChannel.close() ends the waits of its ends with BadResource", async () => {
  for (const producers of ["single", "multiple"] as const) {
    const channel = RingChannel.anonymous({ capacity: 1024, producers });
    const [sender, receiver] = [channel.sender(), channel.receiver()];
    while (sender.trySend(new Uint8Array(100)));
    const sent = sender.send(new Uint8Array(100), soon);
    const other = RingChannel.anonymous({ capacity: 1024, producers });
    const received = other.receiver().receive(soon);
    // After some event-loop turns without a message, both ends sleep.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    channel.close();
    other.close();
    const started = performance.now();
    await Promise.all([
      assertRejects(() => sent, Deno.errors.BadResource),
      assertRejects(() => received, Deno.errors.BadResource),
    ]);
    assert(performance.now() - started < 5000, "they slept on");
    assert(sender.closed && receiver.closed);
  }
});

Deno.test("RingReceiver.ended throws BadResource once the receiver is closed", () => {
  for (const producers of ["single", "multiple"] as const) {
    using channel = RingChannel.anonymous({ producers });
    const receiver = channel.receiver();
    channel.sender().close();
    assert(receiver.ended);
    channel.close();
    assertThrows(() => receiver.ended, Deno.errors.BadResource);
  }
});

Deno.test("A closed RingChannel leaves no handle open, and cannot be used", async () => {
  await assertLeavesNoHandle(20, async () => {
    const name = randomName();
    using channel = RingChannel.create(name);
    using same = RingChannel.open(name);
    assertThrows(() => RingChannel.create(name), Deno.errors.AlreadyExists);
    const [sender, receiver] = [channel.sender(), same.receiver()];
    sender.trySend(new Uint8Array(3));
    await receiver.receive(soon);
    channel.close();
    assertThrows(() => sender.trySend(new Uint8Array(3)), Deno.errors.BadResource);
    assertThrows(() => channel.sender(), Deno.errors.BadResource);
    assertEquals(await receiver.receive(soon), undefined);
  });
});
