// Task: test:faults

import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { RingChannel, type RingSender } from "../../../mod.ts";
import { compileRingPeer } from "../../support/compile_ring_peer.ts";
import { peers } from "../../support/peers.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

/** Maximum time until a sender notices that the receiver's process has ended, in milliseconds. */
const NOTICE = 1000;
const message = new Uint8Array(16);

/** Blocks this thread and its event loop. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Ways to send that never return to the event loop. */
const WAYS: Record<string, (sender: RingSender) => void> = {
  "sendSync()": (sender) => sender.sendSync(message, soon),
  "trySend() and flush()": (sender) => {
    sender.trySend(message);
    sender.flush();
  },
  "claimAt(), commit() and flush()": (sender) => {
    // The ring can be full before the sender checks the receiver's process.
    if (sender.claimAt(16) >= 0) sender.commit();
    sender.flush();
  },
};

for (const producers of ["single", "multiple"] as const) {
  for (const [way, send] of Object.entries(WAYS)) {
    Deno.test(`${way} of ${producers} producers throws within a second after the receiver's process ends`, async () => {
      // Sends fast, and then only a few messages a second, so that the ring is not full.
      for (const pause of [0, 200]) {
        const name = randomName();
        using channel = RingChannel.create(name, { producers });
        using sender = channel.sender();
        await using peer = await Peer.start("channel/ring/peers/end.ts", "receiver", name);
        for (let count = 0; count < 5000; count++) send(sender);
        peer.kill();
        await peer.gone();
        const began = performance.now();
        assertThrows(() => {
          while (performance.now() - began < NOTICE) {
            send(sender);
            if (pause > 0) block(pause);
          }
        }, Deno.errors.BrokenPipe);
      }
    });
  }
}

Deno.test("send() rejects within a second after the receiver's process ends", async () => {
  const name = randomName();
  using channel = RingChannel.create(name);
  using sender = channel.sender();
  await using peer = await Peer.start("channel/ring/peers/end.ts", "receiver", name);
  await sender.send(message, soon);
  peer.kill();
  await peer.gone();
  const began = performance.now();
  await assertRejects(async () => {
    while (performance.now() - began < NOTICE) {
      await sender.send(message, soon);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }, Deno.errors.BrokenPipe);
  // Another receiver can come, and gets the messages in the ring.
  using receiver = channel.receiver();
  await sender.send(Uint8Array.of(1), soon);
  let last: Uint8Array | undefined;
  while ((last = await receiver.receive(soon))?.length !== 1);
  assertEquals(last, Uint8Array.of(1));
});

peers.test("declareRingChannel(): a C sender gets ERROR_BROKEN_PIPE before the ring is full", async (bits) => {
  await using program = await compileRingPeer("channel/ring/peers/end.c", { bits });
  const ERROR_BROKEN_PIPE = 109;
  const name = randomName();
  // The sender needs a second or two to fill this ring. It must stop before the ring is half full.
  using channel = RingChannel.create(name, { capacity: 2 ** 29, maxMessageLength: 100 });
  await using receiver = await Peer.start("channel/ring/peers/end.ts", "receiver", name);
  await using peer = await Peer.startProgram(program.path, "send", name, "0");
  receiver.kill();
  const [count, , , error] = (await peer.nextLine()).split(" ");
  assertEquals(Number(error), ERROR_BROKEN_PIPE);
  assert(Number(count) > 0);
  using rest = channel.receiver();
  let bytes = 0;
  rest.readAt((_, __, length) => bytes += length);
  assertLess(bytes, 2 ** 28);
});

Deno.test("A channel with endsWithLastSender: false does not end with its last sender", async () => {
  const name = randomName();
  const options = { producers: "multiple", endsWithLastSender: false } as const;
  using channel = RingChannel.create(name, options);
  assertEquals(RingChannel.open(name).settings.endsWithLastSender, false);
  using receiver = channel.receiver();
  // The first sender is closed, the second dies, and the third comes while the receiver waits.
  const first = channel.sender();
  first.sendSync(Uint8Array.of(1));
  first.close();
  assertEquals(await receiver.receive(soon), Uint8Array.of(1));
  await assertRejects(() => receiver.receive({ timeout: 500 }), Deno.errors.TimedOut);
  assertEquals(receiver.ended, false);
  {
    await using peer = await Peer.start("channel/ring/peers/end.ts", "silent sender", name, "1");
    const received = receiver.receive(soon);
    peer.kill();
    await received;
    await assertRejects(() => receiver.receive({ timeout: 1000 }), Deno.errors.TimedOut);
  }
  const waiting = receiver.receive(soon);
  using last = channel.sender();
  last.sendSync(Uint8Array.of(3));
  assertEquals(await waiting, Uint8Array.of(3));
});

Deno.test("RingChannel refuses endsWithLastSender: false with a single producer", () => {
  for (const options of [{ endsWithLastSender: false }, { endsWithLastSender: 0 as never }]) {
    assertThrows(() => RingChannel.anonymous(options), TypeError, "endsWithLastSender");
  }
});
