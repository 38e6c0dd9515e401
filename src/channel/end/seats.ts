/**
 * How any number of readers fall asleep, up to 64 at a time, and whoever has something for them wakes them up.
 *
 * A reader that may sleep has a seat: a bit in the memory that says that it sleeps, and an event
 * whose name has the bit's number in it. The event belongs to the reader alone, so that the seat of a
 * reader that was killed is free again by itself, and whoever wakes it finds no such event, once.
 *
 * For why nobody sleeps through anything see sleep.ts; a bit is what the word is there.
 *
 * @module
 */

import { unless } from "../../../ffi/error.ts";
import type { Security } from "../../../ffi/security.ts";
import { SharedEvent } from "../../sync/mod.ts";
import type { Sleeper } from "./sleep.ts";

/** How many seats there are. */
export const SEATS = 64;
/** How many 32-bit words the bits take. */
export const SEAT_WORDS: number = SEATS / 32;

/** Who may wake a reader. */
export interface SeatOptions {
  /**
   * Who may: `"user"`, this user and the system; `"everyone"` on the machine; or a descriptor in
   * SDDL. @default "user"
   */
  security?: Security;
}

/** The seats of a memory's readers. */
export class Seats {
  readonly #sleepers: Int32Array<ArrayBuffer>;
  readonly #name: string;

  /**
   * Lays seats over memory.
   *
   * @param sleepers The bits: as many words as {@linkcode SEAT_WORDS} says.
   * @param name What the names of the events begin with.
   */
  constructor(sleepers: Int32Array<ArrayBuffer>, name: string) {
    this.#sleepers = sleepers;
    this.#name = name;
  }

  /**
   * Wakes all readers that sleep, after they have been told of something. If none does, the system is
   * asked for nothing.
   *
   * @returns How many there were.
   */
  wakeAll(): number {
    let count = 0;
    for (let word = 0; word < SEAT_WORDS; word++) {
      if (Atomics.load(this.#sleepers, word) === 0) continue;
      const bits = Atomics.exchange(this.#sleepers, word, 0);
      for (let bit = 0; bit < 32; bit++) {
        if ((bits & (1 << bit)) !== 0 && wake(seatName(this.#name, word * 32 + bit))) count++;
      }
    }
    return count;
  }

  /**
   * Takes a seat that nobody has.
   *
   * @param options Who may wake this reader.
   * @throws {Deno.errors.Busy} If there is none.
   */
  take(options: SeatOptions = {}): Seat {
    for (let seat = 0; seat < SEATS; seat++) {
      const create = () => SharedEvent.create(seatName(this.#name, seat), options);
      const event = unless(Deno.errors.AlreadyExists, create);
      if (event !== undefined) return new Seat(event, this.#sleepers, seat);
    }
    throw new Deno.errors.Busy(`${SEATS} readers wait for "${this.#name}" already`);
  }
}

/** The seat of a reader. */
export class Seat implements Sleeper, Disposable {
  /** The event by which it is woken. */
  readonly event: SharedEvent;
  readonly #sleepers: Int32Array<ArrayBuffer>;
  readonly #word: number;
  readonly #bit: number;

  /** Takes it; `Seats.take` calls this. */
  constructor(event: SharedEvent, sleepers: Int32Array<ArrayBuffer>, seat: number) {
    this.event = event;
    this.#sleepers = sleepers;
    this.#word = seat >> 5;
    this.#bit = 1 << (seat & 31);
  }

  /** Says that the reader is going to sleep; it then has to look a second time. */
  announce(): void {
    Atomics.or(this.#sleepers, this.#word, this.#bit);
  }

  /** Says that the reader does not sleep after all, or no longer. */
  rise(): void {
    Atomics.and(this.#sleepers, this.#word, ~this.#bit);
  }

  /** Gives the seat back. */
  close(): void {
    if (this.event.closed) return;
    // First the bit: when the event is gone, the seat is the next reader's. The memory may be gone already.
    if (this.#sleepers.length > 0) this.rise();
    this.event.close();
  }

  /** Gives the seat back at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function seatName(name: string, seat: number): string {
  return `${name}.reader.${seat}`;
}

/** Sets the event of a reader, if there is one. */
function wake(name: string): boolean {
  try {
    using event = SharedEvent.open(name);
    event.set();
    return true;
  } catch (error) {
    // The reader is gone, or somebody has set a bit and taken a name who is no reader.
    const { NotFound, InvalidData, PermissionDenied } = Deno.errors;
    const expected = error instanceof NotFound || error instanceof InvalidData ||
      error instanceof PermissionDenied;
    if (!expected) throw error;
    return false;
  }
}
