/**
 * A sender of a channel, which calls its functions in a pseudorandom order.
 *
 * @module
 */

import type { RingChannel, RingSender } from "../../../src/channel/mod.ts";
import { NumberedMessages } from "../ring/numbered_messages.ts";
import { Pace } from "./pace.ts";
import type { Plan, SenderPlan } from "./plan.ts";

const soon = { timeout: 1 };

/**
 * Sends all messages of a sender, and closes the channel.
 *
 * @param open Opens the channel once more.
 */
export async function sendAll(
  plan: Plan,
  { id, count }: SenderPlan,
  open: () => RingChannel,
): Promise<void> {
  const pace = new Pace(plan, `sender ${id}`);
  const messages = new NumberedMessages(id, plan.maxMessageLength);
  let channel = open();
  let sender = channel.sender();
  try {
    for (let number = 0; number < count; await pace.pause()) {
      if (pace.oneIn(40)) await withoutSending(sender, pace);
      if (pace.oneIn(150)) {
        sender.close();
        sender = channel.sender();
      }
      if (pace.oneIn(400)) {
        channel.close();
        channel = open();
        sender = channel.sender();
      }
      if (await isSent(sender, messages.at(number), pace)) number++;
    }
  } finally {
    channel.close();
  }
}

/** Sends a message by a random function. Returns false if there is no room for it. */
async function isSent(sender: RingSender, message: Uint8Array, pace: Pace): Promise<boolean> {
  const { length } = message;
  const claimed = () => length + pace.random.below(sender.maxMessageLength - length + 1);
  try {
    if (pace.oneIn(8)) {
      return await pace.any<boolean>([
        () => sender.send(message, soon),
        () => sender.waitForRoom(length, soon).then(() => sender.trySend(message)),
      ]);
    }
    return await pace.any<boolean>([
      () => sender.trySend(message),
      () => sender.trySend(message),
      () => sender.sendSync(message, soon),
      () => {
        sender.waitForRoomSync(length, soon);
        return sender.trySend(message);
      },
      () => {
        using claim = sender.claim(claimed());
        claim?.bytes.set(message);
        claim?.commit(length);
        return claim !== undefined;
      },
      () => {
        const at = sender.claimAt(claimed());
        if (at < 0) return false;
        sender.ring.set(message, at);
        sender.commit(length);
        return true;
      },
    ]);
  } catch (error) {
    if (isExpected(error)) return false;
    throw error;
  }
}

async function withoutSending(sender: RingSender, pace: Pace): Promise<void> {
  const length = pace.random.below(sender.maxMessageLength + 1);
  try {
    await pace.any<unknown>([
      () => sender.flush(),
      () => {
        using claim = sender.claim(length);
        claim?.bytes.fill(pace.random.below(256));
      },
      () => {
        if (sender.claimAt(length) >= 0) sender.abort();
      },
    ]);
  } catch (error) {
    if (!isExpected(error)) throw error;
  }
}

/** Returns whether an error means that there is no room, or that the receiver is being replaced. */
function isExpected(error: unknown): boolean {
  const { TimedOut, WouldBlock, BrokenPipe } = Deno.errors;
  return error instanceof TimedOut || error instanceof WouldBlock || error instanceof BrokenPipe;
}
