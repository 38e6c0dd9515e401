/**
 * The plan of a connection, which both ends compute from the same seed.
 *
 * @module
 */

import type { PipeOptions } from "../../../src/pipe/mod.ts";
import { Random } from "../../support/random.ts";

/** The end of a connection that this process plays. */
export type Side = "server" | "client";

/** The kinds of pipes, by the names of their listeners. */
export const KINDS = {
  bytes: {},
  messages: { mode: "messages" },
  end: { mode: "messages", emptyMessage: "end" },
} as const satisfies Record<string, PipeOptions>;

/** A kind of pipe. */
export type Kind = keyof typeof KINDS;

/** The ways in which a connection ends. */
const ENDINGS = [
  // One end closes or aborts after its steps, and the peer reads to the end.
  "close",
  "close",
  "abort",
  // The same in the middle of its steps.
  "close soon",
  "abort soon",
  // Both ends close after their steps.
  "both",
  // The client closes at once.
  "vanish",
] as const;

/** The plan of a connection. */
export interface Plan {
  id: number;
  kind: Kind;
  /** The number of writes, flushes and pauses of each end. */
  steps: Record<Side, number>;
  /** The ends that use Web Streams. */
  streams: Record<Side, { reads: boolean; writes: boolean }>;
  ending: typeof ENDINGS[number] | "closeWrite";
  /** The end that closes first. */
  closer: Side;
  /** The time after which the end closes in the middle of its steps, in milliseconds. */
  soon: number;
}

/** Returns a generator for one purpose, which differs much from the generators of near numbers. */
export function randomFor(seed: number, id: number, purpose: number): Random {
  const random = new Random(
    Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(id + 1, 0x85ebca77) ^
        Math.imul(purpose + 1, 0xc2b2ae3d) || 1,
  );
  for (let skipped = 0; skipped < 8; skipped++) random.below(2);
  return random;
}

/** Returns the plan of a connection. */
export function planOf(seed: number, id: number): Plan {
  const random = randomFor(seed, id, 0);
  const pick = <T>(values: readonly T[]) => values[random.below(values.length)]!;
  const kind = pick(["bytes", "messages", "end"] satisfies Kind[]);
  const streams = () => ({ reads: random.below(6) === 0, writes: random.below(6) === 0 });
  return {
    id,
    kind,
    steps: { server: random.below(40), client: random.below(40) },
    streams: { server: streams(), client: streams() },
    ending: kind === "end" && random.below(2) === 0 ? "closeWrite" : pick(ENDINGS),
    closer: pick(["server", "client"] satisfies Side[]),
    soon: random.below(20),
  };
}
