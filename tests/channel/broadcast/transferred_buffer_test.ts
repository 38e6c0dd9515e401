import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BroadcastRing } from "../../../mod.ts";
import { assertLeavesNoHandle } from "../../support/leak.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

const WAYS: Record<string, (buffer: ArrayBuffer) => unknown> = {
  "transfer()": (buffer) => buffer.transfer(),
  "transfer() of a shorter one": (buffer) => buffer.transfer(5),
  "structuredClone()": (buffer) => structuredClone(buffer, { transfer: [buffer] }),
  "postMessage()": (buffer) => {
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(buffer, [buffer]);
    port1.close();
    port2.close();
  },
};

for (const [way, transfer] of Object.entries(WAYS)) {
  Deno.test(`BroadcastRing.close() closes all and then throws Busy if a buffer was taken by ${way}`, async () => {
    const name = randomName();
    const ring = BroadcastRing.create(name, { capacity: 1024 });
    const receiver = ring.receiver();
    const sender = ring.sender();
    using elsewhere = BroadcastRing.open(name);
    using other = elsewhere.receiver();
    const waiting = other.receive(soon);
    sender.send(Uint8Array.of(1));
    transfer(sender.ring.buffer);
    // send() still works, because it does not use the script's buffer.
    sender.send(Uint8Array.of(2));
    assertThrows(() => sender.ring, Deno.errors.Busy, "transferred away");
    assertThrows(() => ring.close(), Deno.errors.Busy, "transferred away");
    ring.close();

    assert(sender.closed && receiver.closed);
    assertThrows(() => ring.sender(), Deno.errors.BadResource);
    assertThrows(() => sender.send(Uint8Array.of(3)), Deno.errors.BadResource);
    await assertRejects(() => receiver.receive(), Deno.errors.BadResource);
    // The other receiver gets all messages and the end, and the sender's place is free.
    assertEquals((await waiting)?.bytes, Uint8Array.of(1));
    assertEquals((await other.receive(soon))?.bytes, Uint8Array.of(2));
    assertEquals(await other.receive(soon), undefined);
    elsewhere.sender().close();
  });
}

Deno.test("BroadcastSender.close() works if its buffer was transferred away", async () => {
  using stack = new DisposableStack();
  const ring = BroadcastRing.anonymous({ capacity: 1024 });
  stack.defer(() => assertThrows(() => ring.close(), Deno.errors.Busy));
  const sender = ring.sender();
  const receiver = ring.receiver();
  const offset = sender.claimAt(3);
  sender.ring.set([1, 2, 3], offset);
  const moved = new Uint8Array(sender.ring.buffer.transfer());
  sender.commit();
  sender.close();
  assertEquals((await receiver.receive(soon))?.bytes, Uint8Array.of(1, 2, 3));
  assertEquals(await receiver.receive(soon), undefined);
  // This is intended: the new owner of the buffer can still access the memory.
  assertEquals(moved.indexOf(3) > 0, true);
  ring.sender().close();
});

Deno.test("BroadcastRing.close() ends the stream and frees the name if a buffer was transferred away", async () => {
  const name = randomName();
  const ring = BroadcastRing.create(name);
  const sender = ring.sender();
  await using peer = await Peer.start("channel/broadcast/peers/end.ts", "receiver", name);
  sender.ring.buffer.transfer();
  assertThrows(() => ring.close(), Deno.errors.Busy);
  assertEquals(await peer.nextLine(), "0 0");
  assertEquals((await peer.gone()).success, true);
  assertThrows(() => BroadcastRing.open(name), Deno.errors.NotFound);
  BroadcastRing.create(name).close();
});

Deno.test("BroadcastRing.close() leaves no handle open if a buffer was transferred away", async () => {
  await assertLeavesNoHandle(20, () => {
    const ring = BroadcastRing.create(randomName(), { capacity: 1024 });
    ring.receiver();
    ring.sender().ring.buffer.transfer();
    assertThrows(() => ring.close(), Deno.errors.Busy);
  });
});
