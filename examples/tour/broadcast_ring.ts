/**
 * The tour's broadcast: one process sends prices to two processes and never waits for them.
 *
 * @module
 */

import { sendPrices } from "../broadcast_ring.ts";
import { BroadcastRing } from "@winipc/winipc";
import type { Chapter } from "./chapter.ts";

const COUNTS = [20_000, 200_000];
const AT_A_TIME = 1000;

/** Sends prices until two processes have received the number that each of them wants. */
export async function broadcastRing(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  using ring = BroadcastRing.create(name, { capacity: 65_536 });
  using sender = ring.sender();
  const outputs = COUNTS.map((count) =>
    chapter.start("broadcast_ring.ts", "receive", "--name", name, "--count", `${count}`).output()
  );
  let over = false;
  const all = Promise.all(outputs);
  void all.then(() => over = true);
  for (let number = 0; !over; number += AT_A_TIME) {
    sendPrices(sender, number, AT_A_TIME);
    await chapter.moment();
  }
  const { messages, wakeUps } = sender.stats;
  chapter.print("sent", `${messages} prices, and woke a receiver ${wakeUps} times`);
  for (const [index, { success, stdout }] of (await all).entries()) {
    const answer = new TextDecoder().decode(stdout).trim();
    chapter.print("answer", answer);
    chapter.check("the receiver exited without an error", success);
    chapter.check(
      "the receiver got all prices that it wanted, in order, with the number of missed prices",
      answer.startsWith(`Received ${COUNTS[index]} `) && answer.endsWith(", 0 were out of order"),
    );
  }
}
