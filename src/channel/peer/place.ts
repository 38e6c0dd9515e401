/**
 * Who has which place of a ring or a latest value, and which ends one object of it has taken.
 *
 * A process owns the places of its main thread, and of C programs, whose ends may change threads. A
 * Worker's places belong to its thread: the process lives on when the Worker ends.
 *
 * @module
 */

import { labelOf } from "./memory.ts";
import type { Machine } from "./machine.ts";
import { describeOwner } from "./owner.ts";

/** Where a place's words stand in a header. */
export interface Place {
  /** The owner, by its index in the header's `owners`. */
  readonly owner: number;
  /** The state, by its index in the header's `words`: {@linkcode CLOSED}, or 0. */
  readonly state: number;
}

/** A header that has places, as words. */
export interface HeaderWords {
  /** The header in words of 32 bits. */
  readonly words: Int32Array<ArrayBuffer>;
  /** The header in words of 64 bits, which can hold owners. */
  readonly owners: BigUint64Array<ArrayBuffer>;
}

/** The state of a place whose last owner has closed its end. */
export const CLOSED = 1;

const NOBODY = 0n;
/** Maximum attempts to take a place that others take first: they have it then. */
export const MAX_ATTEMPTS = 16;

/** Whether the owner of a place has ended, as far as this user may know. */
export function hasEnded(owner: bigint, machine: Machine): boolean {
  if (owner === machine.self) return false;
  const found = machine.watch(owner);
  if (typeof found === "object") found.close();
  return found === "ended";
}

/** For whom a place is taken. */
export interface TakePlaceOptions {
  /** What will have the place, for messages: `"sender"`. */
  who: string;
  /** The machine that the end runs on. */
  machine: Machine;
}

/**
 * Takes a place that nobody has, or whose owner has ended.
 *
 * @throws {Deno.errors.Busy} If somebody has it.
 */
export function takePlace(
  { owners }: HeaderWords,
  place: Place,
  { who, machine }: TakePlaceOptions,
): void {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const owner = Atomics.load(owners, place.owner);
    if (owner !== NOBODY && !hasEnded(owner, machine)) {
      throw new Deno.errors.Busy(
        `The ${labelOf(owners.buffer)} has a ${who} already, in ${
          describeOwner(owner)
        }: close that one ` +
          "first",
      );
    }
    // Another process may have been quicker.
    if (Atomics.compareExchange(owners, place.owner, owner, machine.self) === owner) return;
  }
  throw new Deno.errors.Busy(
    `Others take the place of the ${labelOf(owners.buffer)}'s ${who} again and again`,
  );
}

/** Leaves a place, and says that this is on purpose. */
export function leavePlace(
  { words, owners }: HeaderWords,
  place: Place,
  { machine }: Pick<TakePlaceOptions, "machine">,
): void {
  Atomics.store(words, place.state, CLOSED);
  Atomics.compareExchange(owners, place.owner, machine.self, NOBODY);
}

/** Keeps the ends that are open, to close them with the ring. */
export class Ends {
  readonly #ends = new Set<{ readonly closed: boolean; close(): void }>();

  /** Takes an end in, and gives it back. */
  add<T extends { readonly closed: boolean; close(): void }>(end: T): T {
    for (const other of this.#ends) if (other.closed) this.#ends.delete(other);
    this.#ends.add(end);
    return end;
  }

  /** Closes all of them, each whatever becomes of the others. */
  close(): void {
    using stack = new DisposableStack();
    for (const end of this.#ends) stack.defer(() => end.close());
    this.#ends.clear();
  }
}
