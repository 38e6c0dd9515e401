/**
 * The plan of a round. Each process that takes part computes the same plan from the round's seed.
 *
 * @module
 */

import type { Producers, WhenFull } from "../../../src/channel/mod.ts";
import { Random } from "../../support/random.ts";

/** The kinds of ring. */
export const KINDS = ["single", "multiple", "broadcast"] as const;
/**
 * The process of an end: "here" is the process that checks the round, "there" is its peer process.
 */
export type Side = "here" | "there";

/** A sender of numbered messages. */
export interface SenderPlan {
  readonly id: number;
  readonly side: Side;
  /** The number of messages to send. */
  readonly count: number;
}

/** The plan of a round. */
export interface Plan {
  readonly seed: number;
  readonly kind: typeof KINDS[number];
  readonly producers: Producers;
  readonly whenFull: WhenFull;
  /** The capacity of the ring in bytes. */
  readonly capacity: number;
  /** Maximum length of a message in bytes. */
  readonly maxMessageLength: number;
  /** The first position: in bytes, or in a broadcast ring in units of 16 bytes. */
  readonly start: number;
  /** The position that the ring must pass. */
  readonly edge: number;
  /** The number of a broadcast ring's newest message at the start. */
  readonly number: number;
  /** The number of increments before the other counters wrap. */
  readonly uses: number;
  readonly senders: readonly SenderPlan[];
  /** The processes of the receivers. A channel has one receiver. */
  readonly receivers: readonly Side[];
}

/** Minimum length of a numbered message in bytes. */
const MIN_LENGTH = 8;
const CAPACITIES = [1024, 1024, 2048, 4096, 65_536];

/**
 * Returns the plan of a round.
 *
 * @param seed The seed of the round, an integer from 1.
 * @param isApart Whether two processes take part.
 */
export function planOf(seed: number, isApart: boolean): Plan {
  // The first numbers of neighbouring seeds are similar, so they are skipped.
  const random = new Random(Math.imul(seed, 0x9e3779b1) | 1);
  for (let count = 0; count < 8; count++) random.below(2);
  const pick = <T>(...choices: T[]): T => choices[random.below(choices.length)]!;
  const sides: Side[] = isApart ? pick(["here", "there"], ["there", "here"]) : ["here", "here"];
  const [near, far] = sides as [Side, Side];
  const side = () => pick(near, far);

  const kind = pick(...KINDS);
  const isBroadcast = kind === "broadcast";
  const capacity = pick(...CAPACITIES);
  const longest = isBroadcast ? capacity / 8 - 16 : capacity / 2 - 8;
  const maxMessageLength = Math.min(longest, 16 + random.below(pick(64, 512, longest)));
  const total = 100 + random.below(pick(400, 4000));
  const ids = kind === "multiple" ? 1 + random.below(4) : 1;
  const senders = Array.from({ length: ids }, (_, id): SenderPlan => ({
    id,
    side: id === 0 ? far : side(),
    count: Math.ceil(total / ids),
  }));
  const receivers = Array.from(
    { length: isBroadcast ? 1 + random.below(3) : 1 },
    (_, index) => index === 0 ? near : side(),
  );
  // About three quarters of the bytes come after the edge.
  const bytes = total * ((MIN_LENGTH + maxMessageLength) / 2 + 16);
  const before = random.below(Math.ceil(bytes / 4));
  // Broadcast rings count units of 16 bytes up to 2⁵³. At 2⁵³ - 2³² only the lower half wraps.
  const edge = isBroadcast ? pick(2 ** 31, 2 ** 32, 2 ** 53 - 2 ** 32) : pick(2 ** 31, 2 ** 32);
  const start = edge - (isBroadcast ? 1 + (before >> 4) : 8 + (before & ~7));
  return {
    seed,
    kind,
    producers: kind === "multiple" ? "multiple" : "single",
    whenFull: pick("wait", "wait", "wait", "fail", "drop"),
    capacity,
    maxMessageLength,
    start,
    edge,
    number: Math.min(start, pick(0, start, edge - 1 - random.below(total))),
    uses: 1 + random.below(total),
    senders,
    receivers,
  };
}
