/**
 * A broadcast ring that comes to the last position that there is.
 *
 * @module
 */

import { BroadcastRing, type BroadcastSender } from "../../../src/channel/mod.ts";
import { openMemory } from "../fuzz/targets.ts";
import { NumberedMessages } from "../ring/numbered_messages.ts";
import { randomName } from "../../support/random_name.ts";
import { broadcastOne, Listening } from "./broadcast_ends.ts";
import { setBroadcastCounters } from "./counters.ts";
import { Pace } from "./pace.ts";
import type { Plan } from "./plan.ts";

/**
 * Sends until the positions, or the numbers of messages, have come to their end: the sender refuses then, and receivers
 * get all that came before.
 *
 * @param plan The round.
 * @returns How many messages there were.
 * @throws {Error} If the sender goes on, or a message is wrong.
 */
export async function sendToTheEnd(plan: Plan): Promise<number> {
  const pace = new Pace(plan, "the end");
  const name = randomName();
  const { capacity, maxMessageLength } = plan;
  using ring = BroadcastRing.create(name, { capacity, maxMessageLength });
  {
    using memory = openMemory(name);
    const units = plan.capacity / 16;
    const near = Number.MAX_SAFE_INTEGER - 1 - pace.random.below(4 * units);
    // A number that is near its end long before the position is no ring's, but can be written.
    const [position, number] = pace.oneIn(2) ? [near, near - units] : [units * 100, near];
    setBroadcastCounters(memory.buffer, position, number);
  }
  const listening = new Listening(plan, ring.receiver());
  const messages = new NumberedMessages(0, plan.maxMessageLength);
  let sent = 0;
  let sender = ring.sender();
  for (let refusals = 0; refusals < 3;) {
    if (await isRefused(sender, messages.at(sent), pace)) {
      refusals++;
      sender.close();
      sender = ring.sender();
    } else {
      sent++;
      if (sent > plan.capacity) throw new Error(`The sender goes on after ${sent} messages`);
    }
    while (pace.oneIn(2) && listening.take());
  }
  sender.close();
  while (listening.take());
  if (sent > 0 && listening.number !== sent - 1) {
    throw new Error(`Message ${listening.number} is the last one, not ${sent - 1}`);
  }
  if (!listening.receiver.ended) throw new Error("The ring has no end");
  return sent;
}

/** Sends a message, or is refused in so many words. */
async function isRefused(
  sender: BroadcastSender,
  message: Uint8Array,
  pace: Pace,
): Promise<boolean> {
  try {
    await broadcastOne(sender, message, pace);
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData && error.message.includes("2⁵³")) return true;
    throw error;
  }
}
