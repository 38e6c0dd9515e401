import { partsOf } from "../../../src/channel/ring/channel.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RingChannel, SharedEvent, SharedMemory } from "../../../mod.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

/** Transfers the buffer of bytes to another thread, as a script can do by mistake. */
function post(bytes: Uint8Array<ArrayBuffer>): void {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(bytes, [bytes.buffer]);
  port1.close();
  port2.close();
}

Deno.test("RingClaim.commit() sends the whole message if a script has transferred its buffer", () => {
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

Deno.test("RingChannel.close() closes everything and throws Busy if a visitor transferred the ring", async () => {
  for (const producers of ["single", "multiple"] as const) {
    const name = randomName();
    const channel = RingChannel.create(name, { producers });
    const sender = channel.sender();
    const receiver = channel.receiver();
    for (let number = 1; number <= 3; number++) sender.sendSync(Uint8Array.of(number));
    // The error comes with the second message.
    assertThrows(() => receiver.read(post), Deno.errors.Busy, "transferred away");
    assertThrows(() => receiver.read(post), Deno.errors.Busy, "transferred away");
    assertThrows(() => receiver.readAt(() => {}), Deno.errors.Busy, "transferred away");
    assertThrows(() => receiver.ring, Deno.errors.Busy, "transferred away");
    assertThrows(() => sender.ring, Deno.errors.Busy, "transferred away");
    assertThrows(() => sender.claim(8), Deno.errors.Busy, "transferred away");
    // Methods that do not use the script's buffer still work, and no message is lost.
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

Deno.test("RingChannel.close() frees its places if a script has transferred the ring", () => {
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

Deno.test("An end leaves its place at close() if an event of its channel was closed before", () => {
  const name = randomName();
  using others = RingChannel.create(name, { capacity: 1024 });
  for (const [part, end] of [["data", "sender"], ["space", "receiver"]] as const) {
    const channel = RingChannel.open(name);
    const closing = channel[end]();
    partsOf(channel)[part].close();
    // The peer seems to sleep, so that close() tries to set the closed event.
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

Deno.test("RingChannel.close() leaves no handle open if a script has transferred the ring", async () => {
  await assertLeavesNoHandle(20, () => {
    const channel = RingChannel.create(randomName(), { capacity: 1024 });
    channel.receiver();
    post(channel.sender().ring);
    assertThrows(() => channel.close(), Deno.errors.Busy);
  });
});
