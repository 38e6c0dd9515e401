/**
 * The writer's side of a latest value.
 *
 * The writer holds the mutex `NAME.writer`, and has its place in the memory besides. The place tells
 * readers who writes, so that they notice its end. The mutex keeps a second writer out, and the place alone
 * could not: Windows gives a dead writer's process id to another process soon. If this user may not
 * look at that process, nobody can tell that the writer is dead. The system always gives a dead
 * owner's mutex up, whoever asks.
 *
 * @module
 */

import { leavePlace, takePlace } from "../peer/place.ts";
import { type LatestParts, WRITER } from "./layout.ts";

/** Has readers see values, for a writer that has the writer's place. */
export class LatestPublisher implements Disposable {
  readonly #parts: LatestParts;

  /**
   * Takes the place, and has every reader know of this writer.
   *
   * @param parts The memory. No other writer lives: the mutex is held.
   */
  constructor(parts: LatestParts) {
    this.#parts = parts;
    takeOver(parts);
    try {
      // Readers that sleep do not watch this process yet. And who wrote before may have been killed
      // with bits taken and events not set.
      parts.wakeEvents.wakeEveryone(); // guard: writer-comes
    } catch (error) {
      leavePlace(parts.header, WRITER, parts);
      throw error;
    }
  }

  /**
   * Puts a new value in place of the newest, and wakes the readers that sleep.
   */
  publish(words: Int32Array<ArrayBuffer>): void {
    this.#parts.slots.publish(words); // guard: value-first
    this.#parts.wakeEvents.wakeAll(); // guard: wake-readers
  }

  /** Leaves the place, and has the readers that sleep see that. */
  [Symbol.dispose](): void {
    leavePlace(this.#parts.header, WRITER, this.#parts);
    this.#parts.wakeEvents.wakeAll(); // guard: writer-closes
  }
}

/** Takes the place, whose owner does not live. */
function takeOver({ header, machine }: LatestParts): void {
  const options = { who: "writer", machine };
  try {
    takePlace(header, WRITER, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.Busy)) throw error;
    // The owner's id belongs by now to a process that this user may not look at, or a reader has
    // written there. The mutex knows better.
    Atomics.store(header.owners, WRITER.owner, 0n);
    takePlace(header, WRITER, options);
  }
}
