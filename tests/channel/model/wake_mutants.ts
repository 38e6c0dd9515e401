/**
 * What could be missing where readers have wake events, and has to be found.
 *
 * @module
 */

import type { Machine } from "../../../src/channel/peer/machine.ts";
import { WakeEvents } from "../../../src/channel/peer/wake.ts";
import type { Library } from "./library.ts";
import type { Mutant } from "./mutants.ts";
import type { WAKE_SCENARIOS } from "./wake_scenarios.ts";

/** Changes for the worse, by what they are. */
export const WAKE_MUTANTS: Readonly<Record<string, Mutant<keyof typeof WAKE_SCENARIOS>>> = {
  "a writer that comes wakes only readers that say that they sleep": {
    scenario: "a writer that may be ended as it comes, the next one, and a reader that waits",
    change: { replace: "writer-comes", by: "wake-readers" },
  },
  "a writer that comes wakes nobody": {
    scenario: "a writer that is ended, and a reader",
    change: { leaveOut: "writer-comes" },
  },
  "a writer that comes wakes one reader": {
    scenario: "a writer that is ended, and two readers",
    change: { breakAfter: "wake-everyone" },
  },
  "readers do not watch the writer's process": {
    scenario: "a writer that is ended, and a reader",
    inject: withoutWatching,
  },
  "a writer's end wakes no reader": {
    scenario: "a writer that is ended, and a reader that throws",
    change: { leaveOut: "death-wakes" },
  },
  "readers that watch nobody do not look for a writer": {
    scenario: "a writer that may be ended as it comes, and a reader",
    change: { leaveOut: "unwatched-sleep" },
  },
  "readers decide how long to sleep after their second look": {
    scenario: "a writer that is ended, and a reader that throws",
    change: { move: "sleep-limit", after: "second-look-latest" },
  },
  "a bit is taken after the event is set": {
    scenario: "a writer that closes, and a reader",
    inject: takingBitsLate,
  },
  "no second look before sleeping": {
    scenario: "a writer that closes, and a reader",
    change: { set: "second-look-latest", to: "false" },
  },
  "a reader looks for a value before it looks for the writer": {
    scenario: "a writer that closes, and a reader",
    change: { move: "second-look-latest", before: "writer-state" },
  },
  "a writer looks for readers to wake before it publishes": {
    scenario: "a writer that stays, and a reader that comes as another one leaves",
    change: { move: "wake-readers", before: "value-first" },
  },
  "a writer that closes wakes nobody": {
    scenario: "a writer that closes, and a reader",
    change: { leaveOut: "writer-closes" },
  },
  "a reader gives its wake event up before it takes its bits back": {
    scenario: "numbers that are published, and readers that come and go",
    change: { move: "event-last", before: "bits-first" },
  },
  "a wake event that is taken has no bit": {
    scenario: "a sender that may be ended as it comes, the next one, and a receiver",
    change: { leaveOut: "taken-bit" },
  },
  "a sender that comes wakes only receivers that say that they sleep": {
    scenario: "a sender that may be ended as it comes, the next one, and a receiver",
    change: { replace: "broadcast-sender-comes", by: "wake-receivers" },
  },
  "a sender's end wakes no receiver": {
    scenario: "a sender that is ended, and a receiver",
    change: { leaveOut: "death-wakes" },
  },
  "receivers that watch nobody do not look for a sender": {
    scenario: "a sender that may be ended as it comes, and a receiver",
    change: { leaveOut: "unwatched-sleep" },
  },
};

/** On this machine nobody is told of a process's end. */
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

/** A bit that was set while the events were set is taken as well. */
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
