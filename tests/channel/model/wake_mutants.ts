/**
 * Faults that the model must find: changes of the library that break wake events.
 *
 * @module
 */

import type { Machine } from "../../../src/channel/peer/machine.ts";
import { WakeEvents } from "../../../src/channel/peer/wake.ts";
import type { Library } from "./library.ts";
import type { Mutant } from "./mutants.ts";
import type { WAKE_SCENARIOS } from "./wake_scenarios.ts";

/** Faults by their descriptions. */
export const WAKE_MUTANTS: Readonly<Record<string, Mutant<keyof typeof WAKE_SCENARIOS>>> = {
  "a new writer wakes only the readers whose wake flags are raised": {
    scenario: "a writer that may be killed while it opens, the next one, and a reader that waits",
    change: { replace: "writer-comes", by: "wake-readers" },
  },
  "a new writer does not wake the readers": {
    scenario: "a writer that is killed, and a reader",
    change: { leaveOut: "writer-comes" },
  },
  "a new writer wakes only one reader": {
    scenario: "a writer that is killed, and two readers",
    change: { breakAfter: "wake-everyone" },
  },
  "readers do not watch the writer's process": {
    scenario: "a writer that is killed, and a reader",
    inject: withoutWatching,
  },
  "the death of a writer does not wake its readers": {
    scenario: "a writer that is killed, and a reader that throws",
    change: { leaveOut: "death-wakes" },
  },
  "readers that watch no process do not look for a writer": {
    scenario: "a writer that may be killed while it opens, and a reader",
    change: { leaveOut: "unwatched-sleep" },
  },
  "readers decide how long to sleep after their second look": {
    scenario: "a writer that is killed, and a reader that throws",
    change: { move: "sleep-limit", after: "second-look" },
  },
  "a writer clears a wake flag after it has set the event": {
    scenario: "a writer that closes, and a reader",
    inject: takingBitsLate,
  },
  "a reader sleeps without a second look": {
    scenario: "a writer that closes, and a reader",
    change: { set: "second-look-latest", to: "false" },
  },
  "a reader looks for a value before it looks at the writer's state": {
    scenario: "a writer that closes, and a reader",
    change: { move: "second-look-latest", before: "writer-state" },
  },
  "a writer looks at the wake flags before it publishes": {
    scenario: "a writer that stays open, and a reader that opens as another one leaves",
    change: { move: "wake-readers", before: "value-first" },
  },
  "a writer that closes does not wake the readers": {
    scenario: "a writer that closes, and a reader",
    change: { leaveOut: "writer-closes" },
  },
  "a reader closes its wake event before it clears its bits": {
    scenario: "numbers that are published, and readers that open and close",
    change: { move: "event-last", before: "bits-first" },
  },
  "a reader that takes a wake event does not set its bit": {
    scenario: "a sender that may be killed while it opens, the next one, and a receiver",
    change: { leaveOut: "taken-bit" },
  },
  "a new sender wakes only the receivers whose wake flags are raised": {
    scenario: "a sender that may be killed while it opens, the next one, and a receiver",
    change: { replace: "broadcast-sender-comes", by: "wake-receivers" },
  },
  "the death of a sender does not wake its receivers": {
    scenario: "a sender that is killed, and a receiver",
    change: { leaveOut: "death-wakes" },
  },
  "receivers that watch no process do not look for a sender": {
    scenario: "a sender that may be killed while it opens, and a receiver",
    change: { leaveOut: "unwatched-sleep" },
  },
};

/** Returns a library on whose machine no end learns by a promise that a process has ended. */
function withoutWatching(library: Library): Library {
  const machineOf: Library["machineOf"] = (run) => {
    const machine = library.machineOf(run, library);
    const watch: Machine["watch"] = (owner) => {
      const found = machine.watch(owner);
      return typeof found === "string" ? found : { ...found, wait: () => new Promise(() => {}) };
    };
    return { ...machine, watch };
  };
  return { ...library, machineOf };
}

/** Returns a library that clears wake flags also after it has set the events. */
function takingBitsLate(library: Library): Library {
  class TakingLate extends WakeEvents {
    readonly #bits: Int32Array<ArrayBuffer>;

    constructor(...args: ConstructorParameters<typeof WakeEvents>) {
      super(...args);
      this.#bits = args[0];
    }

    override wakeAll(): number {
      const before = Atomics.load(this.#bits, 0);
      const count = super.wakeAll();
      Atomics.and(this.#bits, 0, ~before);
      return count;
    }
  }
  return { ...library, wakeEvents: { ...library.wakeEvents, WakeEvents: TakingLate } };
}
