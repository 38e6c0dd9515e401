import { partsOf } from "../../../src/channel/ring/channel.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RingChannel, SharedEvent, SharedMemory } from "../../../mod.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { randomName } from "../../support/random_name.ts";

const soon = { timeout: 20_000 };

/** Hands bytes to another thread, as a script does that means well. */
function post(bytes: Uint8Array<ArrayBuffer>): void {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(bytes, [bytes.buffer]);
  port1.close();
  port2.close();
}

Deno.test("RingClaim.commit() sends all that was claimed, though its bytes were transferred away", () => {
  const channel = RingChannel.anonymous();
  using sender = channel.sender();
  using receiver = channel.receiver();
  const claim = sender.claim(3)!;
  claim.bytes.set([1, 2, 3]);
  post(claim.bytes);
  claim.commit();
  sender.flush();
  assertEquals(receiver.tryReceive(), Uint8Array.of(1, 2, 3));
  assertThrows(() => channel.close(), Deno.errors.Busy, "transferred away");
});

Deno.test("RingChannel.close() completes though a visitor transferred the ring away, and then reports", async () => {
  for (const producers of ["single", "multiple"] as const) {
    const name = randomName();
    const channel = RingChannel.create(name, { producers });
    const sender = channel.sender();
    const receiver = channel.receiver();
    for (let number = 1; number <= 3; number++) sender.sendSync(Uint8Array.of(number));
    // The visitor of the second message is told at once.
    assertThrows(() => receiver.read(post), Deno.errors.Busy, "transferred away");
    assertThrows(() => receiver.read(post), Deno.errors.Busy, "transferred away");
    assertThrows(() => receiver.readAt(() => {}), Deno.errors.Busy, "transferred away");
    assertThrows(() => receiver.ring, Deno.errors.Busy, "transferred away");
    assertThrows(() => sender.ring, Deno.errors.Busy, "transferred away");
    assertThrows(() => sender.claim(8), Deno.errors.Busy, "transferred away");
    // What needs no bytes of the script's goes on; nothing is lost.
    sender.sendSync(Uint8Array.of(4));
    for (let number = 2; number <= 4; number++) {
      assertEquals(await receiver.receive(soon), Uint8Array.of(number));
    }
    const waiting = receiver.receive(soon);
    assertThrows(() => channel.close(), Deno.errors.Busy, "transferred away");
    await assertRejects(() => waiting, Deno.errors.BadResource);
    channel.close();
    assert(sender.closed && receiver.closed);
    assertThrows(() => channel.sender(), Deno.errors.BadResource);
    for (const suffix of ["", ".data", ".space"]) {
      const open = suffix === "" ? SharedMemory.open : SharedEvent.open;
      assertThrows(() => open(`${name}${suffix}`), Deno.errors.NotFound);
    }
    RingChannel.create(name).close();
  }
});

Deno.test("A ring whose buffer is elsewhere gives its places to others when it is closed", () => {
  const name = randomName();
  using others = RingChannel.create(name, { capacity: 1024 });
  {
    using stack = new DisposableStack();
    const channel = RingChannel.open(name);
    stack.defer(() => assertThrows(() => channel.close(), Deno.errors.Busy));
    const sender = channel.sender();
    channel.receiver();
    const offset = sender.claimAt(2);
    sender.ring.set([7, 8], offset);
    post(sender.ring);
    sender.commit();
  }
  using receiver = others.receiver();
  assertEquals(receiver.tryReceive(), Uint8Array.of(7, 8));
  using _sender = others.sender();
});

Deno.test("An end is closed whole also where an event of its channel was closed before", () => {
  const name = randomName();
  using others = RingChannel.create(name, { capacity: 1024 });
  for (const [part, end] of [["data", "sender"], ["space", "receiver"]] as const) {
    const channel = RingChannel.open(name);
    const closing = channel[end]();
    partsOf(channel)[part].close();
    // Whoever sleeps there is to be woken, which cannot be done any more.
    const sleeping = end === "sender" ? others.receiver() : others.sender();
    const word = end === "sender" ? 160 : 128;
    const view = partsOf(channel).memory.map();
    new Int32Array(view.buffer)[word] = 1;
    view.close();
    assertThrows(() => closing.close(), Deno.errors.BadResource);
    assert(closing.closed);
    sleeping.close();
    others[end]().close();
    channel.close();
  }
});

Deno.test("RingChannel.close() leaves no handle behind, wherever its buffer is", async () => {
  await assertLeavesNoHandle(20, () => {
    const channel = RingChannel.create(randomName(), { capacity: 1024 });
    channel.receiver();
    post(channel.sender().ring);
    assertThrows(() => channel.close(), Deno.errors.Busy);
  });
});
