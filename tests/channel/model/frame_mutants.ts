/**
 * Faults that the model must find: changes of the library that tear frames or lose slots.
 *
 * @module
 */

import type { FRAME_SCENARIOS } from "./frame_scenarios.ts";
import type { Mutant } from "./mutants.ts";

/** Faults by their descriptions. */
export const FRAME_MUTANTS: Readonly<Record<string, Mutant<keyof typeof FRAME_SCENARIOS>>> = {
  "a reader does not look again after it has pinned a slot": {
    scenario: "a writer that reuses two slots, and a reader",
    change: { set: "look-again", to: "false" },
  },
  "a reader pins a slot after its second look": {
    scenario: "a writer that reuses two slots, and a reader",
    change: { move: "pin-first", after: "look-again" },
  },
  "a reader does not pin": {
    scenario: "a writer that reuses two slots, and a reader",
    change: { leaveOut: "pin-first" },
  },
  "a writer does not look at the pins": {
    scenario: "a writer that reuses two slots, and a reader",
    change: { leaveOut: "look-at-pins" },
  },
  "a writer writes to the newest slot if all others are pinned": {
    scenario: "a writer, and two readers that hold both slots",
    change: { set: "keep-newest", to: "false" },
  },
  "a writer publishes a slot before it has written the head": {
    scenario: "a writer with a spare slot, which drops nothing, and a reader",
    change: { move: "newest-last", before: "head-first" },
  },
  "a writer does not write the head": {
    scenario: "a writer with a spare slot, which drops nothing, and a reader",
    change: { leaveOut: "head-first" },
  },
  "a reader leaves its place before it clears its pin": {
    scenario: "a writer, a reader that leaves, and one that takes its place",
    change: { move: "leave-last", before: "unpin-first" },
  },
  "a reader keeps the pin of a dead one in its place": {
    scenario: "a reader that is killed, and one that takes its place and acquires nothing",
    change: { leaveOut: "stale-pin" },
  },
};
