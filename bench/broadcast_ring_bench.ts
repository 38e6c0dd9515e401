/**
 * Measures sending to a broadcast ring and receiving from it.
 *
 * @module
 */

import { BroadcastRing } from "../mod.ts";

/** Number of messages in one iteration, because one message alone is too short to be timed. */
const BATCH = 1000;

for (const byteLength of [64, 1024, 65_536]) {
  const ring = BroadcastRing.anonymous({ capacity: 2 ** 27 });
  const sender = ring.sender();
  const receiver = ring.receiver();
  const message = new Uint8Array(byteLength).fill(7);
  globalThis.addEventListener("unload", () => ring.close());
  const group = `${BATCH} messages of ${byteLength} bytes`;

  Deno.bench(`BroadcastSender.send(), ${group}`, { group, baseline: true }, () => {
    for (let count = 0; count < BATCH; count++) sender.send(message);
  });

  Deno.bench(`BroadcastSender.claimAt() and commit(), ${group}`, { group }, () => {
    for (let count = 0; count < BATCH; count++) {
      sender.ring[sender.claimAt(byteLength)] = 7;
      sender.commit();
    }
  });

  Deno.bench(
    `BroadcastSender.send() and BroadcastReceiver.tryReceive(), ${group}`,
    { group },
    () => {
      for (let count = 0; count < BATCH; count++) {
        sender.send(message);
        if (count % 100 !== 99) continue;
        sender.flush();
        while (receiver.tryReceive() !== undefined);
      }
    },
  );
}
