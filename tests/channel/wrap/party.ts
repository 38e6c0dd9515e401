/**
 * The part of one process in a round.
 *
 * @module
 */

import { BroadcastRing, RingChannel } from "../../../src/channel/mod.ts";
import { openMemory } from "../fuzz/targets.ts";
import { broadcastAll, listen } from "./broadcast_ends.ts";
import { newestOf, setBroadcastCounters, setRingCounters, tailOf } from "./counters.ts";
import type { Plan, Side } from "./plan.ts";
import { receiveAll } from "./ring_receiving.ts";
import { sendAll } from "./ring_sending.ts";

/** Creates the ring of a round, with counters that are about to wrap. */
export function makeRing(plan: Plan, name: string): Disposable {
  const { capacity, maxMessageLength, whenFull, producers } = plan;
  const ring = plan.kind === "broadcast"
    ? BroadcastRing.create(name, { capacity, maxMessageLength })
    : RingChannel.create(name, { capacity, maxMessageLength, whenFull, producers });
  using memory = openMemory(name);
  if (plan.kind === "broadcast") setBroadcastCounters(memory.buffer, plan.start, plan.number);
  else setRingCounters(memory.buffer, plan.start, plan.uses);
  return ring;
}

/**
 * Opens the receivers of this process that must be open before the first message is sent.
 *
 * @param side The side of this process in the plan.
 * @param name The name of the ring.
 * @returns A function that runs this process's part of the round.
 */
export function join(plan: Plan, side: Side, name: string): () => Promise<void> {
  const senders = plan.senders.filter((sender) => sender.side === side);
  if (plan.kind !== "broadcast") {
    const open = () => RingChannel.open(name);
    return () =>
      all([
        ...senders.map((sender) => sendAll(plan, sender, open)),
        ...plan.receivers.filter((at) => at === side).map(() => receiveAll(plan, open)),
      ]);
  }
  const open = () => BroadcastRing.open(name);
  const ring = open();
  const first = plan.receivers.map((at) => at === side ? ring.receiver() : undefined);
  return async () => {
    using _ring = ring;
    await all([
      ...senders.map((sender) => broadcastAll(plan, sender, open)),
      ...first.map((first, index) => first && listen(plan, index, { first, open })),
    ]);
  };
}

/**
 * Asserts that the positions of a ring have passed the edge, after all ends were closed.
 *
 * @throws {Error} If they have not, or if messages are left in the ring.
 */
export function assertPassed(plan: Plan, name: string): void {
  using memory = openMemory(name);
  const passed = plan.kind === "broadcast"
    ? newestOf(memory.buffer) - plan.edge
    : (tailOf(memory.buffer, plan) - plan.edge) | 0;
  if (passed < 0) throw new Error(`The ring ended ${-passed} before ${plan.edge}`);
}

async function all(parts: readonly (Promise<void> | undefined)[]): Promise<void> {
  await Promise.all(parts);
}
