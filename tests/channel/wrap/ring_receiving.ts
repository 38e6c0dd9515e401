/**
 * The receiver of a channel, which calls its functions in a pseudorandom order.
 *
 * @module
 */

import type { PeekedMessage, RingChannel, RingReceiver } from "../../../src/channel/mod.ts";
import { ReceivedMessages } from "../ring/received_messages.ts";
import { Pace } from "./pace.ts";
import type { Plan } from "./plan.ts";

const soon = { timeout: 1 };
const last = { timeout: 30_000 };

/** The error of a visitor that leaves a message in the ring. */
class Left extends Error {}

/**
 * Receives and checks all messages of a round, and then the end of the stream.
 *
 * @param open Opens the channel once more.
 */
export async function receiveAll(plan: Plan, open: () => RingChannel): Promise<void> {
  const pace = new Pace(plan, "the receiver");
  const received = new ReceivedMessages(plan.maxMessageLength);
  const total = plan.senders.reduce((sum, { count }) => sum + count, 0);
  let channel = open();
  let receiver = channel.receiver();
  try {
    while (received.total < total) {
      await receiveSome(receiver, received, pace);
      if (receiver.closed || pace.oneIn(150)) {
        receiver.close();
        receiver = channel.receiver();
      }
      if (pace.oneIn(400)) {
        channel.close();
        channel = open();
        receiver = channel.receiver();
      }
      await pace.pause();
    }
    const more = await receiver.receive(last);
    if (more !== undefined) {
      throw new Error(`A message of ${more.length} bytes came after the last message`);
    }
  } finally {
    channel.close();
  }
}

/** Receives messages by a random function. */
async function receiveSome(
  receiver: RingReceiver,
  received: ReceivedMessages,
  pace: Pace,
): Promise<void> {
  const take = (message: Uint8Array | undefined) => {
    if (message !== undefined) received.take(message);
  };
  /** Peeks at some messages, and takes those that it releases. */
  const peek = () => {
    const peeked: PeekedMessage[] = [];
    for (let next; peeked.length < 5 && (next = receiver.tryPeek()) !== undefined;) {
      if (next.number !== received.total + peeked.length) {
        throw new Error(`Message ${received.total + peeked.length} has the number ${next.number}`);
      }
      peeked.push(next);
    }
    const count = pace.oneIn(4) ? pace.random.below(peeked.length + 1) : peeked.length;
    receiver.release(count);
    for (const { message } of peeked.slice(0, count)) take(message);
    // The next receiver gets the others again.
    if (count < peeked.length) receiver.close();
  };
  /** Takes a message, or leaves it in the ring by an error or by closing the receiver. */
  const visit = (bytes: Uint8Array) => {
    if (pace.oneIn(100)) throw new Left();
    if (pace.oneIn(100)) return receiver.close();
    take(bytes);
  };
  try {
    if (pace.oneIn(8)) {
      return await pace.any<void>([
        () => receiver.receive(soon).then(take),
        () => receiver.waitForMessage(soon).then(() => void receiver.read(visit)),
      ]);
    }
    await pace.any<unknown>([
      () => take(receiver.tryReceive()),
      () => take(receiver.tryReceive()),
      () => take(receiver.receiveSync(soon)),
      () => receiver.waitForMessageSync(soon),
      () => receiver.read(visit),
      peek,
      peek,
      () => receiver.readAt((ring, at, length) => visit(ring.subarray(at, at + length))),
    ]);
  } catch (error) {
    if (!(error instanceof Left || error instanceof Deno.errors.TimedOut)) throw error;
  }
}
