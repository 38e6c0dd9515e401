/**
 * What could be missing where readers have wake events, and has to be found.
 *
 * @module
 */

import type { Change } from "./library_copy.ts";
import type { WAKE_SCENARIOS } from "./wake_scenarios.ts";

/** A change for the worse. */
export interface WakeMutant extends Change {
  /** In which scenario it is found. */
  readonly scenario: keyof typeof WAKE_SCENARIOS;
}

const MAX_WAITING = "src/channel/peer/wake_events.ts";
const READER = "src/channel/latest/reader.ts";
const PUBLISHER = "src/channel/latest/publisher.ts";

/** Changes for the worse, by what they are. */
export const WAKE_MUTANTS: Readonly<Record<string, WakeMutant>> = {
  "a writer that comes wakes only readers that say that they sleep": {
    scenario: "a writer that may be ended as it comes, the next one, and a reader that waits",
    file: PUBLISHER,
    from: "parts.wakeEvents.wakeEveryone();",
    to: "parts.wakeEvents.wakeAll();",
  },
  "a writer that comes wakes nobody": {
    scenario: "a writer that is ended, and a reader",
    file: PUBLISHER,
    from: "parts.wakeEvents.wakeEveryone();",
    to: "",
  },
  "a writer that comes wakes one reader": {
    scenario: "a writer that is ended, and two readers",
    file: MAX_WAITING,
    from: "for (; bits !== 0; bits &= bits - 1) this.#wake(word, bits);",
    to: "if (bits !== 0) this.#wake(word, bits);",
  },
  "readers do not watch the writer's process": {
    scenario: "a writer that is ended, and a reader",
    file: READER,
    from: "limitSleep(this.#writer.awaitDeath(), Infinity);",
    to: "limitSleep(this.#writer.watch(), Infinity);",
  },
  "a writer's end wakes no reader": {
    scenario: "a writer that is ended, and a reader that throws",
    file: READER,
    from: "if (!event.closed) event.set();",
    to: "void event;",
  },
  "readers that watch nobody do not look for a writer": {
    scenario: "a writer that may be ended as it comes, and a reader",
    file: "src/channel/peer/liveness.ts",
    from: "return process === undefined ? Math.min(left, MAX_UNWATCHED_SLEEP) : left;",
    to: "return left;",
  },
  "readers decide how long to sleep after their second look": {
    scenario: "a writer that is ended, and a reader that throws",
    file: READER,
    from: "await this.#sleep(wakeEvent, Math.min(most, left), signal);",
    to: "await this.#sleep(wakeEvent, limitSleep(this.#writer.awaitDeath(), left), signal);",
  },
  "a bit is taken after the event is set": {
    scenario: "a writer that closes, and a reader",
    file: MAX_WAITING,
    from: "if (this.#wake(word, bits)) count++;",
    to: "{ if (this.#wake(word, bits)) count++; Atomics.and(this.#words, word, ~(bits & -bits)); }",
  },
  "no second look before sleeping": {
    scenario: "a writer that closes, and a reader",
    file: READER,
    from: "const isThere = this.#parts.slots.newest !== seen;",
    to: "const isThere = false;",
  },
  "a reader looks for a value before it looks for the writer": {
    scenario: "a writer that closes, and a reader",
    file: READER,
    from:
      "const state = this.#writer.look();\n      const isThere = this.#parts.slots.newest !== seen;",
    to:
      "const isThere = this.#parts.slots.newest !== seen;\n      const state = this.#writer.look();",
  },
  "a writer looks for sleepers before it publishes": {
    scenario: "a writer that stays, and a reader that comes as another one leaves",
    file: PUBLISHER,
    from: "this.#parts.slots.publish(words);\n    this.#parts.wakeEvents.wakeAll();",
    to: "this.#parts.wakeEvents.wakeAll();\n    this.#parts.slots.publish(words);",
  },
  "a writer that closes wakes nobody": {
    scenario: "a writer that closes, and a reader",
    file: PUBLISHER,
    from: "leavePlace(this.#parts.header, WRITER);\n    this.#parts.wakeEvents.wakeAll();",
    to: "leavePlace(this.#parts.header, WRITER);",
  },
  "a reader gives its wakeEvent up before it takes its bits back": {
    scenario: "numbers that are told, and sleepers that come and go",
    file: MAX_WAITING,
    from: "if (this.event.closed) return;",
    to: "if (this.event.closed) return;\n    this.event.close();",
  },
  "a wakeEvent that is taken has no bit": {
    scenario: "a sender that may be ended as it comes, the next one, and a receiver",
    file: MAX_WAITING,
    from: "Atomics.or(words, BIT_WORDS + this.#word, this.#bit);",
    to: "",
  },
  "a sender that comes wakes only receivers that say that they sleep": {
    scenario: "a sender that may be ended as it comes, the next one, and a receiver",
    file: "src/channel/broadcast/sender.ts",
    from: "wakeEvents.wakeEveryone();",
    to: "wakeEvents.wakeAll();",
  },
  "a sender's end wakes no receiver": {
    scenario: "a sender that is ended, and a receiver",
    file: "src/channel/broadcast/receiver.ts",
    from: "() => this.closed || this.#wakeEvent?.event.set()",
    to: "() => {}",
  },
  "receivers that watch nobody do not look for a sender": {
    scenario: "a sender that may be ended as it comes, and a receiver",
    file: "src/channel/peer/liveness.ts",
    from: "return process === undefined ? Math.min(left, MAX_UNWATCHED_SLEEP) : left;",
    to: "return left;",
  },
};
