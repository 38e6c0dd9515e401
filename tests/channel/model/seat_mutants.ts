/**
 * What could be missing where readers have seats, and has to be found.
 *
 * @module
 */

import type { Change } from "./library_copy.ts";
import type { SEAT_SCENARIOS } from "./seat_scenarios.ts";

/** A change for the worse. */
export interface SeatMutant extends Change {
  /** In which scenario it is found. */
  readonly scenario: keyof typeof SEAT_SCENARIOS;
}

const SEATS = "src/channel/peer/wake_events.ts";
const READER = "src/channel/latest/reader.ts";
const PUBLISHER = "src/channel/latest/publisher.ts";

/** Changes for the worse, by what they are. */
export const SEAT_MUTANTS: Readonly<Record<string, SeatMutant>> = {
  "a writer that comes wakes only readers that say that they sleep": {
    scenario: "a writer that may be ended as it comes, the next one, and a reader that waits",
    file: PUBLISHER,
    from: "parts.seats.wakeEverySeat();",
    to: "parts.seats.wakeAll();",
  },
  "a writer that comes wakes nobody": {
    scenario: "a writer that is ended, and a reader",
    file: PUBLISHER,
    from: "parts.seats.wakeEverySeat();",
    to: "",
  },
  "a writer that comes wakes one reader": {
    scenario: "a writer that is ended, and two readers",
    file: SEATS,
    from: "for (; bits !== 0; bits &= bits - 1) this.#wake(word, bits);",
    to: "if (bits !== 0) this.#wake(word, bits);",
  },
  "readers do not watch the writer's process": {
    scenario: "a writer that is ended, and a reader",
    file: READER,
    from: "this.#writer.awaitDeath();",
    to: "",
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
    from: "return writer.look() === undefined ? Math.min(left, MAX_UNWATCHED_SLEEP) : left;",
    to: "return left;",
  },
  "readers decide how long to sleep after their second look": {
    scenario: "a writer that is ended, and a reader that throws",
    file: READER,
    from: "await this.#sleep(seat, Math.min(most, left), signal);",
    to: "await this.#sleep(seat, limitSleep(this.#writer, left), signal);",
  },
  "a bit is taken after the event is set": {
    scenario: "a writer that closes, and a reader",
    file: SEATS,
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
      "const { isClosed, hasDied } = this.#writer;\n      const isThere = this.#parts.slots.newest !== seen;",
    to:
      "const isThere = this.#parts.slots.newest !== seen;\n      const { isClosed, hasDied } = this.#writer;",
  },
  "a writer looks for sleepers before it publishes": {
    scenario: "a writer that stays, and a reader that comes as another one leaves",
    file: PUBLISHER,
    from: "this.#parts.slots.publish(words);\n    this.#parts.seats.wakeAll();",
    to: "this.#parts.seats.wakeAll();\n    this.#parts.slots.publish(words);",
  },
  "a writer that closes wakes nobody": {
    scenario: "a writer that closes, and a reader",
    file: PUBLISHER,
    from: "leavePlace(this.#parts.buffer, WRITER);\n    this.#parts.seats.wakeAll();",
    to: "leavePlace(this.#parts.buffer, WRITER);",
  },
  "a reader gives its seat up before it takes its bits back": {
    scenario: "numbers that are told, and sleepers that come and go",
    file: SEATS,
    from: "if (this.event.closed) return;",
    to: "if (this.event.closed) return;\n    this.event.close();",
  },
  "a seat that is taken has no bit": {
    scenario: "a sender that may be ended as it comes, the next one, and a receiver",
    file: SEATS,
    from: "Atomics.or(words, BIT_WORDS + this.#word, this.#bit);",
    to: "",
  },
  "a sender that comes wakes only receivers that say that they sleep": {
    scenario: "a sender that may be ended as it comes, the next one, and a receiver",
    file: "src/channel/broadcast/sender.ts",
    from: "seats.wakeEverySeat();",
    to: "seats.wakeAll();",
  },
  "a sender's end wakes no receiver": {
    scenario: "a sender that is ended, and a receiver",
    file: "src/channel/broadcast/receiver.ts",
    from: "() => this.#closed || this.#seat?.event.set()",
    to: "() => {}",
  },
  "receivers that watch nobody do not look for a sender": {
    scenario: "a sender that may be ended as it comes, and a receiver",
    file: "src/channel/peer/liveness.ts",
    from: "return writer.look() === undefined ? Math.min(left, MAX_UNWATCHED_SLEEP) : left;",
    to: "return left;",
  },
};
