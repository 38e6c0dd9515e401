/**
 * The tour's broadcast: one process sends prices to two others, of which none holds it up.
 *
 * @module
 */

import { sendPrices } from "../broadcast_ring.ts";
import { BroadcastRing } from "@winipc/winipc";
import type { Chapter } from "./chapter.ts";

const COUNTS = [20_000, 200_000];
const AT_A_TIME = 1000;

/** Sends prices until two other processes have had as many as they like. */
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
  chapter.tell("sent", `${messages} prices; ${wakeUps} times a receiver slept and was woken`);
  for (const [index, { success, stdout }] of (await all).entries()) {
    const answer = new TextDecoder().decode(stdout).trim();
    chapter.tell("answer", answer);
    chapter.check("a receiver ended well", success);
    chapter.check(
      "it got as many as it liked, in their turn, and knows what it missed",
      answer.startsWith(`Received ${COUNTS[index]} `) && answer.endsWith(", 0 of them out of turn"),
    );
  }
}
