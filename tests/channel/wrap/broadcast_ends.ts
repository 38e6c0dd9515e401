/**
 * Ends of a broadcast ring that call their functions in a pseudorandom order.
 *
 * @module
 */

import type {
  BroadcastReceiver,
  BroadcastRing,
  BroadcastSender,
} from "../../../src/channel/mod.ts";
import { NumberedMessages, readNumbered } from "../ring/numbered_messages.ts";
import { Pace } from "./pace.ts";
import type { Plan, SenderPlan } from "./plan.ts";

const soon = { timeout: 1 };

/**
 * Sends all messages of a sender, and closes the ring.
 *
 * @param open Opens the ring once more.
 */
export async function broadcastAll(
  plan: Plan,
  { id, count }: SenderPlan,
  open: () => BroadcastRing,
): Promise<void> {
  const pace = new Pace(plan, `sender ${id}`);
  const messages = new NumberedMessages(id, plan.maxMessageLength);
  let ring = open();
  let sender = ring.sender();
  try {
    for (let number = 0; number < count; number++) {
      if (pace.oneIn(150)) {
        sender.close();
        sender = ring.sender();
      }
      if (pace.oneIn(400)) {
        ring.close();
        ring = open();
        sender = ring.sender();
      }
      await broadcastOne(sender, messages.at(number), pace);
      await pace.pause();
    }
  } finally {
    ring.close();
  }
}

/** Sends a message by a random function. */
export async function broadcastOne(
  sender: BroadcastSender,
  message: Uint8Array,
  pace: Pace,
): Promise<void> {
  const { length } = message;
  const claim = () => {
    const rest = sender.maxMessageLength - length;
    return sender.claimAt(length + pace.random.below(rest + 1));
  };
  if (pace.oneIn(40)) {
    sender.ring.fill(7, claim(), length);
    sender.abort();
  }
  await pace.any([
    () => sender.send(message),
    () => {
      sender.ring.set(message, claim());
      sender.commit(length);
    },
  ]);
  if (pace.oneIn(10)) sender.flush();
}

/**
 * Receives and checks messages up to the last one.
 *
 * @param index The index of the receiver in the plan.
 * @param receivers The first receiver, which was opened before any message was sent, and a function
 *   that opens the ring once more.
 */
export async function listen(
  plan: Plan,
  index: number,
  { first, open }: { first: BroadcastReceiver; open: () => BroadcastRing },
): Promise<void> {
  const pace = new Pace(plan, `receiver ${index}`);
  const end = plan.senders[0]!.count - 1;
  const rings: BroadcastRing[] = [];
  try {
    let current = new Listening(plan, first);
    while (current.number < end) {
      await current.some(pace);
      if (pace.oneIn(200)) {
        // Both receivers get the messages from now on. Only the first one gets the earlier
        // messages.
        rings.push(open());
        const next = new Listening(plan, rings.at(-1)!.receiver());
        while (current.take());
        current.receiver.close();
        next.follow(current);
        current = next;
      }
      if (rings.length > 1 && pace.oneIn(10)) rings.shift()!.close();
      await pace.pause();
    }
  } finally {
    for (const ring of rings) ring.close();
    first.close();
  }
}

/** A receiver, and the number of its last message. */
export class Listening {
  /** The number of the last message. */
  number = -1;
  /** Whether the next message can be one that an earlier receiver has received already. */
  #isFollower = false;
  readonly #longest: number;

  constructor({ maxMessageLength }: Plan, readonly receiver: BroadcastReceiver) {
    this.#longest = maxMessageLength;
  }

  /** Continues after another receiver, which was open when this one was opened. */
  follow(other: Listening): void {
    this.number = other.number;
    this.#isFollower = true;
  }

  /** Checks the number of a message. Returns whether there is a message. */
  take(message = this.receiver.tryReceive()): boolean {
    if (message === undefined) return false;
    const { number } = readNumbered(message.bytes, this.#longest);
    const expected = this.number + 1 + message.missed;
    const isRight = number === expected || this.#isFollower && number < expected;
    if (!isRight) throw new Error(`Message ${number} came in place of ${expected}`);
    this.number = number;
    this.#isFollower = false;
    return true;
  }

  /** Receives a message by a random function. */
  async some(pace: Pace): Promise<void> {
    try {
      if (pace.oneIn(8)) {
        this.take(await this.receiver.receive(soon));
      } else {
        await pace.any([() => this.take(), () => this.take(this.receiver.receiveSync(soon))]);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.TimedOut)) throw error;
    }
  }
}
