import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { BroadcastRing, type BroadcastSender } from "../../../src/channel/mod.ts";
import { SharedMemory } from "../../../src/memory/mod.ts";
import { spawn } from "../../../src/process/mod.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { Peer } from "../../support/peer.ts";
import { peerUrl } from "../../support/peer_url.ts";
import { randomName } from "../../support/random_name.ts";
import { SLOWNESS } from "../../support/slowness.ts";
import { soon } from "../../support/soon.ts";
import { readNumbered } from "../ring/numbered_messages.ts";
import { Random } from "../../support/random.ts";

/** Sends messages until `count` of them had to wake a receiver. */
async function sendUntilWakeUps(sender: BroadcastSender, count: number): Promise<void> {
  const signal = AbortSignal.timeout(20_000 * SLOWNESS);
  while (sender.stats.wakeUps < count) {
    signal.throwIfAborted();
    sender.send(Uint8Array.of(1));
    sender.flush();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Checks that each message follows the last one, as peers/end.ts sends them. */
class Account {
  received = 0;
  missed = 0;
  readonly #most: number;

  constructor(ring: BroadcastRing) {
    this.#most = ring.settings.maxMessageLength;
  }

  /** Counts a message, and asserts that it is the next one and whole. */
  note({ bytes, missed }: { bytes: Uint8Array; missed: number }): void {
    this.missed += missed;
    assertEquals(readNumbered(bytes, this.#most).number, this.received + this.missed);
    this.received++;
  }
}

Deno.test("BroadcastReceiver receives or counts as missed each message, whether it is fast or slow", async () => {
  const name = randomName();
  const total = 2_000_000;
  using ring = BroadcastRing.create(name, { capacity: 4096, maxMessageLength: 300 });
  using receiver = ring.receiver();
  await using quick = await Peer.start("channel/broadcast/peers/end.ts", "receiver", name);
  await using _sender = await Peer.start(
    "channel/broadcast/peers/end.ts",
    "sender",
    name,
    `${total}`,
  );
  const slow = new Account(ring);
  for await (const message of receiver) {
    slow.note(message);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert(receiver.ended);
  assertEquals([slow.received + slow.missed, receiver.missed], [total, slow.missed]);
  assert(slow.received > 10 && slow.missed > 1000, `${slow.received} received`);
  const [received, missed] = (await quick.nextLine()).split(" ").map(Number);
  assertEquals(received! + missed!, total);
  assert(received! > 1000, `${received} received`);
});

Deno.test("BroadcastReceiver.receiveSync() returns long messages whole while the sender overwrites them", async () => {
  const name = randomName();
  using ring = BroadcastRing.create(name, { capacity: 2 ** 17 });
  using receiver = ring.receiver();
  await using _sender = await Peer.start(
    "channel/broadcast/peers/end.ts",
    "sender",
    name,
    "100000",
  );
  const account = new Account(ring);
  for (let number = 0;; number++) {
    const message = receiver.receiveSync(soon);
    if (message === undefined) break;
    account.note(message);
  }
  assertEquals(account.received + account.missed, 100_000);
  assert(account.received > 100, `${account.received} received`);
});

Deno.test("BroadcastSender.send() wakes all receivers that sleep, in this process and another one", async () => {
  const name = randomName();
  using there = BroadcastRing.create(name);
  using back = BroadcastRing.create(`${name}b`);
  using sender = there.sender();
  using receiver = back.receiver();
  using others = new DisposableStack();
  const near = Array.from({ length: 3 }, () => others.use(there.receiver()));
  await using _peer = await Peer.start("channel/broadcast/peers/end.ts", "echo", name);
  // A round needs both processes, so a busy machine makes fewer rounds.
  const end = performance.now() + 4000;
  for (let value = 0; value < 3000 && performance.now() < end; value++) {
    const started = performance.now();
    const waits = [receiver, ...near].map((receiver) => receiver.receive(soon));
    if (value % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    sender.send(Uint8Array.of(value));
    for (const message of await Promise.all(waits)) {
      assertEquals(message, { bytes: Uint8Array.of(value), missed: 0 });
    }
    // A receiver looks once more when its time is over, and would then find a message that it
    // missed.
    assertLess(performance.now() - started, soon.timeout, "a receiver slept until its timeout");
  }
});

Deno.test("BroadcastReceiver.receiveSync() misses no message that is sent while it falls asleep", async () => {
  const name = randomName();
  using there = BroadcastRing.create(name);
  using back = BroadcastRing.create(`${name}b`);
  using sender = there.sender();
  using receiver = back.receiver();
  await using _peer = await Peer.start("channel/broadcast/peers/end.ts", "echo", name);
  const over = performance.now() + 4000;
  for (let value = 0; value < 20_000 && performance.now() < over; value++) {
    const started = performance.now();
    // About as long as the peer spins before it sleeps.
    for (const end = performance.now() + Math.random() / 5; performance.now() < end;);
    sender.send(Uint8Array.of(value));
    assertEquals(receiver.receiveSync(soon), { bytes: Uint8Array.of(value), missed: 0 });
    assertLess(performance.now() - started, soon.timeout, "a receiver slept until its timeout");
  }
});

Deno.test("BroadcastSender.send() never waits for receivers that do not read or were killed asleep", async () => {
  const name = randomName();
  using ring = BroadcastRing.create(name, { capacity: 1024 });
  using sender = ring.sender();
  using still = ring.receiver();
  {
    await using sleeping = await Peer.start("channel/broadcast/peers/end.ts", "sleeping", name);
    // If a message had to wake the receiver, it was asleep.
    await sendUntilWakeUps(sender, 2);
    sleeping.kill();
    await sleeping.gone();
  }
  const { messages, wakeUps } = sender.stats;
  const count = 300_000;
  const start = performance.now();
  for (let number = 0; number < count; number++) sender.send(Uint8Array.of(2));
  sender.flush();
  const took = performance.now() - start;
  assert(took < 5000 * SLOWNESS, `${took} ms`);
  // No receiver was woken, because the killed one is gone.
  assertEquals(sender.stats, { messages: messages + count, bytes: messages + count, wakeUps });
  assertEquals(still.tryReceive(), { bytes: Uint8Array.of(2), missed: messages + count - 1 });
  assertEquals(still.tryReceive(), undefined);
  // The wake event of the killed receiver is free, so 64 receivers can sleep.
  using receivers = new DisposableStack();
  const sleeping = Array.from({ length: 64 }, () => receivers.use(ring.receiver()));
  const waits = sleeping.map((receiver) => receiver.receive(soon));
  await assertRejects(() => still.receive(soon), Deno.errors.Busy, "64 readers wait");
  sender.send(Uint8Array.of(3));
  for (const message of await Promise.all(waits)) assertEquals(message?.bytes, Uint8Array.of(3));
  assertEquals(still.tryReceive()?.bytes, Uint8Array.of(3));
});

Deno.test("BroadcastReceiver gets the last messages of a killed sender, ConnectionReset, and the next sender's messages", async () => {
  const name = randomName();
  using ring = BroadcastRing.create(name, { capacity: 4096, maxMessageLength: 300 });
  using receiver = ring.receiver();
  const random = new Random(11);
  for (let round = 0; round < 6; round++) {
    const account = new Account(ring);
    await using peer = await Peer.start("channel/broadcast/peers/end.ts", "sender", name);
    assertThrows(() => ring.sender(), Deno.errors.Busy, `${peer.pid}`);
    const isSync = round % 2 === 0;
    for (const last = random.below(isSync ? 50_000 : 2000); account.received <= last;) {
      account.note((isSync ? receiver.receiveSync(soon) : await receiver.receive(soon))!);
    }
    // The sender can be killed in the middle of a message, or with pending messages.
    peer.kill();
    if (isSync) {
      assertThrows(() => {
        for (;;) account.note(receiver.receiveSync(soon)!);
      }, Deno.errors.ConnectionReset);
    } else {
      await assertRejects(async () => {
        for (;;) account.note((await receiver.receive(soon))!);
      }, Deno.errors.ConnectionReset);
    }
    await peer.gone();
    assertThrows(() => receiver.tryReceive(), Deno.errors.ConnectionReset);
  }
  using sender = ring.sender();
  sender.send(Uint8Array.of(5));
  assertEquals(await receiver.receive(soon), { bytes: Uint8Array.of(5), missed: 0 });
});

Deno.test("BroadcastReceiver is woken by the death of a sender, also of a later one, and by close()", async () => {
  const name = randomName();
  using ring = BroadcastRing.create(name);
  using receiver = ring.receiver();
  const { ConnectionReset } = Deno.errors;
  const wait = receiver.receive(soon);
  {
    await using _mayfly = await Peer.start("channel/broadcast/peers/end.ts", "mayfly", name);
    await assertRejects(() => wait, ConnectionReset);
  }
  {
    await using _mayfly = await Peer.start("channel/broadcast/peers/end.ts", "mayfly", name);
    assertThrows(() => receiver.receiveSync(soon), ConnectionReset);
  }
  const sender = ring.sender();
  const end = receiver.receive(soon);
  await assertRejects(() => receiver.receive({ timeout: 20 }), Deno.errors.TimedOut);
  sender.close();
  assertEquals(await end, undefined);
});

Deno.test("BroadcastRing.sender() throws Busy while a sender is open; the stream ends and goes on with the sender", async () => {
  const name = randomName();
  using ring = BroadcastRing.create(name);
  using receiver = ring.receiver();
  const sender = ring.sender();
  using same = BroadcastRing.open(name);
  assertThrows(() => same.sender(), Deno.errors.Busy, `${Deno.pid}`);
  sender.send(Uint8Array.of(1));
  sender.close();
  assertThrows(() => sender.send(Uint8Array.of(1)), Deno.errors.BadResource);
  const values = await Array.fromAsync(receiver, ({ bytes }) => bytes[0]);
  assertEquals([values, receiver.ended], [[1], true]);
  assertEquals([receiver.tryReceive(), receiver.receiveSync(soon)], [undefined, undefined]);
  using next = same.sender();
  assertEquals(receiver.ended, false);
  next.send(Uint8Array.of(2));
  assertEquals(await receiver.receive(soon), { bytes: Uint8Array.of(2), missed: 0 });
});

Deno.test("BroadcastRing.inherited() opens a ring without a name, whose receiver can be woken", async () => {
  using ring = BroadcastRing.anonymous({ capacity: 4096 });
  assertEquals(ring.name, undefined);
  using sender = ring.sender();
  const script = peerUrl("channel/broadcast/peers/end.ts").href;
  const child = spawn(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-ffi",
      script,
      "sleeping",
      "inherited:ring",
    ],
    inherit: ring.toInherit("ring"),
    stdin: "null",
    stdout: "null",
  });
  try {
    await sendUntilWakeUps(sender, 3);
    sender.close();
    assertEquals((await child.status).code, 0);
  } finally {
    child.kill();
  }
});

Deno.test("BroadcastReceiver.receive() ends by its timeout, its signal and close(), and serves callers in order", async () => {
  using ring = BroadcastRing.anonymous();
  using sender = ring.sender();
  const receiver = ring.receiver();
  await assertRejects(() => receiver.receive({ timeout: 20 }), Deno.errors.TimedOut);
  assertThrows(() => receiver.receiveSync({ timeout: 20 }), Deno.errors.TimedOut);
  await assertRejects(() => receiver.receive({ timeout: -1 }), RangeError);
  const controller = new AbortController();
  const stopped = receiver.receive({ signal: controller.signal });
  const [first, second] = [receiver.receive(soon), receiver.receive(soon)];
  controller.abort(new Error("on purpose"));
  await assertRejects(() => stopped, Error, "on purpose");
  sender.send(Uint8Array.of(1));
  sender.send(Uint8Array.of(2));
  assertEquals([(await first)?.bytes[0], (await second)?.bytes[0]], [1, 2]);
  const late = receiver.receive(soon);
  const behind = receiver.receive(soon);
  receiver.close();
  receiver.close();
  const { BadResource } = Deno.errors;
  await assertRejects(() => late, BadResource, "The receiver of the anonymous broadcast ring");
  await assertRejects(() => behind, BadResource, "The receiver of the anonymous broadcast ring");
  assertThrows(() => receiver.tryReceive(), BadResource);
});

Deno.test("BroadcastSender.commit() sends the claimed message, and abort() does not", () => {
  using ring = BroadcastRing.anonymous({ capacity: 1024 });
  using sender = ring.sender();
  using receiver = ring.receiver();
  assertThrows(() => sender.commit(), TypeError);
  sender.claimAt(100);
  assertThrows(() => sender.send(new Uint8Array(1)), Deno.errors.Busy);
  assertThrows(() => sender.claimAt(1), Deno.errors.Busy);
  sender.abort();
  sender.ring[sender.claimAt(8)] = 5;
  assertThrows(() => sender.commit(9), RangeError);
  sender.commit(1);
  assertEquals(receiver.receiveSync(soon), { bytes: Uint8Array.of(5), missed: 0 });
  assertEquals(sender.stats, { messages: 1, bytes: 1, wakeUps: 0 });
});

Deno.test("BroadcastRing refuses invalid settings, and memory that holds no broadcast ring", () => {
  for (const capacity of [512, 1500, 2 ** 31, 1.5]) {
    assertThrows(() => BroadcastRing.anonymous({ capacity }), RangeError, "capacity");
  }
  const long = { capacity: 1024, maxMessageLength: 113 };
  assertThrows(() => BroadcastRing.anonymous(long), RangeError, "maxMessageLength");
  using ring = BroadcastRing.anonymous({ capacity: 1024 });
  assertEquals(ring.settings, { capacity: 1024, maxMessageLength: 112 });
  using sender = ring.sender();
  assertThrows(() => sender.send(new Uint8Array(113)), RangeError, "the message's length");
  assertThrows(() => sender.claimAt(-1), RangeError);
  const name = randomName();
  assertThrows(() => BroadcastRing.open(name), Deno.errors.NotFound);
  assertThrows(() => BroadcastRing.inherited(name.replaceAll("-", "")), Deno.errors.NotFound);
  using _small = SharedMemory.create(name, 1000);
  assertThrows(() => BroadcastRing.open(name), Deno.errors.NotFound, "not done yet");
  const other = randomName();
  using memory = SharedMemory.create(other, 8192);
  using view = memory.map();
  view.bytes.fill(1);
  assertThrows(() => BroadcastRing.open(other), Deno.errors.InvalidData);
});

Deno.test("BroadcastRing.close() leaves no handle open, and the closed ring and its ends throw BadResource", async () => {
  await assertLeavesNoHandle(20, async () => {
    const name = randomName();
    using ring = BroadcastRing.create(name);
    using same = await BroadcastRing.waitFor(name, soon);
    assertThrows(() => BroadcastRing.create(name), Deno.errors.AlreadyExists);
    const [sender, receiver] = [ring.sender(), same.receiver()];
    assertThrows(() => same.sender(), Deno.errors.Busy);
    const wait = receiver.receive(soon);
    await Promise.resolve();
    sender.send(new Uint8Array(3));
    await wait;
    await assertRejects(() => receiver.receive({ timeout: 0 }), Deno.errors.TimedOut);
    ring.close();
    ring.close();
    assertThrows(() => sender.send(new Uint8Array(3)), Deno.errors.BadResource);
    assertThrows(() => ring.receiver(), Deno.errors.BadResource);
    assertEquals(await receiver.receive(soon), undefined);
    const late = same.receiver();
    using _sender = same.sender();
    const never = late.receive(soon);
    await Promise.resolve();
    same.close();
    await assertRejects(() => never, Deno.errors.BadResource);
  });
});
