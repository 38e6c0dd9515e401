import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type BroadcastReceiver, BroadcastRing, RingChannel } from "../../../mod.ts";
import type { RingReceiver } from "../../../mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

/**
 * Maximum time in which a receiver must notice that the sender's process has ended, in
 * milliseconds.
 */
const NOTICE = 1000;
const poll = { timeout: 0 };

/** Polls for {@linkcode NOTICE}. Throws every error except a timeout. */
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

/** Does the same as {@linkcode pollSync}, by promises. */
async function pollAsync(receiver: RingReceiver | BroadcastReceiver): Promise<void> {
  const began = performance.now();
  while (performance.now() - began < NOTICE) {
    await receiver.receive(poll).catch((error) => {
      if (!(error instanceof Deno.errors.TimedOut)) throw error;
    });
  }
}

for (const producers of ["single", "multiple"] as const) {
  Deno.test(`RingReceiver that polls notices the end of the sender's process: ${producers} producers`, async () => {
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

Deno.test("BroadcastReceiver that polls notices the end of the sender's process", async () => {
  for (const isSync of [true, false]) {
    const name = randomName();
    using ring = BroadcastRing.create(name, { capacity: 1024 });
    using receiver = ring.receiver();
    await using peer = await Peer.start("channel/broadcast/peers/end.ts", "sender", name);
    assert((await receiver.receive(soon))!.bytes.length > 0);
    peer.kill();
    await peer.gone();
    if (isSync) assertThrows(() => pollSync(receiver), Deno.errors.ConnectionReset);
    else await assertRejects(() => pollAsync(receiver), Deno.errors.ConnectionReset);
  }
});

Deno.test("RingReceiver.receiveSync() that polls publishes free room", () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  // The room of the second message is less than a batch, so it stays pending.
  for (const length of [440, 104]) {
    sender.sendSync(new Uint8Array(length));
    assertEquals(receiver.receiveSync(poll)?.length, length);
  }
  // The third message does not fit before the ring's end, and needs that room.
  const third = new Uint8Array(504);
  assert(!sender.trySend(third));
  assertThrows(() => receiver.receiveSync(poll), Deno.errors.TimedOut);
  assert(sender.trySend(third));
});
