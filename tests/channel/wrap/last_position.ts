/**
 * Sends messages through a broadcast ring up to its last position.
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
 * Sends until the ring has no positions, or no numbers of messages, left. Asserts that the sender
 * then refuses messages, and that a receiver gets all messages before.
 *
 * @returns The number of messages that were sent.
 * @throws {Error} If the sender does not refuse, or a message is wrong.
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
    // No ring has a number near its end long before the position is, but memory can contain that.
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
    throw new Error(`The last message is ${listening.number}, not ${sent - 1}`);
  }
  if (!listening.receiver.ended) throw new Error("The ring has no end");
  return sent;
}

/** Sends a message. Returns whether the sender has refused it at the end of the positions. */
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
