import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type BroadcastReceiver, BroadcastRing, RingChannel } from "../../../mod.ts";
import type { RingReceiver } from "../../../mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";

/** How soon a receiver has to notice that the sender's process has ended, in milliseconds. */
const NOTICE = 1000;
const poll = { timeout: 0 };

/** Polls again and again for as long as the only error is that nothing has come. */
function pollSync(receiver: RingReceiver | BroadcastReceiver): void {
  const began = performance.now();
  while (performance.now() - began < NOTICE) {
    try {
      receiver.receiveSync(poll);
    } catch (error) {
      if (!(error instanceof Deno.errors.TimedOut)) throw error;
    }
  }
}

/** Does what {@linkcode pollSync} does, by promises. */
async function pollAsync(receiver: RingReceiver | BroadcastReceiver): Promise<void> {
  const began = performance.now();
  while (performance.now() - began < NOTICE) {
    await receiver.receive(poll).catch((error) => {
      if (!(error instanceof Deno.errors.TimedOut)) throw error;
    });
  }
}

for (const producers of ["single", "multiple"] as const) {
  Deno.test(`A receiver of ${producers} producers that polls notices that the sender's process has ended`, async () => {
    for (const isSync of [true, false]) {
      const name = randomName();
      using channel = RingChannel.create(name, { producers });
      using receiver = channel.receiver();
      await using peer = await Peer.start("channel/ring/peers/end.ts", "claimer", name);
      assertThrows(() => receiver.receiveSync(poll), Deno.errors.TimedOut);
      peer.kill();
      await peer.gone();
      if (isSync) assertThrows(() => pollSync(receiver), Deno.errors.ConnectionReset);
      else await assertRejects(() => pollAsync(receiver), Deno.errors.ConnectionReset);
    }
  });
}

Deno.test("A receiver of a broadcast ring that polls notices that the sender's process has ended", async () => {
  for (const isSync of [true, false]) {
    const name = randomName();
    using ring = BroadcastRing.create(name, { capacity: 1024 });
    using receiver = ring.receiver();
    await using peer = await Peer.start("channel/broadcast/peers/end.ts", "sender", name);
    assert((await receiver.receive({ timeout: 20_000 }))!.bytes.length > 0);
    peer.kill();
    await peer.gone();
    if (isSync) assertThrows(() => pollSync(receiver), Deno.errors.ConnectionReset);
    else await assertRejects(() => pollAsync(receiver), Deno.errors.ConnectionReset);
  }
});

Deno.test("receiveSync() that polls publishes the room that was made", () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  // The second message's room is less than a batch, and stays pending.
  for (const length of [440, 104]) {
    sender.sendSync(new Uint8Array(length));
    assertEquals(receiver.receiveSync(poll)?.length, length);
  }
  // The third one does not fit before the ring's end, and needs that room.
  const third = new Uint8Array(504);
  assert(!sender.trySend(third));
  assertThrows(() => receiver.receiveSync(poll), Deno.errors.TimedOut);
  assert(sender.trySend(third));
});
